"""The columns of a scanned dataset as they are shown: verdict, entities, distribution, masked examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.web.wording import Badge
from privacy.scan.columns import CLEAN
from privacy.scan.entities import ENTITIES, is_direct

WIDTH, HEIGHT, STEP = 60.0, 18.0, 6.0
_DRAWN = {"numbers": "Histogram of the numbers", "frequencies": "How often the commonest values occur"}
WORDS = {"IS": "Personal data", "CONTAINS": "Contains personal data", "CLEAN": "Clean"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One height of the drawing of a distribution, from the bottom."""

    left: float
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity of a column: in how many cells, of how many different values, with how high a score.

    ``kind`` is direct or indirect; ``width`` is that of the bar which stands for its share of the cells.
    """

    name: str
    kind: str
    share: str
    width: float
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
    bars: tuple[Bar, ...]
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
        _entity(name, tally, one["cells"])
        for name, tally in sorted(one["entities"].items(), key=lambda item: (-item[1]["cells"], item[0]))
    )
    labels = [*(entity.name for entity in entities), *filter(None, [one["label"]])]
    spread = one.get("distribution", {})
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
        bars=_bars(spread.get("shares", ())),
        bar_words=_words(spread),
        previews=tuple(one["previews"]),
        rule=one["rule"] if entities or one["dismissed"] or one["verdict"] != CLEAN else "",
        highlights=tuple(one.get("highlights", ())),
    )


def _entity(name: str, tally: Mapping[str, Any], cells: int) -> Entity:
    share = tally["cells"] / cells if cells else 0.0
    return Entity(
        name=name,
        kind="direct" if is_direct(name) else "indirect",
        share=f"{share:.1%}",
        width=round(max(share * WIDTH, 1.0), 1),
        cells=tally["cells"],
        distinct=tally["distinct"],
        validated=tally["validated"],
        score=tally["score"],
    )


def _bars(shares: Sequence[str]) -> tuple[Bar, ...]:
    """Return the heights side by side, the largest as high as the drawing."""
    heights = [float(share) for share in shares]
    most = max(heights, default=0.0)
    if not most:
        return ()
    drawn = [round(HEIGHT * height / most, 1) for height in heights]
    return tuple(Bar(STEP * place, round(HEIGHT - height, 1), height) for place, height in enumerate(drawn))


def _words(spread: Mapping[str, Any]) -> str:
    """Say what is drawn."""
    if spread.get("kind") not in _DRAWN:
        return ""
    empty = float(spread["null"])
    nulls = f", {empty:.1%} empty" if empty else ""
    return f"{_DRAWN[spread['kind']]}: {spread['different']} different in the first {spread['rows']} rows{nulls}"
