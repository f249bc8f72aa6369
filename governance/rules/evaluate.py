"""Evaluate: policy + manifest + reports + waivers + now → outcomes and a verdict. Pure, so that it can be replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from governance.rules.evidence import Found, ReportEvidence, newest_report
from governance.rules.items import Item, judge_requirements, judge_rule
from governance.rules.moments import read_moment
from governance.rules.policy import Policy, read_policy
from governance.rules.states import Outcome
from governance.rules.waivers import Scope, Waiver, read_waiver, standing_waivers, why_not_waivable
from registry.canonical import digest

ENGINE = "1"
PASSED = "PASS"
BLOCKED = "BLOCKED"
NEEDS_DECISION = "NEEDS_DECISION"
BLOCKING = frozenset({Outcome.FAIL, Outcome.ERROR, Outcome.AGED, Outcome.INSUFFICIENT_DATA})
TO_ACKNOWLEDGE = frozenset({Outcome.WARN, Outcome.INDETERMINATE})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The outcome of every limit. ``ignored_waivers`` and ``changes_at`` explain and are no part of the document:
    ``changes_at`` is the first moment at which a report ages or a waiver ends.
    """

    policy: str
    manifest: str
    items: tuple[Item, ...]
    ignored_waivers: Mapping[str, str]
    changes_at: datetime | None

    @property
    def acknowledge(self) -> tuple[str, ...]:
        """The keys that each approver must acknowledge singly: WARN, INDETERMINATE and what was waived."""
        return tuple(item.key for item in self.items if item.waiver or item.outcome in TO_ACKNOWLEDGE)

    @property
    def verdict(self) -> str:
        """BLOCKED by anything that blocks and is not waived, else NEEDS_DECISION or PASS."""
        if any(item.outcome in BLOCKING and item.waiver is None for item in self.items):
            return BLOCKED
        return NEEDS_DECISION if self.acknowledge else PASSED

    def document(self) -> dict[str, Any]:
        """Return the canonical document: no clock in it, so that the same outcomes have the same digest."""
        return {
            "engine": ENGINE,
            "policy": self.policy,
            "manifest": self.manifest,
            "items": [item.document() for item in self.items],
            "verdict": self.verdict,
            "acknowledge": list(self.acknowledge),
        }

    def digest(self) -> str:
        """Return the SHA-256 of the document: what approvals bind to."""
        return digest(self.document())


def evaluate(
    *,
    policy: Mapping[str, Any],
    manifest: Mapping[str, Any],
    reports: Sequence[ReportEvidence],
    waivers: Sequence[Mapping[str, Any]] = (),
    now: datetime,
    assurance: str = "",
    fresh_at: datetime | None = None,
) -> Evaluation:
    """Judge every limit of the policy; ``assurance`` is the weakest of the manifest's members.

    The age of reports counts at ``fresh_at`` (now, where it is not given): what is live must have been released on
    fresh evidence, and is watched since.

    Raises PolicyError for what is no policy and MomentError for a time without offset; anything else that is missing or
    malformed is an ERROR item, which blocks.
    """
    read_moment(now, "now")
    rules = read_policy(policy)
    scope = Scope(digest(manifest), _text(manifest.get("model")), digest(policy), now)
    at = now if fresh_at is None else read_moment(fresh_at, "fresh_at")
    found = {
        rule.check: newest_report(rule, reports, manifest=scope.manifest, now=at, present=now) for rule in rules.checks
    }
    items = [item for rule in rules.checks for item in judge_rule(rule, found[rule.check])]
    items += judge_requirements(rules, manifest, assurance, list(found.values()))
    standing, ignored = standing_waivers([read_waiver(one) for one in waivers], rules.waivers, scope)
    waived = _apply(rules, sorted(items, key=lambda item: item.key), standing, ignored)
    return Evaluation(scope.policy, scope.manifest, waived, ignored, _changes_at(found, waived, standing))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _apply(
    policy: Policy, items: list[Item], standing: Mapping[str, Waiver], ignored: dict[str, str]
) -> tuple[Item, ...]:
    """Set the waiver of each item that one stands for and that may be waived; note why the others are ignored."""
    applied = []
    keys = {item.key for item in items}
    ignored.update({one.id: f"there is no item {one.key}" for one in standing.values() if one.key not in keys})
    for item in items:
        waiver = standing.get(item.key)
        why = why_not_waivable(item, policy.waivers) if waiver else ""
        if waiver and why:
            ignored[waiver.id] = why
        applied.append(replace(item, waiver=waiver.id) if waiver and not why else item)
    return tuple(applied)


def _changes_at(found: Mapping[str, Found], items: Sequence[Item], standing: Mapping[str, Waiver]) -> datetime | None:
    moments = [one.ages_at for one in found.values() if one.ages_at is not None]
    moments += [standing[item.key].ends_at for item in items if item.waiver is not None]
    return min(moments, default=None)
