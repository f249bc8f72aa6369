"""A few texts of a column with what was found in them, masked: every other letter and digit becomes a dot."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from privacy.scan.batch import analyze_batch
from privacy.scan.cells import distinct_texts
from privacy.scan.engine import THRESHOLD, Engine
from privacy.scan.entities import name_tokens
from privacy.scan.hits import Hit
from privacy.scan.shapes import masked

TEXTS = 3
LOOKED_AT = 300
LONGEST = 160
_WORD = re.compile(r"\w")


def highlights(column: Any, name: str, entities: Mapping[str, Any], engine: Engine) -> list[list[dict[str, str]]]:
    """Return up to three texts of an Arrow column as pieces {"text", "entity"}; "" is the entity of what is between.

    Only what counted in the verdict (``entities``) is shown as a finding.
    """
    import pyarrow as pa

    short = [text for text, _cells in islice(distinct_texts(column), LOOKED_AT) if len(text) <= 10 * LONGEST]
    batch = analyze_batch(engine, pa.array(short, pa.string()), engine.context(name_tokens(name)), THRESHOLD)
    found: list[list[dict[str, str]]] = []
    for index, text in enumerate(short):
        hits = [hit for hit in batch.analyses[index].hits if hit.entity in entities] if index in batch.analyses else []
        if hits and len(found) < TEXTS:
            found.append(pieces(text, hits))
    return found


def pieces(text: str, hits: Sequence[Hit]) -> list[dict[str, str]]:
    """Return a text in pieces; where findings overlap the first and longest is shown."""
    made, at = [], 0
    for hit in sorted(hits, key=lambda one: (one.start, -one.end)):
        if hit.start < at:
            continue
        if at > LONGEST:
            break
        made += [{"text": hidden(text[at : hit.start]), "entity": ""}] if hit.start > at else []
        made.append({"text": masked(hit.entity, text[hit.start : hit.end]), "entity": hit.entity})
        at = hit.end
    rest = hidden(text[at:])
    return [*made, {"text": rest, "entity": ""}] if rest else made


def hidden(text: str) -> str:
    """Return the form of a text without its letters and digits, shortened in its middle."""
    form = _WORD.sub("·", text)
    return form if len(form) <= LONGEST else f"{form[: LONGEST // 2]} … {form[-LONGEST // 2 :]}"
