"""Which documents an event cites by digest: what a replay, or whoever carries the ledger elsewhere, needs beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

# Where a document is cited first; what is cited of it later is the same digest again.
SUBJECT_IS_DOCUMENT = frozenset({"policy.published", "model_version.registered", "promotion.requested"})
FIELDS_OF_DOCUMENTS: Mapping[str, tuple[str, ...]] = {
    "evaluation.recorded": ("evaluation",),
    "decision.recorded": ("decision",),
    "deployment.judged": ("evaluation",),
    "batch.judged": ("evaluation",),
    "dataset.scanned": ("report",),
}
EVIDENCE_IS_DOCUMENTS = frozenset({"report.recorded", "evaluation.recorded", "deployment.judged", "batch.judged"})

CITING = SUBJECT_IS_DOCUMENT | EVIDENCE_IS_DOCUMENTS | FIELDS_OF_DOCUMENTS.keys()


def documents_cited(event: Mapping[str, Any]) -> Iterator[str]:
    """Yield the digests of the documents that a parsed event cites; some of them may be cited more than once."""
    kind = str(event["kind"])
    if event["policy"] is not None:
        yield event["policy"]
    if kind not in CITING:
        return
    if kind in SUBJECT_IS_DOCUMENT:
        yield event["subject_digest"]
    for name in FIELDS_OF_DOCUMENTS.get(kind, ()):
        yield event["data"][name]
    if kind in EVIDENCE_IS_DOCUMENTS:
        yield from event["evidence"]
