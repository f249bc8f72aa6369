"""ETag and If-Match: a decision says which evaluation, in which state, it was made on."""

from rest_framework.request import Request

from governance.models import PromotionRequest


class PreconditionRequiredError(ValueError):
    """A decision that does not say what was looked at."""

    code = "precondition_required"


class PreconditionFailedError(ValueError):
    """What was looked at is not what is there now."""

    code = "precondition_failed"


def etag(promotion: PromotionRequest) -> str:
    """Return the entity tag of a promotion: its evaluation and state."""
    return f'"{promotion.evaluation_digest or "none"}:{promotion.state}"'


def require_match(request: Request, promotion: PromotionRequest) -> str:
    """Return the evaluation digest that If-Match names; raises when the header is missing or names something else."""
    given = request.headers.get("If-Match", "").strip()
    if given in {"", "*"}:
        raise PreconditionRequiredError("a decision names what it was made on: send If-Match with the promotion's ETag")
    if etag(promotion) not in [part.strip() for part in given.split(",")]:
        raise PreconditionFailedError("the promotion has changed since you looked at it: read it again, then decide")
    return str(promotion.evaluation_digest)
