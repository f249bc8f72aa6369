"""Which policy rules a request: the one it was made under, unless a newer one was assigned to open requests too."""

from governance.models import Policy, PromotionRequest
from governance.policies.assign import applies_to_open


def newer_policy(promotion: PromotionRequest) -> Policy | None:
    """Return the policy that has come to rule an open request since it was made, or None."""
    found = applies_to_open(environment=promotion.environment, tier=promotion.model.tier, since=promotion.created_at)
    return found if found and found.pk != promotion.policy_id else None
