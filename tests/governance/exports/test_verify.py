"""The verification of the whole record: sound after real work; every way of tampering is named, with exit status 1."""

import io
import json
import uuid

import pytest
from django.core.management import call_command

from governance.exports.verify import GUARDS, verify
from governance.models import Decision, PromotionRequest
from registry.ledger import read
from registry.ledger.guards import declared
from tests.governance.exports.tamper import copy_row, drop_trigger, run, unguarded


def command(*, as_json: bool) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_ledger", json=as_json, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def numbers(kind: str) -> list[int]:
    return [entry.number for entry in read.entries(kind=kind)]


def codes() -> list[str]:
    return [fault.code for fault in verify().faults]


def test_the_record_of_real_work_is_sound_and_the_command_says_so(released):
    found = verify()
    assert found.faults == ()
    assert found.entries == read.size() > 20
    code, text = command(as_json=False)
    assert code == 0
    assert f"valid: {found.entries} entries" in text
    document = json.loads(command(as_json=True)[1])
    assert (document["valid"], document["entries"], document["faults"]) == (True, found.entries, [])
    assert document["cannot_see"]


def _flip_a_byte(number):
    body = run("SELECT body FROM ledger_event WHERE id = %s", [number])[0][0]
    changed = body[:-3] + chr(ord(body[-3]) ^ 1) + body[-2:]
    run("UPDATE ledger_event SET body = %s WHERE id = %s", [changed, number])


def _column(name, value):
    return lambda number: run(f"UPDATE ledger_event SET {name} = %s WHERE id = %s", [value, number])  # noqa: S608


def _remove(number):
    run("DELETE FROM ledger_pending WHERE event_id = %s", [number])
    run("DELETE FROM ledger_event WHERE id = %s", [number])


MUTATIONS = {
    "a byte of the text": (_flip_a_byte, "leaf_hash"),
    "the column of the kind": (_column("kind", "project.created"), "projection"),
    "the column of the actor": (_column("actor", str(uuid.UUID(int=1))), "projection"),
    "the column of the time": (_column("at", "2020-01-01T00:00:00.000000Z"), "projection"),
    "the leaf": (_column("leaf_hash", b"\x00" * 32), "leaf_hash"),
    "no event at all": (_column("body", "[]"), "leaf_hash"),
    "no JSON at all": (_column("body", "x"), "leaf_hash"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize("kind", ["promotion.requested", "evaluation.recorded", "deployment.advanced"])
def test_a_changed_entry_is_the_first_that_is_named(released, mutation, kind):
    change, code = MUTATIONS[mutation]
    number = numbers(kind)[0]
    with unguarded("ledger_event"):
        change(number)
    first = verify().faults[0]
    assert (first.number, first.code) == (number, code)
    status, text = command(as_json=False)
    assert status == 1
    assert f"the first at entry {number}." in text
    assert command(as_json=True)[0] == 1


def test_an_entry_removed_from_the_middle_is_missed_at_the_next_one_of_its_subject(released):
    subject = f"promotion:{released.pk}"
    first, second, third = [entry.number for entry in read.entries(subject=subject)][:3]
    with unguarded("ledger_event"):
        _remove(second)
    fault = verify().faults[0]
    assert (fault.number, fault.code) == (third, "prev")
    assert first < second < third


def test_two_entries_that_changed_places_are_found(released):
    one, other = [entry.number for entry in read.entries(subject=f"promotion:{released.pk}")][1:3]
    columns = "body, leaf_hash, kind, subject, actor, at"
    rows = [run(f"SELECT {columns} FROM ledger_event WHERE id = %s", [number])[0] for number in (one, other)]  # noqa: S608
    placed = ", ".join(f"{name} = %s" for name in columns.split(", "))
    with unguarded("ledger_event"):
        for number, row in zip((other, one), rows, strict=True):
            run(f"UPDATE ledger_event SET {placed} WHERE id = %s", [*row, number])  # noqa: S608
    fault = verify().faults[0]
    assert (fault.number, fault.code) == (one, "prev")


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_head SET leaf_hash = %s", "DELETE FROM ledger_head WHERE leaf_hash <> %s"]
)
def test_altered_heads_are_found(released, statement):
    run(statement, [b"\x07" * 32])
    assert set(codes()) == {"head"}
    assert command(as_json=False)[0] == 1


def test_the_last_entry_of_a_subject_that_was_removed_is_missed_by_its_head(released):
    with unguarded("ledger_event"):
        _remove(list(read.entries())[-1].number)
    assert "head" in codes()


@pytest.mark.parametrize("name", sorted(("governance_promotion_is_decided", "ledger_event", "governance_decision")))
def test_a_trigger_that_was_dropped_is_missed_by_its_name(released, name):
    table = "governance_promotionrequest" if name == GUARDS[0] else name
    trigger = min(one.name for one in declared() if one.table == table)
    drop_trigger(table, trigger)
    [fault] = verify().faults
    assert fault.code == "trigger_missing"
    assert trigger in fault.message


def test_a_trigger_that_was_switched_off_is_missed(released):
    from django.db import connection

    if connection.vendor == "sqlite":
        drop_trigger("governance_policy", "governance_policy_update")
    else:
        run("ALTER TABLE governance_policy DISABLE TRIGGER governance_policy_row")
    assert codes() == ["trigger_missing" if connection.vendor == "sqlite" else "trigger_changed"]


def test_a_decision_forged_with_an_own_document_lets_the_state_be_set_but_is_found(committed):
    promotion = committed.assessed()
    assert promotion.state == "AWAITING_DECISION"
    copy_row(
        "governance_decision",
        f"promotion_id = '{promotion.pk.hex if _sqlite() else promotion.pk}' LIMIT 1",
        id=f"'{uuid.uuid4().hex}'",
        verdict="'AUTHORISED'",
    )
    assert PromotionRequest.objects.filter(pk=promotion.pk).update(state="APPROVED") == 1
    assert "row_state" in codes()
    assert command(as_json=False)[0] == 1


def _sqlite() -> bool:
    from django.db import connection

    return connection.vendor == "sqlite"


def test_a_decision_row_that_no_event_recorded_is_found(released):
    row = Decision.objects.filter(promotion=released).latest("created_at")
    forged = Decision(
        promotion=released,
        digest="f" * 64,
        manifest_digest=row.manifest_digest,
        policy_digest=row.policy_digest,
        evaluation_digest=row.evaluation_digest,
        verdict="AUTHORISED",
        document_text=row.document_text,
    )
    forged.save(force_insert=True)
    assert set(codes()) == {"forged_row", "row_digest"}


ROWS = {
    "an evaluation was removed": ("governance_evaluation", "DELETE FROM {}", "missing_row"),
    "a decision was removed": ("governance_decision", "DELETE FROM {}", "missing_row"),
    "the verdict's document changed": ("governance_evaluation", "UPDATE {} SET document_text = '{{}}'", "row_digest"),
    "a document is no JSON": ("governance_decision", "UPDATE {} SET document_text = 'x'", "row_digest"),
    "an approval changed its giver": (
        "governance_approval",
        "UPDATE {} SET principal_id = (SELECT requester_id FROM governance_promotionrequest LIMIT 1)",
        "row_approval",
    ),
    "an approval has another action": ("governance_approval", "UPDATE {} SET action='reject'", "row_approval"),
    "an approval changed its roles": ("governance_approval", "UPDATE {} SET roles_held='[]'", "row_approval"),
    "an approval was removed": ("governance_approval", "DELETE FROM {}", "missing_row"),
    "an approval was given earlier": (
        "governance_approval", "UPDATE {} SET created_at = '2020-01-01 00:00:00'", "row_approval"
    ),
    "a deployment is under another policy": (
        "registry_deployment", "UPDATE {} SET policy_digest = evaluation_digest", "row_state"
    ),
    "a version is better assured": ("registry_modelversion", "UPDATE {} SET assurance = 'built_here'", "row_version"),
    "a version was made by nobody": ("registry_versionperson", "DELETE FROM {}", "row_version"),
    "a version's document changed": (
        "registry_modelversion", "UPDATE {} SET document = replace(document, 'tree', 'blob')",
        "replay_model_version_registered",
    ),
    "a role is held by nobody's grant": (
        "registry_roleassignment", "UPDATE {} SET role = 'administrator' WHERE role = 'risk_officer'", "forged_row"
    ),
    "a deployment is not desired": ("registry_deployment", "UPDATE {} SET desired = false", "row_state"),
    "a promotion is withdrawn": ("governance_promotionrequest", "UPDATE {} SET state = 'WITHDRAWN'", "row_state"),
    "a policy says something else": (
        "governance_policy",
        "UPDATE {} SET document_text = replace(document_text, '\"0.5\"', '\"0.1\"')",
        "replay_policy_published",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS)
def test_rows_changed_behind_the_records_back_are_found(released, case):
    table, statement, code = ROWS[case]
    with unguarded(table):
        run(statement.format(table).replace("%", "%%"))
    assert code in codes()
    assert "trigger_missing" not in codes()
    assert command(as_json=True)[0] == 1


@pytest.mark.parametrize("kind", ["report.recorded", "evaluation.recorded", "decision.recorded", "approval.given"])
def test_a_convincing_lie_about_a_judgement_does_not_replay(released, kind):
    """The forger rewrites the newest event of a subject with its leaf, its head and its columns."""
    from registry.canonical import canonical, parse
    from registry.ledger.append import leaf_hash

    entry = next(read.entries(kind=kind))
    document = parse(entry.body)
    wrong = {"status": "ERROR", "evaluation": "e" * 64, "verdict": "REFUSED", "roles": ["administrator"]}
    document["data"].update({name: value for name, value in wrong.items() if name in document["data"]})
    body = canonical(document)
    with unguarded("ledger_event"):
        run(
            "UPDATE ledger_event SET body = %s, leaf_hash = %s WHERE id = %s",
            [body.decode(), leaf_hash(body), entry.number],
        )
    found = [fault for fault in verify().faults if fault.number == entry.number]
    assert [fault.code for fault in found][:1] == [f"replay_{kind.replace('.', '_')}"]
