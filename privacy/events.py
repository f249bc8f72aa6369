"""The events of privacy: scans, persons' words on columns, and anonymised versions."""

from registry.ledger.events import EventKind, register

register(
    EventKind(
        "dataset.scanned",
        "A dataset version was searched for personal data",
        {"dataset_digest": "digest", "engine": "digest", "report": "digest", "complete": "boolean"},
    ),
    EventKind(
        "column_verdict.given",
        "A person confirmed or raised the verdict on a column of a dataset version, by its place in the report",
        {
            "word": "id",
            "action": "text",
            "dataset_digest": "digest",
            "report": "digest",
            "column": "integer",
            "verdict": "text",
            "label": "text",
            "reason": "digest",
        },
    ),
    EventKind(
        "column_verdict.lowering_requested",
        "Somebody asks that a verdict be lowered for a time, while nothing but these entities is found",
        {
            "word": "id",
            "dataset_digest": "digest",
            "report": "digest",
            "column": "integer",
            "verdict": "text",
            "entities": "texts",
            "ends_at": "text",
            "reason": "digest",
        },
    ),
    EventKind(
        "column_verdict.lowering_granted",
        "A second person agreed: the verdict is lowered until the end",
        {"word": "id", "dataset_digest": "digest", "ends_at": "text", "granted_at": "text"},
    ),
    EventKind(
        "dataset.anonymized",
        "A new dataset version was made by a recipe and scanned again",
        {
            "source": "digest",
            "result": "digest",
            "recipe": "digest",
            "grade": "text",
            "report": "digest",
            "key": "integer",
        },
    ),
    EventKind(
        "privacy_key.made",
        "What is new in a project is pseudonymised and sealed under another key",
        {"project": "id", "number": "integer", "fingerprint": "digest"},
    ),
    EventKind(
        "privacy_key.shredded",
        "A key was taken away for good: what it sealed stays sealed",
        {"project": "id", "number": "integer", "fingerprint": "digest", "reason": "digest"},
    ),
    EventKind(
        "reveal.requested",
        "A person asks to see what sealed values hold; the tokens are named by the digest of their list",
        {
            "project": "id",
            "tokens": "digest",
            "count": "integer",
            "entities": "texts",
            "reason": "digest",
            "second_person": "boolean",
        },
    ),
    EventKind("reveal.granted", "A second person agreed to a reveal", {"tokens": "digest", "requested_by": "id"}),
    EventKind("reveal.opened", "The person who asked saw the values, once", {"tokens": "digest", "count": "integer"}),
)
