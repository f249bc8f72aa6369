"""The database itself refuses what was not decided: whatever writes, however it writes; a forged decision is found."""

import uuid

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from governance.exports.verify import verify
from governance.models import Decision, PromotionRequest
from governance.promotion.approve import approve
from governance.promotion.assess import assess
from governance.promotion.deploy import create_deployment
from governance.promotion.release import release, start_release
from registry.models import Actor, Deployment, ReleaseManifest
from tests.governance.api.world import World, build, policy_text, work
from tests.registry.scene import cheapen

PROMOTION, DEPLOYMENT = "governance_promotionrequest", "registry_deployment"
DECIDED = ("APPROVED", "RELEASING", "RELEASED")


@pytest.fixture
def world(db, settings, monkeypatch, tmp_path) -> World:
    settings.PROBITY_HOME = tmp_path / "home"
    cheapen(settings, monkeypatch)
    made = build(tmp_path)
    made.assign(policy_text())
    return made


@pytest.fixture
def waiting(world) -> PromotionRequest:
    """A promotion that was measured and waits for an officer."""
    promotion = world.assessed()
    assert promotion.state == "AWAITING_DECISION"
    return promotion


@pytest.fixture
def pending(waiting) -> Deployment:
    """A deployment that somebody made without any approval."""
    return create_deployment(source=waiting, actor=Actor.system(), previous=None)


def run(sql: str, parameters=()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def identity(row) -> str:
    return row.pk.hex if connection.vendor == "sqlite" else str(row.pk)


def by_save(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


def by_update_fields(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def by_update(row, **values):
    type(row).objects.filter(pk=row.pk).update(**values)


def by_bulk_update(row, **values):
    for name, value in values.items():
        setattr(row, name, value)
    type(row).objects.bulk_update([row], list(values))


def by_sql(row, **values):
    shown = ", ".join(f"{name} = %s" for name in values)
    run(f"UPDATE {row._meta.db_table} SET {shown} WHERE id = %s", [*values.values(), identity(row)])  # noqa: S608


def by_insert(row, **values):
    twin = type(row).objects.get(pk=row.pk)
    twin.pk = uuid.uuid4()
    for name, value in values.items():
        setattr(twin, name, value)
    twin.save(force_insert=True)


def by_bulk_create(row, **values):
    twin = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    twin.pk = uuid.uuid4()
    for name, value in values.items():
        setattr(twin, name, value)
    type(row).objects.bulk_create([twin])


def by_upsert(row, **values):
    twin = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    for name, value in values.items():
        setattr(twin, name, value)
    type(row).objects.bulk_create([twin], update_conflicts=True, update_fields=list(values), unique_fields=["id"])


WAYS = [by_save, by_update_fields, by_update, by_bulk_update, by_sql, by_insert, by_bulk_create, by_upsert]


def refuse(way, row, **values) -> None:
    table, rows = type(row).objects, type(row).objects.count()
    with (
        pytest.raises(DatabaseError, match="only with an AUTHORISED decision on the same digests"),
        transaction.atomic(),
    ):
        way(row, **values)
    assert table.count() == rows
    kept = table.get(pk=row.pk)
    assert {name: getattr(kept, name) for name in values} != values


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("state", DECIDED)
def test_no_way_of_writing_sets_a_promotion_decided_without_a_decision(waiting, way, state):
    refuse(way, waiting, state=state)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "values",
    [{"state": "LIVE"}, {"state": "UNDER_REVIEW"}, {"desired": True}, {"state": "LIVE", "desired": True}],
    ids=str,
)
def test_no_way_of_writing_sets_a_deployment_live_or_desired_without_a_decision(pending, way, values):
    refuse(way, pending, **values)


def decision(promotion: PromotionRequest, **changes: str) -> Decision:
    """Insert, as nobody may, a decision that authorises; ``changes`` make it one on other digests."""
    values = {
        "manifest_digest": promotion.manifest_id,
        "policy_digest": promotion.policy_id,
        "evaluation_digest": promotion.evaluation_digest,
        "verdict": "AUTHORISED",
        **changes,
    }
    made = Decision(promotion=promotion, digest="d" * 64, document_text="{}", **values)
    made.save(force_insert=True)
    return made


@pytest.mark.parametrize(
    "other",
    [
        {"manifest_digest": "0" * 64},
        {"policy_digest": "0" * 64},
        {"evaluation_digest": "0" * 64},
        {"evaluation_digest": ""},
        {"verdict": "WAITING"},
        {"verdict": "REFUSED"},
        {"verdict": "authorised"},
    ],
    ids=str,
)
def test_a_decision_on_other_digests_or_of_another_verdict_does_not_help(waiting, pending, other):
    decision(waiting, **other)
    refuse(by_update, waiting, state="APPROVED")
    refuse(by_sql, pending, state="LIVE", desired=True)


def test_a_decision_on_another_promotion_does_not_help(world, waiting, pending):
    other = world.assessed(world.new_version("second"))
    decision(other, manifest_digest=waiting.manifest_id, evaluation_digest=waiting.evaluation_digest)
    refuse(by_update, waiting, state="APPROVED")
    refuse(by_sql, pending, state="LIVE")


@pytest.mark.parametrize("way", [by_save, by_update, by_bulk_update, by_sql])
def test_what_is_decided_cannot_be_turned_into_something_else(world, waiting, way):
    decision(waiting)
    by_update(waiting, state="APPROVED")
    waiting.refresh_from_db()
    refuse(way, waiting, evaluation_digest="0" * 64)
    waiting.refresh_from_db()
    other = ReleaseManifest.objects.create(digest="a" * 64, document_text="{}", environment=world.environment)
    refuse(way, waiting, manifest_id=other.pk)


def approved(world: World) -> PromotionRequest:
    promotion = world.assessed()
    approve(
        promotion,
        actor=world.actor("officer"),
        reason="it meets every limit",
        evaluation_digest=promotion.evaluation_digest,
    )
    promotion.refresh_from_db()
    return promotion


def test_an_approved_promotion_goes_live_with_all_triggers_on(world):
    promotion = approved(world)
    start_release(promotion, actor=world.actor("engineer"))
    work(promotion, "release", release)
    live = Deployment.objects.get(promotion_id=promotion.pk)
    assert (live.state, live.desired) == ("LIVE", True)
    for values in ({"manifest_id": "0" * 64}, {"policy_digest": "0" * 64}, {"promotion_id": uuid.uuid4()}):
        with pytest.raises(DatabaseError, match="only with an AUTHORISED decision"), transaction.atomic():
            by_update(live, **values)
    assert verify().faults == ()


def test_only_one_manifest_is_desired_and_what_has_ended_is_not(world):
    promotion = approved(world)
    start_release(promotion, actor=world.actor("engineer"))
    work(promotion, "release", release)
    live = Deployment.objects.get(promotion_id=promotion.pk)
    for way, values in ((by_insert, {}), (by_update, {"state": "STOPPED"}), (by_update, {"state": "GONE"})):
        with pytest.raises(IntegrityError), transaction.atomic():
            way(live, **values)


def test_a_forged_decision_lets_the_state_be_set_and_the_verification_reports_both(waiting, pending):
    decision(waiting)
    by_sql(waiting, state="APPROVED")
    by_sql(pending, state="LIVE", desired=True)
    codes = [fault.code for fault in verify().faults]
    assert codes.count("row_state") == 3
    assert {"forged_row", "row_digest"} < set(codes)


def test_a_release_of_a_forged_approval_judges_again_and_fails(world, waiting):
    """The use case does not believe the state: it authorises from what is recorded."""
    decision(waiting)
    by_sql(waiting, state="RELEASING")
    deployment = create_deployment(source=waiting, actor=Actor.system(), previous=None)
    from registry import run as runs

    queued = runs.start(
        kind="release",
        task="governance.tasks.release",
        project=world.project,
        subject=f"promotion:{waiting.pk}",
        actor=Actor.system(),
    )
    ended = runs.perform(str(queued.pk), release)
    assert ended is not None
    assert ended.result["state"] == "RELEASE_FAILED"
    deployment.refresh_from_db()
    assert (deployment.state, deployment.desired) == ("FAILED", False)


def test_an_assessment_does_not_decide(world):
    promotion = world.request()
    work(promotion, "assess", assess)
    refuse(by_update, PromotionRequest.objects.get(pk=promotion.pk), state="RELEASED")
