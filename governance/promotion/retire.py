"""Never again: a version that is retired cannot be requested, released or rolled back to."""

from django.db import transaction

from governance.promotion.request import require_role
from governance.promotion.rollback import OPERATORS, RUNNING
from registry.ledger.append import append
from registry.models import Actor, Commitment, Deployment, ModelVersion, Retirement


class StillServingError(ValueError):
    """The version serves somewhere; stop it or roll it back first."""

    code = "still_serving"


@transaction.atomic
def retire(version: ModelVersion, *, actor: Actor, reason: str) -> Retirement:
    """Retire a version for a reason; raises StillServingError while it serves."""
    require_role(actor, version.model.project, OPERATORS, "retire a version")
    ModelVersion.objects.select_for_update(no_key=True).get(pk=version.pk)  # a release that takes over holds it too
    if Deployment.objects.filter(manifest__champion=version, state__in=RUNNING).exists():
        raise StillServingError(f"{version} still serves; stop it or roll it back first")
    retirement = Retirement(version=version, principal=actor.principal, reason=Commitment.of(reason))
    retirement.full_clean()
    retirement.save()
    append(
        "model_version.retired",
        actor=actor,
        subject=f"model_version:{version.pk}",
        subject_digest=version.digest,
        data={"reason": retirement.reason_id},
    )
    return retirement
