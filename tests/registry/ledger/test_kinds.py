"""Every kind of event is used by the code and every use is registered; every use case that changes a row says so."""

import ast
import inspect
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from django.db.models import Model

import governance.access.tokens
import governance.policies.assign
import governance.policies.publish
import governance.promotion.alerts
import governance.promotion.approve
import governance.promotion.assess
import governance.promotion.expire
import governance.promotion.explain
import governance.promotion.rejudge
import governance.promotion.release
import governance.promotion.request
import governance.promotion.retire
import governance.promotion.rollback
import governance.promotion.stop
import governance.promotion.waive
import governance.retention.erase
import governance.retention.hold
import governance.watch
import privacy.anonymize
import privacy.examine
import privacy.key_changes
import privacy.reveal
import privacy.verdicts
import registry.artifacts
import registry.register
import registry.run
import registry.train
from registry.ledger import events

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [
    path
    for app in ("registry", "privacy", "monitoring", "governance")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts
]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def appended() -> dict[str, set[str]]:
    """Return the kinds that the code appends, by file; one that arrives in a parameter is looked for at the callers."""
    found: dict[str, set[str]] = {}
    for path, tree in TREES.items():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and called(call) == "append" and call.args:
                    found.setdefault(str(path), set()).update(_kinds(call.args[0], function, tree))
    return found


def _kinds(argument: ast.expr, function: ast.FunctionDef, tree: ast.Module) -> set[str]:
    if isinstance(argument, ast.Constant):
        return {str(argument.value)}
    assert isinstance(argument, ast.Name), ast.unparse(argument)
    place = [parameter.arg for parameter in function.args.args].index(argument.id)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and called(node) == function.name]
    given = [call.args[place] for call in calls]
    assert given, f"nobody calls {function.name}"
    assert all(isinstance(one, ast.Constant) for one in given)
    return {str(one.value) for one in given if isinstance(one, ast.Constant)}


def test_every_registered_kind_is_appended_and_every_appended_kind_is_registered():
    used = set().union(*appended().values())
    assert used == {kind.name for kind in events.kinds()}


def test_every_kind_says_what_it_means_and_has_fields():
    for kind in events.kinds():
        assert kind.meaning, kind.name
        assert kind.fields, kind.name


USE_CASES: dict[ModuleType, set[str]] = {
    registry.register: {
        "create_environment", "create_project", "grant_role", "link_identity", "pin_evaluation_set",
        "register_dataset_version", "register_model", "register_model_version", "register_person",
        "register_service", "revoke_role",
    },
    registry.artifacts: {"purge"},
    registry.run: {"start", "cancel", "perform"},
    registry.train: {"start_training", "train", "import_version"},
    privacy.anonymize: {"start_anonymizing", "anonymize"},
    privacy.key_changes: {"current_key", "rotate_key", "shred_key"},
    privacy.examine: {"start_scan", "examine", "scan", "record_scan"},
    privacy.verdicts: {"give_word", "request_lowering", "grant_lowering"},
    governance.access.tokens: {"create_token", "revoke_token"},
    governance.promotion.explain: {"explain"},
    privacy.reveal: {"request_reveal", "grant_reveal", "open_reveal"},
    governance.policies.publish: {"publish"},
    governance.policies.assign: {"propose", "confirm"},
    governance.promotion.request: {"request_promotion", "start_assessment"},
    governance.promotion.assess: {"assess", "remeasure", "mark_failed"},
    governance.promotion.approve: {"approve", "reject", "request_changes", "revoke", "withdraw"},
    governance.promotion.waive: {"request_waiver", "grant_waiver"},
    governance.promotion.expire: {"expire"},
    governance.promotion.rejudge: {"rejudge"},
    governance.promotion.alerts: {"open_alerts", "resolve_alerts"},
    governance.promotion.release: {"start_release", "release", "mark_release_failed"},
    governance.promotion.rollback: {"roll_back", "give_up"},
    governance.promotion.stop: {"stop"},
    governance.promotion.retire: {"retire"},
    governance.retention.erase: {"erase_commitment"},
    governance.retention.hold: {"place_hold", "request_lift", "lift_hold"},
    governance.watch: {"post_batch", "watch_batch", "act_on", "put_under_review", "clear_review",
        "find_overdue", "mark_unjudged", "act_once"},
}  # fmt: skip
ASKING = {
    "keep_roles",
    "may_decide", "require_role", "manifest_document", "incumbent_of", "require_operator", "previous_of", "resolve",
    "applies_to_deployed", "rulings_of", "released_at", "waiting_since", "approvals_on", "is_open", "is_settled",
    "objections", "hold_on", "projects_about",
    "applies_to_open", "read_rows", "store", "keep_bytes", "keep_file", "keep_document", "keep_table", "keep_tree",
    "keep_files", "newest_scan", "words_on", "judged_report", "known_scan", "engine", "help_along", "secret_digest",
    "read_bytes", "read_document", "read_table", "local_path", "checkout_tree", "sweep", "told",
    "claim", "stop_training", "project_key",
}  # fmt: skip
CASES = [(module, name) for module, names in USE_CASES.items() for name in sorted(names)]


def _reaches_append(function, seen: set[object]) -> bool:
    """Follow, by the names it uses, what a function may call; say whether an append is among it."""
    function = inspect.unwrap(function)
    if function in seen or not getattr(function, "__module__", "").startswith(("registry", "governance", "privacy")):
        return False
    seen.add(function)
    nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    known = function.__globals__
    if getattr(known.get("append"), "__module__", "") == "registry.ledger.append" and "append" in names:
        return True
    callees = [known.get(name) for name in names]
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = known.get(node.value.id)
            callees.append(getattr(owner, node.attr, None) if inspect.ismodule(owner) else None)
    return any(_reaches_append(one, seen) for one in callees if inspect.isfunction(one))


@pytest.mark.parametrize(("module", "name"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_each_use_case_appends(module, name):
    assert _reaches_append(getattr(module, name), set()), f"{name} changes rows and records nothing"


@pytest.mark.parametrize("module", USE_CASES, ids=lambda module: module.__name__)
def test_the_list_of_use_cases_is_complete(module):
    public = {
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and not name.startswith("_")
        and inspect.unwrap(value).__module__.startswith(module.__name__)
    }
    assert public - ASKING == USE_CASES[module]


def test_only_the_ledger_writes_to_its_rows():
    """Also not by a manager that was reached over a relation, nor by raw SQL."""
    for path in SOURCES:
        if "ledger" not in path.parts and path.name != "ledger.py":
            text = path.read_text(encoding="utf-8")
            assert not any(name in text for name in ("LedgerEvent", "LedgerHead", "INSERT INTO ledger_")), path


def test_no_model_but_those_named_has_a_way_to_be_deleted():
    from django.apps import apps

    for model in apps.get_models():
        if model._meta.app_label not in {"registry", "governance", "monitoring", "privacy"}:
            continue
        for relation in model._meta.concrete_fields:
            if relation.remote_field is not None:
                assert relation.remote_field.on_delete.__name__ == "PROTECT", f"{model.__name__}.{relation.name}"
        assert issubclass(model, Model)
