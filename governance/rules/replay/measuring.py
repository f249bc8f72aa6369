"""Replay evidence: reports that are what the event says, under a policy that was there; evaluations that follow."""

from collections.abc import Iterator

from governance.rules.moments import in_future, read_moment
from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedReport
from governance.rules.replay.judging import evaluated
from governance.rules.replay.library import MissingDocumentError
from governance.rules.replay.ruling import cites_ruling


def report_recorded(event: Event, history: History) -> Iterator[str]:
    """Remember a report as evidence of a promotion; its policy was published before the check ran for it."""
    promotion, data = history.promotions[event.identity], event.data
    [identity] = event.evidence
    history.evidence.add(identity)
    measured_at = read_moment(data["measured_at"], "measured_at")
    promotion.reports.append(RecordedReport(identity, measured_at, data["isolation"]))
    yield from cites_ruling(event, promotion, history)
    if in_future(measured_at, event.at):
        yield f"the report {identity[:12]} was measured at {data['measured_at']}, after it was recorded"
    report = history.library.read(identity)
    for name in ("check", "version", "status"):
        if report[name] != data[name]:
            yield f"the event says the {name} {data[name]}, the report {report[name]}"


def evaluation_recorded(event: Event, history: History) -> Iterator[str]:
    """Evaluate again; where evidence is gone that was there, what the event says is taken for what it was."""
    promotion, data, policy = history.promotions[event.identity], event.data, str(event.policy)
    history.says("evaluation", data["evaluation"])
    promotion.evaluated_under, promotion.waits_since = policy, event.at
    yield from cites_ruling(event, promotion, history)
    if data["manifest"] != promotion.manifest:
        yield f"{event.subject} was evaluated for another manifest than was asked for"
    try:
        judged = evaluated(promotion, history, policy=policy, now=event.said_at("judged_at"))
    except MissingDocumentError:
        promotion.evaluation = data["evaluation"]
        raise
    promotion.evaluation = history.library.keep(judged.document())
    if (promotion.evaluation, judged.verdict) != (data["evaluation"], data["verdict"]):
        recorded, found = f"{data['evaluation'][:12]} ({data['verdict']})", promotion.evaluation[:12]
        yield f"the evaluation recorded is {recorded}, but policy and reports give {found} ({judged.verdict})"
    cited = {item.report for item in judged.items if item.report}
    if cited != set(event.evidence):
        yield f"the evaluation {promotion.evaluation[:12]} rests on other reports than the event cites"
