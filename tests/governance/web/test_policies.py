"""The page of policies: what applies where, what would change, and a second person's word."""

import pytest

from governance.models import PolicyAssignment
from governance.policies.assign import propose
from governance.policies.publish import publish
from registry.ledger.read import newest, size
from registry.register import create_environment, create_project, grant_role
from tests.governance.web.pages import Page
from tests.governance.web.scene import POLICY

STRICTER = POLICY.replace('version: "1.0"', 'version: "2.0"').replace('min: "0.6"', 'min: "0.7"')


def page_of(client, address="/policies/", status=200):
    response = client.get(address)
    assert response.status_code == status
    page = Page(response.content.decode())
    assert page.faults() == []
    return page


@pytest.fixture
def proposed(scene):
    policy = publish(text=STRICTER, actor=scene.actor("cleo"))
    return propose(
        environment=scene.environment,
        tier="high",
        policy=policy,
        actor=scene.actor("cleo"),
        applies_to="deployed",
        grace_days=14,
    )


def test_it_says_which_policy_applies_where_and_who_said_so(scene):
    page = page_of(scene.client("aud"))
    assert "careful 1.0" in page.text
    assert "Adm" in page.text
    assert "nobody: it was the first" in page.text
    assert "Proposed: not in effect" not in page.text


def test_a_proposal_shows_what_would_change_and_another_person_lets_it_take_effect(scene, proposed):
    address = f"/policies/{proposed.pk}/confirm/"
    own = page_of(scene.client("cleo"))
    assert '-    limits: [{metric: performance.auc, bound: lower, min: "0.6"' in own.text
    assert '+    limits: [{metric: performance.auc, bound: lower, min: "0.7"' in own.text
    assert "which has 14 days" in own.text
    assert "Let it take effect" not in own.text
    assert "Confirm a policy" not in page_of(scene.client("cleo"), "/").text
    risk = scene.client("rio")
    assert "Confirm a policy" in page_of(risk, "/").text
    assert "Let it take effect" in page_of(risk).text
    assert risk.get(address).status_code == 302
    assert PolicyAssignment.objects.get(pk=proposed.pk).effective_at is None
    assert risk.post(address).status_code == 302
    after = page_of(risk)
    assert "careful 2.0 applies to the high tier in production." in after.text
    assert "Rio" in after.text
    assert "Proposed: not in effect" not in after.text
    event = newest(1)[0].document()
    assert (event["kind"], event["actor"]["role"]) == ("policy_assignment.confirmed", "risk_officer")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [("cleo", 403, "same_person"), ("eve", 403, "not_permitted"), ("aud", 403, "not_permitted")],
)
def test_who_proposed_it_or_has_no_say_does_not_confirm_it(scene, proposed, who, status, code):
    before = size()
    response = scene.client(who).post(f"/policies/{proposed.pk}/confirm/")
    assert response.status_code == status
    assert f'data-code="{code}"' in response.content.decode()
    assert PolicyAssignment.objects.get(pk=proposed.pk).effective_at is None
    assert size() == before


def test_one_that_took_effect_is_not_confirmed_twice(scene, proposed):
    risk = scene.client("rio")
    address = f"/policies/{proposed.pk}/confirm/"
    assert risk.post(address).status_code == 302
    refused = risk.post(address)
    assert (refused.status_code, 'data-code="not_proposed"' in refused.content.decode()) == (409, True)


def test_the_text_of_a_policy_is_shown_to_who_holds_a_role(scene, proposed):
    page = page_of(scene.client("aud"), f"/policies/{proposed.policy_id}/")
    assert 'min: "0.7"' in page.text
    assert "The high tier in production" in page.text
    for digest in ("0" * 64, "x"):
        assert scene.client("aud").get(f"/policies/{digest}/").status_code == 404
    assert scene.client("nemo").get(f"/policies/{proposed.policy_id}/").status_code == 404


def test_another_project_s_proposals_are_not_there(scene, proposed):
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", actor=scene.actor("adm"))
    grant_role(scene.people["nemo"], project=elsewhere, role="risk_officer", actor=scene.actor("adm"))
    create_environment(project=elsewhere, name="there", actor=scene.actor("adm"))
    nemo = scene.client("nemo")
    page = page_of(nemo)
    assert "careful" not in page.text
    assert nemo.post(f"/policies/{proposed.pk}/confirm/").status_code == 404
