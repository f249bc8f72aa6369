"""Replay the watch: batches of a live deployment that are judged as its policy says."""

from collections.abc import Iterator

from governance.rules.evidence import ReportEvidence
from governance.rules.replay.event import Event
from governance.rules.replay.history import History
from governance.rules.watching import judge_batch
from registry.canonical import digest


def monitor_created(event: Event, history: History) -> Iterator[str]:
    """Remember which deployment a monitor watches."""
    history.monitors[event.identity] = event.data["deployment"]
    if event.policy != history.deployments[event.data["deployment"]].policy:
        yield f"{event.subject} watches by another policy than its deployment's"


def batch_posted(event: Event, history: History) -> Iterator[str]:
    """Check that rows were posted to the monitor of the deployment that the event names."""
    if history.monitors[event.identity] != event.data["deployment"]:
        yield f"{event.subject} watches another deployment than the rows were posted to"


def batch_judged(event: Event, history: History) -> Iterator[str]:
    """Judge a batch again by the policy's watch."""
    deployment = history.deployments[history.monitors[event.identity]]
    if history.monitors[event.identity] != event.data["deployment"]:
        yield f"{event.subject} watches another deployment than was judged"
    if event.policy != deployment.policy:
        yield f"{event.subject} was judged under another policy than its deployment's"
    history.evidence.update(event.evidence)
    read = history.library.read
    judged = judge_batch(
        policy=read(str(event.policy)),
        manifest=read(deployment.manifest),
        reports=[ReportEvidence(read(one), event.at) for one in event.evidence],
        now=event.at,
    )
    if (judged.verdict, digest(judged.document())) != (event.data["verdict"], event.data["evaluation"]):
        yield f"the batch was judged {event.data['verdict']}, but policy and reports give {judged.verdict}"
