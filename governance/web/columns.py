"""The columns of a scanned dataset as they are shown: verdict, entities, a bar of shares, masked examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.web.wording import Badge
from privacy.scan.columns import CLEAN
from privacy.scan.entities import ENTITIES, is_direct

WIDTH = 160.0
WORDS = {"IS": "Personal data", "CONTAINS": "Contains personal data", "CLEAN": "Clean"}


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the bar: the share of the cells with one entity; ``kind`` is direct or indirect."""

    words: str
    kind: str
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a column: in how many cells, of how many different values, with how high a score."""

    name: str
    kind: str
    cells: int
    distinct: int
    validated: int
    score: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the page."""

    name: str
    anchor: str
    declared: str
    type: str
    verdict: Badge
    label: str
    found: str
    cells: int
    entities: tuple[Entity, ...]
    bars: tuple[Part, ...]
    bar_words: str
    previews: tuple[str, ...]
    rule: str
    highlights: tuple[Any, ...]


def columns_of(report: Mapping[str, Any]) -> list[Column]:
    """Return the columns of a report, those with personal data first, each part in the order of the data."""
    made = [_column(index, one) for index, one in enumerate(report["columns"])]
    return sorted(made, key=lambda one: one.verdict.code == CLEAN)


def verdict_badge(verdict: str, *, direct: bool) -> Badge:
    """Return how a verdict is shown."""
    tone = "good" if verdict == CLEAN else "bad" if direct else "warn"
    return Badge(verdict, WORDS.get(verdict, verdict), tone)


def entity_names() -> list[str]:
    """Return the entities that a person may name."""
    return sorted(ENTITIES)


def _column(index: int, one: Mapping[str, Any]) -> Column:
    entities = tuple(
        Entity(name, _kind(name), tally["cells"], tally["distinct"], tally["validated"], tally["score"])
        for name, tally in sorted(one["entities"].items(), key=lambda item: (-item[1]["cells"], item[0]))
    )
    labels = [*(entity.name for entity in entities), *filter(None, [one["label"]])]
    bars = _bars(entities, one["cells"])
    return Column(
        name=one["name"],
        anchor=f"column-{index}",
        declared=one["declared"],
        type=one["type"],
        verdict=verdict_badge(one["verdict"], direct=any(map(is_direct, labels))),
        label=one["label"],
        found=WORDS[one["found"]["verdict"]] if "found" in one else "",
        cells=one["cells"],
        entities=entities,
        bars=bars,
        bar_words=", ".join(part.words for part in bars) or "nothing found",
        previews=tuple(one["previews"]),
        rule=one["rule"],
        highlights=tuple(one.get("highlights", ())),
    )


def _kind(name: str) -> str:
    return "direct" if is_direct(name) else "indirect"


def _bars(entities: Sequence[Entity], cells: int) -> tuple[Part, ...]:
    """Return the share of each entity side by side; several in one cell may fill more than the bar, which ends."""
    parts, at = [], 0.0
    for one in entities:
        share = one.cells / cells if cells else 0.0
        width = min(max(share * WIDTH, 2.0), WIDTH - at)
        if width > 0:
            parts.append(Part(f"{one.name} in {share:.1%} of the cells", one.kind, round(at, 1), round(width, 1)))
        at += width
    return tuple(parts)
