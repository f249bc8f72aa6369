"""The page of legal holds: placed with a reason, asked to end by one person, lifted by another."""

import re

import pytest

from governance.models import LegalHold
from governance.retention.hold import place_hold
from registry.ledger.read import newest, size
from registry.register import create_project, grant_role
from tests.governance.web.pages import Page

WHY = "A court asked for the record of it."
CLOSED = "The case is closed since Monday."


def page_of(client, address="/holds/", status=200):
    response = client.get(address)
    assert response.status_code == status
    page = Page(response.content.decode())
    assert page.faults() == []
    return page


def code_of(html):
    return re.findall(r'data-code="(\w+)"', html)[0]


@pytest.fixture
def subject(scene):
    return f"model:{scene.model.pk}"


def test_a_hold_is_placed_asked_to_end_and_lifted_by_three_posts_of_two_persons(scene, subject):
    officer, risk = scene.client("cleo"), scene.client("rio")
    assert "There is no hold in your projects." in page_of(officer).text
    assert f'value="{subject}"' in officer.get(f"/holds/?subject={subject}").content.decode()
    assert officer.post("/holds/place/", {"subject": subject, "reason": WHY}).status_code == 302
    hold = LegalHold.objects.get()
    page = page_of(officer)
    assert f"Model {scene.model}: {WHY}" in page.text
    assert "Place a hold" in page.text
    assert officer.post(f"/holds/{hold.pk}/request-lift/", {"reason": CLOSED}).status_code == 302
    assert "Lift this hold" not in page_of(officer).text
    assert "Lift a hold" not in page_of(officer, "/").text
    assert "Lift a hold" in page_of(risk, "/").text
    assert "In force, its end is asked for" in page_of(risk).text
    assert risk.get(f"/holds/{hold.pk}/lift/").status_code == 302
    assert LegalHold.objects.get().lifted_at is None
    assert risk.post(f"/holds/{hold.pk}/lift/").status_code == 302
    page = page_of(risk)
    assert "Lifted" in page.text
    assert "by Rio" in page.text
    assert [one.kind for one in newest(3)] == ["hold.lifted", "hold.lift_requested", "hold.placed"]
    assert newest(1)[0].document()["actor"]["auth"] == "session"


def test_without_a_subject_all_of_the_project_is_held(scene):
    posted = {"project": str(scene.project.pk), "subject": "", "reason": WHY}
    assert scene.client("adm").post("/holds/place/", posted).status_code == 302
    assert LegalHold.objects.get().subject == f"project:{scene.project.pk}"


@pytest.mark.parametrize(
    ("who", "said", "refusal"),
    [
        ("cleo", {"reason": "short"}, (400, "invalid")),
        ("cleo", {"subject": "everything"}, (409, "hold_subject")),
        ("cleo", {"subject": "", "project": "x"}, (409, "hold_subject")),
        ("eve", {}, (403, "not_permitted")),
        ("aud", {}, (403, "not_permitted")),
        ("nemo", {}, (409, "hold_subject")),
    ],
)
def test_what_is_refused_is_told_and_keeps_what_was_written(scene, subject, who, said, refusal):
    before = size()
    response = scene.client(who).post("/holds/place/", {"subject": subject, "reason": WHY, **said})
    html = response.content.decode()
    assert (response.status_code, code_of(html)) == refusal
    assert Page(html).faults() == []
    assert not LegalHold.objects.exists()
    assert size() == before
    if who == "cleo":
        assert said.get("reason", WHY) in html


@pytest.mark.parametrize(
    ("who", "deed", "refusal"),
    [
        ("rio", "lift", (409, "hold_state")),
        ("eve", "request-lift", (403, "not_permitted")),
        ("cleo", "request-lift", (400, "invalid")),
    ],
)
def test_an_end_that_cannot_be_is_refused(scene, subject, who, deed, refusal):
    hold = place_hold(subject, reason=WHY, actor=scene.actor("rio"))
    reason = {} if refusal[1] == "invalid" else {"reason": CLOSED}
    response = scene.client(who).post(f"/holds/{hold.pk}/{deed}/", reason)
    assert (response.status_code, code_of(response.content.decode())) == refusal
    assert LegalHold.objects.get().lift_asked_by is None


def test_the_reason_of_a_hold_is_for_officers_and_auditors(scene, subject):
    place_hold(subject, reason=WHY, actor=scene.actor("rio"))
    assert WHY in page_of(scene.client("aud")).text
    assert WHY not in page_of(scene.client("ada")).text


def test_who_asked_for_the_end_does_not_lift_it(scene, subject):
    hold = place_hold(subject, reason=WHY, actor=scene.actor("rio"))
    officer = scene.client("cleo")
    assert officer.post(f"/holds/{hold.pk}/request-lift/", {"reason": CLOSED}).status_code == 302
    refused = officer.post(f"/holds/{hold.pk}/lift/")
    assert (refused.status_code, 'data-code="same_person"' in refused.content.decode()) == (403, True)


def test_another_project_s_holds_are_not_there(scene, subject):
    hold = place_hold(subject, reason=WHY, actor=scene.actor("rio"))
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", actor=scene.actor("adm"))
    grant_role(scene.people["nemo"], project=elsewhere, role="risk_officer", actor=scene.actor("adm"))
    nemo = scene.client("nemo")
    assert WHY not in page_of(nemo).text
    assert nemo.post(f"/holds/{hold.pk}/request-lift/", {"reason": CLOSED}).status_code == 404
    assert scene.client("rio").post(f"/holds/{hold.pk}/burn/").status_code == 404
