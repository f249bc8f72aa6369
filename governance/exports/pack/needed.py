"""Which subjects of the log a promotion's replay takes: its place and what was released there, and all they rest on.

Of each subject every entry is needed, so that its order can be followed without a gap. Rows only help to find
subjects; what they say is not taken for evidence.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from governance.models import PolicyAssignment, PromotionRequest
from monitoring.models import Monitor
from registry.canonical import CanonicalError, parse
from registry.ledger import selection
from registry.ledger.rows import Log
from registry.models import DatasetVersion, Deployment, ModelVersion

Sized = Sequence[tuple[Log, int]]
OF_PRINCIPALS = ("owner", "requester", "on_behalf_of", "principal")
ALWAYS = ("installation:triggers",)


def needed_subjects(promotion: PromotionRequest, logs: Sized) -> frozenset[str]:
    """Return the subjects whose entries, in the first so many of each log, a replay of the promotion takes."""
    known: set[str] = set()
    waiting = {*ALWAYS, *_of_place(promotion), *(log.subject for log, _ in logs)}
    names = _principals_by_name(logs)
    while waiting:
        known |= waiting
        found: set[str] = set()
        for log, size in logs:
            for one in selection.about(log, size, waiting):
                found |= set(_spoken_of(one.body, names))
        waiting = found - known
    return frozenset(known)


def _of_place(promotion: PromotionRequest) -> Iterator[str]:
    """Yield what was ever asked for and served in the promotion's environment of its model, and the rules there."""
    environment, model = promotion.environment_id, promotion.model_id
    here = {"environment_id": environment, "model_id": model}
    yield from (f"environment:{environment}", f"model:{model}", f"alias:{environment}:{model}")
    yield from _named("promotion", PromotionRequest.objects.filter(**here))
    yield from _named("deployment", Deployment.objects.filter(**here))
    yield from _named("monitor", Monitor.objects.filter(deployment__in=Deployment.objects.filter(**here)))
    yield from _named("policy_assignment", PolicyAssignment.objects.filter(environment_id=environment))


def _named(noun: str, rows: Any) -> Iterator[str]:
    return (f"{noun}:{key}" for key in rows.values_list("pk", flat=True))


def _principals_by_name(logs: Sized) -> Mapping[str, list[str]]:
    """Return who is known by each name, by the commitment to it: somebody may be linked after a version came."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for log, size in logs:
        for one in selection.of_kind(log, size, "identity.linked"):
            event = _read(one.body)
            found[str(event.get("data", {}).get("value"))].append(str(event.get("subject")))
    return found


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        event = parse(body)
    except CanonicalError:
        return {}  # the verification names it
    return event if isinstance(event, dict) else {}


def _spoken_of(body: bytes, names: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield the subjects that an entry speaks of."""
    event = _read(body)
    kind, data = event.get("kind"), event.get("data", {})
    yield f"principal:{event.get('actor', {}).get('principal')}"
    yield from (f"principal:{data[name]}" for name in OF_PRINCIPALS if data.get(name))
    if event.get("policy"):
        yield f"policy:{event['policy']}"
    yield from (f"artifact:{one}" for one in event.get("evidence", ()))
    if kind == "environment.evaluates":
        yield from (f"model:{data.get('model')}", f"dataset_version:{data.get('dataset_version')}")
    elif kind == "promotion.requested":
        yield from _named("model_version", ModelVersion.objects.filter(digest=data.get("version")))
    elif kind == "dataset_version.registered" and data.get("parent"):
        yield from _named("dataset_version", DatasetVersion.objects.filter(digest=data["parent"]))
    elif kind == "model_version.registered":
        yield f"model:{data.get('model')}"
        yield from _named("dataset_version", DatasetVersion.objects.filter(digest__in=data.get("datasets", ())))
        for one in data.get("people", ()):
            who = one.partition(":")[2]
            yield from names.get(who, [f"principal:{who}"])
