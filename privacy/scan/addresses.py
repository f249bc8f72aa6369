"""Recognisers of our own for postal addresses: numbers among capitals, streets, units and postal codes."""

import re

from privacy.scan.alternatives import any_of
from privacy.scan.entities import words
from privacy.scan.running_text import BEGIN, HINT_SCORE, WORD
from privacy.scan.vocabulary import CALENDAR, STREETS

ADDRESS_SCORE = 0.6

_NUMBER = r"\d{1,6}\p{L}?(?:[\-/]\d{1,4}\p{L}?)?"
_UNIT = (
    r"(?:(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Room|Rm|Lot|PSC|Building|Bldg|P\.?[ ]?O\.?[ ]?Box)\.?|"
    r"(?<=(?:Unit|PSC)[ ]\d{1,6}[ ])Box)[ ]?[\dA-Z]{1,6}\b"
)
_LINK = (
    r"(?:de|da|do|dos|das|del|della|di|du|des|la|le|les|el|al|van|von|der|den|am|an|im|zum|zur|und|i|y|of|the|na|nad|v|"
    r"u|pri)"
)
_SMALL = r"d['\u2019]\p{Lu}\p{L}{1,30}|(?:rue|via|avenue|calle|ulica|ul\.)(?=[ ])"
_LINE = r"(?:,|\n|\\n)"
_STEP = rf"(?:[ \t]{{1,3}}(?:,[ \t]{{0,3}})?|[ \t]{{0,3}}{_LINE}{{1,2}}[ \t]{{0,3}}(?:,[ \t]{{0,3}})?)"
_APART = rf"(?:[ \t]{{0,3}}(?:{_LINE}|[ \t])[ \t]{{0,3}})"
_PART = r"\d{1,6}\p{L}?(?:-\d{3,4})?(?![\d)/]|-\d)"
_ITEM = (
    rf"(?:{_UNIT}|{WORD}\.?|\p{{Lu}}{{2,3}}\b|{_PART}|\p{{Lu}}(?:\.|(?=,))|"
    rf"{_LINK}(?=[ ]\p{{Lu}}|[ ]{_LINK}[ ])|{_SMALL})"
)
_NAMED = rf"(?:{_UNIT}|(?:{_LINK}[ ]){{0,3}}(?:{WORD}|\p{{Lu}}\.)|{_SMALL})"
_CUES = (
    r"address|addresses|lives?[ ]at|living[ ]at|located[ ]at|arrived[ ]at|sent[ ]to|delivered[ ]to|deliver[ ]to|"
    r"ship[ ]to|shipped[ ]to|move[dt]?[ ]to"
)
_SHORTEST_STREET = 4
_STREET = any_of(one.title() for one in STREETS if len(one) >= _SHORTEST_STREET)
_SUFFIX = re.compile(
    r"(?:strasse|straße|str|gasse|weg|platz|allee|damm|ufer|straat|laan|plein|dijk|kade|steenweg|gade|gata|gatan|vej|veien|"
    r"vägen|gränd|stien|katu|tie|polku|utca|útja|ulica|cesta|gatve|iela)$",
    re.IGNORECASE,
)
_BEFORE = words("""
rue via calle avenida avda rua ulica ul piazza corso viale plaza paseo camino chemin allée quai place cours boulevard
impasse praça largo travessa strada aleea soseaua şoseaua bulevardul naberežná náměstí aleja jalan
""")
_UNITS = re.compile(r"\b(?:Apt|Apartment|Suite|Ste|Unit|Flat|PSC|APO|FPO|DPO|P\.?[ ]?O\.?[ ]?Box)\b")
_CODE_AT_END = re.compile(r"\b\d{4,5}(?:-\d{4})?$")
_WORDS = re.compile(r"[^\W\d_]+")
_FEWEST_CAPITALS = 2


def is_address(text: str) -> bool:
    """Say whether numbers among capitals are an address: a street, a unit, or a code after the names of places."""
    found = _WORDS.findall(text)
    if _UNITS.search(text):
        return True
    if any(one.lower() in CALENDAR for one in found):
        return False
    capitals = [one for one in found if one[0].isupper() and len(one) > 1]
    if any(_SUFFIX.search(one) or one.lower() in _BEFORE for one in found) and capitals:
        return True
    if any(one.lower() in STREETS for one in found[1:]):
        return True
    numbers = len(re.findall(r"\d+", text))
    return len(capitals) >= _FEWEST_CAPITALS and numbers > 1 and bool(_CODE_AT_END.search(text))


def address_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for addresses; what they match is asked of ``is_address``."""
    more = rf"(?:{_STEP}{_ITEM})"
    street = rf"{WORD}(?:[ ](?:{_LINK}[ ])?{WORD}){{0,3}},?[ ](?:(?:Nr|No|n)[.\u00b0\u00ba]?[ ]?)?{_NUMBER}(?![\d/])"
    return [
        (
            "number first",
            rf"{BEGIN}{_NUMBER}(?:{_APART}\d{{1,6}}){{0,2}}{_APART}{_NAMED}{more}{{0,14}}",
            ADDRESS_SCORE,
        ),
        ("street first", rf"{BEGIN}{street}{more}{{0,12}}", ADDRESS_SCORE),
        ("unit", rf"{BEGIN}{_UNIT}{more}{{0,12}}", ADDRESS_SCORE),
    ]


def cue_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for what is said to be an address, and for streets without a number."""
    before = rf"(?<=\b(?i:{_CUES})[^\p{{Lu}}\d.?!]{{0,20}})"
    place = rf"{WORD}(?:[ ]{WORD}){{0,2}}"
    post = r"(?:\n|\\n|,|[ ]){1,4}[ADF]PO[ ]A[AEP][ ]\d{5}\b"
    ship = rf"\bUS(?:NS|NV|S|CGC)[ ]\p{{Lu}}\p{{Ll}}{{1,30}}{post}"
    return [
        ("said to be one", rf"{before}(?:{_NUMBER}|{WORD})(?:{_STEP}{_ITEM}){{2,14}}", HINT_SCORE),
        ("street", rf"{BEGIN}{place}[ ](?:{_STREET}|St|Ave|Rd|Ln|Blvd)\b\.?", HINT_SCORE),
        ("corner", rf"(?<=\bcorner[ ]of[ ]){place}(?:[ ]St\.?)?[ ]and[ ]{place}", HINT_SCORE),
        ("military", rf"\b(?:PSC|Unit)[ ]\d{{1,6}},?[ ]Box[ ]\d{{1,6}}{post}|{ship}", ADDRESS_SCORE),
    ]
