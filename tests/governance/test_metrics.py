"""What Prometheus reads: counted from the database, for who may read it, and nothing about persons."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from governance.access.tokens import create_token, revoke_token
from governance.metrics import exposition
from governance.promotion.stop import stop
from governance.watch import post_batch
from registry.ledger import read
from registry.models import Identity
from registry.register import create_project
from tests.governance.stage import MISSES, REASON, ROLES, rows


def samples(text):
    """Return the value of each sample by name and labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, *sorted(sample.labels.values())] = sample.value
    return found


def now_of(stage):
    return samples(exposition([stage.project.pk]).decode())


def token(stage, who="auditor", project=None, scopes=("read",), days=1):
    made, text = create_token(
        principal=stage.people[who],
        project=project or stage.project,
        name="prometheus",
        scopes=scopes,
        expires_at=timezone.now() + timedelta(days=days),
        actor=stage.actor(who),
    )
    return made, text


def scrape(text):
    return Client(headers={"Authorization": f"Bearer {text}"}).get("/metrics")


def test_every_number_is_the_databases(stage):
    live = stage.released()
    stage.request()
    stage.post(live, rows(seed=13, shift=3.0))
    post_batch(live, table=rows(seed=14), actor=stage.actor("engineer"))
    found = now_of(stage)
    expected = {
        ("probity_promotions", "RELEASED", "default"): 1,
        ("probity_promotions", "OPEN", "default"): 1,
        ("probity_promotions", "BLOCKED", "default"): 0,
        ("probity_deployments", "UNDER_REVIEW", "default"): 1,
        ("probity_deployments", "LIVE", "default"): 0,
        ("probity_runs", "SUCCEEDED", "assess"): 1,
        ("probity_runs", "QUEUED", "assess"): 1,
        ("probity_runs", "QUEUED", "watch"): 1,
        ("probity_runs", "FAILED", "release"): 0,
        ("probity_alerts_open", "default", "review"): 1,
        ("probity_alerts_open", "default", "stop"): 0,
        ("probity_monitor_overdue", "default", "production", "staged"): 0,
        ("probity_check_seconds_count", "MEASURED", "performance"): 2,
        ("probity_check_seconds_count", "MEASURED", "fairness"): 1,
        ("probity_ledger_entries",): read.size(),
        ("probity_ledger_pending",): read.pending(),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["probity_check_seconds_sum", "MEASURED", "performance"] > 0


def test_ages_grow_with_time_and_fall_with_what_comes(stage):
    live = stage.released()
    age, late = (
        (name, "default", "production", "staged")
        for name in ("probity_last_batch_age_seconds", "probity_monitor_overdue")
    )
    oldest = ("probity_oldest_queued_run_age_seconds",)
    assert now_of(stage)[oldest] == 0
    stage.request()
    stage.later(hours=49)
    found = now_of(stage)
    assert 49 * 3600 <= found[age] < 49.1 * 3600
    assert (found[late], 49 * 3600 - 60 < found[oldest] < 49.1 * 3600) == (1, True)
    stage.post(live, rows(seed=11))
    found = now_of(stage)
    assert (found[age] < 60, found[late]) == (True, 0)
    stop(live, actor=stage.actor("engineer"), reason=REASON)
    assert age not in now_of(stage)


def test_a_blocked_promotion_and_a_failed_run_are_seen(bare_stage, settings):
    bare_stage.assign(**MISSES)
    bare_stage.assessed()
    settings.PROBITY_CHECKS = {}
    bare_stage.assess(bare_stage.request())
    found = now_of(bare_stage)
    assert found["probity_promotions", "BLOCKED", "default"] == 1
    assert found["probity_promotions", "ERROR", "default"] == 1
    assert found["probity_runs", "FAILED", "assess"] == 1


def test_nothing_about_persons_versions_or_reasons_is_told(stage):
    live = stage.released(stage.version())
    stage.post(live, rows(seed=13, shift=3.0))
    text = exposition([stage.project.pk]).decode()
    ids = [str(person.pk) for person in stage.people.values()]
    names = [f'"{name}"' for name in (*ROLES, "stranger")]
    for secret in (*ids, *names, REASON, str(live.pk), live.manifest_id, str(live.promotion_id)):
        assert secret not in text


def test_a_token_of_the_scope_read_is_let_in(stage):
    stage.request()
    answer = scrape(token(stage)[1])
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in answer["Cache-Control"]
    assert samples(answer.content.decode())["probity_promotions", "OPEN", "default"] == 1


def test_who_is_signed_in_is_let_in(stage):
    from django.contrib.auth import get_user_model

    client = Client()
    identity = Identity.objects.get(principal=stage.people["auditor"], kind="django")
    client.force_login(get_user_model().objects.get(pk=identity.value))
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer probity_000000000000_wrong", "Basic YTpi"])
def test_nobody_else_is_told_anything(stage, header):
    client = Client(headers={"Authorization": header} if header else {})
    answer = client.get("/metrics")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert b"probity_" not in answer.content


def test_a_token_without_the_scope_or_past_its_end_is_not_let_in(stage):
    assert scrape(token(stage, "engineer", scopes=("operate",))[1]).status_code == 403
    made, text = token(stage)
    revoke_token(made, actor=stage.actor("auditor"))
    assert scrape(text).status_code == 401
    _, ended = token(stage)
    stage.later(days=2)
    assert scrape(ended).status_code == 401


def test_a_user_without_a_principal_is_not_let_in(stage, django_user_model):
    client = Client()
    client.force_login(django_user_model.objects.create_user("alone"))
    assert client.get("/metrics").status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(stage, method):
    assert getattr(Client(), method)("/metrics").status_code == 405


def test_a_token_is_told_of_its_own_project_alone(stage):
    other = create_project(slug="other", name="Other", actor=stage.actor("administrator"))
    stage.request()
    text = scrape(token(stage)[1]).content.decode()
    assert 'project="default"' in text
    assert 'project="other"' not in text
    elsewhere = samples(exposition([other.pk]).decode())
    assert elsewhere["probity_promotions", "OPEN", "other"] == 0
    assert elsewhere["probity_runs", "QUEUED", "assess"] == 0
    assert not [name for name in elsewhere if "default" in name]
