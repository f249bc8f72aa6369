"""The one accepted text of bytes and of numbers: canonical base64, and decimals without leading zeroes."""

import base64
import binascii
import re

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class TextFormError(ValueError):
    """A text that is not the one form of a value."""

    code = "text_form"


def to_base64(data: bytes) -> str:
    """Return the standard base64 (RFC 4648, section 4) with padding."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str, what: str) -> bytes:
    """Return the bytes; raises TextFormError unless the text is exactly what ``to_base64`` writes for them."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise TextFormError(f"{what} is not base64.") from error
    if to_base64(data) != text:
        raise TextFormError(f"{what} is base64, but not in its canonical form.")
    return data


def from_decimal(text: str, what: str) -> int:
    """Return a number of 0 to 2**63 - 1; raises TextFormError for signs, leading zeroes and anything but digits."""
    if not DECIMAL.fullmatch(text) or int(text) >= 2**63:
        shown = text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004
        raise TextFormError(f"{what} is {shown!r}, not a decimal number of 0 to 2^63-1 without leading zeroes.")
    return int(text)
