"""Verify the record: leaves, order within subjects, replay, rows against events, triggers; names what is bad."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.exports.documents import document
from governance.exports.rows import row_faults
from governance.rules.replay.history import History
from governance.rules.replay.library import Library
from governance.rules.replay.replaying import replay
from registry.canonical import CanonicalError
from registry.ledger import read
from registry.ledger.guards import problems
from registry.ledger.verify.entries import Fault, entry_faults

APPEND_ONLY = (
    *(f"ledger_{table}" for table in ("event", "log", "leaf", "tile", "checkpoint")),
    *(f"ledger_{table}" for table in ("cosignature", "envelope")),
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
    "whether an evaluation followed from evidence that was purged since (it is taken for what its digest says)",
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
    faults = list(entry_faults(read.entries()))
    history, newest = History(Library(document)), dict[str, str]()
    faults += replay(_events(newest), document, history)
    faults.sort(key=lambda fault: fault.number)
    faults += _head_faults(newest)
    faults += row_faults(history)
    faults += _trigger_faults()
    return Verification(entries=read.size(), faults=tuple(faults))


def _events(newest: dict[str, str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield what can be read as events (what cannot is named already), and note the newest leaf of each subject."""
    for entry in read.entries():
        newest[entry.subject] = entry.leaf_hash
        try:
            found = entry.document()
        except CanonicalError:
            continue
        if isinstance(found, dict):
            yield entry.number, found


def _head_faults(newest: dict[str, str]) -> Iterator[Fault]:
    stored = read.stored_heads()
    for subject in sorted(newest.keys() | stored.keys()):
        if newest.get(subject) != stored.get(subject):
            message = f"the newest entry of {subject} is {newest.get(subject)}, its head says {stored.get(subject)}"
            yield Fault(0, "head", message)


def _trigger_faults() -> Iterator[Fault]:
    for problem in problems():
        yield Fault(0, problem.code, problem.message())
