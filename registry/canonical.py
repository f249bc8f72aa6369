"""Canonical bytes (RFC 8785) and digests, over the restricted domain that every record here keeps to."""

import hashlib
import json
from decimal import Decimal
from typing import Any

LARGEST_INTEGER = 2**53 - 1
SIGNIFICANT_DIGITS = 12
SURELY_SMALL = 15
TOO_DEEP = "the value is nested too deeply to be read"


class CanonicalError(ValueError):
    """A value outside the restricted domain: it names the place and what is wrong there."""

    code = "not_canonical"


def _refuse(place: str, problem: str) -> CanonicalError:
    return CanonicalError(f"{place or '$'}: {problem}")


def _check_text(text: str, place: str) -> None:
    if "\x00" in text:
        raise _refuse(place, "text holds a NUL character")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise _refuse(place, "text holds a lone surrogate")


def _check(value: Any, place: str) -> None:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        _check_text(value, place)
    elif isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise _refuse(place, f"an integer of {value.bit_length()} bits is beyond 2^53-1; write it as a string")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{place}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise _refuse(place, f"key {key!r} is not ASCII text")
            _check_text(key, place)
            _check(item, f"{place}.{key}")
    else:
        name = type(value).__name__
        hint = "; write a number as a decimal string" if isinstance(value, float) else ""
        raise _refuse(place, f"a {name} has no canonical form{hint}")


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value: ASCII keys, no floats, integers up to 2^53-1.

    Raises CanonicalError naming the place of the first value outside that domain.
    """
    try:
        _check(value, "")
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise CanonicalError(TOO_DEEP) from error
    return text.encode()


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise CanonicalError(f"duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return found


class _DoubtError(ValueError):
    """The quick way cannot tell whether a text is canonical: the careful one has to."""


def _doubtful(text: str) -> Any:
    raise _DoubtError(text)


def _small_integer(text: str) -> int:
    return int(text) if len(text) <= SURELY_SMALL and text != "-0" else _doubtful(text)


def _ordered(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    keys = list(found)
    return found if len(keys) == len(pairs) and keys == sorted(keys) else _doubtful(str(keys))


_DECODER = json.JSONDecoder(
    object_pairs_hook=_ordered, parse_float=_doubtful, parse_int=_small_integer, parse_constant=_doubtful
)


def _read_quickly(text: str) -> Any:
    """Return the value of a text that is beyond doubt canonical; raises ValueError or RecursionError for all others.

    ASCII without a backslash or a control character can write its strings and keys in one way only; what is left to
    look at is the order of the keys, the integers, and spaces between the strings.
    """
    if not text.isascii() or "\\" in text or "\n" in text or "\r" in text or "\t" in text:
        return _doubtful(text)
    if " " in text and " " in "".join(text.split('"')[::2]):
        return _doubtful(text)
    value, end = _DECODER.raw_decode(text)
    return value if end == len(text) else _doubtful(text)


def parse(data: bytes | str) -> Any:
    """Read canonical JSON back; raises CanonicalError unless the bytes are exactly the canonical form."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise CanonicalError(f"not UTF-8 text: {error.reason} at byte {error.start}") from error
    try:
        return _read_quickly(text)
    except (ValueError, RecursionError):
        return _read_carefully(text)


def _read_carefully(text: str) -> Any:
    """Read any text as ``parse`` does, and name the place of what is wrong with it."""
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates)
    except CanonicalError:
        raise
    except ValueError as error:  # also an integer of more digits than Python reads
        raise CanonicalError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise CanonicalError(TOO_DEEP) from error
    if canonical(value) != text.encode():
        raise CanonicalError("the bytes are JSON, but not in canonical form")
    return value


def decimal_string(value: float | Decimal) -> str:
    """Return a finite number as plain decimal text with at most 12 significant digits ("0.031", never "3.1e-2").

    Raises CanonicalError for NaN and infinities: a measurement that does not exist is absent, not a number.
    """
    number = Decimal(str(value)) if isinstance(value, Decimal) else Decimal(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if not number.is_finite():
        raise CanonicalError(f"{value} is not a finite number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
