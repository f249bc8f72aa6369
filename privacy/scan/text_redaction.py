"""Free text without what names people: the analyser's findings, and what other columns of the same row tell."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from privacy.scan.batch import analyze_batch
from privacy.scan.cells import as_text
from privacy.scan.engine import Engine, Hit
from privacy.scan.entities import Kind, entity
from privacy.scan.shapes import REDACTED
from privacy.scan.spans import Redacted, Treat, replaced, resolved, treated

ROUNDS = 3
SHORTEST_PART = 3
_NAME_WORD = re.compile(r"[^\W\d_]{3,}")
Told = Sequence[tuple[str, str]]


def placeholder(label: str, _words: str) -> str:
    """Return "<ENTITY>"."""
    return f"<{label}>"


def redacted_texts(
    values: Sequence[str | None],
    known: Sequence[tuple[str, Sequence[Any]]],
    *,
    engine: Engine,
    threshold: float,
    context: Sequence[str] = (),
    treat: Treat = placeholder,
    wanted: Collection[str] = (),
    report: Callable[[], None] = lambda: None,
) -> list[Redacted | None]:
    """Return each text with what was found in it treated, "<ENTITY>" by default; NULL stays NULL.

    ``known`` holds (entity, column): the value that such a column has in the row is treated in its text too. Findings
    that are only recorded (times, addresses of pages) are left unless ``wanted`` names their entity. A text that
    cannot be analysed in full, or still holds findings after some rounds, becomes "<REDACTED>" whole. ``report`` is
    called now and then, and may raise.
    """
    made = [None if text is None else Redacted(text) for text in values]
    open_rows = [row for row, one in enumerate(made) if one is not None]
    for _round in range(ROUNDS):
        texts = {made[row].text for row in open_rows}  # type: ignore[union-attr]
        found = _analysed(texts, engine, threshold, context, wanted, report=report)
        left = []
        for row in open_rows:
            before = made[row]
            assert before is not None  # noqa: S101 - rows of NULL are never open
            hits = found[before.text]
            if hits is None:
                made[row] = Redacted(REDACTED)
                continue
            told = [(label, as_text(column[row]).strip()) for label, column in known if column[row] is not None]
            new = _new([*hits, *_known(before.text, told)], before)
            if new:
                first = not before.entities
                after = treated(before.text, sorted(new), treat) if first else replaced(before, resolved(new), treat)
                made[row] = after
                left.append(row)
        open_rows = left
    for row in open_rows:
        made[row] = Redacted(REDACTED)
    return made


def _new(hits: Sequence[Hit], before: Redacted) -> list[Hit]:
    """Return the findings that are not within what was put in before."""
    put_in = before.put_in
    return [one for one in hits if not any(put.start <= one.start and one.end <= put.end for put in put_in)]


def _analysed(
    texts: Collection[str],
    engine: Engine,
    threshold: float,
    context: Sequence[str],
    wanted: Collection[str],
    *,
    report: Callable[[], None],
) -> dict[str, list[Hit] | None]:
    """Return the findings that count in each text, None where it was not analysed in full."""
    import pyarrow as pa

    ordered = sorted(texts)
    batch = analyze_batch(engine, pa.array(ordered, pa.string()), context, threshold, report=report)
    made: dict[str, list[Hit] | None] = {}
    for index, text in enumerate(ordered):
        analysis = batch.analyses.get(index)
        if batch.problem or (analysis and analysis.problem):
            made[text] = None
        else:
            made[text] = [one for one in (analysis.hits if analysis else ()) if _counts(one.entity, wanted)]
    return made


def _counts(label: str, wanted: Collection[str]) -> bool:
    return label in wanted or entity(label).kind is not Kind.NEUTRAL


def _known(text: str, told: Told) -> list[Hit]:
    """Find the values of the row's other columns in its text: whole in any case, the words of a name as written."""
    wanted = {(label, value, False) for label, value in told if len(value) >= SHORTEST_PART}
    for label, value in told:
        if label == "PERSON":
            wanted |= {(label, word, True) for word in _NAME_WORD.findall(value)}
    plain = text.lower() if text.isascii() else ""
    return [
        Hit(start, end, label, 1.0)
        for label, part, as_written in sorted(wanted)
        for start, end in (
            _whole(text, part)
            if as_written
            else _whole(plain, part.lower())
            if plain and part.isascii()
            else _in_any_case(text, part)
        )
    ]


def _whole(text: str, part: str) -> Iterator[tuple[int, int]]:
    """Yield where a part stands in a text between other characters than those of words: no pattern is compiled."""
    at = text.find(part)
    while at >= 0:
        end = at + len(part)
        inside = (at and _is_of_word(text[at - 1])) or (end < len(text) and _is_of_word(text[end]))
        if not inside:
            yield at, end
        at = text.find(part, at + 1 if inside else end)


def _is_of_word(one: str) -> bool:
    return one == "_" or one.isalnum()


def _in_any_case(text: str, part: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text, re.IGNORECASE))
