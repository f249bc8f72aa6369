"""Read what a policy set for a check: unknown names, wrong types and values out of range are refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from registry.checks import ParameterError


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two limits."""

    default: int
    low: int
    high: int

    def read(self, place: str, value: Any) -> int:
        """Return the number; raises ParameterError."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise ParameterError(f"{place} must be a whole number, not {value!r}.")
        if not self.low <= value <= self.high:
            raise ParameterError(f"{place} is {value}; it must lie between {self.low} and {self.high}.")
        return value


@dataclass(frozen=True, slots=True)
class Share:
    """A decimal string between 0 and 1."""

    default: str

    def read(self, place: str, value: Any) -> float:
        """Return the number; raises ParameterError."""
        try:
            number = Decimal(value) if isinstance(value, str) else None
        except InvalidOperation:
            number = None
        if number is None or not number.is_finite() or not 0 <= number <= 1:
            raise ParameterError(f'{place} must be a decimal string between "0" and "1", not {value!r}.')
        return float(number)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    default: bool

    def read(self, place: str, value: Any) -> bool:
        """Return the flag; raises ParameterError."""
        if not isinstance(value, bool):
            raise ParameterError(f"{place} must be true or false, not {value!r}.")
        return value


@dataclass(frozen=True, slots=True)
class Names:
    """A list of names without repeats; empty means what the dataset's schema declares."""

    default: tuple[str, ...] = ()

    def read(self, place: str, value: Any) -> tuple[str, ...]:
        """Return the names; raises ParameterError."""
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise ParameterError(f"{place} must be a list of names, not {value!r}.")
        if len(set(value)) != len(value):
            raise ParameterError(f"{place} names something twice: {', '.join(value)}.")
        return tuple(value)


Kind = Whole | Share | Flag | Names


def read_parameters(check: str, given: Mapping[str, Any], known: Mapping[str, Kind]) -> dict[str, Any]:
    """Return every known parameter with its given or default value; raises ParameterError."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        names = ", ".join(sorted(known))
        raise ParameterError(f"The check {check!r} has no parameter {unknown[0]!r}; it knows: {names}.")
    return {name: kind.read(f"{check}.{name}", given.get(name, kind.default)) for name, kind in known.items()}
