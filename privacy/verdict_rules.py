"""What persons' words make of the verdicts of a scan: report + words + now → report. Pure, so that it can be replayed.

A word that confirms or raises counts from when it was given. One that lowers is a waiver: it counts from when a second
person granted it until its end, on exactly the data that it was given on, and while nothing is found in the column but
what was known then. The later word wins, but raising never lowers and lowering never raises.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from privacy.scan.columns import CLEAN, CONTAINS, IS

CONFIRM, RAISE, LOWER = "confirm", "raise", "lower"
LEVELS = {CLEAN: 0, CONTAINS: 1, IS: 2}


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word on one column of the data of a digest. ``since`` is when it began to count, None: not yet."""

    id: str
    dataset: str
    column: str
    action: str
    verdict: str
    label: str
    entities: frozenset[str]
    since: datetime | None
    until: datetime | None = None


def with_words(report: Mapping[str, Any], words: Sequence[Word], now: datetime) -> dict[str, Any]:
    """Return the report with the verdicts that count; the same report where no word counts.

    A column that a word speaks of gets ``found`` (verdict and label of the scan) and ``words`` (the ids of those that
    count). ``valid_until`` is the first end of a lowering that counts, as text with offset.
    """
    counting = [one for one in words if why_not(one, report, now) == ""]
    columns = [_column(one, [word for word in counting if word.column == one["name"]]) for one in report["columns"]]
    made = {**report, "columns": columns}
    ends = [word.until for word in counting if word.action == LOWER and word.until]
    return {**made, "valid_until": min(ends).isoformat()} if ends else made


def why_not(word: Word, report: Mapping[str, Any], now: datetime) -> str:
    """Say why a word does not count on a report now, or nothing."""
    if word.dataset != report["dataset"]:
        return "it was given on other data"
    if word.since is None or word.since > now:
        return "no second person has granted it"
    column = next((one for one in report["columns"] if one["name"] == word.column), None)
    if column is None:
        return "the data has no such column"
    if word.action != LOWER:
        return ""
    if word.until is None or word.until <= now:
        return "it has ended"
    more = sorted(set(column["entities"]) - word.entities)
    return f"{', '.join(more)} was found since, which it does not speak of" if more else ""


def _column(column: Mapping[str, Any], words: Sequence[Word]) -> dict[str, Any]:
    if not words:
        return dict(column)
    verdict, label = column["verdict"], column["label"]
    ordered = sorted(words, key=lambda one: (one.since, one.id))
    for word in ordered:
        if word.action == RAISE and LEVELS[word.verdict] >= LEVELS[verdict]:
            verdict, label = word.verdict, word.label
        if word.action == LOWER and LEVELS[word.verdict] <= LEVELS[verdict]:
            verdict = word.verdict
            label = label if verdict != CLEAN else ""
    return {
        **column,
        "verdict": verdict,
        "label": label,
        "found": {"verdict": column["verdict"], "label": column["label"]},
        "words": [word.id for word in ordered],
    }
