"""Whether a string of ASCII digits is a valid phone number of a region: the verdict of ``phonenumbers``, decided once.

``phonenumbers`` reads every candidate anew for every region. Most candidates are digits with plain punctuation, and
their verdict follows from the digits alone: what ``phonenumberutil.parse`` and the leniency VALID would say of them is
said here from the same metadata, with its own helpers wherever a prefix may be stripped.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

_FEWEST, _MOST = 2, 17
TYPES = (
    "premium_rate toll_free shared_cost voip personal_number pager uan voicemail fixed_line mobile".split()  # noqa: SIM905
)


@dataclass(frozen=True, eq=False)
class CallingCode:
    """What makes a national number valid under one calling code: the regions that share it, in their order."""

    code: int
    regions: tuple[tuple[re.Pattern[str] | None, re.Pattern[str]], ...]
    formats: Any
    main: Any

    def is_valid(self, national: str) -> bool:
        """Say whether the first region that claims a national number knows a type of it."""
        if len(self.regions) == 1:
            return self.regions[0][1].match(national) is not None
        for leading, known in self.regions:
            if leading is None:
                if known.match(national):
                    return True
            elif leading.match(national):
                return known.match(national) is not None
        return False

    def misses_its_prefix(self, national: str, written: str) -> bool:
        """Say whether a number written nationally lacks the prefix that its format asks for."""
        from phonenumbers import phonenumberutil as util

        chosen = util._choose_formatting_pattern_for_number(self.formats, national)  # noqa: SLF001 - the rule itself
        if chosen is None or not chosen.national_prefix_formatting_rule:
            return False
        if chosen.national_prefix_optional_when_formatting:
            return False
        if util._formatting_rule_has_first_group_only(chosen.national_prefix_formatting_rule):  # noqa: SLF001
            return False
        return not util._maybe_strip_national_prefix_carrier_code(written, self.main)[2]  # noqa: SLF001


@cache
def calling_code(code: int) -> CallingCode | None:
    """Return the rules of a calling code, or None when there is none."""
    import phonenumbers
    from phonenumbers import PhoneMetadata

    names = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code)
    if names is None:
        return None
    described: list[Any] = [PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names]
    regions = [
        (re.compile(one.leading_digits) if one.leading_digits else None, _known(one)) for one in described if one
    ]
    return CallingCode(code, tuple(regions), described[0].number_format, described[0])


def _known(metadata: Any) -> re.Pattern[str]:
    """Return what matches a national number of which a region knows the type."""
    types = "|".join(filter(None, (_described(getattr(metadata, name)) for name in TYPES)))
    return re.compile(f"(?={_described(metadata.general_desc) or '(?!)'})(?:{types or '(?!)'})")


def _described(description: Any) -> str:
    """Write one description, lengths included, as a pattern that ends with the text."""
    if description is None or not description.national_number_pattern:
        return ""
    lengths = "|".join(rf"\d{{{length}}}" for length in description.possible_length if length > 0)
    limit = rf"(?=(?:{lengths})\Z)" if lengths else "" if not description.possible_length else "(?!)"
    return rf"(?:{limit}(?:{description.national_number_pattern})\Z)"


@dataclass(frozen=True, eq=False)
class Region:
    """One region in which numbers are read that do not say theirs."""

    name: str
    metadata: Any
    own: CallingCode
    prefixes: re.Pattern[str]
    verdicts: Any

    def accepts(self, digits: str, written: str) -> bool:
        """Say whether digits are a valid number here; ``written`` holds those of an extension too."""
        if self.prefixes.match(digits):
            return bool(self.verdicts(digits, written))
        return _is_plain(self.own, digits, written)


@cache
def region(name: str) -> Region:
    """Return a region by its two letters."""
    from phonenumbers import PhoneMetadata

    metadata: Any = PhoneMetadata.metadata_for_region(name)
    own = calling_code(metadata.country_code)
    if own is None:
        raise ValueError(f"The region {name!r} has no calling code.")
    abroad = metadata.international_prefix or "(?!)"
    starts = filter(None, (str(own.code), abroad, metadata.national_prefix_for_parsing))
    prefixes = re.compile("|".join(f"(?:{one})" for one in starts))

    @lru_cache(maxsize=4096)
    def verdict(digits: str, written: str) -> bool:
        return bool(_is_read(digits, written, name, metadata))

    return Region(name, metadata, own, prefixes, verdict)


@lru_cache(maxsize=4096)
def _is_plain(own: CallingCode, digits: str, written: str) -> bool:
    """Decide on digits from which nothing can be stripped: they are the national number."""
    if not _FEWEST <= len(digits) <= _MOST or not own.is_valid(digits):
        return False
    return not own.misses_its_prefix(digits, written)


@lru_cache(maxsize=4096)
def is_valid_abroad(digits: str) -> bool | None:
    """Say whether the digits after a plus sign are a valid number; None where the region has a say in it."""
    return _is_read("+" + digits, digits, None, None)


def _is_read(number: str, written: str, name: str | None, metadata: Any) -> bool | None:
    """Follow ``phonenumberutil.parse`` from where it has only digits left, then judge the number."""
    from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumber
    from phonenumbers import phonenumberutil as util
    from phonenumbers.phonenumber import CountryCodeSource

    made = PhoneNumber()
    try:
        code, national = util._maybe_extract_country_code(number, metadata, True, made)  # noqa: SLF001
    except NumberParseException as error:
        again = name is None and error.error_type == NumberParseException.INVALID_COUNTRY_CODE
        return None if again else False
    if code:
        main = util.region_code_for_country_code(code)
        if main != name:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, main)
    else:
        code, national = metadata.country_code, number
    if len(national) < _FEWEST:
        return False
    national = _stripped(national, metadata)
    rules = calling_code(code)
    if rules is None or not _FEWEST <= len(national) <= _MOST or not rules.is_valid(national):
        return False
    from_here = made.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY
    return not (from_here and rules.misses_its_prefix(national, written))


def _stripped(national: str, metadata: Any) -> str:
    from phonenumbers import phonenumberutil as util

    _carrier, shorter, _found = util._maybe_strip_national_prefix_carrier_code(national, metadata)  # noqa: SLF001
    refused = (
        util.ValidationResult.TOO_SHORT,
        util.ValidationResult.IS_POSSIBLE_LOCAL_ONLY,
        util.ValidationResult.INVALID_LENGTH,
    )
    return national if util._test_number_length(shorter, metadata) in refused else str(shorter)  # noqa: SLF001
