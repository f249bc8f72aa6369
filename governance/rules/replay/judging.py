"""Judge a promotion again from what is recorded of it: its evaluation and its decision at a moment."""

from datetime import datetime

from governance.rules.authorise import AUTHORISED, Decision, authorise
from governance.rules.evaluate import Evaluation, evaluate
from governance.rules.evidence import ReportEvidence
from governance.rules.moments import CLOCK_SKEW
from governance.rules.replay.history import History, RecordedPromotion, RecordedReport
from governance.rules.replay.persons import people_in


def evidence_of(report: RecordedReport, history: History) -> ReportEvidence:
    """Return a report as the rules take it; raises MissingDocumentError."""
    return ReportEvidence(history.library.read(report.digest), report.measured_at, report.isolation)


def evaluated(
    promotion: RecordedPromotion, history: History, *, policy: str, now: datetime, fresh_at: datetime | None = None
) -> Evaluation:
    """Return the evaluation that policy and evidence give; what was purged by now is no evidence.

    Raises MissingDocumentError where evidence is gone that was there.
    """
    return evaluate(
        policy=history.library.read(policy),
        manifest=history.library.read(promotion.manifest),
        reports=[evidence_of(one, history) for one in promotion.reports if one.digest not in history.purged],
        waivers=history.waivers.get(promotion.manifest, []),
        now=now,
        assurance=history.versions[promotion.version].assurance,
        fresh_at=fresh_at,
    )


def decided(promotion: RecordedPromotion, history: History, *, policy: str, now: datetime) -> Decision:
    """Return the decision that the present evaluation and the words of persons give."""
    evaluation = history.library.read(promotion.evaluation) if promotion.evaluation else {}
    return authorise(
        policy=history.library.read(policy),
        evaluation=evaluation,
        approvals=list(promotion.approvals.values()),
        revocations=list(promotion.revocations.values()),
        people=people_in(promotion, history),
        now=now,
    )


def why_unauthorised(promotion: RecordedPromotion, history: History, *, policy: str, now: datetime) -> str:
    """Say why a promotion may not go out at a moment or just before (what was judged was judged before it was told)."""
    why = ""
    for moment in (now, now - CLOCK_SKEW):
        found = evaluated(promotion, history, policy=policy, now=moment)
        if found.digest() != promotion.evaluation:
            why = why or "evidence, waivers or policy had changed since it was judged"
            continue
        verdict = decided(promotion, history, policy=policy, now=moment).verdict
        if verdict == AUTHORISED:
            return ""
        why = why or f"the decision was {verdict} by then"
    return why
