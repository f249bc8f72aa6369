"""Verify the record: leaves, order within subjects, replay, rows against events, triggers; names what is bad."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet

from governance.exports.replay import History, replay_entry
from governance.models import Approval, Decision, Evaluation, Policy, PromotionRequest
from registry.canonical import digest
from registry.ledger import read
from registry.ledger.triggers import expected, installed
from registry.ledger.verify.entries import Fault, entry_faults
from registry.models import Deployment

APPEND_ONLY = (
    *(f"ledger_{table}" for table in ("event", "leaf", "tile", "checkpoint", "cosignature")),
    *(f"registry_{table}" for table in ("releasemanifest", "modelversion", "datasetversion", "versiondataset")),
    *(f"registry_{table}" for table in ("versionfact", "versionperson", "inference", "retirement", "evaluationset")),
    *(f"governance_{table}" for table in ("policy", "checkrun", "evidence", "evaluation", "decision")),
    *(f"governance_{table}" for table in ("approval", "revocation")),
)
GUARDS = ("governance_promotion_is_decided", "registry_deployment_is_decided")
UNSEEN = (
    "whether a subject's newest entries were removed together with its head (that takes a checkpoint kept elsewhere)",
    "the order between subjects (that takes the sequencer's tree)",
    "a lie told at the time: an approval that its account gave, but not its person",
    "what ran outside of this installation",
)


@dataclass(frozen=True, slots=True)
class Verification:
    """How many entries were read, what is wrong (nothing, if all is well), and what this cannot see."""

    entries: int
    faults: tuple[Fault, ...]
    unseen: tuple[str, ...] = UNSEEN


def verify() -> Verification:
    """Verify everything; the faults come in the order of the entries, those of no entry last."""
    history, faults = History(), list(entry_faults(read.entries()))
    newest: dict[str, str] = {}
    count = 0
    for entry in read.entries():
        count += 1
        newest[entry.subject] = entry.leaf_hash
        faults += replay_entry(entry, history)
    faults.sort(key=lambda fault: fault.number)
    faults += _head_faults(newest)
    faults += _row_faults(history)
    faults += _trigger_faults()
    return Verification(entries=count, faults=tuple(faults))


def _head_faults(newest: dict[str, str]) -> Iterator[Fault]:
    stored = read.stored_heads()
    for subject in sorted(newest.keys() | stored.keys()):
        if newest.get(subject) != stored.get(subject):
            message = f"the newest entry of {subject} is {newest.get(subject)}, its head says {stored.get(subject)}"
            yield Fault(0, "head", message)


def _row_faults(history: History) -> Iterator[Fault]:
    """Yield rows that no event speaks of, documents that are not those of their digest, and states that differ."""
    yield from _unspoken("policy", Policy.objects.all(), "digest", history)
    yield from _unspoken("evaluation", Evaluation.objects.all(), "digest", history)
    yield from _unspoken("decision", Decision.objects.all(), "digest", history)
    yield from _unspoken("approval", Approval.objects.all(), "pk", history)
    documents: tuple[Evaluation | Decision | Policy, ...] = (
        *Evaluation.objects.all(),
        *Decision.objects.all(),
        *Policy.objects.all(),
    )
    for row in documents:
        if digest(row.document) != row.digest:
            yield Fault(0, "row_digest", f"{type(row).__name__} {row.pk} holds another document than its digest says")
    for promotion in PromotionRequest.objects.all():
        recorded = history.states.get(f"promotion:{promotion.pk}", "OPEN")
        if promotion.state != recorded:
            yield Fault(0, "row_state", f"promotion {promotion.pk} is {promotion.state}, the record says {recorded}")
    for deployment in Deployment.objects.all():
        recorded = history.states.get(f"deployment:{deployment.pk}", "PENDING")
        if deployment.state != recorded:
            yield Fault(0, "row_state", f"deployment {deployment.pk} is {deployment.state}, the record says {recorded}")


def _unspoken(kind: str, rows: "QuerySet[object]", key: str, history: History) -> Iterator[Fault]:  # type: ignore[type-var]
    known = history.known.get(kind, set())
    for identity in rows.values_list(key, flat=True):
        if str(identity) not in known:
            yield Fault(0, "forged_row", f"{kind} {identity} is in the database, but no event recorded it")


def _trigger_faults() -> Iterator[Fault]:
    for name in sorted(expected(APPEND_ONLY, GUARDS) - installed()):
        yield Fault(
            0, "trigger_missing", f"the trigger {name} is missing: rows can be changed behind the record's back"
        )
