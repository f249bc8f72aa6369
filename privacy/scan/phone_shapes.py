"""Values that are a whole number and no phone number in any region: decided for a column at once.

Only refusals are decided here, and only of values of few shapes. Of digits with single hyphens the matcher of
``phonenumbers`` makes one candidate, tried whole; of decimals one, tried whole and on both sides of the point; of short
numbers between points one, of which the parts have too few digits; of a date with a time none, and the rest too few.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from privacy.scan.phone_numbers import TYPES

_DIGITS = r"^[0-9](?:-?[0-9]){0,16}$"
_DECIMAL = r"^-?[0-9]{1,17}\.[0-9]{1,20}$"
_DOTTED = r"^[0-9]{1,3}(?:\.[0-9]{1,3}){1,4}$"
_TIME = r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?$"
_SHAPES = (
    (_DIGITS, ("-",)),
    (_DOTTED, (r"\.",)),
    (_DECIMAL, (r"[.-]", r"\..*$|^-", r"^.*\.")),
)
_FEWEST = 4


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write national numbers; ``needs_prefix`` says that it is not written without the national prefix."""

    pattern: str
    leading: str
    needs_prefix: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """What digits may be a number in a region: those with a prefix of the region, and those without any.

    ``prefixed`` matches what begins with its calling code or a prefix, ``abroad`` with the prefix to other countries,
    ``general`` and ``national`` every number without a prefix; ``prefix`` is replaced by ``rule`` where it is stripped.
    """

    prefixed: str
    code: str
    abroad: str
    prefix: str
    rule: str
    general: str
    national: str
    formats: tuple[Format, ...]

    def possible(self, digits: Any) -> Any:
        """Return an Arrow mask of the strings of digits that may be a number."""
        import pyarrow.compute as pc

        prefixed = pc.match_substring_regex(digits, self.prefixed)
        possible = _where(prefixed, digits, self._behind)
        plain = pc.and_not(self._national(digits), prefixed)
        return pc.or_(possible, _where(plain, digits, self._has_no_need_of_prefix))

    def _national(self, digits: Any) -> Any:
        import pyarrow.compute as pc

        general = pc.match_substring_regex(digits, self.general)
        return _where(general, digits, lambda some: pc.match_substring_regex(some, self.national))

    def _behind(self, digits: Any) -> Any:
        """Return a mask of those from which a number may be left: calling code once, national prefix up to twice."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = pc.match_substring_regex(digits, self.abroad) if self.abroad else pa.repeat(False, len(digits))
        for left in (digits, pc.replace_substring_regex(digits, self.code, "")):
            found = pc.or_(found, self._national(left))
            for _time in range(2 if self.prefix else 0):
                left = pc.replace_substring_regex(left, self.prefix, self.rule)  # noqa: PLW2901 - one after another
                found = pc.or_(found, self._national(left))
        return found

    def _has_no_need_of_prefix(self, digits: Any) -> Any:
        import pyarrow.compute as pc

        return pc.invert(self._misses_prefix(digits))

    def _misses_prefix(self, digits: Any) -> Any:
        """Return a mask of those whose format, the first that fits them, needs the prefix."""
        import pyarrow as pa
        import pyarrow.compute as pc

        missing = decided = pa.repeat(False, len(digits))
        for one in self.formats:
            fits = pc.and_not(pc.match_substring_regex(digits, one.pattern), decided)
            if one.leading:
                fits = pc.and_(fits, pc.match_substring_regex(digits, one.leading))
            decided = pc.or_(decided, fits)
            if one.needs_prefix:
                missing = pc.or_(missing, fits)
        return missing


@dataclass(frozen=True, slots=True)
class Shapes:
    """Refuses whole values for the regions of which it has the rules."""

    rules: tuple[Rules, ...]

    def refused(self, texts: Any) -> Any:
        """Return an Arrow mask of the values that hold no phone number for certain."""
        import pyarrow.compute as pc

        none = pc.match_substring_regex(texts, _TIME)
        for shape, parts in _SHAPES:
            none = pc.or_(none, _where(pc.match_substring_regex(texts, shape), texts, partial(self._no_part, parts)))
        return none

    def _no_part(self, parts: Sequence[str], texts: Any) -> Any:
        """Return a mask of the texts of which no part, left by taking what an expression matches away, is possible."""
        import pyarrow as pa
        import pyarrow.compute as pc

        digits = [pc.replace_substring_regex(texts, part, "") for part in parts]
        possible = self._possible(pa.concat_arrays(digits))
        found = possible.slice(0, len(texts))
        for index in range(1, len(parts)):
            found = pc.or_(found, possible.slice(index * len(texts), len(texts)))
        return pc.invert(found)

    def _possible(self, digits: Any) -> Any:
        import pyarrow as pa
        import pyarrow.compute as pc

        found = pa.repeat(False, len(digits))
        for one in self.rules:
            found = pc.or_(found, _where(pc.invert(found), digits, one.possible))
        return found


def _where(mask: Any, texts: Any, decide: Callable[[Any], Any]) -> Any:
    """Return a mask of those of the masked texts that ``decide`` decides for."""
    import pyarrow.compute as pc

    return pc.replace_with_mask(mask, mask, decide(texts.filter(mask))) if pc.any(mask).as_py() else mask


@cache
def shapes(regions: tuple[str, ...]) -> Shapes:
    """Return the shapes for the regions in which numbers without a country are read."""
    shortest = min(length for name in regions for one in _sharing(name) for length in one.general_desc.possible_length)
    if shortest < _FEWEST:
        raise ValueError(f"A region has phone numbers of {shortest} digits; the shapes are refused below {_FEWEST}.")
    return Shapes(tuple(dict.fromkeys(_rules(name) for name in regions)))


def _rules(name: str) -> Rules:
    own, *sharing = _sharing(name)
    descriptions = (getattr(one, kind) for one in sharing for kind in TYPES)
    patterns = dict.fromkeys(one.national_number_pattern for one in descriptions if one and one.national_number_pattern)
    general = dict.fromkeys(one.general_desc.national_number_pattern for one in sharing)
    code, abroad, prefix = own.country_code, own.international_prefix, own.national_prefix_for_parsing
    prefixed = [f"(?:{one})" for one in (str(code), abroad, prefix) if one]
    return Rules(
        prefixed=f"^(?:{'|'.join(prefixed)})",
        code=f"^{code}",
        abroad=f"^(?:{abroad})" if abroad else "",
        prefix=f"^(?:{prefix})" if prefix else "",
        rule=own.national_prefix_transform_rule or "",
        general=_any_of(general),
        national=_any_of(patterns),
        formats=tuple(map(_format, sharing[0].number_format)),
    )


def _any_of(patterns: Iterable[str]) -> str:
    return "^(?:" + "|".join(f"(?:{one})" for one in patterns) + ")$"


def _format(one: Any) -> Format:
    from phonenumbers import phonenumberutil as util

    rule = one.national_prefix_formatting_rule
    optional = one.national_prefix_optional_when_formatting or (
        rule and util._formatting_rule_has_first_group_only(rule)  # noqa: SLF001 - the rule itself
    )
    leading = f"^(?:{one.leading_digits_pattern[-1]})" if one.leading_digits_pattern else ""
    return Format(f"^(?:{one.pattern})$", leading, needs_prefix=bool(rule) and not optional)


def _sharing(name: str) -> list[Any]:
    """Return what is known of a region, then of all that share its calling code."""
    import phonenumbers
    from phonenumbers import PhoneMetadata

    own: Any = PhoneMetadata.metadata_for_region(name)
    names = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[own.country_code]
    described = [PhoneMetadata.metadata_for_region_or_calling_code(own.country_code, one) for one in names]
    return [own, *filter(None, described)]
