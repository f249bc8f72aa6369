"""What a project's key makes of a value: pseudonyms, sealed values that can be opened again, surrogates, shifts.

Every use has a key of its own, expanded from the project's key by HKDF-SHA256 (RFC 5869). Values of a pseudonym, a
surrogate and a subject are taken in NFKC, case-folded and stripped, so that their spellings join; what is sealed is
kept letter by letter.
"""

import hashlib
import hmac
import os
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from privacy.scan.recipe_errors import RecipeKeyError
from privacy.scan.shapes import letters, pseudonym_letters, pseudonym_prefix

SHORTEST_KEY = 16
LARGEST_NUMBER = 0xFFFF
JOINABLE, UNLINKABLE = "s", "u"
_NONCE = 12
_BLOCK = 64  # bytes of a block of SHA-256
_SEALED = re.compile(r"([a-z]+(?:_[a-z]+)*)-([su])((?:[a-p]{2}){19,})")
_TEXT = b"t"


class TokenError(ValueError):
    """What is to be opened is no sealed value, was changed, or was sealed for something else."""

    code = "token_malformed"


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """One key of a project; the number is written into what it seals, so that it is known which key opens it."""

    number: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a key that keeps no secret: RecipeKeyError."""
        if len(self.secret) < SHORTEST_KEY:
            raise RecipeKeyError(f"The project's key has {len(self.secret)} bytes; it needs at least {SHORTEST_KEY}.")
        if not 1 <= self.number <= LARGEST_NUMBER:
            raise RecipeKeyError(f"The number of a key is between 1 and {LARGEST_NUMBER}, not {self.number}.")

    @property
    def fingerprint(self) -> str:
        """The SHA-256 by which the record names the key; it tells nothing of it."""
        return hashlib.sha256(_expanded(self.secret, "fingerprint")).hexdigest()

    def pseudonym(self, entity: str, value: str) -> str:
        """Return the token of a value, the same in every column and table: HMAC-SHA256 over entity and normal form."""
        return self.pseudonyms(entity)(value)

    def pseudonyms(self, entity: str) -> Callable[[str], str]:
        """Return the function that gives the values of an entity their tokens."""
        return _pseudonyms(self.secret, entity)

    def sealed(self, entity: str, value: str, *, joins: bool) -> str:
        """Return a token that ``opened`` turns back: AES-SIV, the same for the same value, or else AES-GCM.

        Random nonces of AES-GCM are safe for 2³² values under one key (NIST SP 800-38D, 8.3); rotate it before.
        """
        name, mode = (entity or "value").lower(), JOINABLE if joins else UNLINKABLE
        plain, about = _TEXT + value.encode("utf-8", "surrogatepass"), self._about(name, mode)
        if joins:
            body = _siv(self.secret).encrypt(plain, [about])
        else:
            nonce = os.urandom(_NONCE)
            body = nonce + _gcm(self.secret).encrypt(nonce, plain, about)
        return f"{name}-{mode}{letters(self.number.to_bytes(2) + body)}"

    def opened(self, token: str) -> str:
        """Return the value in a token; raises TokenError for one that this key did not seal."""
        from cryptography.exceptions import InvalidTag

        name, mode, number, body = _parts(token)
        about = self._about(name, mode)
        refused = TokenError(f"A token of kind {name!r} was not sealed by key {self.number} as it stands.")
        if number != self.number:
            raise refused
        try:
            if mode == JOINABLE:
                plain = _siv(self.secret).decrypt(body, [about])
            else:
                plain = _gcm(self.secret).decrypt(body[:_NONCE], body[_NONCE:], about)
        except (InvalidTag, ValueError):
            raise refused from None
        return bytes(plain[1:]).decode("utf-8", "surrogatepass")

    def digits(self, entity: str, value: str, count: int) -> list[int]:
        """Return so many numbers below 2¹⁶ that follow from the letters and digits of a value."""
        message = _message(entity, "".join(filter(str.isalnum, value)))
        key, made = _expanded(self.secret, "surrogate"), b""
        for block in range(count // 16 + 1):
            made += hmac.digest(key, block.to_bytes(4) + message, "sha256")
        return [int.from_bytes(made[place : place + 2]) for place in range(0, 2 * count, 2)]

    def shift(self, subject: str, most: int) -> int:
        """Return by how many days the dates of a subject are moved: between 1 and ``most``, back or forth."""
        drawn = hmac.digest(_expanded(self.secret, "shift"), _message("subject", subject), "sha256")
        number = int.from_bytes(drawn) % (2 * most)
        return number - most if number < most else number - most + 1

    def _about(self, name: str, mode: str) -> bytes:
        return f"probity sealed {self.number} {mode} {name}".encode()


def number_of(token: str) -> int:
    """Return the number of the key that sealed a token; raises TokenError for what is none."""
    return _parts(token)[2]


def entity_of(token: str) -> str:
    """Return of which entity a sealed value is; raises TokenError for what is none."""
    return _parts(token)[0].upper()


def normal(value: str) -> str:
    """Return the form in which spellings of a value are the same: NFKC, case-folded, stripped."""
    if value.isascii():
        return value.lower().strip()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold()).strip()


def _message(entity: str, value: str) -> bytes:
    return entity.encode() + b"\x00" + normal(value).encode("utf-8", "surrogatepass")


def _parts(token: str) -> tuple[str, str, int, bytes]:
    found = _SEALED.fullmatch(token)
    if found is None:
        raise TokenError(f"A text of {len(token)} characters is no sealed value; one looks like «email_address-s…».")
    body = bytes(
        (ord(high) - ord("a")) << 4 | (ord(low) - ord("a"))
        for high, low in zip(found[3][::2], found[3][1::2], strict=True)
    )
    return found[1], found[2], int.from_bytes(body[:2]), body[2:]


@lru_cache(maxsize=64)
def _expanded(secret: bytes, purpose: str) -> bytes:
    """Return HKDF-Expand of one block: the project's key is uniformly random, as RFC 5869, 3.3 asks."""
    return hmac.digest(secret, f"probity privacy {purpose}".encode() + b"\x01", "sha256")


@lru_cache(maxsize=256)
def _pseudonyms(secret: bytes, entity: str) -> Callable[[str], str]:
    """Return HMAC-SHA256 (RFC 2104) with the key and the entity hashed beforehand, spelt as a pseudonym."""
    key = _expanded(secret, "pseudonym").ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in key) + _message(entity, ""))
    outer, prefix = hashlib.sha256(bytes(one ^ 0x5C for one in key)), pseudonym_prefix(entity)

    def token(value: str) -> str:
        first, second = inner.copy(), outer.copy()
        first.update(normal(value).encode("utf-8", "surrogatepass"))
        second.update(first.digest())
        return prefix + pseudonym_letters(second.digest())

    return token


@lru_cache(maxsize=8)
def _siv(secret: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

    return AESSIV(_expanded(secret, "siv 1") + _expanded(secret, "siv 2"))


@lru_cache(maxsize=8)
def _gcm(secret: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(_expanded(secret, "gcm"))
