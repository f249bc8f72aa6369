"""The items of an evaluation: one per limit and measurement that it speaks of; a limit that finds none is an ERROR."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.rules.evidence import Found, ReportEvidence
from governance.rules.judge import Judgement, inapplicable, judge, name_of
from governance.rules.limits import Limit
from governance.rules.policy import ASSURANCES, CheckRule, Policy, WatchRule
from governance.rules.states import Outcome

ISOLATIONS = ("landlock+seccomp", "container")
REQUIREMENTS = "requires"


@dataclass(frozen=True, slots=True)
class Item:
    """One limit and one measurement, the outcome and its sentence; the key is check/metric/group, and "#2" for the
    second limit on a metric.
    """

    key: str
    check: str
    metric: str
    group: str
    limit: Mapping[str, Any]
    value: str | None
    lower: str | None
    upper: str | None
    n: int | None
    outcome: Outcome
    reason: str
    report: str | None
    waiver: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the canonical form of the item."""
        return {
            "key": self.key,
            "check": self.check,
            "metric": self.metric,
            "group": self.group,
            "limit": dict(self.limit),
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
            "n": self.n,
            "outcome": str(self.outcome),
            "reason": self.reason,
            "report": self.report,
            "waiver": self.waiver,
        }


@dataclass(frozen=True, slots=True)
class _Place:
    """A limit in its check: the how many-eth on its metric, and the report that counts."""

    check: str
    limit: Limit
    number: int
    found: Found


def judge_rule(rule: CheckRule | WatchRule, found: Found) -> list[Item]:
    """Judge every limit of a check by the report that counts for it."""
    items: list[Item] = []
    seen: list[str] = []
    for limit in rule.limits:
        seen.append(limit.metric)
        items += _judge_limit(_Place(rule.check, limit, seen.count(limit.metric), found))
    return items


def _judge_limit(place: _Place) -> list[Item]:
    limit, found = place.limit, place.found
    name = name_of(limit.metric, limit.group)
    if found.report is None or found.problem:
        outcome = Outcome.AGED if found.aged else Outcome.ERROR
        judgement = Judgement(outcome, f"{name} cannot be judged: {found.problem}.")
        return [_item(place, limit.group, {}, judgement)]
    overall = _of_the_whole_check(limit, name, found.report.document)
    if overall is not None:
        return [_item(place, limit.group, {}, overall)]
    matching = [one for one in _measurements(found.report.document) if _speaks_of(limit, one)]
    if not matching:
        missing = Judgement(Outcome.ERROR, f"{name} cannot be judged: the report holds no such measurement.")
        return [_item(place, limit.group, {}, missing)]
    items = []
    for group in sorted({one["group"] for one in matching}):
        same = [one for one in matching if one["group"] == group]
        if len(same) > 1:
            why = f"{name_of(limit.metric, group)} cannot be judged: the report holds {len(same)} measurements of it."
            items.append(_item(place, group, {}, Judgement(Outcome.ERROR, why)))
        else:
            items.append(_item(place, group, same[0], judge(limit, same[0])))
    return items


def _of_the_whole_check(limit: Limit, name: str, document: Mapping[str, Any]) -> Judgement | None:
    """Return what the status of a report says of every metric, or None where each speaks for itself."""
    status, given = document.get("status"), str(document.get("reason") or "no reason is given")
    if status == "MEASURED":
        return None
    if status == "NOT_APPLICABLE":
        return inapplicable(limit, name, given)
    why = f"{name} cannot be judged: its check ended as {status}: {given.rstrip().rstrip('.')}."
    return Judgement(Outcome.ERROR, why)


def _measurements(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what has the shape of a measurement; what has not is as good as missing."""
    listed = document.get("measurements")
    found = listed if isinstance(listed, Sequence) and not isinstance(listed, str) else []
    return [one for one in found if isinstance(one, Mapping) and isinstance(one.get("group"), str)]


def _speaks_of(limit: Limit, measurement: Mapping[str, Any]) -> bool:
    return measurement.get("metric") == limit.metric and limit.selects(measurement["group"])


def _item(place: _Place, group: str, measurement: Mapping[str, Any], judgement: Judgement) -> Item:
    check, limit, number = place.check, place.limit, place.number
    n = measurement.get("n")
    numbers = [measurement.get(part) for part in ("value", "lower", "upper")]
    value, lower, upper = (number if isinstance(number, str) else None for number in numbers)
    return Item(
        key=f"{check}/{limit.metric}/{group}" + (f"#{number}" if number > 1 else ""),
        check=check,
        metric=limit.metric,
        group=group,
        limit=limit.document(),
        value=value,
        lower=lower,
        upper=upper,
        n=n if isinstance(n, int) and not isinstance(n, bool) else None,
        outcome=judgement.outcome,
        reason=judgement.reason,
        report=place.found.digest,
    )


def judge_requirements(
    policy: Policy, manifest: Mapping[str, Any], assurance: str, counted: Sequence[Found]
) -> list[Item]:
    """Judge what the policy requires of the release itself; a requirement that is not set makes no item."""
    items = []
    if policy.requires.assurance != "declared":
        items.append(_assurance(policy, assurance))
    if policy.requires.backends:
        items.append(_backend(policy, manifest))
    if policy.requires.sandbox:
        items += [_isolation(found, found.report) for found in counted if found.report is not None]
    return items


def _requirement(metric: str, wanted: str, value: str, judgement: Judgement, found: Found | None = None) -> Item:
    group = "" if found is None or found.report is None else str(found.report.document.get("check"))
    return Item(
        key=f"{REQUIREMENTS}/{metric}/{group}",
        check=REQUIREMENTS,
        metric=metric,
        group=group,
        limit={"required": wanted},
        value=value,
        lower=None,
        upper=None,
        n=None,
        outcome=judgement.outcome,
        reason=judgement.reason,
        report=None if found is None else found.digest,
    )


def _assurance(policy: Policy, assurance: str) -> Item:
    wanted = policy.requires.assurance
    if assurance not in ASSURANCES:
        judgement = Judgement(Outcome.ERROR, f"The assurance of the version is {assurance!r}, which is not known.")
    else:
        enough = ASSURANCES.index(assurance) >= ASSURANCES.index(wanted)
        reason = f"The version is {assurance}; the policy asks for {wanted} at least."
        judgement = Judgement(Outcome.PASS if enough else Outcome.FAIL, reason)
    return _requirement("requires.assurance", wanted, assurance, judgement)


def _backend(policy: Policy, manifest: Mapping[str, Any]) -> Item:
    serving = manifest.get("serving")
    backend = serving.get("backend") if isinstance(serving, Mapping) else None
    wanted = ", ".join(policy.requires.backends)
    named = backend if isinstance(backend, str) and backend else "none"
    reason = f"The serving backend of the manifest is {named}; the policy allows {wanted}."
    outcome = Outcome.PASS if backend in policy.requires.backends else Outcome.FAIL
    return _requirement("requires.backend", wanted, named, Judgement(outcome, reason))


def _isolation(found: Found, report: ReportEvidence) -> Item:
    wanted, named = " or ".join(ISOLATIONS), report.isolation or "not stated"
    check = report.document.get("check")
    reason = f"The check {check} was measured with the isolation {named}; the policy asks for {wanted}."
    outcome = Outcome.PASS if report.isolation in ISOLATIONS else Outcome.FAIL
    return _requirement("requires.sandbox", wanted, named, Judgement(outcome, reason), found)
