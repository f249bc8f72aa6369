"""Authorise: evaluation + approvals + revocations + people + now → may it go out? Pure, replayable."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance.rules.approvals import Action, Approval, Digests, People, Revocation, approval_state, given_in_future
from governance.rules.evaluate import BLOCKED, ENGINE, NEEDS_DECISION, PASSED
from governance.rules.moments import read_moment
from governance.rules.policy import Policy, Stage, read_policy
from governance.rules.seats import seat_persons
from governance.rules.states import ApprovalState
from registry.canonical import digest

AUTHORISED = "AUTHORISED"
PENDING = "PENDING"
REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many persons a stage has, of how many it needs."""

    stage: Stage
    counted: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether the quorum is there."""
        return len(self.counted) >= self.stage.quorum

    def document(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {
            "name": self.stage.name,
            "role": self.stage.role,
            "quorum": self.stage.quorum,
            "counted": len(self.counted),
            "met": self.met,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """AUTHORISED, PENDING or REFUSED, with what counted, what did not and why."""

    verdict: str
    digests: Digests
    stages: tuple[StageCount, ...]
    ignored: Mapping[str, str]
    reasons: tuple[str, ...]

    @property
    def counted(self) -> tuple[str, ...]:
        """The ids of the approvals that count."""
        return tuple(sorted(one for stage in self.stages for one in stage.counted))

    def document(self) -> dict[str, Any]:
        """Return the canonical document: no clock in it."""
        return {
            "engine": ENGINE,
            "verdict": self.verdict,
            "manifest": self.digests.manifest,
            "policy": self.digests.policy,
            "evaluation": self.digests.evaluation,
            "stages": [stage.document() for stage in self.stages],
            "counted": list(self.counted),
            "ignored": [{"id": key, "why": self.ignored[key]} for key in sorted(self.ignored)],
            "reasons": list(self.reasons),
        }

    def digest(self) -> str:
        """Return the SHA-256 of the document."""
        return digest(self.document())


def authorise(
    *,
    policy: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    approvals: Sequence[Approval],
    revocations: Collection[Revocation] = (),
    people: People,
    now: datetime,
) -> Decision:
    """Decide from the documents alone; whatever is not surely in order is not AUTHORISED."""
    read_moment(now, "now")
    rules = read_policy(policy)
    digests = Digests(str(evaluation.get("manifest")), digest(policy), digest(evaluation))
    case = _Case(rules, evaluation, digests, people, tuple(revocations), now)
    ignored: dict[str, str] = {}
    against: list[str] = []
    fit: list[Approval] = []
    for one in sorted(approvals, key=lambda one: (one.at, one.id)):
        speaks_for = one.action == Action.APPROVE
        why = next(_objections_to_approval(one, case) if speaks_for else _objections_to_refusal(one, case), "")
        if why:
            ignored[one.id] = why
        elif speaks_for:
            fit.append(one)
        else:
            against.append(f"{one.id} {'asks for changes' if one.action == Action.REQUEST_CHANGES else 'rejects it'}.")
    stages = _count(rules.approval.stages, fit, ignored)
    verdict, reasons = _decide(case, stages, sorted(against))
    return Decision(verdict, digests, stages, ignored, tuple(reasons))


@dataclass(frozen=True, slots=True)
class _Case:
    """What is decided about."""

    policy: Policy
    evaluation: Mapping[str, Any]
    digests: Digests
    people: People
    revocations: tuple[Revocation, ...]
    now: datetime

    def state(self, one: Approval) -> ApprovalState:
        days = self.policy.approval.valid_days
        return approval_state(one, digests=self.digests, revocations=self.revocations, valid_days=days, now=self.now)


def _objections_to_refusal(one: Approval, case: _Case) -> Iterator[str]:
    """Say why a rejection or a request for changes does not stand.

    It does not expire and needs no separation of duties: who took part may well speak against.
    """
    if case.state(one) is ApprovalState.REVOKED:
        yield "it is REVOKED"
    if Digests(one.manifest, one.policy, one.evaluation) != case.digests:
        yield "it is STALE"
    if not one.roles_held & {stage.role for stage in case.policy.approval.stages}:
        yield "who gave it held none of the roles that decide"


def _objections_to_approval(one: Approval, case: _Case) -> Iterator[str]:
    """Say why an approval does not count."""
    state = case.state(one)
    if state is not ApprovalState.VALID:
        yield f"it is {state}"
    if given_in_future(one, case.now):
        yield "it was given in the future"
    stages = [stage for stage in case.policy.approval.stages if stage.name == one.stage]
    if not stages:
        yield f"the policy has no stage {one.stage!r}"
    for stage in stages:
        if stage.role not in one.roles_held:
            yield f"who gave it did not hold the role {stage.role} at the time"
    part = case.people.part_of(one.principal, case.policy.approval.separation)
    if part:
        yield f"who gave it is {part} of what is released"
    wanted = case.evaluation.get("acknowledge")
    lacking = sorted(set(wanted if isinstance(wanted, list) else ()) - one.acknowledged)
    if lacking:
        yield f"it does not acknowledge {', '.join(lacking)}"


def _count(stages: Sequence[Stage], fit: Sequence[Approval], ignored: dict[str, str]) -> tuple[StageCount, ...]:
    """Seat each person once, in the way that fills most seats; who is left over is ignored with the reason."""
    seats = seat_persons({stage.name: stage.quorum for stage in stages}, [(one.stage, one.principal) for one in fit])
    counted: dict[str, list[str]] = {stage.name: [] for stage in stages}
    taken: set[tuple[str, str]] = set()
    for one in fit:
        place = (one.stage, one.principal)
        if seats.get(one.principal) == one.stage and place not in taken:
            taken.add(place)
            counted[one.stage].append(one.id)
        elif one.principal in seats:
            ignored[one.id] = f"its person counts once already, in the stage {seats[one.principal]}"
        else:
            ignored[one.id] = f"the stage {one.stage} has all it needs"
    return tuple(StageCount(stage, tuple(counted[stage.name])) for stage in stages)


def _decide(case: _Case, stages: Sequence[StageCount], against: Sequence[str]) -> tuple[str, list[str]]:
    refusals = [*against, *_refusals(case)]
    if refusals:
        return REFUSED, refusals
    rule = case.policy.approval
    if rule.automatic and case.evaluation["verdict"] == PASSED and not case.evaluation["acknowledge"]:
        return AUTHORISED, ["The policy lets out what passes with nothing to acknowledge."]
    waits = [
        f"The stage {one.stage.name} has {len(one.counted)} of {one.stage.quorum} approvals by a {one.stage.role}."
        for one in stages
        if not one.met
    ]
    if not stages:
        waits.append("There is something to acknowledge, and the policy has no stage at which a person could.")
    notes: list[str] = []
    if case.people.unmapped:
        who = f"{len(case.people.unmapped)} of the identities that took part are not linked to a person"
        (waits if rule.unmapped_identity == "block" else notes).append(
            f"{who}; the policy says {rule.unmapped_identity}."
        )
    if waits:
        return PENDING, waits + notes
    return AUTHORISED, ["Every stage has the approvals that the policy asks for.", *notes]


def _refusals(case: _Case) -> Iterator[str]:
    """Say what no approval outweighs."""
    engine, verdict = case.evaluation.get("engine"), case.evaluation.get("verdict")
    if case.evaluation.get("policy") != case.digests.policy:
        yield "The evaluation was made under another policy."
    if engine != ENGINE:
        yield f"The evaluation was made by the engine {engine!r}; this is the engine {ENGINE!r}."
    if verdict == BLOCKED:
        yield "The evaluation is BLOCKED; no approval outweighs that."
    elif verdict not in {PASSED, NEEDS_DECISION}:
        yield f"The evaluation has the verdict {verdict!r}, which is not known."
    if not isinstance(case.evaluation.get("acknowledge"), list):
        yield "The evaluation does not say what must be acknowledged."
