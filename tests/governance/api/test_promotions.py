"""Promotions by the API: what one may do, on what one looked at, and what nobody may."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework.test import APIClient

from governance.models import Approval, PromotionRequest
from registry.register import grant_role
from tests.governance.api.plugins import CheapServing
from tests.governance.api.world import API, match, policy_text

REASON = {"reason": "looked at all of it"}


def _address(promotion) -> str:
    return f"{API}/promotions/{promotion.pk}"


def test_a_version_is_requested_measured_approved_released_and_rolled_back(world):
    first = world.released()
    assert world.client("auditor").get(f"{API}/deployments?promotion={first}").json()["results"][0]["state"] == "LIVE"
    second = world.released(world.new_version("second"))
    deployment = world.client("auditor").get(f"{API}/deployments?promotion={second}").json()["results"][0]
    assert deployment["state"] == "LIVE"
    address = f"{API}/deployments/{deployment['id']}"
    answers = world.client("engineer").post(f"{address}/predict", {"rows": [{"x": 1}]}).json()
    assert answers["manifest_digest"] == deployment["manifest"]
    back = world.client("engineer").post(f"{address}/rollback", REASON, headers={"Idempotency-Key": "back"})
    assert (back.status_code, back.json()["state"], back.json()["promotion"]) == (201, "LIVE", first)
    again = world.client("engineer").post(f"{address}/rollback", REASON, headers={"Idempotency-Key": "back"})
    assert again.json() == back.json()
    assert world.client("engineer").get(address).json()["state"] == "ROLLED_BACK"
    stopped = world.client("engineer").post(f"{API}/deployments/{back.json()['id']}/stop", REASON)
    assert (stopped.status_code, stopped.json()["state"]) == (200, "STOPPED")
    assert CheapServing.served == {}


def test_a_rollback_whose_backend_is_away_is_a_503_that_tells_no_secret_and_can_be_tried_again(world):
    world.released()
    second = world.released(world.new_version("second"))
    deployment = world.client("auditor").get(f"{API}/deployments?promotion={second}").json()["results"][0]
    address, key = f"{API}/deployments/{deployment['id']}/rollback", {"Idempotency-Key": "k"}
    CheapServing.away = True
    refused = world.client("engineer").post(address, REASON, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (503, "backend_away")
    assert "secret-host" not in refused.content.decode()
    CheapServing.away = False
    assert world.client("engineer").post(address, REASON, headers=key).status_code == 201


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_nothing_sets_a_state_directly(world, method):
    promotion = world.assessed()
    client = world.client("administrator")
    for address in (_address(promotion), f"{API}/promotions", f"{_address(promotion)}/approve"):
        response = getattr(client, method)(address, {"state": "APPROVED"})
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert PromotionRequest.objects.get().state == "AWAITING_DECISION"


@pytest.mark.parametrize("field", ["state", "policy", "evaluation", "requester", "incumbent"])
def test_a_request_cannot_bring_what_the_server_decides(world, field):
    body = {"version": str(world.version.pk), "environment": str(world.environment.pk), field: "APPROVED"}
    response = world.client("requester").post(f"{API}/promotions", body)
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"pointer": f"/{field}", "detail": "this field is not known here", "code": "unknown"}
    ]


@pytest.mark.parametrize("superuser", [False, True])
def test_who_asked_cannot_approve_even_as_an_officer_and_superuser(world, superuser):
    grant_role(world.people["requester"], project=world.project, role="compliance_officer", actor=world.system)
    promotion = world.assessed()
    user = get_user_model().objects.get(username="requester")
    user.is_superuser = user.is_staff = superuser
    user.save()
    client = APIClient()
    client.force_login(user)
    looked = client.get(_address(promotion))
    response = client.post(f"{_address(promotion)}/approve", REASON, format="json", headers=match(looked))
    assert (response.status_code, response.json()["code"]) == (403, "own_request")
    assert not Approval.objects.exists()


@pytest.mark.parametrize("who", ["administrator", "engineer", "auditor", "risk"])
def test_who_does_not_hold_the_role_of_the_policy_cannot_approve(world, who):
    promotion = world.assessed()
    looked = world.client(who).get(_address(promotion))
    response = world.client(who).post(f"{_address(promotion)}/approve", REASON, headers=match(looked))
    assert (response.status_code, response.json()["code"]) == (403, "not_permitted")


@pytest.mark.parametrize("action", ["approve", "reject", "request-changes"])
@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        (None, 428, "precondition_required"),
        ("*", 428, "precondition_required"),
        ('"none:OPEN"', 412, "precondition_failed"),
        ('W/"{tag}"', 412, "precondition_failed"),
        ("{tag}", 412, "precondition_failed"),
    ],
)
def test_a_decision_names_exactly_what_it_was_made_on(world, action, header, status, code):
    promotion = world.assessed()
    client = world.client("officer")
    tag = client.get(_address(promotion))["ETag"].strip('"')
    headers = {} if header is None else {"If-Match": header.format(tag=tag)}
    response = client.post(f"{_address(promotion)}/{action}", REASON, headers=headers)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Approval.objects.exists()


def test_an_etag_from_before_a_change_no_longer_matches(world):
    promotion = world.assessed()
    client = world.client("officer")
    looked = client.get(_address(promotion))
    PromotionRequest.objects.filter(pk=promotion.pk).update(state="MEASURING")
    response = client.post(f"{_address(promotion)}/approve", REASON, headers=match(looked))
    assert (response.status_code, response.json()["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(("action", "state"), [("reject", "REJECTED"), ("request-changes", "CHANGES_REQUESTED")])
def test_an_officer_turns_down(world, action, state):
    promotion = world.assessed()
    client = world.client("officer")
    looked = client.get(_address(promotion))
    response = client.post(f"{_address(promotion)}/{action}", REASON, headers=match(looked))
    assert (response.status_code, response.json()["state"]) == (202, state)
    given = client.get(f"{_address(promotion)}/approvals").json()["results"]
    assert [(one["action"], one["reason"]) for one in given] == [(action.replace("-", "_"), REASON["reason"])]
    late = client.post(f"{_address(promotion)}/approve", REASON, headers=match(response))
    assert (late.status_code, late.json()["code"]) == (409, "nothing_to_decide")


def test_each_open_item_is_acknowledged_singly(bare):
    bare.assign(policy_text(lower="0.4"))
    promotion = bare.assessed()
    client = bare.client("officer")
    looked = client.get(_address(promotion))
    keys = client.get(f"{_address(promotion)}/evaluation").json()["document"]["acknowledge"]
    assert len(keys) == 1
    for acknowledge in ([], ["something else", *keys]):
        body = {**REASON, "acknowledge": acknowledge}
        refused = client.post(f"{_address(promotion)}/approve", body, headers=match(looked))
        assert (refused.status_code, refused.json()["code"]) == (422, "not_acknowledged")
    given = client.post(f"{_address(promotion)}/approve", {**REASON, "acknowledge": keys}, headers=match(looked))
    assert (given.status_code, given.json()["state"]) == (202, "APPROVED")
    approval = client.get(f"{_address(promotion)}/approvals").json()["results"][0]
    revoked = client.post(f"{API}/approvals/{approval['id']}/revoke", REASON)
    assert revoked.json()["state"] == "AWAITING_DECISION"
    other = bare.client("second").post(f"{API}/approvals/{approval['id']}/revoke", REASON)
    assert (other.status_code, other.json()["code"]) == (403, "not_yours")


def test_a_short_reason_is_refused(world):
    promotion = world.assessed()
    client = world.client("officer")
    looked = client.get(_address(promotion))
    response = client.post(f"{_address(promotion)}/approve", {"reason": "ok"}, headers=match(looked))
    assert (response.status_code, response.json()["code"]) == (422, "reason_missing")


def test_a_blocked_promotion_is_waived_by_two_and_then_approved(bare):
    bare.assign(policy_text(value="0.4", lower="0.3", upper="0.45"))
    promotion = bare.assessed()
    assert promotion.state == "BLOCKED"
    key = bare.client("auditor").get(f"{_address(promotion)}/evaluation").json()["document"]["items"][0]["key"]
    ends = (timezone.now() + timedelta(days=5)).isoformat()
    body = {"key": key, "ends_at": ends, "reason": "the vendor fixes it next week"}
    waiver = bare.client("requester").post(f"{_address(promotion)}/waivers", body)
    assert waiver.status_code == 201, waiver.json()
    grant = f"{API}/waivers/{waiver.json()['id']}/grant"
    assert bare.client("officer").post(grant).json()["code"] == "not_permitted"
    granted = bare.client("risk").post(grant)
    assert granted.json()["granted_by"] == str(bare.people["risk"].pk)
    client = bare.client("officer")
    looked = client.get(_address(promotion))
    assert looked.json()["state"] == "AWAITING_DECISION"
    given = client.post(f"{_address(promotion)}/approve", {**REASON, "acknowledge": [key]}, headers=match(looked))
    assert given.json()["state"] == "APPROVED"


@pytest.mark.parametrize("change", [{"ends_at": 50}, {"key": "no such item"}, {"reason": "short"}])
def test_a_waiver_keeps_to_the_policy(bare, change):
    bare.assign(policy_text(value="0.4", lower="0.3", upper="0.45"))
    promotion = bare.assessed()
    key = bare.client("auditor").get(f"{_address(promotion)}/evaluation").json()["document"]["items"][0]["key"]
    body = {"key": key, "reason": "the vendor fixes it next week", "ends_at": 5, **change}
    body["ends_at"] = (timezone.now() + timedelta(days=body["ends_at"])).isoformat()
    response = bare.client("requester").post(f"{_address(promotion)}/waivers", body)
    assert response.status_code == 422
    assert response.json()["code"] in {"waiver_refused", "reason_missing"}


def test_the_same_request_that_is_open_is_given_again_and_withdrawn_by_who_made_it(world):
    body = {"version": str(world.version.pk), "environment": str(world.environment.pk), "threshold": 0.5}
    client = world.client("requester")
    made, again = (client.post(f"{API}/promotions", body) for _ in range(2))
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    address = f"{API}/promotions/{made.json()['id']}/withdraw"
    assert world.client("engineer").post(address, REASON).json()["code"] == "not_permitted"
    assert client.post(address, REASON).json()["state"] == "WITHDRAWN"


def test_a_promotion_that_is_not_approved_is_not_released(world):
    promotion = world.assessed()
    response = world.client("engineer").post(f"{_address(promotion)}/release")
    assert (response.status_code, response.json()["code"]) == (409, "not_approved")


def test_the_evidence_is_read_by_digest_and_only_of_the_own_promotion(world):
    promotion = world.assessed()
    client = world.client("auditor")
    digest = client.get(f"{_address(promotion)}/reports").json()["results"][0]["digest"]
    assert client.get(f"{_address(promotion)}/reports/{digest}").json()["check"] == "cheap"
    assert client.get(f"{_address(promotion)}/decision").json()["verdict"] == "PENDING"
    assert client.get(f"{_address(promotion)}/manifest").json()["digest"] == promotion.manifest_id
    assert client.get(f"{_address(promotion)}/reports/{'0' * 64}").status_code == 404
    other = world.request(version=world.new_version("second"))
    assert client.get(f"{_address(other)}/reports/{digest}").status_code == 404
    assert client.get(f"{_address(other)}/evaluation").status_code == 404


def test_measuring_again_gives_the_run_and_who_may_cancel_it_may(world):
    promotion = world.assessed()
    queued = world.client("requester").post(f"{_address(promotion)}/remeasure")
    assert (queued.status_code, queued.json()["kind"]) == (202, "assess")
    address = f"{API}/runs/{queued.json()['id']}/cancel"
    assert world.client("auditor").post(address).json()["code"] == "not_permitted"
    assert world.client("engineer").post(address).json()["state"] == "CANCELLED"


def test_a_retired_version_is_not_requested_again(world):
    retired = world.client("engineer").post(f"{API}/versions/{world.version.pk}/retire", REASON)
    assert retired.json()["retired"] is True
    body = {"version": str(world.version.pk), "environment": str(world.environment.pk)}
    response = world.client("requester").post(f"{API}/promotions", body)
    assert (response.status_code, response.json()["code"]) == (409, "version_retired")
