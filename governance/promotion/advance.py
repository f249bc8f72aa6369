"""Move a promotion to another state: by its table of transitions, with an event, in the caller's transaction."""

from uuid import UUID

from django.utils import timezone

from governance.models import PromotionRequest
from governance.rules.states import PROMOTION_TRANSITIONS, PromotionState, advance
from registry.ledger.append import append
from registry.models import Actor

DETAIL = 300


def lock(promotion_id: UUID | str) -> PromotionRequest:
    """Lock a promotion inside the caller's transaction."""
    return (
        PromotionRequest.objects.select_for_update(of=("self",))
        .select_related("manifest", "policy")
        .get(pk=promotion_id)
    )


def move(
    promotion: PromotionRequest, target: PromotionState, *, actor: Actor, detail: str = "", recorded: str | None = None
) -> PromotionRequest:
    """Set the state of a locked promotion; raises TransitionError where the table does not allow it.

    ``recorded`` is what the ledger keeps for ever in place of the detail: what a backend said is no part of it.
    """
    current = PromotionState(promotion.state)
    if current == target:
        return promotion
    advance(PROMOTION_TRANSITIONS, current, target)
    promotion.state, promotion.detail, promotion.updated_at = target, detail, timezone.now()
    promotion.full_clean()
    promotion.save()
    append(
        "promotion.advanced",
        actor=actor,
        subject=f"promotion:{promotion.pk}",
        policy=promotion.policy_id,
        data={
            "from": str(current),
            "to": str(target),
            "manifest": promotion.manifest_id,
            "evaluation": promotion.evaluation_digest or None,
            "detail": (detail if recorded is None else recorded)[:DETAIL],
        },
    )
    return promotion
