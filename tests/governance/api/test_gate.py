"""The gate is fail-closed: only what is authorised now is allowed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.models import PromotionRequest
from governance.promotion.assess import assess, mark_failed
from registry import run
from registry.models import Deployment, Run
from registry.register import pin_evaluation_set, register_dataset_version
from tests.governance.api.world import API, SCHEMA, match, policy_text

ASKED = {"project": "default", "model": "credit", "version": "1", "environment": "production"}


def _ask(world, **change):
    response = world.client("auditor", "read").get(f"{API}/gate", {**ASKED, **change})
    assert response.status_code == 200, response.json()
    return response.json()


def _approve(world, promotion):
    client = world.client("officer")
    address = f"{API}/promotions/{promotion.pk}"
    given = client.post(f"{address}/approve", {"reason": "it meets every limit"}, headers=match(client.get(address)))
    assert given.status_code == 202, given.json()


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"version": "7"}, "UNKNOWN"),
        ({"version": "0" * 64}, "UNKNOWN"),
        ({"version": "latest"}, "UNKNOWN"),
        ({"version": "9" * 20}, "UNKNOWN"),
        ({"model": "none"}, "UNKNOWN"),
        ({"environment": "moon"}, "UNKNOWN"),
        ({"project": "none"}, "UNKNOWN"),
        ({}, "NOT_REQUESTED"),
    ],
)
def test_what_is_unknown_or_not_asked_for_is_not_allowed(world, change, state):
    said = _ask(world, **change)
    assert (said["allowed"], said["pending"], said["state"]) == (False, False, state)
    assert said["reasons"]


@pytest.mark.parametrize("missing", ["model", "version", "environment"])
def test_a_question_without_all_it_takes_is_no_question(world, missing):
    asked = {name: value for name, value in ASKED.items() if name != missing}
    response = world.client("auditor").get(f"{API}/gate", asked)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, f"/{missing}")


def test_what_is_being_measured_is_pending(world):
    world.request()
    said = _ask(world)
    assert (said["allowed"], said["pending"], said["state"]) == (False, True, "OPEN")


def test_what_awaits_a_person_is_pending_with_the_reason(bare):
    bare.assign(policy_text(lower="0.4"))
    bare.assessed()
    said = _ask(bare)
    assert (said["allowed"], said["pending"]) == (False, True)
    assert [item["outcome"] for item in said["items"]] == ["INDETERMINATE"]
    assert "straddles" in " ".join(said["reasons"])


@pytest.mark.parametrize(
    ("numbers", "outcome"),
    [
        ({"value": "0.4", "lower": "0.3", "upper": "0.45"}, "FAIL"),
        ({"broken": "true"}, "ERROR"),
        ({"value": "NaN"}, "ERROR"),
    ],
)
def test_what_is_blocked_is_denied_and_not_pending(bare, numbers, outcome):
    bare.assign(policy_text(**numbers))
    bare.assessed()
    said = _ask(bare)
    assert (said["allowed"], said["pending"], said["state"]) == (False, False, "BLOCKED")
    assert [item["outcome"] for item in said["items"]] == [outcome]


def test_an_assessment_that_went_wrong_is_denied(world, monkeypatch):
    promotion = world.request()
    monkeypatch.setattr("governance.promotion.assess.collect", lambda *_arguments: 1 / 0)
    queued = Run.objects.get(kind="assess", subject=f"promotion:{promotion.pk}")
    monkeypatch.setattr("registry.run.logger.exception", lambda *_arguments: None)
    ended = run.perform(str(queued.pk), assess)
    assert ended is not None
    mark_failed(ended)
    said = _ask(world)
    assert (said["allowed"], said["pending"], said["state"]) == (False, False, "ERROR")


def test_what_is_approved_is_allowed_by_number_and_by_digest(world):
    _approve(world, world.assessed())
    for version in ("1", "v1", world.version.digest):
        said = _ask(world, version=version)
        assert (said["allowed"], said["state"], said["reasons"]) == (True, "APPROVED", [])


def test_an_approval_that_has_expired_no_longer_allows(world, monkeypatch):
    _approve(world, world.assessed())
    later = timezone.now() + timedelta(days=31)
    monkeypatch.setattr("governance.promotion.release.timezone.now", lambda: later)
    said = _ask(world)
    assert (said["allowed"], said["state"]) == (False, "APPROVED")
    assert said["reasons"]


def test_a_retired_version_is_denied_although_it_was_approved(world):
    _approve(world, world.assessed())
    world.client("engineer").post(f"{API}/versions/{world.version.pk}/retire", {"reason": "never again, please"})
    assert _ask(world)["reasons"] == ["the version was retired"]


def test_what_was_released_is_allowed_while_it_is_live(world):
    world.released()
    assert _ask(world)["allowed"] is True
    deployment = Deployment.objects.get()
    for state in ("UNDER_REVIEW", "STOPPED"):
        Deployment.objects.filter(pk=deployment.pk).update(state=state, desired=state == "UNDER_REVIEW")
        assert _ask(world)["allowed"] is False


def test_the_newest_request_decides(world):
    _approve(world, world.assessed())
    rows = world.folder / "rows.parquet"
    other = register_dataset_version(
        project=world.project, name="other", file=rows, schema={**SCHEMA, "features": []}, actor=world.system
    )
    pin_evaluation_set(environment=world.environment, model=world.model, dataset_version=other, actor=world.system)
    world.request()
    assert PromotionRequest.objects.count() == 2
    assert _ask(world)["state"] == "OPEN"
