"""Approvals as evidence: one person's word on exact digests, who takes part, and whether a word still counts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from governance.rules.moments import days_after, in_future, read_moment
from governance.rules.states import ApprovalState

BY_A_PERSON = frozenset({"session", "token"})  # ways of authentication in which a decision can be a person's


class Action(StrEnum):
    """What an officer can say."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"


@dataclass(frozen=True, slots=True)
class Digests:
    """What a word is bound to: these three, and nothing else."""

    manifest: str
    policy: str
    evaluation: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word: ``principal`` is the accountable person, ``roles_held`` those held when it was given."""

    id: str
    principal: str
    roles_held: frozenset[str]
    stage: str
    manifest: str
    policy: str
    evaluation: str
    action: str
    acknowledged: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Revocation:
    """That an approval was taken back; it counts whoever gave it and whenever."""

    approval: str
    principal: str
    at: datetime


@dataclass(frozen=True, slots=True)
class People:
    """Who took part, as ids of persons: the requester (with whom it was on behalf of and the token's owner), trainers,
    authors, committers; ``unmapped`` are opaque ids of identities that no person is known by.
    """

    requester: frozenset[str] = frozenset()
    trainers: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    committers: frozenset[str] = frozenset()
    unmapped: frozenset[str] = frozenset()

    def part_of(self, person: str, separation: Collection[str]) -> str:
        """Return the first part in the separation that a person took ("trainer"), or nothing."""
        parts = {
            "requester": self.requester,
            "trainer": self.trainers,
            "author": self.authors,
            "committer": self.committers,
        }
        return next((part for part, persons in parts.items() if part in separation and person in persons), "")


def approval_state(
    approval: Approval, *, digests: Digests, revocations: Collection[Revocation], valid_days: int, now: datetime
) -> ApprovalState:
    """Return whether a word counts now; REVOKED outweighs EXPIRED, which outweighs STALE."""
    if any(one.approval == approval.id for one in revocations):
        return ApprovalState.REVOKED
    if now >= days_after(read_moment(approval.at, f"at of approval {approval.id}"), valid_days):
        return ApprovalState.EXPIRED
    if Digests(approval.manifest, approval.policy, approval.evaluation) != digests:
        return ApprovalState.STALE
    return ApprovalState.VALID


def given_in_future(approval: Approval, now: datetime) -> bool:
    """Say whether an approval claims a moment that has not come."""
    return in_future(read_moment(approval.at, f"at of approval {approval.id}"), now)
