"""The states of promotions, approvals and deployments: one table of transitions each, and the one way along them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class PromotionState(StrEnum):
    """Where a request to release a manifest stands."""

    OPEN = "OPEN"
    COLLECTING = "COLLECTING"
    MEASURING = "MEASURING"
    BLOCKED = "BLOCKED"
    AWAITING_DECISION = "AWAITING_DECISION"
    APPROVED = "APPROVED"
    RELEASING = "RELEASING"
    RELEASED = "RELEASED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"
    SUPERSEDED = "SUPERSEDED"
    ERROR = "ERROR"
    RELEASE_FAILED = "RELEASE_FAILED"


class ApprovalState(StrEnum):
    """Whether one person's word still counts; STALE: what it was bound to has changed."""

    VALID = "VALID"
    STALE = "STALE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"


class DeploymentState(StrEnum):
    """What our record says of one manifest in one environment."""

    PENDING = "PENDING"
    LIVE = "LIVE"
    UNDER_REVIEW = "UNDER_REVIEW"
    STOPPED = "STOPPED"
    SUPERSEDED = "SUPERSEDED"
    ROLLED_BACK = "ROLLED_BACK"
    FAILED = "FAILED"
    RETIRED = "RETIRED"


class Outcome(StrEnum):
    """What a limit says of a measurement. Only PASS is a pass; NOT_APPLICABLE says why there is nothing to judge."""

    PASS = "PASS"  # noqa: S105 - the name of an outcome
    WARN = "WARN"
    FAIL = "FAIL"
    INDETERMINATE = "INDETERMINATE"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    ERROR = "ERROR"
    AGED = "AGED"


class TransitionError(ValueError):
    """A state was asked for that does not follow from the current one."""

    code = "transition_refused"


State = TypeVar("State", bound=StrEnum)

_CLOSED = frozenset({PromotionState.WITHDRAWN, PromotionState.EXPIRED, PromotionState.SUPERSEDED})
_REFUSED = frozenset({PromotionState.REJECTED, PromotionState.CHANGES_REQUESTED})

PROMOTION_TRANSITIONS: Mapping[PromotionState, frozenset[PromotionState]] = {
    PromotionState.OPEN: _CLOSED | {PromotionState.COLLECTING, PromotionState.ERROR},
    PromotionState.COLLECTING: _CLOSED | {PromotionState.MEASURING, PromotionState.ERROR},
    PromotionState.MEASURING: _CLOSED
    | {
        PromotionState.COLLECTING,
        PromotionState.BLOCKED,
        PromotionState.AWAITING_DECISION,
        PromotionState.ERROR,
    },
    PromotionState.BLOCKED: _CLOSED
    | _REFUSED
    | {PromotionState.COLLECTING, PromotionState.MEASURING, PromotionState.AWAITING_DECISION},
    PromotionState.AWAITING_DECISION: _CLOSED
    | _REFUSED
    | {PromotionState.COLLECTING, PromotionState.MEASURING, PromotionState.BLOCKED, PromotionState.APPROVED},
    PromotionState.APPROVED: _CLOSED
    | _REFUSED
    | {
        PromotionState.COLLECTING,
        PromotionState.MEASURING,
        PromotionState.BLOCKED,
        PromotionState.AWAITING_DECISION,
        PromotionState.RELEASING,
    },
    PromotionState.RELEASING: frozenset(
        {PromotionState.RELEASED, PromotionState.RELEASE_FAILED, PromotionState.SUPERSEDED}
    ),
    PromotionState.ERROR: _CLOSED | {PromotionState.COLLECTING},
    PromotionState.RELEASED: frozenset(),
    PromotionState.RELEASE_FAILED: frozenset(),
    PromotionState.CHANGES_REQUESTED: frozenset(),
    PromotionState.REJECTED: frozenset(),
    PromotionState.WITHDRAWN: frozenset(),
    PromotionState.EXPIRED: frozenset(),
    PromotionState.SUPERSEDED: frozenset(),
}

APPROVAL_TRANSITIONS: Mapping[ApprovalState, frozenset[ApprovalState]] = {
    ApprovalState.VALID: frozenset({ApprovalState.STALE, ApprovalState.REVOKED, ApprovalState.EXPIRED}),
    ApprovalState.STALE: frozenset({ApprovalState.VALID, ApprovalState.REVOKED, ApprovalState.EXPIRED}),
    ApprovalState.EXPIRED: frozenset({ApprovalState.REVOKED}),
    ApprovalState.REVOKED: frozenset(),
}

_OVER = frozenset({DeploymentState.STOPPED, DeploymentState.SUPERSEDED, DeploymentState.ROLLED_BACK})
_RETIRE = frozenset({DeploymentState.RETIRED})

# A rollback serves an earlier manifest again as a deployment of its own; nothing that is over comes back to life.
DEPLOYMENT_TRANSITIONS: Mapping[DeploymentState, frozenset[DeploymentState]] = {
    DeploymentState.PENDING: frozenset(
        {DeploymentState.LIVE, DeploymentState.FAILED, DeploymentState.STOPPED, DeploymentState.SUPERSEDED}
    ),
    DeploymentState.LIVE: _OVER | _RETIRE | {DeploymentState.UNDER_REVIEW},
    DeploymentState.UNDER_REVIEW: _OVER | _RETIRE | {DeploymentState.LIVE},
    DeploymentState.STOPPED: _RETIRE,
    DeploymentState.SUPERSEDED: _RETIRE,
    DeploymentState.ROLLED_BACK: _RETIRE,
    DeploymentState.FAILED: _RETIRE,
    DeploymentState.RETIRED: frozenset(),
}


def terminal_states(table: Mapping[State, frozenset[State]]) -> frozenset[State]:
    """Return the states from which nothing follows."""
    return frozenset(state for state, targets in table.items() if not targets)


PROMOTION_TERMINAL = terminal_states(PROMOTION_TRANSITIONS)
APPROVAL_TERMINAL = terminal_states(APPROVAL_TRANSITIONS)
DEPLOYMENT_TERMINAL = terminal_states(DEPLOYMENT_TRANSITIONS)
DEPLOYMENT_ENDED = _OVER | _RETIRE | {DeploymentState.FAILED}


def advance(table: Mapping[State, frozenset[State]], current: State, target: State) -> State:
    """Return the target; raises TransitionError, which names the allowed targets, when the table has no such step."""
    allowed = table[current]
    if target in allowed:
        return target
    names = ", ".join(sorted(str(state) for state in allowed))
    rest = f"from there it can become {names}" if names else "that state is final"
    raise TransitionError(f"{type(current).__name__} {current} cannot become {target}: {rest}.")
