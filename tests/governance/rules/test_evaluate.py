"""Evaluations: which report counts, what blocks, what must be acknowledged; the same outcomes, the same digest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest

from governance.rules.evaluate import BLOCKING, evaluate
from governance.rules.evidence import ReportEvidence, seed_of
from governance.rules.moments import MomentError
from governance.rules.states import Outcome
from registry.canonical import canonical, digest
from tests.governance.rules.build import (
    AUC,
    KEY,
    MANIFEST,
    MANIFEST_DIGEST,
    NOW,
    POLICY,
    RATIO,
    changed,
    evidence,
    good_reports,
    judged,
    measurement,
    only_fairness,
    report,
    waiver,
)

OPEN = RATIO | {"value": "0.71", "lower": "0.52"}
MISSED = RATIO | {"value": "0.5", "lower": "0.4", "upper": "0.6"}
FEW = RATIO | {"n": 7}


def outcomes(evaluation):
    return {item.key: str(item.outcome) for item in evaluation.items}


def only(evaluation, key=KEY):
    return next(item for item in evaluation.items if item.key == key)


def test_what_meets_every_limit_passes():
    found = judged()
    assert found.verdict == "PASS"
    assert found.acknowledge == ()
    assert outcomes(found) == {"performance/performance.auc/": "PASS", KEY: "PASS"}


def test_the_document_is_canonical_and_complete():
    document = judged().document()
    assert set(document) == {"engine", "policy", "manifest", "items", "verdict", "acknowledge"}
    assert (document["engine"], document["policy"], document["manifest"]) == ("1", digest(POLICY), MANIFEST_DIGEST)
    assert canonical(document)
    item = document["items"][0]
    assert item["key"] == KEY
    assert item["report"] == digest(good_reports()[1].document)
    assert (item["value"], item["lower"], item["upper"], item["n"]) == ("0.95", "0.85", "0.99", 88)
    assert item["limit"] == {
        "metric": "fairness.selection_rate_ratio",
        "group": "*attributes",
        "bound": "interval",
        "min": "0.8",
        "max": None,
        "n_at_least": 20,
        "severity": "FAIL",
        "required": False,
    }
    assert item["waiver"] is None


@pytest.mark.parametrize(
    ("found", "outcome", "verdict", "acknowledge"),
    [
        (RATIO, "PASS", "PASS", ()),
        (OPEN, "INDETERMINATE", "NEEDS_DECISION", (KEY,)),
        (MISSED, "FAIL", "BLOCKED", ()),
        (FEW, "INSUFFICIENT_DATA", "BLOCKED", ()),
        (RATIO | {"value": None}, "ERROR", "BLOCKED", ()),
        (RATIO | {"status": "NOT_COMPUTABLE"}, "ERROR", "BLOCKED", ()),
        (RATIO | {"status": "NOT_APPLICABLE"}, "NOT_APPLICABLE", "PASS", ()),
    ],
)
def test_the_verdict_follows_from_the_outcomes(found, outcome, verdict, acknowledge):
    evaluation = only_fairness(found)
    assert outcomes(evaluation)[KEY] == outcome
    assert (evaluation.verdict, evaluation.acknowledge) == (verdict, acknowledge)


def test_a_warning_needs_a_decision():
    policy = changed(changed(POLICY, "checks.1.limits.0.severity", "WARN"), "waivers.allowed", [])
    evaluation = only_fairness(MISSED, policy=policy)
    assert (only(evaluation).outcome, evaluation.verdict, evaluation.acknowledge) == (
        Outcome.WARN,
        "NEEDS_DECISION",
        (KEY,),
    )


def test_something_to_acknowledge_beside_something_that_blocks_is_blocked():
    evaluation = only_fairness(OPEN, MISSED | {"group": "age"})
    assert (evaluation.verdict, evaluation.acknowledge) == ("BLOCKED", (KEY,))


def test_every_group_that_a_limit_chooses_is_an_item_of_its_own():
    evaluation = only_fairness(RATIO, RATIO | {"group": "age"}, MISSED | {"group": "sex & age"}, MISSED | {"group": ""})
    assert set(outcomes(evaluation)) == {"performance/performance.auc/", KEY, KEY.replace("sex", "age")}
    assert evaluation.verdict == "PASS"


@pytest.mark.parametrize(
    ("reports", "words"),
    [
        ([], "there is no report of the check fairness"),
        ([report("fairness")], "the report holds no such measurement"),
        ([report("fairness", RATIO | {"metric": "fairness.tpr"})], "the report holds no such measurement"),
        ([report("fairness", RATIO | {"group": "sex=1"})], "the report holds no such measurement"),
        ([report("fairness", measurements="none")], "the report holds no such measurement"),
        ([report("fairness", status="ERROR", reason="ValueError: no.")], "its check ended as ERROR: ValueError: no."),
        ([report("fairness", RATIO, status="ERROR")], "its check ended as ERROR"),
        ([report("fairness", RATIO, status="NOT_COMPUTABLE")], "its check ended as NOT_COMPUTABLE"),
        ([report("fairness", RATIO, status="FINE")], "its check ended as FINE"),
        ([report("fairness", RATIO, parameters={})], "other parameters than the policy sets"),
        (
            [report("fairness", RATIO, parameters={"replicates": 500, "more": 1})],
            "other parameters than the policy sets",
        ),
        ([report("fairness", RATIO, manifest="c" * 64)], "does not follow from this manifest"),
        ([report("fairness", RATIO, seed=1)], "does not follow from this manifest"),
        ([report("fairness", RATIO, inputs="none", seed=0)], "does not follow from this manifest"),
    ],
)
def test_without_a_measurement_that_speaks_for_the_limit_it_is_an_error(reports, words):
    evaluation = judged(reports=[evidence(report("performance", AUC)), *map(evidence, reports)])
    item = only(evaluation, KEY.replace("sex", "*attributes"))
    assert (item.outcome, evaluation.verdict) == (Outcome.ERROR, "BLOCKED")
    assert words in item.reason


@pytest.mark.parametrize(
    "measurements", [5, None, "text", [None, 5, "text"], [RATIO | {"group": 3}], [RATIO | {"group": None}]]
)
def test_measurements_without_the_shape_of_one_are_as_good_as_missing(measurements):
    document = report("fairness") | {"measurements": measurements}
    evaluation = judged(reports=[evidence(report("performance", AUC)), evidence(document)])
    assert only(evaluation, KEY.replace("sex", "*attributes")).outcome is Outcome.ERROR


@pytest.mark.parametrize("n", [True, "88", [88], None])
def test_a_count_that_is_none_does_not_enter_the_document(n):
    item = only(only_fairness(RATIO | {"n": n}))
    assert (item.n, item.outcome) == (None, Outcome.ERROR)


def test_a_check_that_ended_without_a_reason_says_that_none_is_given():
    reports = [good_reports()[0], evidence(report("fairness", RATIO, status="ERROR"))]
    item = only(judged(reports=reports), KEY.replace("sex", "*attributes"))
    assert item.reason.endswith("its check ended as ERROR: no reason is given.")


def test_two_measurements_of_one_thing_are_an_error():
    evaluation = only_fairness(RATIO, RATIO | {"value": "0.99"})
    assert only(evaluation).outcome is Outcome.ERROR
    assert "2 measurements" in only(evaluation).reason


def test_a_check_that_does_not_apply_says_why_and_fails_where_it_is_required():
    reports = [
        evidence(report("performance", AUC)),
        evidence(report("fairness", status="NOT_APPLICABLE", reason="Nobody is described.")),
    ]
    key = KEY.replace("sex", "*attributes")
    free = only(judged(reports=reports), key)
    assert (free.outcome, "Nobody is described." in free.reason) == (Outcome.NOT_APPLICABLE, True)
    required = changed(POLICY, "checks.1.limits.0.required", value=True)
    assert only(judged(reports=reports, policy=required), key).outcome is Outcome.FAIL


def test_several_limits_on_a_metric_have_keys_of_their_own():
    first = POLICY["checks"][1]["limits"][0]
    warns = first | {"min": "0.9", "severity": "WARN"}
    evaluation = only_fairness(RATIO, policy=changed(POLICY, "checks.1.limits", [first, warns]))
    assert outcomes(evaluation) == {
        "performance/performance.auc/": "PASS",
        KEY: "PASS",
        f"{KEY}#2": "INDETERMINATE",
    }


# --- which report counts


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_report_counts_whatever_the_order(order):
    old = evidence(report("fairness", MISSED), age=timedelta(days=3))
    new = evidence(report("fairness", RATIO), age=timedelta(days=1))
    reports = [evidence(report("performance", AUC)), old, new]
    assert judged(reports=[reports[index] for index in order]).document() == judged().document()


def test_a_newer_report_that_failed_outweighs_an_older_one_that_passed():
    reports = [*good_reports(), evidence(report("fairness", MISSED), age=timedelta(hours=1))]
    assert judged(reports=reports).verdict == "BLOCKED"


def test_a_newer_report_for_another_manifest_does_not_push_out_the_one_that_counts():
    other = evidence(report("fairness", RATIO, manifest="c" * 64), age=timedelta(hours=1))
    assert judged(reports=[*good_reports(), other]).document() == judged().document()


def test_the_digest_is_independent_of_the_order_of_reports():
    reports = [*good_reports(), evidence(report("drift")), evidence(report("fairness", MISSED), age=timedelta(days=9))]
    digests = {judged(reports=list(order)).digest() for order in permutations(reports)}
    assert digests == {judged().digest()}


def test_the_digest_is_independent_of_the_order_of_measurements_in_different_reports_of_the_same_numbers():
    one = only_fairness(RATIO, RATIO | {"group": "age"})
    two = only_fairness(RATIO | {"group": "age"}, RATIO)
    assert [item.key for item in one.items] == [item.key for item in two.items]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"now": NOW + timedelta(days=3)}, True),
        ({"reports": [replace(one, measured_at=NOW) for one in good_reports()]}, True),
        ({"policy": changed(POLICY, "description", "other")}, False),
        ({"manifest": MANIFEST | {"intended_use": "other"}}, False),
        ({"reports": [evidence(report("performance", AUC)), evidence(report("fairness", RATIO | {"n": 89}))]}, False),
    ],
)
def test_the_digest_changes_with_what_was_judged_and_never_with_the_clock(change, same):
    assert (judged(**change).digest() == judged().digest()) == same


# --- age


@pytest.mark.parametrize(
    ("age", "outcome"), [(timedelta(days=30), "PASS"), (timedelta(days=30, microseconds=1), "AGED")]
)
def test_evidence_ages(age, outcome):
    reports = [evidence(report("performance", AUC)), evidence(report("fairness", RATIO), age=age)]
    found = outcomes(judged(reports=reports))
    assert outcome in found.values()
    assert judged(reports=reports).verdict == ("PASS" if outcome == "PASS" else "BLOCKED")


def test_an_aged_report_says_of_when_it_is_and_how_old_it_may_be():
    item = only(judged(now=NOW + timedelta(days=40)), KEY.replace("sex", "*attributes"))
    assert item.outcome is Outcome.AGED
    assert item.reason == (
        "fairness.selection_rate_ratio for *attributes cannot be judged: the report is of 2026-02-28T12:00:00+00:00; "
        "the policy allows 30 days."
    )


@pytest.mark.parametrize(
    ("until", "fresh_at", "outcome"),
    [
        (NOW + timedelta(seconds=1), None, "PASS"),
        (NOW, None, "AGED"),
        (NOW, NOW - timedelta(days=1), "AGED"),
        (NOW + timedelta(days=90), None, "PASS"),
    ],
)
def test_a_report_that_rests_on_what_has_ended_is_aged_whether_live_or_not(until, fresh_at, outcome):
    document = report("fairness", RATIO, evidence={"valid_until": until.isoformat()})
    found = judged(reports=[evidence(report("performance", AUC)), evidence(document)], fresh_at=fresh_at)
    assert outcome in outcomes(found).values()
    assert found.verdict == ("PASS" if outcome == "PASS" else "BLOCKED")
    if outcome == "PASS":
        assert found.changes_at == min(until, NOW + timedelta(days=29))


@pytest.mark.parametrize("until", ["soon", 7, "2026-03-01T12:00:00"])
def test_an_end_that_is_no_moment_is_an_error(until):
    document = report("fairness", RATIO, evidence={"valid_until": until})
    found = judged(reports=[evidence(report("performance", AUC)), evidence(document)])
    assert "ERROR" in outcomes(found).values()
    assert found.verdict == "BLOCKED"


@pytest.mark.parametrize(("ahead", "verdict"), [(timedelta(minutes=5), "PASS"), (timedelta(minutes=6), "BLOCKED")])
def test_evidence_of_the_future_is_an_error_beyond_what_clocks_differ(ahead, verdict):
    reports = [evidence(report("performance", AUC), age=-ahead), evidence(report("fairness", RATIO))]
    assert judged(reports=reports).verdict == verdict


def test_changes_at_is_when_the_first_report_ages_or_a_waiver_ends():
    assert judged().changes_at == NOW + timedelta(days=29)
    waived = only_fairness(MISSED, waivers=[waiver()])
    assert waived.changes_at == NOW + timedelta(days=10)


@pytest.mark.parametrize("change", [{"now": datetime(2026, 3, 1, tzinfo=None)}, {"reports": [None]}])  # noqa: DTZ001
def test_times_without_an_offset_are_refused(change):
    if "reports" in change:
        document = report("performance", AUC)
        change = {"reports": [ReportEvidence(document, datetime(2026, 3, 1, tzinfo=None))]}  # noqa: DTZ001
    with pytest.raises(MomentError, match="no offset from UTC") as caught:
        judged(**change)
    assert caught.value.code == "time_without_offset"


def test_offsets_other_than_utc_are_the_same_moment():
    local = timezone(timedelta(hours=5))
    assert judged(now=NOW.astimezone(local)).document() == judged(now=NOW.astimezone(UTC)).document()


# --- what is required of the release itself


@pytest.mark.parametrize(
    ("wanted", "given", "outcome"),
    [
        ("declared", "", None),
        ("signed_by_ci", "", "ERROR"),
        ("signed_by_ci", "sworn", "ERROR"),
        ("signed_by_ci", "declared", "FAIL"),
        ("signed_by_ci", "signed_by_ci", "PASS"),
        ("signed_by_ci", "built_here", "PASS"),
        ("built_here", "signed_by_ci", "FAIL"),
    ],
)
def test_the_assurance_is_at_least_what_the_policy_asks_for(wanted, given, outcome):
    found = judged(policy=changed(POLICY, "requires.assurance", wanted), assurance=given)
    assert outcomes(found).get("requires/requires.assurance/") == outcome
    assert (found.verdict == "PASS") == (outcome in {None, "PASS"})


@pytest.mark.parametrize(
    ("serving", "outcome"),
    [({"backend": "local"}, "PASS"), ({"backend": "kserve"}, "FAIL"), ({}, "FAIL"), (None, "FAIL")],
)
def test_the_serving_backend_is_one_of_those_allowed(serving, outcome):
    manifest = MANIFEST | {"serving": serving}
    reports = [
        evidence(report("performance", AUC, manifest=digest(manifest))),
        evidence(report("fairness", RATIO, manifest=digest(manifest))),
    ]
    policy = changed(POLICY, "requires.backends", ["local", "docker"])
    found = judged(manifest=manifest, reports=reports, policy=policy)
    assert outcomes(found)["requires/requires.backend/"] == outcome
    named = (serving or {}).get("backend", "none")
    assert only(found, "requires/requires.backend/").reason == (
        f"The serving backend of the manifest is {named}; the policy allows local, docker."
    )
    assert (found.verdict == "PASS") == (outcome == "PASS")


@pytest.mark.parametrize(
    ("isolation", "outcome"), [("landlock+seccomp", "PASS"), ("container", "PASS"), ("none", "FAIL"), ("", "FAIL")]
)
def test_measuring_without_isolation_is_refused_where_the_policy_asks_for_it(isolation, outcome):
    reports = [
        evidence(report("performance", AUC), isolation=isolation),
        evidence(report("fairness", RATIO), isolation="landlock+seccomp"),
    ]
    found = judged(reports=reports, policy=changed(POLICY, "requires.sandbox", value=True))
    assert outcomes(found)["requires/requires.sandbox/performance"] == outcome
    assert outcomes(found)["requires/requires.sandbox/fairness"] == "PASS"
    assert f"with the isolation {isolation or 'not stated'}; the policy asks for landlock+seccomp or container." in (
        only(found, "requires/requires.sandbox/performance").reason
    )
    assert (found.verdict == "PASS") == (outcome == "PASS")


def test_what_blocks_is_all_that_is_no_pass_and_that_no_acknowledgement_can_carry():
    assert {Outcome.FAIL, Outcome.ERROR, Outcome.AGED, Outcome.INSUFFICIENT_DATA} == BLOCKING


# --- waivers


@pytest.mark.parametrize("found", [MISSED, FEW])
def test_a_waiver_lets_a_failure_pass_to_a_decision(found):
    evaluation = only_fairness(found, waivers=[waiver()])
    assert (evaluation.verdict, evaluation.acknowledge, only(evaluation).waiver) == ("NEEDS_DECISION", (KEY,), "w1")
    assert only(evaluation).outcome in {Outcome.FAIL, Outcome.INSUFFICIENT_DATA}
    assert evaluation.ignored_waivers == {}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ends_at": NOW}, "it ended at"),
        ({"ends_at": NOW - timedelta(days=1)}, "it ended at"),
        ({"granted_by": None}, "nobody has granted it"),
        ({"granted_at": None}, "nobody has granted it"),
        ({"granted_by": "ann"}, "the person who asked for it granted it"),
        ({"roles_held": ["validator"]}, "did not hold the role risk_officer"),
        ({"roles_held": []}, "did not hold the role risk_officer"),
        ({"granted_at": NOW + timedelta(hours=1)}, "it was granted in the future"),
        ({"ends_at": NOW + timedelta(days=29, hours=1)}, "longer than the 30 days"),
        ({"manifest": "c" * 64}, "it is for another manifest"),
        ({"manifest": None}, "it names neither a manifest nor a model"),
        ({"manifest": None, "model": "model-2"}, "it is for another model"),
        ({"policy": "c" * 64}, "it was granted under another policy"),
        ({"key": "performance/performance.auc/"}, "which cannot be waived"),
        ({"key": "fairness/fairness.tpr/sex"}, "there is no item"),
    ],
)
def test_a_waiver_that_does_not_stand_is_ignored_and_says_why(change, why):
    evaluation = only_fairness(MISSED, waivers=[waiver(**change)])
    assert (evaluation.verdict, only(evaluation).waiver) == ("BLOCKED", None)
    assert why in evaluation.ignored_waivers["w1"]
    assert evaluation.document() == only_fairness(MISSED).document()


@pytest.mark.parametrize(
    "change",
    [
        {"manifest": None, "model": "model-1"},
        {"policy": digest(POLICY)},
        {"ends_at": NOW + timedelta(days=29)},
        {"ends_at": (NOW + timedelta(days=2)).isoformat(), "granted_at": (NOW - timedelta(days=1)).isoformat()},
    ],
)
def test_a_waiver_that_stands(change):
    assert only_fairness(MISSED, waivers=[waiver(**change)]).verdict == "NEEDS_DECISION"


@pytest.mark.parametrize(
    "found", [RATIO | {"value": None}, RATIO | {"status": "NOT_COMPUTABLE"}, RATIO | {"status": "ERROR"}]
)
def test_an_error_cannot_be_waived(found):
    evaluation = only_fairness(found, waivers=[waiver()])
    assert (evaluation.verdict, only(evaluation).waiver) == ("BLOCKED", None)
    assert evaluation.ignored_waivers == {"w1": f"{KEY} is ERROR, which cannot be waived"}


def test_aged_evidence_cannot_be_waived():
    late = NOW + timedelta(days=30)
    key = KEY.replace("sex", "*attributes")
    given = waiver(key=key, granted_at=late, ends_at=late + timedelta(days=1))
    evaluation = only_fairness(MISSED, waivers=[given], now=late)
    assert (only(evaluation, key).outcome, evaluation.verdict) == (Outcome.AGED, "BLOCKED")
    assert only(evaluation, key).waiver is None


def test_what_is_open_or_passes_needs_no_waiver_and_takes_none():
    assert only(only_fairness(OPEN, waivers=[waiver()])).waiver is None
    assert only(only_fairness(RATIO, waivers=[waiver()])).waiver is None


def test_a_metric_that_the_policy_does_not_list_cannot_be_waived():
    key = "performance/performance.auc/"
    poor = evidence(report("performance", AUC | {"lower": "0.5"}))
    evaluation = judged(reports=[poor, good_reports()[1]], waivers=[waiver(key=key)])
    assert evaluation.verdict == "BLOCKED"
    assert evaluation.ignored_waivers == {"w1": "the policy does not allow performance.auc to be waived"}


def test_what_is_required_of_the_release_cannot_be_waived():
    policy = changed(POLICY, "requires.assurance", "built_here")
    evaluation = judged(policy=policy, assurance="declared", waivers=[waiver(key="requires/requires.assurance/")])
    assert evaluation.verdict == "BLOCKED"


def test_of_several_waivers_the_one_that_ends_last_stands_whatever_the_order():
    short = waiver(id="w0", ends_at=NOW + timedelta(days=1))
    for waivers in ([short, waiver()], [waiver(), short]):
        evaluation = only_fairness(MISSED, waivers=waivers)
        assert only(evaluation).waiver == "w1"
        assert evaluation.ignored_waivers == {"w0": "waiver w1 for the same item ends later"}


def test_when_a_waiver_ends_the_manifest_is_judged_without_it():
    end = waiver()["ends_at"]
    before, after = (
        only_fairness(MISSED, waivers=[waiver()], now=end + shift) for shift in (-timedelta(seconds=1), timedelta())
    )
    assert (before.verdict, after.verdict) == ("NEEDS_DECISION", "BLOCKED")
    assert before.digest() != after.digest()


def test_the_seed_ties_a_report_to_its_manifest_check_and_inputs():
    inputs = {"predictions": "b" * 64}
    seeds = {
        seed_of(MANIFEST_DIGEST, "fairness", inputs),
        seed_of("c" * 64, "fairness", inputs),
        seed_of(MANIFEST_DIGEST, "performance", inputs),
        seed_of(MANIFEST_DIGEST, "fairness", {"predictions": "d" * 64}),
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_nothing_given_is_changed():
    policy, manifest, reports = changed(POLICY, "description", ""), dict(MANIFEST), good_reports()
    before = [digest(policy), digest(manifest), *(digest(one.document) for one in reports)]
    evaluate(policy=policy, manifest=manifest, reports=reports, waivers=[waiver()], now=NOW)
    assert [digest(policy), digest(manifest), *(digest(one.document) for one in reports)] == before


def test_a_metric_of_the_whole_is_not_mistaken_for_one_of_a_group():
    grouped = measurement("performance.auc", "0.9", lower="0.85", upper="0.95", n=500, group="sex=1")
    reports = [evidence(report("performance", grouped)), good_reports()[1]]
    assert outcomes(judged(reports=reports))["performance/performance.auc/"] == "ERROR"
