"""Judge a batch of a live deployment: what is surely missed leads to the action that the policy names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from governance.rules.evidence import ReportEvidence, newest_report
from governance.rules.items import Item, judge_rule
from governance.rules.moments import read_moment
from governance.rules.policy import OnBreach, read_policy
from governance.rules.states import Outcome
from registry.canonical import digest

WATCH_ENGINE = "1"
HEALTHY = "HEALTHY"
UNCLEAR = "UNCLEAR"
BREACH = "BREACH"
IN_ORDER = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE})


class NotWatchedError(ValueError):
    """A batch was to be judged under a policy that watches nothing."""

    code = "not_watched"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An item that leads to an action."""

    key: str
    action: OnBreach
    reason: str


@dataclass(frozen=True, slots=True)
class BatchEvaluation:
    """HEALTHY when everything passes, BREACH when something leads to an action, else UNCLEAR."""

    policy: str
    manifest: str
    items: tuple[Item, ...]
    alarms: tuple[Alarm, ...]

    @property
    def verdict(self) -> str:
        """One word for the batch; a batch on which nothing at all could be judged is UNCLEAR."""
        if self.alarms:
            return BREACH
        passes = any(item.outcome is Outcome.PASS for item in self.items)
        return HEALTHY if passes and all(item.outcome in IN_ORDER for item in self.items) else UNCLEAR

    @property
    def action(self) -> OnBreach | None:
        """The strongest action that an alarm leads to."""
        actions = [alarm.action for alarm in self.alarms]
        return max(actions, key=list(OnBreach).index, default=None)

    def document(self) -> dict[str, Any]:
        """Return the canonical document."""
        return {
            "engine": WATCH_ENGINE,
            "policy": self.policy,
            "manifest": self.manifest,
            "items": [item.document() for item in self.items],
            "alarms": [{"key": one.key, "action": str(one.action), "reason": one.reason} for one in self.alarms],
            "verdict": self.verdict,
            "action": None if self.action is None else str(self.action),
        }


def judge_batch(
    *, policy: Mapping[str, Any], manifest: Mapping[str, Any], reports: Sequence[ReportEvidence], now: datetime
) -> BatchEvaluation:
    """Judge the reports of one batch. FAIL leads to the check's action, ERROR to a review at least.

    Too few rows, a warning or a straddling interval lead to nothing, but the batch is not HEALTHY.
    Raises NotWatchedError where the policy has no watch.
    """
    read_moment(now, "now")
    watch = read_policy(policy).watch
    if watch is None:
        raise NotWatchedError(f"The policy {policy['name']} {policy['version']} watches nothing.")
    items: list[Item] = []
    alarms: list[Alarm] = []
    for rule in watch.checks:
        judged = judge_rule(rule, newest_report(rule, reports, manifest=digest(manifest), now=now))
        items += judged
        actions = {Outcome.FAIL: rule.on_breach, Outcome.ERROR: OnBreach.REVIEW}
        alarms += [Alarm(one.key, actions[one.outcome], one.reason) for one in judged if one.outcome in actions]
    return BatchEvaluation(
        digest(policy),
        digest(manifest),
        tuple(sorted(items, key=lambda item: item.key)),
        tuple(sorted(alarms, key=lambda alarm: alarm.key)),
    )


def overdue_alarm(*, policy: Mapping[str, Any], waiting_since: datetime, now: datetime) -> Alarm | None:
    """Return the alarm of a batch that did not come; ``waiting_since`` is the last batch, or the beginning of LIVE."""
    watch = read_policy(policy).watch
    since = read_moment(waiting_since, "waiting_since")
    if watch is None or read_moment(now, "now") <= since + timedelta(hours=watch.overdue_hours):
        return None
    reason = f"No batch has come since {since.isoformat()}; the policy allows {watch.overdue_hours} hours."
    return Alarm("watch/batch/overdue", watch.on_overdue, reason)
