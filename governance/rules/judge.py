"""Judge one measurement by one limit: an outcome, and a sentence with the number and the limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

from governance.rules.limits import Bound, Limit, Severity
from governance.rules.reading import is_decimal_text
from governance.rules.states import Outcome

FEWEST_DIGITS = 3
MOST_DIGITS = 40
_ENDS = {
    Bound.VALUE: "the value",
    Bound.LOWER: "the lower end of the interval",
    Bound.UPPER: "the upper end of the interval",
    Bound.INTERVAL: "the whole interval",
}
_NEEDED = {
    Bound.VALUE: ("value",),
    Bound.LOWER: ("value", "lower"),
    Bound.UPPER: ("value", "upper"),
    Bound.INTERVAL: ("value", "lower", "upper"),
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a limit says of a measurement, and why."""

    outcome: Outcome
    reason: str


def spoken(text: str, limit: Limit) -> str:
    """Return a number with few digits, but as many as keep it on its side of the limit ("0.7996", not "0.8")."""
    exact = Decimal(text)
    ends = [Decimal(end) for end in (limit.least, limit.most) if end is not None]
    for digits in range(FEWEST_DIGITS, MOST_DIGITS):
        short = Context(prec=digits).create_decimal(exact)
        if all(short.compare(end) == exact.compare(end) for end in ends):
            plain = format(short, "f")
            return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return text


def name_of(metric: str, group: str) -> str:
    """Return "fairness.selection_rate_ratio for sex", or the metric alone for the whole."""
    return f"{metric} for {group}" if group else metric


def judge(limit: Limit, measurement: Mapping[str, Any]) -> Judgement:
    """Return the outcome; what is missing, malformed, not computable or of unknown status is an ERROR."""
    name = name_of(limit.metric, str(measurement.get("group", "")))
    status, given = measurement.get("status"), str(measurement.get("reason") or "no reason is given")
    if status == "NOT_APPLICABLE":
        return inapplicable(limit, name, given)
    if status != "MEASURED":
        return Judgement(Outcome.ERROR, _sentence(f"{name} has no value (status {status})", given))
    problem = _defect(limit, measurement)
    if problem:
        return Judgement(Outcome.ERROR, f"{name} cannot be judged: {problem}.")
    numbers = _numbers(limit, measurement)
    if limit.n_at_least and measurement["n"] < limit.n_at_least:
        why = f"it rests on fewer than the {limit.n_at_least} rows that the policy asks for"
        return Judgement(Outcome.INSUFFICIENT_DATA, f"{name} is {numbers}: {why}.")
    outcome, verb = _compare(limit, measurement)
    subject = "the interval" if outcome is Outcome.INDETERMINATE else _ENDS[limit.bound]
    return Judgement(outcome, f"{name} is {numbers}: {subject} {verb} {limit.words()}.")


def inapplicable(limit: Limit, name: str, given: str) -> Judgement:
    """Return NOT_APPLICABLE with its reason, or FAIL where the policy requires the metric."""
    if limit.required:
        return Judgement(Outcome.FAIL, _sentence(f"{name} is required by the policy, but not applicable", given))
    return Judgement(Outcome.NOT_APPLICABLE, _sentence(f"{name} is not applicable", given))


def _sentence(start: str, given: str) -> str:
    return f"{start}: {given.rstrip().rstrip('.')}."


def _defect(limit: Limit, measurement: Mapping[str, Any]) -> str:
    """Say what keeps a measurement from being judged, or nothing."""
    for part in _NEEDED[limit.bound]:
        found = measurement.get(part)
        if not is_decimal_text(found):
            return f"its {part} is {found!r}, not a decimal number"
    for part in ("lower", "upper"):
        found = measurement.get(part)
        if found is not None and not is_decimal_text(found):
            return f"its {part} is {found!r}, not a decimal number"
    lower, upper = measurement.get("lower"), measurement.get("upper")
    if lower is not None and upper is not None and Decimal(lower) > Decimal(upper):
        return f"its interval runs from {lower} down to {upper}"
    n = measurement.get("n")
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 0):
        return f"its count of rows is {n!r}"
    if limit.n_at_least and n is None:
        return f"it does not say on how many rows it rests, and the policy asks for {limit.n_at_least}"
    return ""


def _numbers(limit: Limit, measurement: Mapping[str, Any]) -> str:
    """Return "0.71 (0.52 to 0.93, n = 88)"."""
    value, lower, upper, n = (measurement.get(part) for part in ("value", "lower", "upper", "n"))
    details = []
    if lower is not None and upper is not None:
        details.append(f"{spoken(lower, limit)} to {spoken(upper, limit)}")
    elif lower is not None:
        details.append(f"at least {spoken(lower, limit)}")
    elif upper is not None:
        details.append(f"at most {spoken(upper, limit)}")
    if n is not None:
        details.append(f"n = {n}")
    shown = spoken(str(value), limit)
    return f"{shown} ({', '.join(details)})" if details else shown


def _compare(limit: Limit, measurement: Mapping[str, Any]) -> tuple[Outcome, str]:
    """Compare low and high end (the same number where only one is bound): surely met, surely missed, or neither."""
    low_part, high_part = ("lower", "upper") if limit.bound is Bound.INTERVAL else (str(limit.bound),) * 2
    low, high = Decimal(measurement[low_part]), Decimal(measurement[high_part])
    least = None if limit.least is None else Decimal(limit.least)
    most = None if limit.most is None else Decimal(limit.most)
    if (least is not None and high < least) or (most is not None and low > most):
        return (Outcome.WARN if limit.severity is Severity.WARN else Outcome.FAIL), "misses"
    if (least is not None and low < least) or (most is not None and high > most):
        return Outcome.INDETERMINATE, "straddles"
    return Outcome.PASS, "meets"
