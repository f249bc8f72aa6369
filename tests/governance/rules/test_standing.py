"""What is live and judged again: what holds, what does not, beside what was accepted at the release."""

from datetime import timedelta
from typing import Any

import pytest

from governance.rules.evaluate import evaluate
from governance.rules.evidence import ReportEvidence
from governance.rules.moments import MomentError
from governance.rules.standing import lost_items
from tests.governance.rules.build import AUC, MANIFEST, NOW, POLICY, RATIO, report


def document(outcome: str, waiver: str | None = None, key: str = "k") -> dict[str, Any]:
    asked = [key] if waiver or outcome in {"WARN", "INDETERMINATE"} else []
    return {"items": [{"key": key, "outcome": outcome, "waiver": waiver}], "acknowledge": asked}


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (document("PASS"), document("PASS"), False),
        (document("PASS"), document("NOT_APPLICABLE"), False),
        *((document("PASS"), document(one), True) for one in ("FAIL", "ERROR", "AGED", "INSUFFICIENT_DATA")),
        (document("PASS"), document("WARN"), True),
        (document("PASS"), document("INDETERMINATE"), True),
        (document("WARN"), document("WARN"), False),
        (document("INDETERMINATE"), document("INDETERMINATE"), False),
        (document("WARN"), document("INDETERMINATE"), True),
        (document("WARN", key="other"), document("WARN"), True),
        (document("FAIL", "w"), document("FAIL", "w"), False),
        (document("FAIL", "w"), document("FAIL", "another"), False),
        (document("FAIL", "w"), document("FAIL"), True),
        (document("INSUFFICIENT_DATA", "w"), document("FAIL"), True),
    ],
)
def test_what_blocks_or_was_never_accepted_does_not_hold(before, now, lost):
    assert lost_items(before, now) == (("k",) if lost else ())


AGES = timedelta(days=31)


@pytest.mark.parametrize(
    ("fresh_at", "outcomes"), [(None, {"AGED"}), (NOW, {"PASS"}), (NOW + AGES, {"AGED"}), (NOW - AGES, {"ERROR"})]
)
def test_evidence_must_have_been_fresh_at_the_release_and_made_before_it(fresh_at, outcomes):
    reports = [
        ReportEvidence(report("performance", AUC), NOW),
        ReportEvidence(report("fairness", RATIO, parameters={"replicates": 500}), NOW),
    ]
    judged = evaluate(policy=POLICY, manifest=MANIFEST, reports=reports, now=NOW + AGES, fresh_at=fresh_at)
    assert {str(item.outcome) for item in judged.items if item.check != "requires"} == outcomes


def test_the_moment_of_the_release_has_an_offset():
    with pytest.raises(MomentError, match="fresh_at"):
        evaluate(policy=POLICY, manifest=MANIFEST, reports=[], now=NOW, fresh_at=NOW.replace(tzinfo=None))
