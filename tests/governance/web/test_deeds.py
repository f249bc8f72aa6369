"""What is posted from a page goes through the use cases; what they refuse comes back as their sentence."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import Approval, PromotionRequest, Waiver
from governance.promotion.waive import request_waiver
from registry.ledger.read import entries, size
from registry.models import Deployment, Run
from tests.governance.web.pages import Page
from tests.governance.web.scene import PASSWORD, RATIO, REASON, fresh


def _post(client: Client, promotion: PromotionRequest, deed: str, **said):
    return client.post(f"/promotions/{promotion.pk}/{deed}/", said)


def _decision(promotion: PromotionRequest, action: str = "approve", **other):
    said = {"action": action, "evaluation": promotion.evaluation_digest, "reason": REASON, "acknowledged": [RATIO]}
    return {**said, **other}


def _refused(response, status: int, code: str, sentence: str) -> str:
    html = response.content.decode()
    assert response.status_code == status, html
    assert f'data-code="{code}"' in html
    assert sentence in Page(html).text
    return html


def test_two_officers_approve_by_the_form_and_the_release_begins(scene):
    promotion = scene.measured()
    for officer in ("val", "cleo"):
        client = scene.client(officer)
        assert 'value="approve"' in client.get(f"/promotions/{promotion.pk}/").content.decode()
        response = _post(client, promotion, "decide", **_decision(promotion))
        assert response.status_code == 302
        assert "Your approval is recorded." in client.get(response["Location"]).content.decode()
    assert fresh(promotion).state == "APPROVED"
    given = list(entries(subject=f"promotion:{promotion.pk}", kind="approval.given"))
    assert [one.document()["actor"]["role"] for one in given] == ["validator", "compliance_officer"]
    assert _post(scene.client("eve"), promotion, "release").status_code == 302
    assert fresh(promotion).state == "RELEASING"


@pytest.mark.parametrize(("action", "state"), [("reject", "REJECTED"), ("request_changes", "CHANGES_REQUESTED")])
def test_an_officer_turns_it_down_by_the_form(scene, action, state):
    promotion = scene.measured()
    assert _post(scene.client("val"), promotion, "decide", **_decision(promotion, action)).status_code == 302
    assert fresh(promotion).state == state
    page = scene.client("ada").get(f"/promotions/{promotion.pk}/").content.decode()
    assert REASON in page


REFUSED: dict[str, tuple[str, dict[str, Any], int, str, str]] = {
    "no reason": ("cleo", {"reason": ""}, 409, "reason_missing", "at least 10 characters"),
    "a stale page": (
        "cleo",
        {"evaluation": "0" * 64},
        409,
        "stale_evaluation",
        "You looked at evaluation 000000000000",
    ),
    "no evaluation": ("cleo", {"evaluation": ""}, 409, "stale_evaluation", "the current one is"),
    "nothing ticked": ("cleo", {"acknowledged": []}, 409, "not_acknowledged", RATIO),
    "a forged key": ("cleo", {"acknowledged": [RATIO, "no/such/item"]}, 409, "not_acknowledged", "no/such/item"),
    "a forged action": ("cleo", {"action": "release"}, 400, "invalid", "release is not one of the available choices"),
    "the requester": ("ada", {}, 403, "own_request", "cannot decide on it"),
    "who registered it": ("eve", {}, 403, "own_request", "cannot decide on it"),
    "another role": ("rio", {}, 403, "not_permitted", "To decide takes one of the roles"),
    "an administrator": ("adm", {}, 403, "not_permitted", "To decide takes one of the roles"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_decision_that_is_refused_is_a_sentence_on_the_page_and_changes_nothing(scene, case):
    who, other, status, code, sentence = REFUSED[case]
    promotion, before = scene.measured(), size()
    response = _post(scene.client(who), promotion, "decide", **_decision(promotion, **other))
    html = _refused(response, status, code, sentence)
    assert Page(html).faults() == []
    assert Approval.objects.count() == 0
    assert fresh(promotion).state == "AWAITING_DECISION"
    assert size() == before


def test_what_an_officer_wrote_is_kept_when_it_is_refused_but_ticks_on_a_stale_page_are_not(scene):
    promotion = scene.measured()
    client = scene.client("cleo")
    kept = _post(client, promotion, "decide", **_decision(promotion, reason="too short", acknowledged=[RATIO]))
    assert "too short</textarea>" in kept.content.decode()
    assert " checked" in kept.content.decode()
    stale = _post(client, promotion, "decide", **_decision(promotion, evaluation="0" * 64)).content.decode()
    assert f"{REASON}</textarea>" in stale
    assert " checked" not in stale
    assert f'name="evaluation" value="{promotion.evaluation_digest}"' in stale


@pytest.mark.parametrize(
    ("who", "offered", "said"),
    [
        ("cleo", True, ""),
        ("ada", False, "Who is the requester of what is asked for cannot decide on it."),
        ("eve", False, "Who is the trainer of what is asked for cannot decide on it."),
        ("aud", False, "To decide takes one of the roles"),
        ("adm", False, "To decide takes one of the roles"),
    ],
)
def test_the_form_is_offered_to_those_who_may_decide_and_the_others_are_told_why_not(scene, who, offered, said):
    page = Page(scene.client(who).get(f"/promotions/{scene.measured().pk}/").content.decode())
    assert any("/decide/" in form.get("action", "") for form in page.forms) == offered
    assert said in page.text


def test_who_has_approved_is_told_so_and_may_take_it_back(scene):
    promotion = scene.measured()
    client = scene.client("cleo")
    _post(client, promotion, "decide", **_decision(promotion))
    assert "You have approved this evaluation already" in client.get(f"/promotions/{promotion.pk}/").content.decode()
    given = Approval.objects.get()
    _refused(
        _post(scene.client("val"), promotion, "revoke", approval=given.pk, reason=REASON),
        403,
        "not_yours",
        "taken back",
    )
    assert _post(client, promotion, "revoke", approval=given.pk, reason=REASON).status_code == 302
    assert "Revoked" in Page(client.get(f"/promotions/{promotion.pk}/").content.decode()).text


def test_an_approval_of_an_earlier_evaluation_is_marked_as_stale(scene):
    promotion = scene.measured("misses")
    request_waiver(
        promotion, key=RATIO, ends_at=timezone.now() + timedelta(days=5), reason=REASON, actor=scene.actor("ada")
    )
    waiver = Waiver.objects.get()
    assert _post(scene.client("rio"), promotion, "grant-waiver", waiver=waiver.pk).status_code == 302
    promotion = fresh(promotion)
    assert _post(scene.client("cleo"), promotion, "decide", **_decision(promotion)).status_code == 302
    with_another = scene.measured("misses")
    assert with_another.pk == promotion.pk
    Waiver.objects.filter(pk=waiver.pk).update(ends_at=timezone.now() - timedelta(days=1))
    scene.settled(promotion)
    text = Page(scene.client("val").get(f"/promotions/{promotion.pk}/").content.decode()).text
    assert "Stale" in text
    assert "0 of 1 by a compliance officer" in text


WAIVERS = [
    ("ada", 403, "own_request"),
    ("cleo", 403, "not_permitted"),
    ("rio", 302, ""),
]


@pytest.mark.parametrize(("who", "status", "code"), WAIVERS)
def test_a_waiver_is_asked_for_by_one_and_granted_by_another_of_the_role(scene, who, status, code):
    promotion = scene.measured("misses")
    day = (timezone.now() + timedelta(days=5)).date().isoformat()
    assert _post(scene.client("ada"), promotion, "ask-waiver", key=RATIO, until=day, reason=REASON).status_code == 302
    response = _post(scene.client(who), promotion, "grant-waiver", waiver=Waiver.objects.get().pk)
    assert response.status_code == status
    assert not code or f'data-code="{code}"' in response.content.decode()
    assert fresh(promotion).state == ("AWAITING_DECISION" if status == 302 else "BLOCKED")


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"until": "soon"}, 400, "invalid"),
        ({"until": "2001-01-01"}, 409, "waiver_refused"),
        ({"key": "performance/performance.auc/"}, 409, "waiver_refused"),
        ({"reason": "no"}, 409, "reason_missing"),
    ],
)
def test_a_waiver_that_the_policy_does_not_allow_is_refused(scene, said, status, code):
    promotion = scene.measured("misses")
    day = (timezone.now() + timedelta(days=5)).date().isoformat()
    response = _post(
        scene.client("ada"), promotion, "ask-waiver", **{"key": RATIO, "until": day, "reason": REASON, **said}
    )
    _refused(response, status, code, "Not done.")
    assert Waiver.objects.count() == 0


MATRIX = [
    ("release", "eve", 302),
    ("release", "ada", 302),
    ("release", "cleo", 403),
    ("release", "adm", 403),
    ("release", "aud", 403),
    ("withdraw", "ada", 302),
    ("withdraw", "eve", 403),
    ("measure", "eve", 302),
    ("measure", "val", 302),
    ("measure", "cleo", 403),
]


@pytest.mark.parametrize(("deed", "who", "status"), MATRIX)
def test_each_deed_takes_its_role(scene, deed, who, status):
    promotion = scene.approved() if deed == "release" else scene.measured()
    before = size()
    response = _post(scene.client(who), promotion, deed, reason=REASON)
    assert response.status_code == status
    offered = f"/{deed}/" in response.content.decode()
    assert status == 302 or not offered
    assert (size() > before) == (status == 302)


@pytest.mark.parametrize("deed", ["decide", "release", "withdraw", "measure", "revoke", "ask-waiver", "grant-waiver"])
def test_a_deed_by_get_does_nothing_and_leads_back_to_the_page(scene, deed):
    promotion, before = scene.approved(), size()
    response = scene.client("cleo").get(f"/promotions/{promotion.pk}/{deed}/")
    assert response["Location"] == f"/promotions/{promotion.pk}/"
    assert size() == before


def test_a_deed_without_the_csrf_token_is_refused(scene):
    promotion = scene.measured()
    client = Client(enforce_csrf_checks=True)
    assert client.login(username="cleo", password=PASSWORD)
    response = _post(client, promotion, "decide", **_decision(promotion))
    assert response.status_code == 403
    assert "The form was refused" in response.content.decode()
    assert Approval.objects.count() == 0


def test_deeds_nobody_knows_and_rows_that_are_not_there_are_not_found(scene):
    promotion = scene.measured()
    client = scene.client("cleo")
    assert _post(client, promotion, "bless").status_code == 404
    assert client.post(f"/deployments/{promotion.pk}/stop/").status_code == 404
    _refused(
        _post(client, promotion, "revoke", approval="x", reason=REASON), 400, "invalid", "The form names no approval."
    )


def test_a_promotion_is_asked_for_on_the_page_of_its_model(scene):
    client = scene.client("ada")
    said = {"version": scene.version.pk, "environment": scene.environment.pk, "threshold": "0.4"}
    response = client.post(f"/models/{scene.model.pk}/request/", said)
    promotion = PromotionRequest.objects.get()
    assert response["Location"] == f"/promotions/{promotion.pk}/"
    assert promotion.manifest.document["rule"]["threshold"] == "0.4"
    assert Run.objects.filter(subject=f"promotion:{promotion.pk}", kind="assess").count() == 1
    refused = client.post(f"/models/{scene.model.pk}/request/", {**said, "threshold": "4"})
    _refused(refused, 409, "threshold_range", "A decision threshold lies between 0 and 1; 4.0 does not.")
    _refused(
        scene.client("cleo").post(f"/models/{scene.model.pk}/request/", said),
        403,
        "not_permitted",
        "To request a promotion",
    )


@pytest.fixture
def served(scene, monkeypatch) -> Deployment:
    """A live deployment whose alias is moved nowhere."""
    for module in ("stop", "rollback"):
        monkeypatch.setattr(f"governance.promotion.{module}.move_alias", lambda *_arguments, **_named: True)
    return scene.live()


def test_an_operator_stops_a_deployment_for_a_reason(scene, served):
    client = scene.client("cleo")
    address = f"/deployments/{served.pk}/stop/"
    _refused(client.post(address, {"reason": ""}), 400, "invalid", "Say why, in at least 10 characters.")
    _refused(scene.client("aud").post(address, {"reason": REASON}), 403, "not_permitted", "To stop")
    assert client.post(address, {"reason": REASON}).status_code == 302
    served.refresh_from_db()
    assert (served.state, served.desired) == ("STOPPED", False)
    _refused(client.post(address, {"reason": REASON}), 409, "not_running", "there is nothing to stop")


def test_a_roll_back_without_an_earlier_manifest_is_a_sentence(scene, served):
    response = scene.client("cleo").post(f"/deployments/{served.pk}/roll-back/", {"reason": REASON})
    _refused(response, 409, "nothing_to_roll_back_to", "No earlier approved manifest")
    assert Deployment.objects.get(pk=served.pk).state == "LIVE"


def test_a_review_is_cleared_with_its_alerts(scene, served):
    alert = scene.alarmed(served)
    _refused(
        scene.client("eve").post(f"/deployments/{served.pk}/clear/", {"reason": REASON}), 403, "not_permitted", "review"
    )
    assert scene.client("cleo").post(f"/deployments/{served.pk}/clear/", {"reason": REASON}).status_code == 302
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    assert Deployment.objects.get(pk=served.pk).state == "LIVE"


def test_a_mistake_of_the_program_is_not_dressed_up_as_a_refusal(scene, monkeypatch):
    promotion = scene.measured()
    monkeypatch.setattr("governance.web.decisions.approve", lambda *_arguments, **_named: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _post(scene.client("cleo"), promotion, "decide", **_decision(promotion))
