"""The findings about what is live: opened once by their key, resolved with an event, settled by who resolved them."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from governance.rules.watching import Alarm
from monitoring.models import Alert, Batch
from registry.ledger.append import append
from registry.models import Actor, Deployment

KEY = 300


@transaction.atomic
def open_alerts(deployment: Deployment, alarms: Sequence[Alarm], *, batch: Batch | None = None) -> list[Alarm]:
    """Open an alert for each alarm and return the alarms that stand; what was settled about a batch stays settled."""
    settled = batch.alerts.filter(deployment=deployment, resolved_at__isnull=False) if batch else Alert.objects.none()
    done = set(settled.values_list("key", flat=True))
    standing = [alarm for alarm in alarms if alarm.key not in done]
    for alarm in standing:
        _, opened = Alert.objects.get_or_create(
            deployment=deployment,
            key=alarm.key,
            resolved_at=None,
            defaults={"message": alarm.reason, "action": alarm.action, "batch": batch},
        )
        if opened:
            append(
                "alert.opened",
                actor=Actor.system(),
                subject=f"deployment:{deployment.pk}",
                data={"deployment": str(deployment.pk), "key": alarm.key[:KEY], "action": str(alarm.action)},
            )
    return standing


@transaction.atomic
def resolve_alerts(deployment: Deployment, alerts: Any, *, actor: Actor) -> int:
    """Resolve those of the alerts (a query) that are open, and return how many."""
    count = 0
    for alert in alerts.filter(deployment=deployment, resolved_at__isnull=True):
        alert.resolved_at = timezone.now()
        alert.save(update_fields=["resolved_at"])
        append(
            "alert.resolved",
            actor=actor,
            subject=f"deployment:{deployment.pk}",
            data={"deployment": str(deployment.pk), "key": alert.key[:KEY]},
        )
        count += 1
    return count


def is_settled(deployment: Deployment, alarm: Alarm) -> bool:
    """Say whether somebody resolved exactly this finding, and it is not open again."""
    same = deployment.alerts.filter(key=alarm.key)
    return same.exists() and not same.filter(resolved_at__isnull=True).exists()


def is_open(deployment: Deployment, alarm: Alarm) -> bool:
    """Say whether the finding is open."""
    return bool(deployment.alerts.filter(key=alarm.key, resolved_at__isnull=True).exists())
