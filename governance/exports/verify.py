"""Verify the record: leaves, order within subjects, replay, rows against events, triggers; names what is bad."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.db.models import Model

from governance.exports.history import History
from governance.exports.replay import replay_entry
from governance.models import Approval, Decision, Evaluation, Policy, PromotionRequest
from registry.canonical import CanonicalError, digest
from registry.ledger import read
from registry.ledger.guards import problems
from registry.ledger.verify.entries import Fault, entry_faults
from registry.models import Deployment, ReleaseManifest

APPEND_ONLY = (
    *(f"ledger_{table}" for table in ("event", "leaf", "tile", "checkpoint", "cosignature")),
    *(f"registry_{table}" for table in ("releasemanifest", "modelversion", "datasetversion", "versiondataset")),
    *(f"registry_{table}" for table in ("versionfact", "versionperson", "inference", "retirement", "evaluationset")),
    *(f"governance_{table}" for table in ("policy", "checkrun", "evidence", "evaluation", "decision")),
    *(f"governance_{table}" for table in ("approval", "revocation")),
)
GUARDS = ("governance_promotion_is_decided", "registry_deployment_is_decided")
SPOKEN_OF: Mapping[str, tuple[type[Model], str]] = {
    "policy": (Policy, "digest"),
    "promotion": (PromotionRequest, "pk"),
    "evaluation": (Evaluation, "digest"),
    "approval": (Approval, "pk"),
    "decision": (Decision, "digest"),
    "deployment": (Deployment, "pk"),
}
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
    """Verify everything, as of one moment; the faults come in the order of the entries, those of no entry last."""
    with read.snapshot():
        return _verify()


def _verify() -> Verification:
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
    """Yield rows that no event speaks of or that are gone, documents of another digest, and states that differ."""
    for kind, (rows, key) in SPOKEN_OF.items():
        yield from _unspoken(kind, rows, key, history)
    for model in (Evaluation, Decision, Policy):
        for row in model._default_manager.iterator():  # noqa: SLF001 - Django's documented name
            yield from _document_faults(row)
    for manifest in ReleaseManifest.objects.select_related("champion").iterator():
        yield from _manifest_faults(manifest)
    for promotion in PromotionRequest.objects.select_related("version").iterator():
        yield from _request_faults(promotion, history)
        recorded = history.states.get(f"promotion:{promotion.pk}", "OPEN")
        if promotion.state != recorded:
            yield Fault(0, "row_state", f"promotion {promotion.pk} is {promotion.state}, the record says {recorded}")
    for deployment in Deployment.objects.iterator():
        subject = f"deployment:{deployment.pk}"
        recorded = history.states.get(subject, "PENDING")
        if deployment.state != recorded:
            yield Fault(0, "row_state", f"deployment {deployment.pk} is {deployment.state}, the record says {recorded}")
        if deployment.desired != (subject in history.desired):
            message = f"deployment {deployment.pk}: desired is {deployment.desired}, the record says otherwise"
            yield Fault(0, "row_state", message)


def _request_faults(promotion: PromotionRequest, history: History) -> Iterator[Fault]:
    asked = history.requests.get(f"promotion:{promotion.pk}")
    kept = {
        "manifest": promotion.manifest_id,
        "version": promotion.version.digest,
        "environment": str(promotion.environment_id),
        "model": str(promotion.model_id),
        "requester": str(promotion.requester_id),
        "on_behalf_of": str(promotion.on_behalf_of_id) if promotion.on_behalf_of_id else None,
    }
    for name, value in kept.items():
        if asked and value != getattr(asked, name):
            yield Fault(0, "row_request", f"promotion {promotion.pk} has another {name} than was asked for")


def _manifest_faults(manifest: ReleaseManifest) -> Iterator[Fault]:
    try:
        document = manifest.document
        members = [one["version"] for one in document["members"]]
        same = digest(document) == manifest.pk
    except (CanonicalError, LookupError, TypeError) as error:
        yield Fault(0, "row_digest", f"the manifest {manifest.pk} holds no manifest: {type(error).__name__}")
        return
    champion = manifest.champion
    if not same or (champion is not None and champion.digest not in members):
        yield Fault(0, "row_digest", f"the manifest {manifest.pk} holds another document or champion than it names")


def _document_faults(row: Evaluation | Decision | Policy) -> Iterator[Fault]:
    name = f"{type(row).__name__} {row.pk}"
    try:
        found = digest(row.document)
    except CanonicalError as error:
        yield Fault(0, "row_digest", f"{name} holds no canonical document: {error}")
        return
    if found != row.digest:
        yield Fault(0, "row_digest", f"{name} holds another document than its digest says")


def _unspoken(kind: str, rows: type[Model], key: str, history: History) -> Iterator[Fault]:
    known = history.known.get(kind, set())
    there = {str(identity) for identity in rows._default_manager.values_list(key, flat=True)}  # noqa: SLF001 - as above
    for identity in sorted(there - known):
        yield Fault(0, "forged_row", f"{kind} {identity} is in the database, but no event recorded it")
    for identity in sorted(known - there):
        yield Fault(0, "missing_row", f"{kind} {identity} was recorded, but it is not in the database")


def _trigger_faults() -> Iterator[Fault]:
    for problem in problems():
        yield Fault(0, problem.code, problem.message())
