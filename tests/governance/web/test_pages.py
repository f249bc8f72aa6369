"""Every page, in every state, is there, is accessible HTML, and is kept by no cache."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from governance.models import PromotionRequest
from governance.promotion.advance import lock
from governance.promotion.approve import reject, request_changes, withdraw
from governance.promotion.expire import expire
from governance.rules.states import PromotionState
from governance.web.wording import MEANINGS
from registry.ledger.read import newest, size
from registry.models import Artifact, Identity, Principal, Run
from registry.register import create_project, register_model
from tests.governance.web.pages import Page
from tests.governance.web.scene import PASSWORD, RATIO, REASON, advance, fresh

MONTH = timedelta(days=31)
OPENING = {
    PromotionState.OPEN: lambda scene: scene.requested(),
    PromotionState.MEASURING: lambda scene: _advanced(scene, PromotionState.COLLECTING, PromotionState.MEASURING),
    PromotionState.ERROR: lambda scene: _advanced(scene, PromotionState.COLLECTING, PromotionState.ERROR),
    PromotionState.BLOCKED: lambda scene: scene.measured("misses"),
    PromotionState.AWAITING_DECISION: lambda scene: scene.measured(),
    PromotionState.APPROVED: lambda scene: scene.approved(),
    PromotionState.REJECTED: lambda scene: _said(scene, reject),
    PromotionState.CHANGES_REQUESTED: lambda scene: _said(scene, request_changes),
    PromotionState.WITHDRAWN: lambda scene: withdraw(scene.measured(), actor=scene.actor("ada"), reason=REASON),
    PromotionState.EXPIRED: lambda scene: expire(lock(scene.measured().pk), approved="", now=timezone.now() + MONTH),
    PromotionState.RELEASED: lambda scene: PromotionRequest.objects.get(pk=scene.live().promotion_id),
}


def _advanced(scene, *states):
    promotion = scene.requested()
    advance(promotion, *states)
    return fresh(promotion)


def _said(scene, decide):
    promotion = scene.measured()
    decide(promotion, actor=scene.actor("val"), reason=REASON, evaluation_digest=promotion.evaluation_digest)
    return fresh(promotion)


def _page(client: Client, address: str, status: int = 200) -> Page:
    response = client.get(address)
    assert response.status_code == status, response.status_code
    assert "no-store" in response["Cache-Control"]
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    page = Page(response.content.decode())
    assert page.faults() == []
    return page


@pytest.mark.parametrize("state", OPENING, ids=str)
@pytest.mark.parametrize("who", ["ada", "cleo"])
def test_a_promotion_is_shown_in_each_state(scene, state, who):
    promotion = OPENING[state](scene)
    assert promotion.state == state
    page = _page(scene.client(who), f"/promotions/{promotion.pk}/")
    assert MEANINGS[state] in page.text
    assert "attempt 1 on this evaluation set" in page.text
    assert promotion.manifest_id[:12] in page.text
    assert promotion.policy_id[:12] in page.text


def test_the_page_says_until_when_it_waits_and_afterwards_why_it_expired(scene):
    waiting = scene.measured()
    assert "Expires undecided" in _page(scene.client("cleo"), f"/promotions/{waiting.pk}/").text
    expire(lock(waiting.pk), approved="", now=timezone.now() + MONTH)
    text = _page(scene.client("cleo"), f"/promotions/{waiting.pk}/").text
    assert "Expires undecided" not in text
    assert "Nobody decided within the 30 days that the policy allows" in text


@pytest.mark.parametrize(("days", "standing"), [(29, "VALID"), (30, "EXPIRED")])
def test_an_approval_is_shown_as_it_stands_now(scene, monkeypatch, days, standing):
    promotion = scene.approved()
    later = timezone.now() + timedelta(days=days)
    monkeypatch.setattr("governance.web.words.timezone", SimpleNamespace(now=lambda: later))
    text = _page(scene.client("cleo"), f"/promotions/{promotion.pk}/").text
    assert text.count("Expired") == (2 if standing == "EXPIRED" else 0)


def test_the_number_the_interval_the_limit_and_the_reason_of_an_item_are_there(scene):
    promotion = scene.measured()
    text = _page(scene.client("cleo"), f"/promotions/{promotion.pk}/").text
    for part in (
        "Indeterminate",
        "0.71 to 0.98",
        "whole interval ≥ 0.8",
        "the interval straddles the least allowed 0.8",
    ):
        assert part in text
    assert "Value 0.86, interval 0.71 to 0.98, least allowed 0.8" in text


def test_findings_are_shown_masked(scene):
    text = _page(scene.client("cleo"), f"/promotions/{scene.measured().pk}/").text
    assert "The column contact holds e-mail addresses" in text
    assert "j***@***" in text


def test_a_report_whose_bytes_are_gone_is_said_to_be_unreadable_and_the_page_stands(scene):
    promotion = scene.measured()
    digest = promotion.evidence.get(check_run__check_name="pii").check_run.report_digest
    Artifact.objects.filter(pk=digest).update(purged_at=promotion.created_at)
    text = _page(scene.client("aud"), f"/promotions/{promotion.pk}/").text
    assert "The report cannot be read." in text
    assert "were purged on" in text


def test_attempts_on_the_same_rows_are_counted(scene):
    scene.measured("misses")
    second = scene.measured("pass", scene.new_version())
    assert "attempt 2 on this evaluation set" in _page(scene.client("cleo"), f"/promotions/{second.pk}/").text


def test_the_progress_of_a_run_is_told(scene):
    promotion = OPENING[PromotionState.MEASURING](scene)
    Run.objects.filter(subject=f"promotion:{promotion.pk}").update(progress=0.4, message="measuring fairness")
    answer = scene.client("ada").get(f"/promotions/{promotion.pk}/progress").json()
    assert answer == {"state": "MEASURING", "busy": True, "percent": 40, "message": "measuring fairness"}


def test_other_pages_are_shown_with_rows_and_without(scene):
    client = scene.client("cleo")
    empty = _page(client, "/").text
    assert "Nothing waits for your decision." in empty
    assert "Nothing is live." in empty
    deployment = scene.live()
    scene.alarmed(deployment)
    assert "drift.score_ks is 0.31" in _page(client, "/").text
    assert "What is wanted is what runs." in _page(client, f"/deployments/{deployment.pk}/").text
    assert "credit-scoring" in _page(client, "/models/").text
    assert "production evaluates on applicants v1" in _page(client, f"/models/{scene.model.pk}/").text
    _page(scene.client("eve"), f"/models/{scene.model.pk}/")


def test_the_inbox_holds_what_waits_for_this_person_and_for_nobody_else(scene):
    promotion = scene.measured()
    waiting = {
        who: f"/promotions/{promotion.pk}/" in _waits(scene.client(who)) for who in ("cleo", "val", "rio", "ada")
    }
    assert waiting == {"cleo": True, "val": True, "rio": False, "ada": False}
    assert f"/promotions/{promotion.pk}/" in scene.client("ada").get("/").content.decode().partition("Your requests")[2]


def _waits(client: Client) -> str:
    return client.get("/").content.decode().partition("Waiting for you")[2].partition("Open alerts")[0]


def test_the_ledger_is_read_page_by_page_and_entry_by_entry(scene):
    scene.approved()
    client = scene.client("aud")
    assert f"{size()} entries" in _page(client, "/ledger/").text
    first = newest(1)[0]
    entry = _page(client, f"/ledger/{first.number}/").text
    assert first.leaf_hash in entry
    assert f'"kind": "{first.kind}"' in entry
    assert f"/ledger/{first.number}/" not in client.get(f"/ledger/?before={first.number}").content.decode()
    assert f"/ledger/{first.number - 1}/" in client.get(f"/ledger/?before={first.number}").content.decode()


@pytest.mark.parametrize(
    "address", ["/ledger/0/", "/ledger/999999/", "/ledger/99999999999999999999/", "/ledger/?before=x"]
)
def test_what_is_not_in_the_ledger_is_not_found(scene, address):
    assert scene.client("aud").get(address).status_code == 404


def test_what_people_and_reports_write_is_shown_as_text_and_never_as_markup(scene):
    promotion = scene.measured()
    hostile = "<script>alert('x')</script> is my reason"
    said = {"action": "approve", "reason": hostile, "evaluation": promotion.evaluation_digest, "acknowledged": [RATIO]}
    scene.client("val").post(f"/promotions/{promotion.pk}/decide/", said)
    html = scene.client("cleo").get(f"/promotions/{promotion.pk}/").content.decode()
    assert "&lt;script&gt;alert(" in html
    assert "<script" not in html


def test_names_and_reasons_do_not_enter_the_ledger_pages(scene):
    scene.approved()
    client = scene.client("aud")
    for entry in newest(200):
        body = Page(client.get(f"/ledger/{entry.number}/").content.decode()).text
        assert REASON not in body
        assert PASSWORD not in body
        assert "cleo" not in body.lower()


def test_nothing_is_shown_to_who_is_not_signed_in(scene):
    promotion = scene.measured()
    for address in (
        "/",
        f"/promotions/{promotion.pk}/",
        f"/promotions/{promotion.pk}/progress",
        "/models/",
        "/ledger/",
    ):
        response = Client().get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=")


def test_a_user_without_an_active_principal_is_told_so(scene, django_user_model):
    django_user_model.objects.create_user("loner", password=PASSWORD)
    client = Client()
    assert client.login(username="loner", password=PASSWORD)
    assert "not known here" in _page(client, "/", status=403).text
    Principal.objects.filter(pk=scene.people["cleo"].pk).update(active=False)
    assert "not known here" in _page(scene.client("cleo"), "/", status=403).text
    assert Identity.objects.filter(principal=scene.people["cleo"]).exists()


def test_what_belongs_to_another_project_does_not_exist(scene):
    other = create_project(slug="other", name="Other", actor=scene.actor("adm"))
    hidden = register_model(project=other, name="unseen", tier="low", intended_use="none", actor=scene.actor("adm"))
    promotion, deployment = scene.measured(), scene.live()
    client = scene.client("nemo")
    for address in (f"/promotions/{promotion.pk}/", f"/deployments/{deployment.pk}/", f"/models/{scene.model.pk}/"):
        assert client.get(address).status_code == 404
    assert client.get("/ledger/").status_code == 403
    assert "You hold no role in any project yet" in client.get("/").content.decode()
    assert "unseen" not in scene.client("cleo").get("/models/").content.decode()
    assert scene.client("cleo").get(f"/models/{hidden.pk}/").status_code == 404


def test_one_signs_in_and_out_by_post(scene):
    client = Client(enforce_csrf_checks=True)
    assert _page(client, "/login/").tokens == 1
    token = client.cookies["csrftoken"].value
    wrong = {"username": "cleo", "password": "wrong", "csrfmiddlewaretoken": token}
    assert "do not belong together" in client.post("/login/", wrong).content.decode()
    response = client.post("/login/", {**wrong, "password": PASSWORD})
    assert response["Location"] == "/"
    assert client.get("/logout/").status_code == 405
    assert client.get("/").status_code == 200
    assert client.post("/logout/", {"csrfmiddlewaretoken": client.cookies["csrftoken"].value})["Location"] == "/login/"
    assert client.get("/").status_code == 302
