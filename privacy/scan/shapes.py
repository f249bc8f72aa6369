"""The shapes that values have: masked previews for reports, and the marks that anonymising leaves behind."""

import re
from binascii import hexlify

TOKEN_ALPHABET = "abcdefghijklmnop"  # noqa: S105 - letters alone, so that no pattern of numbers fits a pseudonym
TOKEN_LENGTH = 24
REDACTED = "<REDACTED>"

_PSEUDONYM = re.compile(rf"[a-z]+(?:_[a-z]+)*-(?:[{TOKEN_ALPHABET}]{{{TOKEN_LENGTH}}}|[su][{TOKEN_ALPHABET}]{{38,}})")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*>")
_PREVIEW_LENGTH = 24
_TO_LETTERS = bytes.maketrans(b"0123456789abcdef", TOKEN_ALPHABET.encode())


def is_left_by_anonymising(text: str) -> bool:
    """Say whether a whole value is a pseudonym, a sealed value or a placeholder of ours, which names nobody."""
    return bool(_PSEUDONYM.fullmatch(text) or _PLACEHOLDER.fullmatch(text))


def letters(data: bytes) -> str:
    """Spell bytes with two letters each."""
    return hexlify(data).translate(_TO_LETTERS).decode()


def pseudonym_prefix(entity: str) -> str:
    """Return what the pseudonyms of an entity begin with: "email_address-"."""
    return f"{(entity or 'value').lower()}-"


def pseudonym_letters(digest: bytes) -> str:
    """Spell the beginning of a digest as the 24 letters of a pseudonym."""
    return hexlify(digest[: TOKEN_LENGTH // 2]).translate(_TO_LETTERS).decode()


def masked(entity: str, value: str) -> str:
    """Return what a report may show of a value: first letters of names and addresses, only the form of numbers."""
    if entity == "EMAIL_ADDRESS":
        return f"{value[:1]}***@***"
    if entity in {"PERSON", "LOCATION"}:
        return " ".join(f"{word[:1]}***" if word[:1].isalpha() else "***" for word in value.split()[:3])
    return re.sub(r"\w", "*", value)[:_PREVIEW_LENGTH]
