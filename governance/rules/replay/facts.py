"""Replay the facts: environments with the rows they evaluate on, models, datasets, versions, what was purged."""

from collections.abc import Iterator

from governance.rules.replay.event import Event
from governance.rules.replay.history import History, RecordedVersion

RUNNING_STATES = frozenset({"LIVE", "UNDER_REVIEW"})


def environment_created(event: Event, history: History) -> Iterator[str]:
    """Remember the project of an environment."""
    history.projects[event.identity] = event.data["project"]
    yield from ()


def model_registered(event: Event, history: History) -> Iterator[str]:
    """Remember the project and the tier of a model."""
    history.projects[event.identity] = event.data["project"]
    history.tiers[event.identity] = event.data["tier"]
    yield from ()


def evaluation_set_pinned(event: Event, history: History) -> Iterator[str]:
    """Remember on which rows an environment evaluates a model."""
    rows, model = event.data["dataset_digest"], event.data["model"]
    if rows not in history.rows:
        yield f"{event.subject} evaluates on {rows[:12]}, which no event registered"
    if model not in history.tiers:
        yield f"{event.subject} evaluates the model {model}, which no event registered"
    history.pins[event.identity, model] = rows


def dataset_registered(event: Event, history: History) -> Iterator[str]:
    """Remember a dataset version and who registered it; what it was made from was registered before."""
    parent = event.data["parent"]
    if parent is not None and parent not in history.rows:
        yield f"{event.subject} was made from {parent[:12]}, which no event registered"
    history.rows.add(str(event.subject_digest))
    history.datasets[event.identity] = str(event.subject_digest), event.actor


def version_registered(event: Event, history: History) -> Iterator[str]:
    """Remember a version and who had a hand in it; its identity document says the same as the event."""
    data = event.data
    people = [one.partition(":") for one in data["people"]]
    version = RecordedVersion(
        digest=str(event.subject_digest),
        model=data["model"],
        content=data["content"],
        assurance=data["assurance"],
        people=tuple((part, who) for part, _, who in people),
        tracked=data["tracked"],
    )
    history.versions[version.digest] = version
    if "registrar" not in [part for part, _ in version.people]:
        yield f"{event.subject} does not say who registered it"
    if data["model"] not in history.tiers:
        yield f"{event.subject} is of the model {data['model']}, which no event registered"
    yield from (
        f"{event.subject} learned from {rows[:12]}, which no event registered"
        for rows in data["datasets"]
        if rows not in history.rows
    )
    document = history.library.read(version.digest)
    told = {name: data[name] for name in ("model", "kind", "content", "commit")}
    differing = sorted(name for name in told if document[name] != told[name])
    if sorted(rows for _, rows in document["datasets"]) != sorted(data["datasets"]):
        differing.append("datasets")
    if differing:
        yield f"{event.subject} has another {', '.join(differing)} in its identity document than the event says"


def version_retired(event: Event, history: History) -> Iterator[str]:
    """Never let a version go out again; it does not serve while it is retired."""
    identity = str(event.subject_digest)
    history.versions[identity].retired = True
    if any(one.version == identity and one.state in RUNNING_STATES for one in history.deployments.values()):
        yield f"{event.subject} was retired while it served"


def artifact_purged(event: Event, history: History) -> Iterator[str]:
    """Remember that bytes were removed: what they said can no longer be shown."""
    history.purged.add(event.identity)
    yield from ()
