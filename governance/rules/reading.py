"""Read the parts of a policy document by name: what is unknown, missing, of another type or out of range is refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

Part = TypeVar("Part")

DECIMAL_PATTERN = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
_DECIMAL = re.compile(DECIMAL_PATTERN)
LONGEST_DECIMAL = 40


class PolicyError(ValueError):
    """A document that is not a policy: ``place`` says where, the message is a sentence with the value and the limit."""

    code = "policy_refused"

    def __init__(self, message: str, place: str = "") -> None:
        """Keep the place ("checks[0].limits[1].min"), by which a line can be found."""
        super().__init__(message)
        self.place = place


def is_decimal_text(value: Any) -> bool:
    """Say whether a value is a finite number as plain decimal text ("0.8"; never 0.8, "8e-1", "NaN" or " 0.8")."""
    return isinstance(value, str) and len(value) <= LONGEST_DECIMAL and _DECIMAL.fullmatch(value) is not None


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return " Did you mean ...?" where one of the known words is close, else nothing."""
    close = get_close_matches(word, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


class Fields:
    """One mapping of the document; every reader names the place of what it refuses."""

    def __init__(self, value: Any, place: str, known: Sequence[str]) -> None:
        """Refuse what is not a mapping and keys that nobody reads."""
        if not isinstance(value, Mapping):
            raise PolicyError(
                f"{place or 'The policy'} is {value!r}; it must be a mapping of {', '.join(known)}.", place
            )
        self.values, self.place = value, place
        for key in value:
            if key not in known:
                where = self.at(str(key))
                names = ", ".join(known)
                hint = suggestion(str(key), known)
                raise PolicyError(f"{where} is unknown; {place or 'a policy'} knows {names}.{hint}", where)

    def at(self, name: str) -> str:
        """Return the place of a key."""
        return f"{self.place}.{name}" if self.place else name

    def refuse(self, name: str, must: str) -> PolicyError:
        """Return the error for a key: its value, or that it is missing, and what it must be."""
        place = self.at(name)
        if name not in self.values:
            return PolicyError(f"{place} is missing; it must be {must}.", place)
        return PolicyError(f"{place} is {self.values[name]!r}; it must be {must}.", place)

    def text(self, name: str, default: str | None = None, pattern: str = r"(?s).*", must: str = "text") -> str:
        """Return text that the pattern matches as a whole."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or re.fullmatch(pattern, value) is None:
            raise self.refuse(name, must)
        return value

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """Return one of the options."""
        value = self.values.get(name, default)
        if not isinstance(value, str) or value not in options:
            error = self.refuse(name, f"one of {', '.join(options)}")
            raise PolicyError(f"{error}{suggestion(str(value), options)}", error.place)
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return a whole number between two limits."""
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.refuse(name, f"a whole number between {low} and {high}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Return true or false."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.refuse(name, "true or false")
        return value

    def decimal(self, name: str) -> str | None:
        """Return a number as decimal text, or None where there is none."""
        value = self.values.get(name)
        if value is not None and not is_decimal_text(value):
            raise self.refuse(name, 'a decimal number written as text, such as "0.8"')
        return value

    def names(self, name: str, options: Sequence[str] | None = None, default: Sequence[str] = ()) -> tuple[str, ...]:
        """Return a list of different texts, each one of the options where there are some."""
        value = self.values.get(name, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.refuse(name, "a list of names")
        for index, item in enumerate(value):
            place = f"{self.at(name)}[{index}]"
            if item in value[:index]:
                raise PolicyError(f"{place} repeats {item!r}; each name may stand there once.", place)
            if options is not None and item not in options:
                known = ", ".join(options) or "nothing"
                raise PolicyError(f"{place} is {item!r}; it must be one of {known}.{suggestion(item, options)}", place)
        return tuple(value)

    def parts(self, name: str, read: Callable[[Any, str], Part], *, least: int) -> tuple[Part, ...]:
        """Return a list of parts, each read by the reader; a shorter list than the least is refused."""
        value = self.values.get(name, [])
        if not isinstance(value, list):
            raise self.refuse(name, "a list")
        if len(value) < least:
            raise PolicyError(f"{self.at(name)} has {len(value)} entries; it needs at least {least}.", self.at(name))
        return tuple(read(item, f"{self.at(name)}[{index}]") for index, item in enumerate(value))

    def part(self, name: str, read: Callable[[Any, str], Part]) -> Part:
        """Return a part that has defaults of its own where it is missing."""
        return read(self.values.get(name, {}), self.at(name))


def refuse_repeats(names: Sequence[str], place: str, what: str) -> None:
    """Raise PolicyError at the first name that stands there twice."""
    for index, name in enumerate(names):
        if name in names[:index]:
            where = f"{place}[{index}]"
            raise PolicyError(f"{where} repeats the {what} {name!r}; each may stand there once.", where)
