"""The values of a column in which nothing was found, counted all at once: only codes and numbers among them matter."""

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


def count(part: ColumnPart, texts: Any, cells: Any, key: bytes, characters: int = EVERY) -> None:
    """Count what ``part.gather`` would, of an Arrow array of texts and a numpy array of the cells of each.

    ``characters`` are those that may stand in the texts, as a class of ``needs``.
    """
    import pyarrow.compute as pc

    if named_entity(name_tokens(part.name)):
        part.gather(_values(texts, cells), key)
        return
    if characters & BEYOND:
        plain = pc.string_is_ascii(texts).to_numpy(zero_copy_only=False)
        part.gather(_values(texts.filter(~plain), cells[~plain]), key)
        texts, cells = texts.filter(plain), cells[plain]
    _see_several(part, texts, key)
    if not characters & NUMERALS:
        return
    numbers = pc.match_substring_regex(texts, "[0-9]").to_numpy(zero_copy_only=False)
    if not numbers.any():
        return
    texts, cells = (texts, cells) if numbers.all() else (texts.filter(numbers), cells[numbers])
    codes = pc.match_substring_regex(texts, _CODE).to_numpy(zero_copy_only=False)
    lengths = pc.count_substring_regex(texts, "[0-9A-Za-z]").to_numpy()
    for length in sorted(set(lengths[codes].tolist())):
        part.codes[length] += int(cells[codes & (lengths == length)].sum())


def _values(texts: Any, cells: Any) -> list[Value]:
    return [Value(text, number) for text, number in zip(texts.to_pylist(), cells.tolist(), strict=True)]


def _see_several(part: ColumnPart, texts: Any, key: bytes) -> None:
    """Note the first values that differ: whether there are several is all that is asked."""
    for text in texts:
        if len(part.different) >= _SEVERAL:
            return
        if (value := text.as_py()).strip():
            part.different.add(hashed(value, key))
