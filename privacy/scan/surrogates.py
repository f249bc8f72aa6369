"""Surrogates: values of the same form as the real ones that are nobody's, where there is a range that is nobody's.

A card keeps its length and separators, passes the Luhn check and begins with 9999, where no card scheme issues; a US
social security number begins with 000, which is never given out. Any other value keeps its form, letter for letter
and digit for digit, and may by chance be somebody's. The same value has the same surrogate, but two values may share
one: a pseudonym joins, a surrogate fits where a form is checked.
"""

from collections.abc import Callable, Sequence

from privacy.scan.keyed import ProjectKey

_NOBODYS_CARD, _NOBODYS_AREA = (9, 9, 9, 9), (0, 0, 0)
_SHORTEST_CARD, _SSN = 12, 9
_TEN = 10
_CAPITALS, _SMALL = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def surrogate(entity: str, value: str, key: ProjectKey) -> str:
    """Return the surrogate of a value under a project's key."""
    drawn = iter(key.digits(entity, value, len(value)))
    places = [index for index, one in enumerate(value) if one.isdigit()]
    made = [_like(one, next(drawn)) if one.isalnum() else one for one in value]
    numbers = _FORMS.get(entity, list)([int(made[place]) for place in places])
    for place, digit in zip(places, numbers, strict=True):
        made[place] = str(digit)
    if entity not in _FORMS and places and value[places[0]] != "0" and made[places[0]] == "0":
        made[places[0]] = "1"  # a whole number keeps its length
    return "".join(made)


def _like(one: str, number: int) -> str:
    if one.isdigit():
        return str(number % _TEN)
    letters = _CAPITALS if one.isupper() else _SMALL
    return letters[number % len(letters)]


def _card(digits: Sequence[int]) -> list[int]:
    if len(digits) < _SHORTEST_CARD:
        return list(digits)
    payload = [*_NOBODYS_CARD, *digits[len(_NOBODYS_CARD) : -1]]
    return [*payload, luhn_check(payload)]


def _ssn(digits: Sequence[int]) -> list[int]:
    return [*_NOBODYS_AREA, *digits[len(_NOBODYS_AREA) :]] if len(digits) == _SSN else list(digits)


_FORMS: dict[str, Callable[[Sequence[int]], list[int]]] = {"CREDIT_CARD": _card, "US_SSN": _ssn}


def luhn_check(payload: Sequence[int]) -> int:
    """Return the check digit of a number without one (ISO/IEC 7812-1, annex B)."""
    total = 0
    for index, digit in enumerate(reversed(payload)):
        doubled = digit * 2 if index % 2 == 0 else digit
        total += doubled - 9 if doubled >= _TEN else doubled
    return -total % _TEN
