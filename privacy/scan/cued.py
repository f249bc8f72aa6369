"""Recognisers of our own for numbers that the words beside them name: phones, cards, licences, postal codes."""

from privacy.scan.running_text import BEGIN

SCORE = 0.6
HINT_SCORE = 0.45

_FILLING = r"(?:number|no|num|nr|is|at|on|to|code|it's|it is|my|the|me|us|him|her|them|back|or|#|:|\.)"
_GAP = rf"[^\p{{L}}\d\n]{{0,4}}(?:{_FILLING}[^\p{{L}}\d\n]{{1,3}}){{0,4}}"
_PHONES = (
    "phone|telephone|tel|mobile|cell|fax|desk|office|home|work|landline|call|dial|ring|text|whatsapp|answering|reach|"
    "contact"
)
_DIGITS = r"(?:\+|00)?\(?\d[\d()\-./ ]{4,18}\d(?:[ ]?(?:x|ext\.?)[ ]?\d{1,5})?"
_CARDS = "cards?|visa|mastercard|maestro|amex|discover|jcb|diners|cc"
_POSTAL = "zip|zip[ ]?code|post[ ]?code|postal[ ]code"
_NEAR = r"[^\d.\n]{0,30}"
_CODE = r"(?=[A-Z\d\-]{0,20}\d{2})[A-Z\d](?:-?[A-Z\d]){4,17}\b"


def phone_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for numbers that are said to be a phone's, or written as one from abroad."""
    abroad = r"(?:\+|00)[1-9]\d{0,2}[ \-]?(?:\(0\)[ ]?)?\d{1,4}(?:[ \-.]?\d{2,4}){2,4}"
    return [
        ("after a cue", rf"(?<={BEGIN}(?i:{_PHONES})\b{_GAP}){_DIGITS}(?![\d\-/])", SCORE),
        ("before a cue", rf"(?<![\d\-/.]){_DIGITS}(?=[ \-]{{1,3}}(?i:office|fax|mobile|cell|desk|home|work)\b)", SCORE),
        ("abroad", rf"(?<![\d\p{{L}}.,]){abroad}(?![\d\-])", SCORE),
    ]


def card_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for numbers that are said to be a card's, for ``passes_luhn`` to refuse.

    None begins with another digit than those of issuers, so that what stands for a card in anonymised data is none.
    """
    digits = r"\b[1-6]\d{3}(?:[ \-]?\d{2,6}){2,4}\b"
    return [("after a cue", rf"(?<=\b(?i:{_CARDS})\b[^\n]{{0,80}}){digits}", SCORE)]


def passes_luhn(text: str) -> bool:
    """Say whether the last digit is that of the Luhn formula (ISO/IEC 7812-1)."""
    digits = [int(one) for one in text if one.isdigit()][::-1]
    return (sum(digits[::2]) + sum(sum(divmod(2 * one, 10)) for one in digits[1::2])) % 10 == 0


def postal_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for postal codes."""
    code = r"(?=[A-Z]{0,8}\d)[A-Z\d]{2,8}(?:[ \-](?:(?=[A-Z]{0,4}\d)[A-Z\d]{2,4}|[A-Z]{2}))?\b"
    return [
        ("after a cue", rf"(?<={BEGIN}(?i:{_POSTAL})\b{_GAP}){code}", SCORE),
        ("state and code", r"(?<=\b[A-Z]{2}[ ])\d{5}(?:-\d{4})?\b", HINT_SCORE),
        ("British", r"\b[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}\b", HINT_SCORE),
    ]


def document_patterns() -> dict[str, list[tuple[str, str, float]]]:
    """Return by entity (name, expression, score) for papers whose numbers follow what they are called."""
    driving = r"driv\p{L}{2,4}(?:'s)?[ ]licen[cs]e|licen[cs]e|dl"
    security = r"(?!000|666|9)\d{3}[\- .]?\d{2}[\- .]?\d{4}\b"
    return {
        "US_DRIVER_LICENSE": [("after a cue", rf"(?<=\b(?i:{driving})\b{_NEAR}\b){_CODE}", SCORE)],
        "US_PASSPORT": [("after a cue", rf"(?<=\b(?i:passport)\b{_NEAR}\b){_CODE}", SCORE)],
        "US_SSN": [("after a cue", rf"(?<=\b(?i:ssn|social[ ]security)\b{_NEAR}\b){security}", SCORE)],
    }
