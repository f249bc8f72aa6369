"""The values of a column in which nothing was found, counted all at once: only codes and numbers among them matter."""

from collections.abc import Iterable
from typing import Any

from privacy.scan.characters import BEYOND
from privacy.scan.column_names import named_entity
from privacy.scan.distinct import hashed
from privacy.scan.entities import name_tokens
from privacy.scan.groups import ColumnPart, Value
from privacy.scan.needs import EVERY, NUMERALS

_SPACE = r"\t-\r\x1c-\x20"  # what ``str.strip`` and \s take for space in ASCII
_CODE = rf"^[{_SPACE}]*(?:[^{_SPACE}]+|[0-9{_SPACE}().+\-/,]*)[{_SPACE}]*$"
_SEVERAL = 2


def count(part: ColumnPart, texts: Any, cells: Any, among: Any, *, key: bytes, characters: int = EVERY) -> None:
    """Count what ``part.gather`` would, of an Arrow array of texts and a numpy array of the cells of each.

    Of these the ones for which the numpy array ``among`` is true are counted. ``characters`` are those that may stand
    in the texts, as a class of ``needs``.
    """
    import pyarrow.compute as pc

    if not (named_entity(name_tokens(part.name)) or characters & (NUMERALS | BEYOND)):
        _see_several(part, (texts[place] for place in among.nonzero()[0].tolist()), key)
        return
    if not among.all():
        texts, cells = texts.filter(among), cells[among]
    if named_entity(name_tokens(part.name)):
        part.gather(_values(texts, cells), key)
        return
    if characters & BEYOND:
        plain = pc.string_is_ascii(texts).to_numpy(zero_copy_only=False)
        part.gather(_values(texts.filter(~plain), cells[~plain]), key)
        texts, cells = texts.filter(plain), cells[plain]
    _see_several(part, texts, key)
    numbers = pc.match_substring_regex(texts, "[0-9]").to_numpy(zero_copy_only=False)
    if not numbers.any():
        return
    texts, cells = (texts, cells) if numbers.all() else (texts.filter(numbers), cells[numbers])
    codes = pc.match_substring_regex(texts, _CODE).to_numpy(zero_copy_only=False)
    if codes.any():
        _count_codes(part, texts.filter(codes), cells[codes])


def _count_codes(part: ColumnPart, texts: Any, cells: Any) -> None:
    """Count the cells of codes of ASCII by how many letters and digits they have."""
    import numpy as np

    _valid, ends, data = texts.cast("large_string").buffers()
    counted = np.zeros(256, bool)
    counted[[point for point in range(128) if chr(point).isalnum()]] = True
    before = np.concatenate([[0], np.cumsum(counted[np.frombuffer(data, np.uint8)])])
    lengths = np.diff(before[np.frombuffer(ends, np.int64)[: len(texts) + 1]])
    for length in np.unique(lengths).tolist():
        part.codes[length] += int(cells[lengths == length].sum())


def _values(texts: Any, cells: Any) -> list[Value]:
    return [Value(text, number) for text, number in zip(texts.to_pylist(), cells.tolist(), strict=True)]


def _see_several(part: ColumnPart, texts: Iterable[Any], key: bytes) -> None:
    """Note the first values that differ: whether there are several is all that is asked."""
    for text in texts:
        if len(part.different) >= _SEVERAL:
            return
        if (value := text.as_py()).strip():
            part.different.add(hashed(value, key))
