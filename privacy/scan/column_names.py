"""What a column's name says of values that no pattern can recognise: people, places, dates of birth."""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from privacy.scan.entities import words

_PERSON_ALONE = words("firstname fname forename fullname givenname lastname lname mname person surname")
_PERSON_BEFORE_NAME = words(
    "applicant author beneficiary birth borrower caller cardholder client contact customer doctor "
    "employee family father first full given guardian holder last legal maiden member middle mother nurse "
    "owner parent patient person physician preferred recipient sender spouse student passenger tenant user witness"
)
_SHORT_BEFORE_NAME = words("cust emp pat cli")
_PLACE = words("city country county district hospital location place province region site state town ward")
_ADDRESS = words("addr address street")
_NOT_POSTAL = words("email ip ipv ipv4 ipv6 mac mail url wallet web")
_POSTAL = words("postal postcode zip zipcode")
_LICENCE = words("licence license dl")
_OF_DRIVING = words("dl driver drivers driving no nr num number")
_BIRTH = words("birth birthdate birthday born dateofbirth dob")

_NAME_SHAPE = re.compile(r"[^\W\d_][^\d_@/<>]{0,60}")
_WORD = re.compile(r"[^\W\d_]+")
_POSTAL_SHAPE = re.compile(
    r"\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4}", re.IGNORECASE
)
_DATE_SHAPE = re.compile(
    r"(?!\d{4}-01-01\b)\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}|\d{1,2}[ \-][A-Za-z]{3,9}[ \-]\d{2,4}"
)
_PAPER_SHAPE = re.compile(r"(?=(?:[^\d]*\d){5})[A-Z\d](?:[\- ]?[A-Z\d]){4,17}", re.IGNORECASE)
_LONGEST_NAME = 5
_FEWEST_IN_FULL_NAME = 2
SHARE = 0.6


def says_place(tokens: Collection[str]) -> bool:
    """Say whether the column's name speaks of a place, so that "Virginia Beach" in it is nobody."""
    return bool(_PLACE & set(tokens))


def named_entity(tokens: Sequence[str]) -> str:
    """Return the entity that a column's name claims, or the empty string."""
    said = set(tokens)
    claims = (
        ("PERSON", says_person(tokens) or tuple(tokens) in {("name",), ("names",)}),
        ("DATE_OF_BIRTH", said & _BIRTH and not said & {"name", "place"}),
        ("POSTAL_CODE", said & _POSTAL),
        ("US_PASSPORT", "passport" in said),
        ("US_DRIVER_LICENSE", said & _LICENCE and said & _OF_DRIVING),
        ("LOCATION", said & _ADDRESS and not said & _NOT_POSTAL),
    )
    return next((entity for entity, claimed in claims if claimed), "")


def says_person(tokens: Sequence[str]) -> bool:
    """Say whether the name says outright that a person's name follows."""
    before = _PERSON_BEFORE_NAME | _SHORT_BEFORE_NAME
    joined = {token.removesuffix("name") for token in tokens if token.endswith("name")}
    pairs = pairwise(tokens)
    return bool(_PERSON_ALONE & set(tokens) or joined & before) or any(
        first in before and second in {"name", "names"} for first, second in pairs
    )


def fits(entity: str, text: str, tokens: Sequence[str]) -> bool:
    """Say whether one value has the shape of the entity that its column's name claims."""
    value = text.strip()
    if entity == "PERSON":
        parts = _WORD.findall(value)
        fewest = 1 if says_person(tokens) or not value.isascii() else _FEWEST_IN_FULL_NAME
        return bool(_NAME_SHAPE.fullmatch(value)) and fewest <= len(parts) <= _LONGEST_NAME
    if entity == "DATE_OF_BIRTH":
        return bool(_DATE_SHAPE.fullmatch(value))
    if entity == "POSTAL_CODE":
        return bool(_POSTAL_SHAPE.fullmatch(value))
    if entity in {"US_PASSPORT", "US_DRIVER_LICENSE"}:
        return bool(_PAPER_SHAPE.fullmatch(value))
    return bool(re.search(r"\d", value) and re.search(r"[^\W\d_]{2}", value))
