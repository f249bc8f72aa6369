"""What was measured, under which policy, how long it holds, and what happens when it cannot be had."""

import json

import pyarrow as pa
import pytest

from governance import tasks
from governance.models import CheckRun
from governance.promotion.approve import StaleEvaluationError
from governance.promotion.assess import remeasure
from governance.promotion.release import NotReleasableError, start_release
from governance.promotion.request import NotPermittedError
from governance.reconcile import judge_again, newly_ruled
from monitoring.checks.performance import PerformanceCheck
from registry import infer, run
from registry.artifacts import keep_table, keep_tree, purge
from registry.backends.base import BackendError
from registry.backends.failures import SandboxTimeoutError
from registry.models import Artifact, Run
from tests.governance.stage import (
    AUC,
    MISSES,
    REASON,
    STRADDLES,
    evaluation_of,
    events,
    fresh,
    outcomes_of,
    reasons_of,
)

REAL_INFER = infer._infer


@pytest.mark.parametrize(
    ("policy", "state", "outcome"),
    [
        ({}, "AWAITING_DECISION", "PASS"),
        (STRADDLES, "AWAITING_DECISION", "INDETERMINATE"),
        (MISSES, "BLOCKED", "FAIL"),
        ({"version": "warns", "auc": "0.999", "severity": "WARN", "waivable": ""}, "AWAITING_DECISION", "WARN"),
    ],
)
@pytest.mark.parametrize("kind", ["tree", "predictions"])
def test_the_same_number_is_judged_by_the_limit_of_the_policy(bare_stage, policy, state, outcome, kind):
    bare_stage.assign(**policy)
    promotion = bare_stage.assessed(_flipped(bare_stage, 6) if kind == "predictions" else bare_stage.version())
    assert (promotion.state, outcomes_of(promotion)[AUC]) == (state, outcome)


def _flipped(stage, wrong):
    """Register predictions of which the first few are wrong: an area of about 0.9."""
    from tests.governance.stage import rows

    labels = [int(one) for one in rows().column("y").to_pylist()]
    scores = [abs(one - 0.1) if at >= wrong else abs(0.9 - one) for at, one in enumerate(labels)]
    return stage.version(kind="predictions", content=keep_table(pa.table({"score": scores})), source={})


# --- the policy changes ---


@pytest.mark.parametrize("state", ["AWAITING_DECISION", "APPROVED", "BLOCKED"])
def test_a_policy_assigned_to_open_requests_makes_approvals_stale_and_is_measured_again(bare_stage, state):
    bare_stage.assign(**(MISSES if state == "BLOCKED" else {}))
    promotion = bare_stage.approved() if state == "APPROVED" else bare_stage.assessed()
    if state == "AWAITING_DECISION":
        bare_stage.approve(promotion, "validator")
    newer = bare_stage.assign(version="2", auc="0.7")
    assert newly_ruled() == 1
    bare_stage.assess(promotion)
    promotion = fresh(promotion)
    assert (promotion.policy, promotion.state) == (newer, "AWAITING_DECISION")
    assert promotion.evaluations.latest("created_at").policy_digest == newer.pk
    stale = events(promotion, "approval.stale")
    assert {one["data"]["approval"] for one in stale} == {str(one.pk) for one in promotion.approvals.all()}
    assert newly_ruled() == 0
    bare_stage.approve(promotion, "validator")
    bare_stage.approve(promotion, "officer")
    assert fresh(promotion).state == "APPROVED"


def test_under_a_stricter_policy_what_was_approved_is_blocked(stage):
    promotion = stage.approved()
    stage.assign(**MISSES)
    newly_ruled()
    stage.assess(promotion)
    assert fresh(promotion).state == "BLOCKED"
    assert len(events(promotion, "approval.stale")) == 2


def test_until_it_is_measured_again_nobody_approves_or_releases_under_the_earlier_policy(stage):
    approved, waiting = stage.approved(), stage.assessed()
    stage.assign(version="2")
    with pytest.raises(StaleEvaluationError, match="staged 2 has come to rule this request"):
        stage.approve(waiting, "validator")
    with pytest.raises(NotReleasableError, match="staged 2 has come to rule this request"):
        start_release(approved, actor=stage.actor("engineer"))
    assert not stage.outside.served


def test_a_policy_that_comes_while_a_release_goes_on_stops_it(stage):
    promotion = stage.approved()
    start_release(promotion, actor=stage.actor("engineer"))
    stage.assign(version="2")
    stage.perform_release(promotion)
    assert fresh(promotion).state == "RELEASE_FAILED"
    assert "staged 2 has come to rule" in fresh(promotion).detail
    assert stage.live() is None


@pytest.mark.parametrize("applies_to", ["new", "open", "deployed"])
def test_a_policy_for_new_requests_leaves_open_ones_and_is_not_undone_by_an_earlier_one(stage, applies_to):
    before = stage.assessed()
    newer = stage.assign(applies_to=applies_to, **STRADDLES)
    assert newly_ruled() == (0 if applies_to == "new" else 1)
    stage.assess(before)
    remeasure(before, actor=stage.actor("validator"))
    stage.assess(before)
    assert fresh(before).policy == (stage.policy() if applies_to == "new" else newer)
    after = stage.assessed()
    assert after.policy == newer  # an earlier assignment to open requests does not take this one back
    assert outcomes_of(after)[AUC] == "INDETERMINATE"


# --- evidence ages, is purged, is made again ---


def test_evidence_that_has_aged_blocks_and_is_measured_again(stage):
    promotion = stage.assessed()
    stage.later(days=29)
    stage.approve(promotion, "validator")
    stage.later(days=30, hours=1)
    assert judge_again() == 1
    promotion = fresh(promotion)
    assert promotion.state == "BLOCKED"
    assert outcomes_of(promotion)[AUC] == "AGED"
    assert len(events(promotion, "approval.stale")) == 1
    before = CheckRun.objects.count()
    remeasure(promotion, actor=stage.actor("validator"))
    stage.assess(promotion)
    assert CheckRun.objects.count() == before + 2
    assert CheckRun.objects.filter(renewal=1).count() == 2
    assert fresh(promotion).state == "AWAITING_DECISION"
    assert outcomes_of(promotion)[AUC] == "PASS"


def test_the_same_measurement_is_made_once_and_cited_by_each_request(stage):
    from governance.promotion.approve import withdraw

    version = stage.version()
    first = stage.assessed(version)
    withdraw(first, actor=stage.actor("requester"), reason=REASON)
    again = stage.assessed(version)
    assert CheckRun.objects.count() == 2
    assert set(again.evidence.values_list("check_run")) == set(first.evidence.values_list("check_run"))


def test_evidence_whose_bytes_were_purged_is_no_evidence(stage):
    promotion = stage.approved()
    kept = promotion.evidence.get(check_run__check_name="performance").check_run.report_digest
    purge(Artifact.objects.get(pk=kept), actor=stage.actor("administrator"), reason="retention has ended")
    assert judge_again() == 1
    promotion = fresh(promotion)
    assert promotion.state == "BLOCKED"
    assert outcomes_of(promotion)[AUC] == "ERROR"
    assert "there is no report of the check performance" in reasons_of(promotion)


@pytest.mark.parametrize("who", ["officer", "auditor", "stranger"])
def test_measuring_again_takes_a_role(stage, who):
    with pytest.raises(NotPermittedError):
        remeasure(stage.assessed(), actor=stage.actor(who))


# --- a check or a model fails ---


class Failing(PerformanceCheck):
    version = "failing"

    def measure(self, inputs, context):
        raise ZeroDivisionError("nobody divides by nothing")


failing = Failing()


def test_a_check_that_raises_is_an_error_that_blocks(stage, settings):
    settings.PROBITY_CHECKS = {**settings.PROBITY_CHECKS, "performance": f"{__name__}.failing"}
    promotion = stage.assessed()
    assert (promotion.state, outcomes_of(promotion)[AUC]) == ("BLOCKED", "ERROR")
    assert "ZeroDivisionError (test_evidence.py, line " in reasons_of(promotion)
    assert "nobody divides" not in reasons_of(promotion), "what a library says may hold the values it broke on"
    assert CheckRun.objects.get(check_name="performance").status == "ERROR"


def test_a_check_that_failed_is_tried_again_when_it_is_measured_again(stage, settings):
    listed = settings.PROBITY_CHECKS
    settings.PROBITY_CHECKS = {**listed, "performance": f"{__name__}.failing"}
    promotion = stage.assessed()
    settings.PROBITY_CHECKS = listed
    remeasure(promotion, actor=stage.actor("requester"))
    stage.assess(promotion)
    assert fresh(promotion).state == "AWAITING_DECISION"


def test_a_check_that_the_installation_does_not_list_leaves_the_promotion_in_error(stage, settings):
    promotion = stage.request()
    settings.PROBITY_CHECKS = {name: place for name, place in settings.PROBITY_CHECKS.items() if name != "fairness"}
    assert stage.assess(promotion).status == "FAILED"
    promotion = fresh(promotion)
    assert promotion.state == "ERROR"
    assert promotion.detail.startswith("not_listed: 'fairness' is not listed in PROBITY_CHECKS")
    assert not promotion.evaluations.exists()


def hostile(stage, body, monkeypatch):
    """Register an MLflow model whose loader runs a body of code, loaded in the real sandbox."""
    monkeypatch.setattr(infer, "_infer", REAL_INFER)
    folder = stage.folder / "hostile"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "own_loader.py").write_text(f"def _load_pyfunc(path):\n    {body}\n")
    described = "flavors:\n  python_function:\n    loader_module: own_loader\n    code: code\n    env: {}\n"
    (folder / "MLmodel").write_text(described)
    return stage.version(content=keep_tree(folder))


@pytest.mark.sandbox
def test_a_model_that_raises_while_it_loads_is_not_computable_and_says_why(stage, monkeypatch):
    promotion = stage.assessed(hostile(stage, "raise OSError('disk is imaginary')", monkeypatch))
    assert promotion.state == "BLOCKED"
    assert set(outcomes_of(promotion).values()) >= {"ERROR"}
    assert outcomes_of(promotion)[AUC] == "ERROR"
    reasons = reasons_of(promotion)
    assert "NOT_COMPUTABLE" in reasons
    assert "what it needs could not be collected: predictions: inference_" in reasons


@pytest.mark.sandbox
def test_a_model_that_hangs_while_it_loads_is_not_computable_and_says_why(stage, monkeypatch):
    from registry.backends import inference

    monkeypatch.setattr(infer, "_infer", REAL_INFER)
    real = inference.sandbox.run

    def briefly(*given, **named):
        return real(*given, **{**named, "limits": inference.Limits(wall_seconds=3)})

    monkeypatch.setattr(inference.sandbox, "run", briefly)
    promotion = stage.assessed(hostile(stage, "import time; time.sleep(600)", monkeypatch))
    assert (promotion.state, outcomes_of(promotion)[AUC]) == ("BLOCKED", "ERROR")
    assert SandboxTimeoutError.code.removeprefix("sandbox_") in reasons_of(promotion)


def test_a_store_or_backend_that_is_away_for_a_while_is_tried_again_and_never_a_pass(stage, monkeypatch):
    def away(*_given):
        raise BackendError("the sandbox is busy", code="busy", retriable=True)

    monkeypatch.setattr(infer, "_infer", away)
    promotion = stage.request()
    for attempt in range(1, 6):
        stage.later(hours=attempt)
        assert stage.assess(promotion).status == ("QUEUED" if attempt < 5 else "FAILED")
    assert fresh(promotion).state == "ERROR"
    assert "gave up after 5 attempts: the sandbox is busy" in fresh(promotion).detail


@pytest.mark.parametrize("rows", [59, 61, 0])
def test_predictions_for_other_rows_are_not_computable(stage, rows):
    content = keep_table(pa.table({"score": [0.5] * rows}))
    promotion = stage.assessed(stage.version(kind="predictions", content=content, source={}))
    assert (promotion.state, outcomes_of(promotion)[AUC]) == ("BLOCKED", "ERROR")
    assert f"{rows} predictions were handed in for 60 evaluation rows" in reasons_of(promotion)


NOT_HERE = [("image", "do not name its image"), ("endpoint", "is of kind endpoint: it has no model to load here")]


@pytest.mark.parametrize(("kind", "why"), NOT_HERE)
def test_a_version_without_a_model_to_load_is_not_computable(stage, kind, why):
    details = {"image_digest": "sha256:0", "contract": {}}
    promotion = stage.assessed(stage.version(kind=kind, content=None, details=details))
    assert (promotion.state, outcomes_of(promotion)[AUC]) == ("BLOCKED", "ERROR")
    assert why in reasons_of(promotion)


PII = """  - check: pii
    parameters: {roles: [train]}
    max_age_days: 9
    limits: [{metric: pii.direct_columns, max: 0, required: true}]
"""
OVERLAP = ', {metric: performance.overlap_share, required: true, max: "0"}'


@pytest.mark.parametrize(
    ("policy", "key"),
    [({"limits": OVERLAP}, "performance/performance.overlap_share/"), ({"checks": PII}, "pii/pii.direct_columns/")],
)
def test_without_training_data_what_needs_them_blocks(bare_stage, policy, key):
    bare_stage.assign(version="trained", **policy)
    without = bare_stage.assessed(bare_stage.version(datasets=[]))
    assert without.state == "BLOCKED"
    assert outcomes_of(without)[key] in {"FAIL", "ERROR"}
    assert "train" in reasons_of(without)
    assert outcomes_of(bare_stage.assessed())[key] == "PASS"


def test_an_assessment_that_was_cancelled_leaves_the_promotion_resumable(stage):
    promotion = stage.request()
    queued = Run.objects.get(subject=f"promotion:{promotion.pk}")
    run.cancel(queued, actor=stage.actor("requester"))
    tasks.reconcile()
    assert fresh(promotion).state == "ERROR"
    remeasure(promotion, actor=stage.actor("requester"))
    stage.assess(promotion)
    assert fresh(promotion).state == "AWAITING_DECISION"


def test_a_worker_that_died_half_way_is_taken_up_again_without_measuring_twice(stage, monkeypatch):
    from governance.promotion import assess as assessing

    def dies(*_given):
        raise SystemExit

    promotion = stage.request()
    with monkeypatch.context() as patched:
        patched.setattr(assessing, "_finish", dies)
        with pytest.raises(SystemExit):
            stage.assess(promotion)
    assert fresh(promotion).state == "MEASURING"
    stage.later(minutes=5)
    assert run.sweep() == 1
    assert stage.assess(promotion).status == "SUCCEEDED"
    assert fresh(promotion).state == "AWAITING_DECISION"
    assert CheckRun.objects.count() == 2
    assert len(events(promotion, "report.recorded")) == 2


def test_an_assessment_that_comes_twice_is_one(stage):
    promotion = stage.assessed()
    recorded = len(events(promotion))
    stage.assess(promotion)
    assert len(events(promotion)) == recorded
    assert promotion.evaluations.count() == 1


def test_the_document_of_an_evaluation_holds_no_clock(stage):
    promotion = stage.assessed()
    document = json.dumps(evaluation_of(promotion).document)
    assert str(fresh(promotion).updated_at.year) not in document.replace(promotion.manifest_id, "")
    stage.later(days=1)
    with_time = judge_again()
    assert (with_time, promotion.evaluations.count()) == (0, 1)
