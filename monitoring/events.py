"""The events of watching: monitors, batches, alerts."""

from registry.ledger.events import EventKind, register

register(
    EventKind(
        "monitor.created",
        "A deployment is watched from now on",
        {"deployment": "id", "every_seconds": "integer", "overdue_seconds": "integer"},
    ),
    EventKind(
        "batch.posted",
        "Rows that a deployment answered were handed in",
        {"deployment": "id", "content": "digest", "rows": "integer", "outcomes": "boolean"},
    ),
    EventKind(
        "batch.judged",
        "A batch was measured and judged by the policy's watch",
        {"deployment": "id", "verdict": "text", "evaluation": "digest"},
    ),
    EventKind(
        "alert.opened",
        "A finding about a deployment that must be acted on",
        {"deployment": "id", "key": "text", "action": "text"},
    ),
    EventKind(
        "alert.resolved",
        "A finding about a deployment no longer holds or was dealt with",
        {"deployment": "id", "key": "text"},
    ),
)
