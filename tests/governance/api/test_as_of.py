"""Time travel: at each moment of a small history, what was wanted, what was seen, on whose word and evidence."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from governance.exports.as_of import FutureMomentError, as_of
from governance.models import CheckRun
from governance.promotion.deploy import observe
from governance.promotion.stop import stop
from governance.rules.moments import MomentError
from registry.ledger.append import moment
from registry.models import Deployment, Principal
from tests.governance.api.plugins import CheapServing
from tests.governance.api.world import API


@pytest.fixture
def history(world):
    """The moments between: nothing, one version live, another in its place and gone missing, all stopped."""
    moments = {"before": moment(timezone.now())}

    def live(promotion, name):
        moments[name] = moment(timezone.now())
        return Deployment.objects.select_related("environment", "model", "manifest__champion").get(
            promotion_id=promotion
        )

    first = live(world.released(), "first")
    second = live(world.released(world.new_version("second")), "second")
    CheapServing.served.clear()
    observe(second)
    moments["missing"] = moment(timezone.now())
    stop(second, actor=world.actor("engineer"), reason="it does not answer")
    moments["stopped"] = moment(timezone.now())
    return moments, first, second


def test_the_record_tells_each_moment(world, history):
    moments, first, second = history
    assert as_of(world.environment, moments["before"]).models == ()
    assert not as_of(world.environment, "2020-01-01T00:00Z").existed
    found = {name: as_of(world.environment, at).models[0] for name, at in moments.items() if name != "before"}
    wanted = {name: one.desired and (one.desired.deployment, one.desired.state) for name, one in found.items()}
    assert wanted == {
        "first": (str(first.pk), "LIVE"),
        "second": (str(second.pk), "LIVE"),
        "missing": (str(second.pk), "LIVE"),
        "stopped": None,
    }
    seen = {name: (one.observed.healthy, one.agrees) for name, one in found.items()}
    assert seen == {"first": (True, True), "second": (True, True), "missing": (False, False), "stopped": (False, True)}
    assert found["missing"].observed.since.at > moments["second"]


def test_what_was_live_names_its_approvers_its_policy_and_its_reports_by_digest(world, history):
    moments, first, _ = history
    before = as_of(world.environment, moments["first"])
    officer, requester = world.people["officer"], world.people["requester"]
    desired = before.models[0].desired
    assert [(one.principal, one.name, one.role) for one in desired.approvals] == [
        (str(officer.pk), officer.name, "compliance_officer")
    ]
    assert (desired.requested_by.principal, desired.requested_by.name) == (str(requester.pk), requester.name)
    assert (desired.policy, desired.evaluation) == (first.policy_digest, first.evaluation_digest)
    champion = first.manifest.champion
    assert (desired.manifest, desired.version, desired.number) == (first.manifest_id, champion.digest, champion.number)
    cited = CheckRun.objects.filter(evidence__promotion=first.promotion_id)
    assert [one.digest for one in desired.reports] == [one.report_digest for one in cited]
    report = world.client("auditor").get(desired.reports[0].url)
    assert (report.status_code, report.json()["check"]) == (200, "cheap")
    world.model.name = "renamed"  # rows of today change nothing, but for names that were erased
    world.model.save()
    Principal.objects.filter(pk=officer.pk).update(name="")
    after = as_of(world.environment, moments["first"], model="credit").models[0]
    assert (after.name, after.desired.approvals[0].name) == ("credit", None)
    assert after.desired.manifest == desired.manifest


@pytest.mark.parametrize("at", ["2026-03-03T12:00", "2026-03-03", "noon", "2999-01-01T00:00Z"])
def test_a_time_without_an_offset_or_in_the_future_is_refused_everywhere(bare, at):
    with pytest.raises((MomentError, FutureMomentError)):
        as_of(bare.environment, at)
    with pytest.raises(CommandError, match="at is"):
        call_command("as_of", at, environment="production")
    answer = bare.client("auditor").get(f"{API}/environments/{bare.environment.pk}/as-of", {"at": at})
    assert (answer.status_code, answer.json()["code"]) in {(422, "time_without_offset"), (422, "moment_in_future")}


def test_the_command_and_the_api_say_the_same(world, history):
    moments, first, _ = history
    text, document = StringIO(), StringIO()
    call_command("as_of", moments["first"], environment="production", stdout=text)
    for part in ("version 1, LIVE", first.manifest_id, "as compliance_officer", "healthy", "as wanted", "(cheap 1"):
        assert part in text.getvalue()
    call_command("as_of", moments["stopped"], environment="production", json=True, stdout=document)
    address = f"{API}/environments/{world.environment.pk}/as-of"
    asked = world.client("auditor").get(address, {"at": moments["stopped"], "model": "credit"})
    assert asked.json() == json.loads(document.getvalue())
    [model] = asked.json()["models"]
    assert (model["desired"], model["agrees"]) == (None, True)
    assert world.client("auditor").get(address, {"at": moments["first"], "model": "other"}).json()["models"] == []
    with pytest.raises(CommandError, match="no environment 'staging'"):
        call_command("as_of", moments["first"], environment="staging")
