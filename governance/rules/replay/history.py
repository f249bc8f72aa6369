"""What the events of the ledger have said so far: the memory of a replay. It holds digests and ids, no documents."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from governance.rules.approvals import Approval, Digests, Revocation
from governance.rules.replay.library import Library
from registry.ledger.verify.entries import Fault


@dataclass(frozen=True, slots=True)
class Ruling:
    """That a policy applies to a tier in an environment from a moment on: to new requests, open ones, deployed ones."""

    environment: str
    tier: str
    policy: str
    applies_to: str
    grace_days: int
    at: datetime


@dataclass(slots=True)
class ProposedRuling:
    """A ruling that somebody proposed, and whether it took effect."""

    proposer: str
    ruling: Ruling
    effective: bool


@dataclass(frozen=True, slots=True)
class RecordedReport:
    """A report that a promotion rests on: its digest, when it was measured and in what isolation."""

    digest: str
    measured_at: datetime
    isolation: str


@dataclass(slots=True)
class RecordedVersion:
    """A model version: ``people`` are (part, principal's id or commitment to a name that nobody was known by).

    ``tracked`` is the digest by which MLflow knows it, or "".
    """

    digest: str
    model: str
    content: str | None
    assurance: str
    people: tuple[tuple[str, str], ...]
    tracked: str
    retired: bool = False


@dataclass(slots=True)
class RecordedDeployment:
    """A deployment as it was created, and its state."""

    promotion: str
    environment: str
    model: str
    manifest: str
    policy: str | None
    evaluation: str
    version: str
    state: str = "PENDING"
    desired: bool = False
    was_live: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """The environment and the model."""
        return self.environment, self.model


@dataclass(slots=True)
class RecordedPromotion:
    """A request as it was made, how many rulings there were by then, and what came of it."""

    manifest: str
    version: str
    environment: str
    model: str
    requester: str
    on_behalf_of: str | None
    policy: str
    rulings: int
    waits_since: datetime
    state: str = "OPEN"
    reports: list[RecordedReport] = field(default_factory=list)
    evaluation: str | None = None
    evaluated_under: str | None = None
    authorised: Digests | None = None
    live_at: datetime | None = None
    approvals: dict[str, Approval] = field(default_factory=dict)
    revocations: dict[str, Revocation] = field(default_factory=dict)
    deployments: list[RecordedDeployment] = field(default_factory=list)

    @property
    def place(self) -> tuple[str, str]:
        """The environment and the model."""
        return self.environment, self.model


@dataclass(slots=True)
class AskedWaiver:
    """A waiver that somebody asked for, and whether it was granted."""

    promotion: str
    manifest: str
    key: str
    ends_at: str
    asker: str
    granted: bool = False


@dataclass(slots=True)
class AskedLowering:
    """A verdict on a column that somebody asked to be lowered, and whether that was granted."""

    asker: str
    dataset: str
    ends_at: str
    granted: bool = False


@dataclass(slots=True)
class RecordedHold:
    """A hold on a subject ("noun:id", a project for all of it), and who asked for its end."""

    project: str
    on: str
    lift_asked_by: str | None = None
    in_force: bool = True


@dataclass(slots=True)
class RecordedCommitment:
    """A commitment: when it was first spoken of, and (subject, its project if known) of what spoke of it."""

    since: datetime
    places: set[tuple[str, str | None]] = field(default_factory=set)


@dataclass(slots=True)
class RecordedReveal:
    """Sealed values that somebody asked to see; ``since`` is when that was asked for or granted."""

    project: str
    tokens: str
    count: int
    asker: str
    since: datetime
    granted: bool = False
    opened: bool = False


@dataclass(slots=True)
class History:
    """What the events before the present one have said; by id where nothing else is said."""

    library: Library
    founded: dict[str, set[str]] = field(default_factory=dict)
    said: dict[str, set[str]] = field(default_factory=dict)
    system: str | None = None
    persons: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    roles: set[tuple[str, str, str]] = field(default_factory=set)
    projects: dict[str, str] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    pins: dict[tuple[str, str], str] = field(default_factory=dict)
    datasets: dict[str, tuple[str, str]] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    versions: dict[str, RecordedVersion] = field(default_factory=dict)
    proposals: dict[str, ProposedRuling] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)
    promotions: dict[str, RecordedPromotion] = field(default_factory=dict)
    asked_waivers: dict[str, AskedWaiver] = field(default_factory=dict)
    waivers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    lowerings: dict[str, AskedLowering] = field(default_factory=dict)
    reveals: dict[str, RecordedReveal] = field(default_factory=dict)
    holds: dict[str, RecordedHold] = field(default_factory=dict)
    commitments: dict[str, RecordedCommitment] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    keys: dict[tuple[str, int], str] = field(default_factory=dict)
    deployments: dict[str, RecordedDeployment] = field(default_factory=dict)
    serving: dict[tuple[str, str], str] = field(default_factory=dict)
    monitors: dict[str, str] = field(default_factory=dict)
    intended: dict[str, list[str]] = field(default_factory=dict)
    evidence: set[str] = field(default_factory=set)
    purged: set[str] = field(default_factory=set)
    missing: dict[str, Fault] = field(default_factory=dict)

    def says(self, what: str, identity: str) -> None:
        """Remember that an event recorded something that has a row of its own."""
        self.said.setdefault(what, set()).add(identity)

    def accountable(self, principal: str) -> str:
        """Return the person who answers for a principal."""
        seen = {principal}
        while (owner := self.owners.get(principal)) is not None and owner not in seen:
            seen.add(owner)
            principal = owner
        return principal

    def roles_in(self, project: str | None, principal: str) -> frozenset[str]:
        """Return the roles that a principal holds in a project now."""
        return frozenset(role for who, where, role in self.roles if who == principal and where == project)

    def roles_for(self, promotion: RecordedPromotion, principal: str) -> frozenset[str]:
        """Return the roles that a principal holds now where a promotion was asked for."""
        return self.roles_in(self.projects.get(promotion.environment), principal)
