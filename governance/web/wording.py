"""How states and outcomes are said: words for people, a tone for the badge, and what each means."""

from dataclasses import dataclass

from governance.rules.states import ApprovalState, DeploymentState, Outcome, PromotionState
from registry.models import RunStatus


@dataclass(frozen=True, slots=True)
class Badge:
    """One state as it is shown: never by its colour alone."""

    code: str
    words: str
    tone: str
    meaning: str = ""


_TONES = {
    "good": {
        PromotionState.APPROVED,
        PromotionState.RELEASED,
        DeploymentState.LIVE,
        ApprovalState.VALID,
        Outcome.PASS,
        RunStatus.SUCCEEDED,
        "AUTHORISED",
    },
    "warn": {
        PromotionState.AWAITING_DECISION,
        PromotionState.CHANGES_REQUESTED,
        DeploymentState.UNDER_REVIEW,
        ApprovalState.STALE,
        ApprovalState.EXPIRED,
        Outcome.WARN,
        Outcome.INDETERMINATE,
        "NEEDS_DECISION",
    },
    "bad": {
        PromotionState.BLOCKED,
        PromotionState.REJECTED,
        PromotionState.ERROR,
        PromotionState.RELEASE_FAILED,
        DeploymentState.FAILED,
        DeploymentState.STOPPED,
        DeploymentState.ROLLED_BACK,
        ApprovalState.REVOKED,
        Outcome.FAIL,
        Outcome.INSUFFICIENT_DATA,
        Outcome.AGED,
        RunStatus.FAILED,
        "REFUSED",
        "BREACH",
    },
    "busy": {
        PromotionState.OPEN,
        PromotionState.COLLECTING,
        PromotionState.MEASURING,
        PromotionState.RELEASING,
        DeploymentState.PENDING,
        RunStatus.RUNNING,
        RunStatus.WAITING,
        "PENDING",
    },
}
_TONE_OF = {str(code): tone for tone, codes in _TONES.items() for code in codes}

MEANINGS = {
    "OPEN": "The request is recorded; its measurement is queued.",
    "COLLECTING": "What the checks need is being collected.",
    "MEASURING": "The checks of the policy are measuring.",
    "BLOCKED": "At least one limit of the policy is missed and not waived. Nobody can approve it as it is.",
    "AWAITING_DECISION": "Everything was measured and nothing blocks; it waits for the persons whom the policy asks.",
    "APPROVED": "Everybody whom the policy asks has approved exactly this; it can be released.",
    "RELEASING": "It is being deployed.",
    "RELEASED": "It went out.",
    "CHANGES_REQUESTED": "An officer asks for changes; this manifest does not go out. Make another request.",
    "REJECTED": "An officer rejected it for good.",
    "WITHDRAWN": "Who asked for it took the request back.",
    "EXPIRED": "Nobody decided in time. Silence never approves.",
    "SUPERSEDED": "Another version was released meanwhile; what this was compared with is gone.",
    "ERROR": "Measuring it failed; it can be measured again.",
    "RELEASE_FAILED": "It was approved, but did not go out.",
}


TITLES = {"pii": "Personal data", "requires": "The release itself"}


def title_of(check: str) -> str:
    """Return a check's name as a heading."""
    return TITLES.get(check, check.replace("_", " ").capitalize())


def badge(code: object, meaning: str = "") -> Badge:
    """Return how a state, an outcome or a verdict is shown; what is not known is shown as it is, without colour."""
    text = str(code)
    words = text.replace("_", " ").capitalize() if text else "Unknown"
    return Badge(code=text, words=words, tone=_TONE_OF.get(text, "idle"), meaning=meaning or MEANINGS.get(text, ""))
