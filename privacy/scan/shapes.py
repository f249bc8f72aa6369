"""The shapes that values have: masked previews for reports, and the marks that anonymising leaves behind."""

import re

TOKEN_ALPHABET = "abcdefghijklmnop"  # noqa: S105 - letters alone, so that no pattern of numbers fits a pseudonym
TOKEN_LENGTH = 24
REDACTED = "<REDACTED>"

_PSEUDONYM = re.compile(rf"[a-z]+(?:_[a-z]+)*-(?:[{TOKEN_ALPHABET}]{{{TOKEN_LENGTH}}}|[su][{TOKEN_ALPHABET}]{{38,}})")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z_]*>")
_PREVIEW_LENGTH = 24
_TO_LETTERS = str.maketrans("0123456789abcdef", TOKEN_ALPHABET)


def is_left_by_anonymising(text: str) -> bool:
    """Say whether a whole value is a pseudonym, a sealed value or a placeholder of ours, which names nobody."""
    return bool(_PSEUDONYM.fullmatch(text) or _PLACEHOLDER.fullmatch(text))


def letters(data: bytes) -> str:
    """Spell bytes with two letters each."""
    return data.hex().translate(_TO_LETTERS)


def pseudonym(entity: str, digest: bytes) -> str:
    """Spell a digest as letters after the name of its entity: "email_address-" and 24 letters."""
    return f"{(entity or 'value').lower()}-{letters(digest[: TOKEN_LENGTH // 2])}"


def masked(entity: str, value: str) -> str:
    """Return what a report may show of a value: first letters of names and addresses, only the form of numbers."""
    if entity == "EMAIL_ADDRESS":
        return f"{value[:1]}***@***"
    if entity in {"PERSON", "LOCATION"}:
        return " ".join(f"{word[:1]}***" if word[:1].isalpha() else "***" for word in value.split()[:3])
    return re.sub(r"\w", "*", value)[:_PREVIEW_LENGTH]
