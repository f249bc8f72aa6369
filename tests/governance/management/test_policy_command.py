"""Policies from the command line: linted by line, published and proposed by a person, never confirmed."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from governance.management.trial.stage import DEFAULT_POLICY
from governance.models import Policy, PolicyAssignment
from registry.models import Actor, Project, Role
from registry.register import create_environment, grant_role, register_person
from tests.governance.management.conftest import state

GOOD = DEFAULT_POLICY.read_text(encoding="utf-8")


def policy(*arguments):
    out = StringIO()
    call_command("policy", *map(str, arguments), stdout=out)
    return out.getvalue().strip()


def written(tmp_path, text, name="policy.yaml"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


@pytest.fixture
def officer(db):
    system = Actor.system("command")
    for name, role in (("olga", Role.COMPLIANCE_OFFICER), ("reto", Role.REQUESTER)):
        person = register_person(username=name, password=None, actor=system)
        grant_role(person, project=Project.default(), role=role, actor=system)
    create_environment(project=Project.default(), name="production", actor=system)
    return "olga"


BAD = {
    "an unknown key": (GOOD.replace("    severity: WARN", "    severty: WARN", 1), "Did you mean 'severity'?"),
    "an impossible limit": (GOOD.replace("min: 0.8", "min: 0.8\n        max: 0.2", 1), "0.8"),
    "a key written twice": (GOOD.replace("tier: high", "tier: high\ntier: low", 1), "tier is written twice, first in"),
    "an unknown bound": (GOOD.replace("bound: lower", "bound: lowest", 1), "Did you mean 'lower'?"),
    "a number that is none": (GOOD.replace("max: 0.2", "max: .nan", 1), ".nan"),
    "no YAML": ("name: [", "this is not YAML"),
    "nothing": ("", "the text is empty"),
    "a tag": ("name: !!python/object:os.system x\n", "is not allowed"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_policy_is_refused_by_line_and_publishing_it_records_nothing(tmp_path, officer, name):
    text, said = BAD[name]
    file, before = written(tmp_path, text), state()
    for arguments in (("lint", file), ("publish", file, "--as", officer)):
        with pytest.raises(CommandError) as caught:
            policy(*arguments)
        assert said in str(caught.value)
        assert "line " in str(caught.value)
    assert state() == before


def test_a_missing_file_and_bytes_that_are_no_text_are_refused(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        policy("lint", tmp_path / "absent.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff\n")
    with pytest.raises(CommandError, match="byte 6 is not UTF-8"):
        policy("lint", tmp_path / "bytes.yaml")


def test_lint_tells_the_digest_under_which_the_policy_will_be_known(tmp_path, officer):
    file = written(tmp_path, GOOD)
    digest = json.loads(policy("lint", file, "--json"))["digest"]
    assert Policy.objects.count() == 0
    assert json.loads(policy("publish", file, "--as", officer, "--json"))["digest"] == digest
    assert policy("show") == f"high-risk@1.0  {digest}"
    assert policy("show", "high-risk") == GOOD.strip()
    assert json.loads(policy("show", digest[:12], "--json"))["document"]["name"] == "high-risk"


def test_the_first_assignment_applies_and_a_later_one_only_waits_for_a_second_person(tmp_path, officer):
    policy("publish", written(tmp_path, GOOD), "--as", officer)
    policy("publish", written(tmp_path, GOOD.replace('"1.0"', '"1.1"', 1)), "--as", officer)
    where = ("--environment", "production", "--tier", "high", "--as", officer)
    assert "applies from now on: it is the first" in policy("assign", "high-risk@1.0", *where)
    said = policy("assign", "high-risk@1.1", *where, "--applies-to", "deployed", "--grace-days", "30")
    assert "a second person must confirm it, signed in" in said
    waiting = PolicyAssignment.objects.get(policy__version="1.1")
    assert (waiting.effective_at, waiting.confirmed_by) == (None, None)
    assert (waiting.applies_to, waiting.grace_days) == ("deployed", 30)
    with pytest.raises(CommandError, match="invalid choice: 'confirm'"):
        policy("confirm", waiting.pk)


REFUSED = {
    "by nobody": (("--as", "nobody"), "no user 'nobody'"),
    "by a requester": (("--as", "reto"), "takes one of the roles"),
    "in no environment": (("--as", "olga", "--environment", "moon"), "'moon' is no environment"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_assignment_that_may_not_be_is_refused_and_records_nothing(tmp_path, officer, name):
    policy("publish", written(tmp_path, GOOD), "--as", officer)
    before, (options, said) = state(), REFUSED[name]
    with pytest.raises(CommandError, match=said):
        policy("assign", "high-risk@1.0", "--environment", "production", "--tier", "high", *options)
    with pytest.raises(CommandError, match="is no published policy"):
        policy("assign", "high-risk@9", "--environment", "production", "--tier", "high", "--as", officer)
    assert state() == before


def test_the_schema_is_printed_as_json():
    assert json.loads(policy("schema"))["required"] == ["name", "version", "tier", "checks", "approval"]
