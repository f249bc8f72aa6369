"""What the events of the ledger have said so far: the memory of a replay."""

from dataclasses import dataclass, field
from typing import Any

from governance.rules.evidence import ReportEvidence


@dataclass(frozen=True, slots=True)
class Ruling:
    """That a policy applies to a tier in an environment from now on, and whether to requests that are open too."""

    environment: str
    tier: str
    policy: str
    applies_to: str


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, by whom, and how many rulings there were by then."""

    manifest: str
    version: str
    environment: str
    model: str
    requester: str
    on_behalf_of: str | None
    policy: str
    rulings: int


@dataclass(slots=True)
class History:
    """What the events before the present one have said."""

    states: dict[str, str] = field(default_factory=dict)
    desired: set[str] = field(default_factory=set)
    manifests: dict[str, str] = field(default_factory=dict)
    reports: dict[str, list[ReportEvidence]] = field(default_factory=dict)
    waivers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    requested_waivers: dict[str, tuple[str, str]] = field(default_factory=dict)
    evaluations: dict[str, dict[str, Any]] = field(default_factory=dict)
    decisions: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    approvals: dict[str, set[str]] = field(default_factory=dict)
    revocations: dict[str, set[str]] = field(default_factory=dict)
    roles: set[tuple[str, str, str]] = field(default_factory=set)
    requests: dict[str, Request] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    proposals: dict[str, tuple[str, Ruling]] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)
    known: dict[str, set[str]] = field(default_factory=dict)

    def says(self, kind: str, identity: str) -> None:
        """Remember that an event recorded something of a kind."""
        self.known.setdefault(kind, set()).add(identity)

    def accountable(self, principal: str) -> str:
        """Return the person who answers for a principal."""
        while principal in self.owners:
            principal = self.owners[principal]
        return principal

    def roles_of(self, person: str, subject: str) -> set[str]:
        """Return the roles that a person holds now in the project of a promotion."""
        request = self.requests.get(subject)
        project = self.projects.get(request.environment) if request else None
        return {role for who, where, role in self.roles if who == person and where == project}
