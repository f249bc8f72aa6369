"""Free text without what names people: the analyser's findings, and what other columns of the same row tell."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from privacy.scan.cells import as_text
from privacy.scan.engine import Engine, Hit
from privacy.scan.entities import Kind, entity
from privacy.scan.shapes import REDACTED

ROUNDS = 3
SHORTEST_PART = 3


def redacted_texts(
    values: Sequence[str | None],
    known: Sequence[tuple[str, Sequence[Any]]],
    *,
    engine: Engine,
    threshold: float,
    context: Sequence[str] = (),
) -> list[str | None]:
    """Return each text with personal data as "<ENTITY>".

    ``known`` holds (entity, column): the value that such a column has in the row is removed from its text too.

    A text that cannot be analysed in full, or still holds findings after some rounds, becomes "<REDACTED>" whole.
    """
    analyse = cache(lambda text: _found(text, engine, threshold, context))
    made: list[str | None] = []
    for row, text in enumerate(values):
        if text is None:
            made.append(None)
            continue
        told = [(label, as_text(column[row]).strip()) for label, column in known if column[row] is not None]
        made.append(_redacted(text, told, analyse))
    return made


def _redacted(text: str, told: Sequence[tuple[str, str]], analyse: Any) -> str:
    for _round in range(ROUNDS):
        hits = analyse(text)
        if hits is None:
            return REDACTED
        hits = [*hits, *_known(text, told)]
        if not hits:
            return text
        text = _replaced(text, hits)
    return REDACTED


def _found(text: str, engine: Engine, threshold: float, context: Sequence[str]) -> list[Hit] | None:
    analysis = engine.analyze(text, context, threshold)
    if analysis.problem:
        return None
    return [hit for hit in analysis.hits if entity(hit.entity).kind is not Kind.NEUTRAL]


def _known(text: str, told: Sequence[tuple[str, str]]) -> list[Hit]:
    """Find the values of the row's other columns in its text: whole in any case, the words of a name as written."""
    wanted = {(label, value, re.IGNORECASE) for label, value in told if len(value) >= SHORTEST_PART}
    for label, value in told:
        if label == "PERSON":
            wanted |= {(label, word, re.NOFLAG) for word in re.findall(r"[^\W\d_]{3,}", value)}
    return [
        Hit(match.start(), match.end(), label, 1.0)
        for label, part, flags in sorted(wanted)
        for match in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text, flags)
        if not _inside_placeholder(text, match)
    ]


def _inside_placeholder(text: str, match: re.Match[str]) -> bool:
    return text[: match.start()].endswith("<") and text[match.end() :].startswith(">")


def _replaced(text: str, hits: Sequence[Hit]) -> str:
    """Replace findings through Presidio's anonymiser, which resolves overlaps."""
    from presidio_anonymizer.entities import RecognizerResult

    results = [RecognizerResult(hit.entity, hit.start, hit.end, hit.score) for hit in sorted(hits)]
    return str(_anonymizer().anonymize(text, results).text)


@cache
def _anonymizer() -> Any:
    from presidio_anonymizer import AnonymizerEngine

    return AnonymizerEngine()
