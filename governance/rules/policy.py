"""A policy: what is measured, what is allowed, who approves, what may be waived, and what is watched afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from governance.rules.limits import Limit, Severity, read_limit, read_parameters_of
from governance.rules.reading import Fields, PolicyError, refuse_repeats
from registry.canonical import CanonicalError, canonical

TIERS = ("low", "limited", "high")
ASSURANCES = ("declared", "signed_by_ci", "built_here")
APPROVER_ROLES = ("validator", "compliance_officer", "risk_officer")
SEPARATED = ("requester", "trainer", "author", "committer")
UNMAPPED = ("block", "warn")
ACTIONS = ("review", "rollback", "stop")
LONGEST_DAYS = 3660
LARGEST_QUORUM = 20
LONGEST_HOURS = 24 * 366
NAME = r"[a-z0-9][a-z0-9-]{0,79}"
CHECK_NAME = r"[a-z][a-z0-9_]{0,59}"
STAGE_NAME = r"[a-z][a-z0-9_]{0,59}"


class OnBreach(StrEnum):
    """What is done to a deployment, mildest first."""

    REVIEW = "review"
    ROLLBACK = "rollback"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Requirements:
    """What must hold of the release itself: least assurance, isolated measurement, serving backends (empty: any)."""

    assurance: str
    sandbox: bool
    backends: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckRule:
    """A check that must have measured, with which parameters, how recently, and the limits of its metrics."""

    check: str
    parameters: Mapping[str, Any]
    max_age_days: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """So many persons of a role must approve."""

    name: str
    role: str
    quorum: int


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Who approves; ``automatic`` lets out, in the low tier alone, what passes with nothing to acknowledge.

    An approval counts for ``valid_days``; a request on which nobody decides expires after ``decide_within_days``.
    """

    automatic: bool
    stages: tuple[Stage, ...]
    separation: tuple[str, ...]
    unmapped_identity: str
    valid_days: int
    decide_within_days: int


@dataclass(frozen=True, slots=True)
class WaiverRule:
    """Which metrics may be waived (none: nothing), for how long at most, and by whom."""

    allowed: tuple[str, ...]
    max_days: int
    role: str


@dataclass(frozen=True, slots=True)
class WatchRule:
    """A check that measures each batch of a live deployment, and what a surely missed limit leads to."""

    check: str
    parameters: Mapping[str, Any]
    limits: tuple[Limit, ...]
    on_breach: OnBreach


@dataclass(frozen=True, slots=True)
class Watch:
    """How often batches must come, what an overdue one leads to, how each is judged; and what it leads to when the
    release itself no longer holds: a waiver ended, or this policy came to rule it.
    """

    every_hours: int
    overdue_hours: int
    on_overdue: OnBreach
    on_lapse: OnBreach
    checks: tuple[WatchRule, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """One published policy, read and found consistent."""

    name: str
    version: str
    description: str
    tier: str
    requires: Requirements
    checks: tuple[CheckRule, ...]
    approval: ApprovalRule
    waivers: WaiverRule
    watch: Watch | None

    def document(self) -> dict[str, Any]:
        """Return the canonical document with every default written out: what the digest is of."""
        return {
            "name": self.name,
            "version": self.version,
            "description": self.description,
            "tier": self.tier,
            "requires": {
                "assurance": self.requires.assurance,
                "sandbox": self.requires.sandbox,
                "backends": list(self.requires.backends),
            },
            "checks": [_measured_by(rule) | {"max_age_days": rule.max_age_days} for rule in self.checks],
            "approval": {
                "automatic": self.approval.automatic,
                "stages": [{"name": one.name, "role": one.role, "quorum": one.quorum} for one in self.approval.stages],
                "separation": list(self.approval.separation),
                "unmapped_identity": self.approval.unmapped_identity,
                "valid_days": self.approval.valid_days,
                "decide_within_days": self.approval.decide_within_days,
            },
            "waivers": {
                "allowed": list(self.waivers.allowed),
                "max_days": self.waivers.max_days,
                "role": self.waivers.role,
            },
            "watch": None if self.watch is None else _watch_document(self.watch),
        }


def _measured_by(rule: CheckRule | WatchRule) -> dict[str, Any]:
    limits = [limit.document() for limit in rule.limits]
    return {"check": rule.check, "parameters": dict(rule.parameters), "limits": limits}


def _watch_document(watch: Watch) -> dict[str, Any]:
    return {
        "every_hours": watch.every_hours,
        "overdue_hours": watch.overdue_hours,
        "on_overdue": str(watch.on_overdue),
        "on_lapse": str(watch.on_lapse),
        "checks": [_measured_by(rule) | {"on_breach": str(rule.on_breach)} for rule in watch.checks],
    }


def read_policy(document: Mapping[str, Any]) -> Policy:
    """Read a canonical document; raises PolicyError, which names the place, the value and what it must be."""
    known = ("name", "version", "description", "tier", "requires", "checks", "approval", "waivers", "watch")
    fields = Fields(document, "", known)
    try:
        canonical(document)
    except CanonicalError as error:
        raise PolicyError(f"The policy has no canonical form: {error}.") from error
    tier = fields.choice("tier", TIERS)
    checks = fields.parts("checks", _read_check, least=1)
    refuse_repeats([rule.check for rule in checks], "checks", "check")
    return Policy(
        name=fields.text("name", pattern=NAME, must="lower-case letters, digits and hyphens, at most 80"),
        version=fields.text("version", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", must='text such as "1.0"'),
        description=fields.text("description", ""),
        tier=tier,
        requires=fields.part("requires", _read_requirements),
        checks=checks,
        approval=_read_approval(fields.values.get("approval", {}), fields.at("approval"), tier),
        waivers=_read_waivers(fields.values.get("waivers", {}), fields.at("waivers"), checks),
        watch=None if fields.values.get("watch") is None else fields.part("watch", _read_watch),
    )


def _read_requirements(value: Any, place: str) -> Requirements:
    fields = Fields(value, place, ("assurance", "sandbox", "backends"))
    return Requirements(
        assurance=fields.choice("assurance", ASSURANCES, "declared"),
        sandbox=fields.flag("sandbox", default=True),
        backends=fields.names("backends"),
    )


def _read_limits(fields: Fields, check: str) -> tuple[Limit, ...]:
    """Return the limits, each on a metric of the check, none of them twice."""
    limits = fields.parts("limits", read_limit, least=1)
    for index, limit in enumerate(limits):
        place = f"{fields.at('limits')}[{index}]"
        if not limit.metric.startswith(f"{check}."):
            raise PolicyError(f"{place}.metric is {limit.metric!r}; the check {check!r} does not measure it.", place)
        same = (limit.metric, limit.group, limit.bound, limit.severity)
        if same in [(one.metric, one.group, one.bound, one.severity) for one in limits[:index]]:
            raise PolicyError(f"{place} limits {limit.metric!r} of the same group and end a second time.", place)
    return limits


def _read_check(value: Any, place: str) -> CheckRule:
    fields = Fields(value, place, ("check", "parameters", "max_age_days", "limits"))
    check = fields.text("check", pattern=CHECK_NAME, must='the name of a check, such as "performance"')
    return CheckRule(
        check=check,
        parameters=read_parameters_of(fields),
        max_age_days=fields.whole("max_age_days", 1, LONGEST_DAYS),
        limits=_read_limits(fields, check),
    )


def _read_stage(value: Any, place: str) -> Stage:
    fields = Fields(value, place, ("name", "role", "quorum"))
    return Stage(
        name=fields.text("name", pattern=STAGE_NAME, must="a lower-case name"),
        role=fields.choice("role", APPROVER_ROLES),
        quorum=fields.whole("quorum", 1, LARGEST_QUORUM, 1),
    )


def _read_approval(value: Any, place: str, tier: str) -> ApprovalRule:
    known = ("automatic", "stages", "separation", "unmapped_identity", "valid_days", "decide_within_days")
    fields = Fields(value, place, known)
    automatic = fields.flag("automatic", default=False)
    if automatic and tier != "low":
        where = fields.at("automatic")
        raise PolicyError(f"{where} is true in the {tier} tier; only the low tier may go out without a person.", where)
    stages = fields.parts("stages", _read_stage, least=0 if automatic else 1)
    refuse_repeats([stage.name for stage in stages], fields.at("stages"), "stage")
    separation = fields.names("separation", SEPARATED, SEPARATED)
    lacking = [who for who in (SEPARATED if tier == "high" else SEPARATED[:1]) if who not in separation]
    if lacking:
        where = fields.at("separation")
        raise PolicyError(f"{where} lacks {lacking[0]!r}, who cannot approve in the {tier} tier.", where)
    return ApprovalRule(
        automatic=automatic,
        stages=stages,
        separation=tuple(who for who in SEPARATED if who in separation),
        unmapped_identity=fields.choice("unmapped_identity", UNMAPPED, "block"),
        valid_days=fields.whole("valid_days", 1, LONGEST_DAYS, 30),
        decide_within_days=fields.whole("decide_within_days", 1, LONGEST_DAYS, 30),
    )


def _read_waivers(value: Any, place: str, checks: tuple[CheckRule, ...]) -> WaiverRule:
    fields = Fields(value, place, ("allowed", "max_days", "role"))
    limits = [limit for rule in checks for limit in rule.limits if limit.severity is Severity.FAIL]
    return WaiverRule(
        allowed=fields.names("allowed", sorted({limit.metric for limit in limits})),
        max_days=fields.whole("max_days", 1, LONGEST_DAYS, 30),
        role=fields.choice("role", APPROVER_ROLES, "risk_officer"),
    )


def _read_watch_rule(value: Any, place: str) -> WatchRule:
    fields = Fields(value, place, ("check", "parameters", "limits", "on_breach"))
    check = fields.text("check", pattern=CHECK_NAME, must='the name of a check, such as "drift"')
    return WatchRule(
        check=check,
        parameters=read_parameters_of(fields),
        limits=_read_limits(fields, check),
        on_breach=OnBreach(fields.choice("on_breach", ACTIONS)),
    )


def _read_watch(value: Any, place: str) -> Watch:
    fields = Fields(value, place, ("every_hours", "overdue_hours", "on_overdue", "on_lapse", "checks"))
    checks = fields.parts("checks", _read_watch_rule, least=1)
    refuse_repeats([rule.check for rule in checks], fields.at("checks"), "check")
    every = fields.whole("every_hours", 1, LONGEST_HOURS)
    return Watch(
        every_hours=every,
        overdue_hours=fields.whole("overdue_hours", every, LONGEST_HOURS),
        on_overdue=OnBreach(fields.choice("on_overdue", ACTIONS, "review")),
        on_lapse=OnBreach(fields.choice("on_lapse", ACTIONS, "review")),
        checks=checks,
    )
