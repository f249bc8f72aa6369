"""Several columns analysed at once: those whose names say the same and whose texts are alike share their masks.

Compiling the masks and filling their automata takes as long as a few megabytes of text, and is done once for each
such group instead of once for each column.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any

from privacy.scan.batch import Batch, analyze_batch
from privacy.scan.needs import NUMERALS, present

LARGEST = 64_000_000  # bytes: a larger column is a group of its own
LARGE = 250_000  # bytes: a column from this size on without digits is not looked at with those that have some
_LETTERS = sum(1 << point for point in range(128) if chr(point).isalpha())


def analyze_columns(
    engine: Any,
    columns: Mapping[str, Any],
    contexts: Mapping[str, Sequence[str]],
    threshold: float | None = None,
    *,
    deadline: float = float("inf"),
    report: Callable[[str], None] = lambda _name: None,
) -> dict[str, Batch]:
    """Return the findings in Arrow arrays of texts (all of one type, no NULLs) by the names of their columns.

    ``contexts`` holds the context words that each column's name gives. ``report`` is called with a name now and then,
    and may raise. When the time of a group ran out, each of its columns says so.
    """
    import pyarrow as pa

    found: dict[str, Batch] = {}
    characters = {name: present(texts) for name, texts in columns.items()}
    for names in _groups(engine, columns, contexts, characters):
        texts = pa.concat_arrays([columns[name] for name in names])

        def reported(name: str = names[0]) -> None:
            report(name)

        whole = analyze_batch(
            engine,
            texts,
            contexts[names[0]],
            threshold,
            characters=reduce(or_, (characters[name] for name in names)),
            deadline=deadline,
            report=reported,
        )
        found.update(_parted(whole, {name: len(columns[name]) for name in names}))
        for name in names:
            found[name].characters = characters[name]
    return found


def _groups(
    engine: Any, columns: Mapping[str, Any], contexts: Mapping[str, Sequence[str]], characters: Mapping[str, int]
) -> Iterable[list[str]]:
    """Return the names of the columns by what their names mean for the recognisers and what their texts are like."""
    groups: dict[Any, list[str]] = {}
    sizes: dict[Any, int] = {}
    for name, texts in columns.items():
        without = not characters[name] & NUMERALS and texts.nbytes >= LARGE
        key: Any = (engine.named(contexts[name]), bool(characters[name] & _LETTERS), without)
        sizes[key] = sizes.get(key, 0) + texts.nbytes
        groups.setdefault(key if sizes[key] <= LARGEST else name, []).append(name)
    return groups.values()


def _parted(whole: Batch, lengths: Mapping[str, int]) -> dict[str, Batch]:
    """Give each column its own findings, by the places in it."""
    parts, ends = {name: Batch(problem=whole.problem) for name in lengths}, []
    begin = 0
    for name, length in lengths.items():
        ends.append((begin + length, begin, name))
        begin += length
    column = iter(ends)
    end, begin, name = next(column)
    for place in sorted(whole.analyses):
        while place >= end:
            end, begin, name = next(column)
        parts[name].analyses[place - begin] = whole.analyses[place]
    return parts
