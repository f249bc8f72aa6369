"""Recognisers of our own for people, places and organisations in sentences, by where a capital stands and what is near.

They are guesses: the score of a hint is below what a column's verdict counts as a name, so that a table of categories
in capitals is not one of people, while a text that is redacted loses what may well be somebody.
"""

import re

from privacy.scan.alternatives import any_of
from privacy.scan.names import AMBIGUOUS_GIVEN, GIVEN, NOT_A_SURNAME, SURNAMES
from privacy.scan.places import CITIES, COUNTRIES, PEOPLES, STATES
from privacy.scan.vocabulary import CALENDAR, COMMON, ORGANISATIONS, STREETS

HINT_SCORE = 0.45
LISTED_SCORE = 0.5

BEGIN = r"(?:\b|(?<=\\n))"  # an escaped line break, as logs and JSON have it, begins a word as well
WORD = r"\p{Lu}(?:\p{L}|['\u2019]\p{Lu})\p{L}{0,30}(?:[\-'\u2019]\p{L}{2,30}){0,3}"
_LINK = r"(?:van|von|der|den|de|da|di|do|dos|del|della|la|le|bin|ibn|al|el|af|av|zu|ter|ten)"
RUN = rf"{WORD}(?:[ \t]+(?:{_LINK}[ \t]+){{0,2}}(?:{WORD}|\p{{Lu}}\.?(?=[ \t]+\p{{Lu}}))){{0,4}}"
_FULL = rf"{WORD}(?:[ \t]+(?:{_LINK}[ \t]+){{0,2}}(?:{WORD}|\p{{Lu}}\.?(?=[ \t]+\p{{Lu}}))){{1,4}}"
_QUOTE = r"[\"'(\u201c\u2018\u00ab\[]?"
_START = r"(?<=(?:^|[.!?:>\-\u2013][\"\u201d')]?[ \t]{1,4}|\n[ \t]{0,4}|\\n[ \t]{0,4})[\"'(\u201c\u2018>]?)"
_AFTER_SMALL = rf"(?<=\b(?:\p{{Ll}}[\p{{L}}'\u2019]{{0,30}}|\d{{1,9}}|I)[,;:)\"\u201d]{{0,2}}[ \t]{_QUOTE})"
_OPENERS = (
    "Please|Dear|Hi|Hello|Hey|Is|Was|Did|Does|Has|Can|Could|Will|Would|Should|Ask|Tell|Call|Email|Meet|Thanks|And|But|Or|"
    "So|If|When|While|As|For|With|By|That|Because|Although|After|Before|Since|Unlike|Like|Both|Former|Our|My|His|Her|"
    "Their|Your|The|This|About|Producer|Singer|Actor|Actress|Author|Writer|Director|President|Minister|Senator|Judge|"
    "Officer|Captain|Major|General|Colonel|Sergeant|Coach|King|Queen|Prince|Princess|Pope|Saint|Uncle|Aunt|Said"
)
_PLACE_WORDS = (
    "in|into|from|to|at|near|around|across|outside|inside|via|towards?|through|throughout|over|visit|visiting|visited|"
    "leaving|left|reach|reached|entered|toured?|city|town|village|country|state|region|province|municipality of|"
    "university of|republic of|city of|town of|capital of|north of|south of|east of|west of|serving|entire|within"
)
_LABELS = (
    r"(?i:user|customer|agent|client|caller|me|name|names|patient|contact|from|to|cc|bcc|attn|signed|author|by|speaker|"
    r"sender|recipient|employee|guest|student|passenger|applicant|buyer|seller|tenant|owner|holder|witness|beneficiary)"
)
_VERBS = (
    "is|was|has|had|have|will|would|can|could|did|does|said|says|asked|told|wrote|writes|lives|lived|works|worked|began|"
    "started|went|goes|came|comes|called|calls|wants|wanted|needs|needed|got|gets|made|makes|took|takes|gave|gives|loves|"
    "loved|likes|liked|knows|knew|thinks|thought|feels|felt|died|married|moved|grew|born|just|never|always|also|and I|"
    "sent|joined|left|met|sings|sang|played|plays|may|might|must|should|isn't|wasn't|hasn't|doesn't|didn't|won't|listed"
)
_ABBREVIATIONS = (
    r"(?i:Inc|Corp|Ltd|LLC|LLP|PLC|GmbH|Pty|Co\.?,?[ ]?Ltd)|Co|CO|L\.L\.C|L\.?P|P\.L\.C|A\.?G|S\.?A\.?S?|S\.?p\.?A|"
    r"S\.?R\.?L|N\.?V|B\.?V|A/?S|A\.?B|O\.?y\.?j?|K\.?K|Bhd|Tbk|SE|KGaA|KG|REIT|ETF"
)
_SUFFIXES = _ABBREVIATIONS + "|" + any_of({*ORGANISATIONS, *(one.upper() for one in ORGANISATIONS)})
_SEATS = (
    "Bank|University|Institute|Department|Ministry|College|Academy|Museum|Church|School|Bureau|Office|Board|Council"
)

KNOWN = {one.lower() for one in GIVEN + SURNAMES + AMBIGUOUS_GIVEN}
_GIVEN = {one.lower() for one in GIVEN}
LONE = frozenset({"one who does something", "one of two"})  # hints that find a WORD and nothing else
NOT_PEOPLE = CALENDAR | {one.lower() for one in NOT_A_SURNAME}
PLACES = {one.lower() for one in COUNTRIES + STATES + CITIES}
PEOPLES_KNOWN = {one.lower() for one in PEOPLES}
_NO_NAME, _NO_PLACE = COMMON | STREETS, COMMON | CALENDAR | PEOPLES_KNOWN | _GIVEN
_OTHERS = NOT_PEOPLE | PEOPLES_KNOWN
_SPLIT = re.compile(r"[^\W\d_]+(?:['\u2019\-][^\W\d_]+)*")
_SHORTEST_SHOUTED = 5
_SHORTEST_SMALL = 6
_ALSO_WORDS = frozenset({"Polish", "Orthodox", "Catholic", "Briton", "Caucasian", "Quaker"})


def words(text: str) -> list[str]:
    """Return the words of a stretch of text that begin with a capital, in lower case, those with a hyphen whole."""
    return [one.lower().replace("\u2019", "'") for one in _SPLIT.findall(text) if one[0].isupper()]


def may_be_name(text: str) -> bool:
    """Say whether capitals in a sentence may name somebody or something: no word of the language is among them."""
    found = words(text)
    if not found or not _OTHERS.isdisjoint(found) or text.lower() in PLACES:
        return False
    known = [one in KNOWN for one in found]
    if text.isupper() and len(text) < _SHORTEST_SHOUTED:
        return any(known)
    if len(found) == 1:
        return known[0] or _NO_NAME.isdisjoint((found[0], found[0].removesuffix("s")))
    return known[0] or not any(one in COMMON and not listed for one, listed in zip(found, known, strict=True))


def never_names() -> frozenset[str]:
    """Return words of the language as they begin a sentence that ``may_be_name`` refuses, those of ASCII letters."""
    words = {one.title() for one in _NO_NAME | CALENDAR if one.isascii() and one.isalpha() and len(one) > 1}
    return frozenset(one for one in words if not may_be_name(one))


def may_be_firm(text: str) -> bool:
    """Say whether words with the suffix of an organisation name one: in small letters, none of the language."""
    named = {one.lower() for one in _SPLIT.findall(text)[:-1]}
    return bool(named) and (not text[0].islower() or not named & COMMON)


def may_be_place(text: str) -> bool:
    """Say whether capitals after a word of place may be one."""
    found = words(text)
    if text.lower() in PLACES:
        return True
    if not found or found[0] in _NO_PLACE:
        return False
    return len(found) > 1 or may_be_name(text)


def person_hints() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for people in sentences; what they match is asked of ``may_be_name``."""
    surname, given, every = any_of(SURNAMES), any_of(GIVEN), any_of({*GIVEN, *AMBIGUOUS_GIVEN})
    shouted = any_of(one.upper() for one in GIVEN)
    return [
        ("within a sentence", rf"{_AFTER_SMALL}(?<!\b(?i:{_PLACE_WORDS})[ \t]{_QUOTE}){RUN}\b", HINT_SCORE),
        ("after an opening word", rf"(?<=\b(?:{_OPENERS}):?,?[ \t]{_QUOTE}){RUN}\b", HINT_SCORE),
        (
            "opening a sentence",
            rf"{_START}{_FULL}\b(?=['\u2019]s?\b|['\u2019]?[,;]?[ \t]{{1,4}}[\p{{Ll}}(\u2013\-])",
            HINT_SCORE,
        ),
        ("one who does something", rf"{_START}{WORD}\b(?=['\u2019]s\b|[ \t](?:{_VERBS})\b)", HINT_SCORE),
        ("given name", rf"(?<!\p{{L}}[\- \t]){given}\b(?![ \t]{{1,4}}\p{{Lu}}|-)", HINT_SCORE),
        ("given name after a small letter", rf"{_AFTER_SMALL}{given}\b(?![ \t]{{1,4}}\p{{Lu}}|-)", HINT_SCORE),
        ("given name in capitals", rf"\b{shouted}[ ]\p{{Lu}}[\p{{Lu}}'\u2019\-]{{1,30}}\b", HINT_SCORE),
        ("nothing but a surname", rf"\A\s{{0,4}}(?i:{surname})\s{{0,4}}\Z", HINT_SCORE),
        ("initials", rf"{BEGIN}(?:\p{{Lu}}\.[ ]?){{1,3}}(?:{_LINK}[ ]){{0,2}}{WORD}\b", HINT_SCORE),
        ("surname first", rf"{BEGIN}(?:{surname},[ ]{WORD}|{WORD},[ ]{every})\b(?![ ]\p{{Lu}}\p{{Ll}})", HINT_SCORE),
        ("against another", rf"(?<=\p{{L}}[ ]vs?\.?[ ]){RUN}", HINT_SCORE),
        ("one who answers", rf"(?<=\?[ \t]{{1,2}}(?:\p{{Lu}}\p{{Ll}}{{1,20}}:[ \t]{{1,2}})?){RUN}(?=\.?$)", HINT_SCORE),
        ("after a label", rf"(?<={BEGIN}{_LABELS}:[ \t]{{0,4}}){RUN}", HINT_SCORE),
        ("one of two", rf"{_START}{WORD}(?=[ ]and[ ]\p{{Lu}})", HINT_SCORE),
        ("one who speaks", rf"{_START}{RUN}(?=:[ \t]{{0,2}}[\"\u201c])", HINT_SCORE),
        ("line", rf"(?<=(?:^|\\n)[ \t>]{{0,4}}){_FULL}(?=[ \t]{{0,4}}(?:\n|\\n))", HINT_SCORE),
        ("line after a line", rf"(?<=(?:\n|\\n)[ \t>]{{0,4}}){_FULL}(?=[ \t]{{0,4}}(?:$|\n|\\n))", HINT_SCORE),
    ]


def place_hints() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for places in sentences; what they match is asked of ``may_be_place``."""
    listed = any_of({*COUNTRIES, *STATES, *CITIES})
    more = r"(?:,?[ \t](?:\p{Lu}{2}\b|\p{Lu}\p{Ll}{1,30}))?"
    end = r"(?![\p{L}\d])(?:,?[ ]\d{4,6}\b)?(?![ \t]{1,4}\p{Lu}\p{Ll})"
    return [
        ("listed", rf"(?<=\S\s{{0,3}}){BEGIN}(?>{listed}){end}", HINT_SCORE),
        ("listed, opening", rf"^(?>{listed})(?![\p{{L}}\d])(?=[ \t,]+\p{{Ll}})", HINT_SCORE),
        ("after a word of place", rf"(?<=\b(?i:{_PLACE_WORDS})[ \t]{_QUOTE}(?:the[ \t])?){RUN}{more}\b", HINT_SCORE),
    ]


def people_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for nationalities and beliefs."""
    small = any_of(one.lower() for one in PEOPLES if len(one) >= _SHORTEST_SMALL and one not in _ALSO_WORDS)
    return [
        ("listed", rf"\b{any_of(PEOPLES)}s?\b", LISTED_SCORE),
        ("in small letters", rf"\b{small}s?\b", LISTED_SCORE),
    ]


def organisation_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for organisations that say what they are."""
    part = r"[\p{Lu}\d][\p{L}\d&.'\u2019\-/]{0,30}"
    small = r"\p{Ll}[\p{L}\d&\-]{2,30}"
    opener = rf"(?!(?:{_OPENERS}|During|In|At|From|To|On|An?|I|We|He|She|They|It|What|Where|Who|How|Why)\b)"
    joined = r"(?:(?:&|and|de|the|y|et|und|do|for)[ \t])?"
    suffix = rf"(?:{_SUFFIXES})\b"
    parts = rf"{part}(?:[ \t]{{1,2}}{joined}{part}){{0,6}}?,?[ \t]{{1,2}}{suffix}(?:[ \t,]{{1,2}}{suffix}){{0,4}}"
    return [
        ("suffix", rf"{BEGIN}{opener}{parts}\.?", LISTED_SCORE),
        (
            "suffix after a small letter",
            rf"(?<![^\s]){small}(?:[ ]{small})?[ ](?i:inc|plc|ltd|llc|corp|gmbh)\b\.?",
            LISTED_SCORE,
        ),
        ("seat", rf"{BEGIN}(?:{_SEATS})[ ](?:of|for)[ ](?:the[ ])?{RUN}", LISTED_SCORE),
    ]
