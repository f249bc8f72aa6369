"""The items of an evaluation as rows to read, by check, worst first, with what must be acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance.rules.limits import Limit, read_limit
from governance.rules.reading import PolicyError, is_decimal_text
from governance.rules.states import Outcome
from governance.web.chart import NumberLine, number_line
from governance.web.numbers import reworded, shown
from governance.web.wording import Badge, badge, title_of

WORST_FIRST = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.AGED,
    Outcome.INSUFFICIENT_DATA,
    Outcome.INDETERMINATE,
    Outcome.WARN,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
)
_RANK = {str(outcome): rank for rank, outcome in enumerate(WORST_FIRST)}
_SIDES = {"value": "", "lower": "lower end ", "upper": "upper end ", "interval": "whole interval "}
PLAIN_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Row:
    """One item: what was measured, how it stands to its limit, and why."""

    anchor: str
    key: str
    metric: str
    group: str
    value: str
    exact: str
    interval: str
    exact_interval: str
    n: int | None
    limit: str
    outcome: Badge
    reason: str
    waived: bool
    acknowledge: bool
    line: NumberLine | None


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one check, and how many of them do not pass."""

    check: str
    title: str
    rows: tuple[Row, ...]
    open: int


def _limit_of(item: Mapping[str, Any]) -> Limit | None:
    try:
        return read_limit(item["limit"], item["key"])
    except PolicyError:
        return None


def _limit_words(item: Mapping[str, Any], limit: Limit | None) -> str:
    if limit is None:
        return str(item["limit"].get("required", "")) or "not readable"
    signs = [f"{sign} {end}" for sign, end in (("≥", limit.least), ("≤", limit.most)) if end is not None]
    rows = f", n ≥ {limit.n_at_least}" if limit.n_at_least else ""
    return _SIDES[str(limit.bound)] + " and ".join(signs) + rows


def _shown(text: str | None, limit: Limit | None) -> str:
    """Return a number as pages show it beside its limit; other text (a requirement) as it is."""
    if text is None:
        return ""
    if limit is None or not is_decimal_text(text):
        return text[:PLAIN_DIGITS]
    return shown(text, beside=[Decimal(end) for end in (limit.least, limit.most) if end is not None])


def row_of(item: Mapping[str, Any], number: int, acknowledge: frozenset[str]) -> Row:
    """Return one item as a row."""
    limit = _limit_of(item)
    lower, upper = _shown(item["lower"], limit), _shown(item["upper"], limit)
    return Row(
        anchor=f"item-{number}",
        key=item["key"],
        metric=item["metric"].partition(".")[2].replace("_", " "),
        group=item["group"] or "all rows",
        value=_shown(item["value"], limit),
        exact=item["value"] or "",
        interval=f"{lower} to {upper}" if lower and upper else "",
        exact_interval=f"{item['lower']} to {item['upper']}" if lower and upper else "",
        n=item["n"],
        limit=_limit_words(item, limit),
        outcome=badge(item["outcome"]),
        reason=reworded(item["reason"]),
        waived=bool(item["waiver"]),
        acknowledge=item["key"] in acknowledge,
        line=number_line(item),
    )


def sections_of(document: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return the items of an evaluation by check; within a check and among the checks the worst come first."""
    acknowledge = frozenset(document["acknowledge"])
    rows: dict[str, list[Row]] = {}
    for number, item in enumerate(document["items"], start=1):
        rows.setdefault(item["check"], []).append(row_of(item, number, acknowledge))
    sections = []
    for check, found in rows.items():
        found.sort(key=_worst_first)
        not_passed = sum(row.outcome.code not in {Outcome.PASS, Outcome.NOT_APPLICABLE} for row in found)
        sections.append(Section(check, title_of(check), tuple(found), not_passed))
    return tuple(sorted(sections, key=lambda one: (_worst_first(one.rows[0])[0], one.check)))


def _worst_first(row: Row) -> tuple[int, str]:
    return (_RANK.get(row.outcome.code, -1), row.key)
