"""What each kind of finding is worth: whether it is personal, how easily chance makes it, what a column's name says."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A direct identifier names a person; an indirect one narrows people down; a neutral one is only recorded."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Entity:
    """How findings of one entity count.

    ``chance`` is the share of a column's code-like cells below which findings in them are taken for chance (a
    tenth of all numbers pass a checksum of one digit); 0 means that chance does not make such a value. ``guess``
    says that the finding is a guess from words, which one value alone does not support. ``tokens`` are words of a
    column's name that support the entity.
    """

    kind: Kind
    rank: int
    chance: float = 0.0
    guess: bool = False
    named_only: bool = False
    tokens: frozenset[str] = frozenset()


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_D, _I, _N = Kind.DIRECT, Kind.INDIRECT, Kind.NEUTRAL
ENTITIES: dict[str, Entity] = {
    "UUID": Entity(_N, 0),
    "EMAIL_ADDRESS": Entity(_D, 1, tokens=words("email mail emails")),
    "IBAN_CODE": Entity(_D, 2, tokens=words("iban")),
    "CRYPTO": Entity(_D, 3, tokens=words("wallet bitcoin btc")),
    "MAC_ADDRESS": Entity(_I, 4, tokens=words("mac")),
    "IP_ADDRESS": Entity(_I, 5, 0.5, tokens=words("ip ipv4 ipv6")),
    "CREDIT_CARD": Entity(_D, 6, 0.5, tokens=words("card creditcard cc visa mastercard amex pan")),
    "US_SSN": Entity(_D, 7, 0.5, tokens=words("ssn ssns social")),
    "US_ITIN": Entity(_D, 8, 0.5, tokens=words("itin taxpayer tin")),
    "DATE_OF_BIRTH": Entity(_I, 9),
    "DATE_TIME": Entity(_N, 10),
    "PHONE_NUMBER": Entity(
        _D, 11, 0.5, tokens=words("phone telephone tel cell cellphone mobile fax phonenumber msisdn contact")
    ),
    "UK_NHS": Entity(_D, 12, 0.5, tokens=words("nhs")),
    "MEDICAL_LICENSE": Entity(_D, 13, 0.5, tokens=words("dea")),
    "US_PASSPORT": Entity(_D, 14, 0.5, named_only=True, tokens=words("passport")),
    "US_DRIVER_LICENSE": Entity(
        _D, 15, 0.5, named_only=True, tokens=words("driver license licence dls driving permit")
    ),
    "US_BANK_NUMBER": Entity(_D, 16, 0.5, named_only=True, tokens=words("bank acct account iban")),
    "PERSON": Entity(_D, 17, guess=True),
    "POSTAL_CODE": Entity(_I, 18),
    "LOCATION": Entity(_I, 19, guess=True),
    "AGE": Entity(_N, 28),
    "URL": Entity(_N, 30),
}
FIRST_OF_WORDS = 17
HINT = 0.5  # a guess from words below this score says nothing of a column, unless whole values are such
_UNKNOWN = Entity(_D, 20)
_NEUTRAL_NER = Entity(_N, 29)
_NER_NOISE = frozenset({"ORGANIZATION", "NRP", "ORG"})

DIRECT = frozenset(name for name, entity in ENTITIES.items() if entity.kind is Kind.DIRECT)
INDIRECT = frozenset(name for name, entity in ENTITIES.items() if entity.kind is Kind.INDIRECT)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBERED = re.compile(r"([a-z]+)\d+")
IDENTIFIER_TOKENS = words("id ids key code codes sku ref reference uuid guid index serial barcode order invoice")
AMOUNT_TOKENS = words(
    "amount amt price balance total sum salary income cost fee score count qty quantity value rate ratio age weight "
    "height bmi bp percent pct revenue usd eur gbp dose level measurement year epoch timestamp version ver"
)


def entity(name: str) -> Entity:
    """Return how an entity counts; one that is not known here counts as a direct identifier."""
    return _NEUTRAL_NER if name in _NER_NOISE else ENTITIES.get(name, _UNKNOWN)


def is_direct(name: str) -> bool:
    """Say whether an entity names a person."""
    return entity(name).kind is Kind.DIRECT


def name_tokens(column: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words: "customerID", "customer_id" and "Customer Id" are the same."""
    parts = [word.lower() for word in re.split(r"[\W_]+", _CAMEL.sub(" ", column)) if word]
    return tuple(match[1] if (match := _NUMBERED.fullmatch(word)) and len(match[1]) > 1 else word for word in parts)
