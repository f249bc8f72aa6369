"""How pages show a measured number: few digits, with an exponent when tiny or huge, on its own side of every limit."""

import re
from collections.abc import Iterable
from decimal import Context, Decimal

DIGITS = 4
MOST_DIGITS = 40
PLAIN_FROM, PLAIN_BELOW = Decimal("0.0001"), Decimal("1e9")
_TINY = re.compile(r"(?<![\w.])-?0\.0000\d+(?![\w.]*\w)")


def shown(exact: Decimal | str, *, beside: Iterable[Decimal] = (), digits: int = DIGITS) -> str:
    """Return a finite number as text with ``digits`` significant digits.

    It has more of them where fewer would put it on the other side of, or onto, one of the numbers ``beside`` it.
    """
    number, others = Decimal(exact), tuple(beside)
    for precision in range(digits, MOST_DIGITS):
        short = Context(prec=precision).create_decimal(number)
        if all(short.compare(other) == number.compare(other) for other in others):
            return _written(short)
    return _written(number)


def reworded(text: str) -> str:
    """Return a sentence in which tiny numbers, written in full, are shown as pages show them: 8.88e-14."""
    return _TINY.sub(lambda found: shown(found[0]), text)


def _written(number: Decimal) -> str:
    if number == 0:
        return "0"
    if PLAIN_FROM <= abs(number) < PLAIN_BELOW:
        return _plain(number)
    exponent = number.adjusted()
    return f"{_plain(number.scaleb(-exponent))}e{exponent}"


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
