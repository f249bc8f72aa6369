"""The pipeline of a promotion as steps: which are done, which is the present one, and where it ended."""

from dataclasses import dataclass

from governance.rules.states import PromotionState

STEPS = ("Request", "Collect", "Measure", "Evaluate", "Approve", "Release", "Watch")
DONE, PRESENT, FAILED, TO_COME = "done", "present", "failed", "to come"

_PRESENT = {
    PromotionState.OPEN: 0,
    PromotionState.COLLECTING: 1,
    PromotionState.MEASURING: 2,
    PromotionState.AWAITING_DECISION: 4,
    PromotionState.APPROVED: 5,
    PromotionState.RELEASING: 5,
    PromotionState.RELEASED: 6,
}
_ENDED = {
    PromotionState.BLOCKED: 3,
    PromotionState.ERROR: 2,
    PromotionState.CHANGES_REQUESTED: 4,
    PromotionState.REJECTED: 4,
    PromotionState.RELEASE_FAILED: 5,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step and how it stands: done, present, failed, or to come."""

    name: str
    standing: str


def steps_of(state: str, *, evaluated: bool) -> tuple[Step, ...]:
    """Return the steps of a promotion in a state; one that was closed has no present step."""
    current = PromotionState(state)
    if current in _PRESENT:
        at, mark = _PRESENT[current], PRESENT
    elif current in _ENDED:
        at, mark = _ENDED[current], FAILED
    else:
        at, mark = (4 if evaluated else 1), TO_COME
    standings = [DONE if index < at else mark if index == at else TO_COME for index in range(len(STEPS))]
    return tuple(Step(name, standing) for name, standing in zip(STEPS, standings, strict=True))
