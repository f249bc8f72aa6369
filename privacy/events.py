"""The events of privacy: scans and anonymised versions."""

from registry.ledger.events import EventKind, register

register(
    EventKind(
        "dataset.scanned",
        "A dataset version was searched for personal data",
        {"dataset_digest": "digest", "engine": "digest", "report": "digest", "complete": "boolean"},
    ),
    EventKind(
        "dataset.anonymized",
        "A new dataset version was made by a recipe and scanned again",
        {"source": "digest", "result": "digest", "recipe": "digest", "grade": "text"},
    ),
)
