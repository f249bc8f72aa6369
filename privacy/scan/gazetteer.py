"""Recognisers of our own for people and places: names that are common, and cues that a name or an address follows."""

from privacy.scan.alternatives import any_of
from privacy.scan.names import AMBIGUOUS_GIVEN, GIVEN, NOT_A_SURNAME, SURNAMES, TITLES

NAME = "Gazetteer"
KNOWN_SCORE = 0.85
CUE_SCORE = 0.7
GUESS_SCORE = 0.5

_WORD = r"\p{Lu}[\p{L}'\u2019\-]{1,30}"
_PREFIX = r"(?:(?:van|von|de|da|di|del|la|bin|al|der|den)\s+){0,2}"
_MIDDLE = r"(?:[ \t]+\p{Lu}(?:\.|\b)){0,2}"
_GAP = r"[ \t]+"
_CUES = (
    "my name is|name is|name:|named|called|contact:|contact person|spoke (?:to|with)|speaking (?:to|with)|signed by|"
    "signed,|regards,|sincerely,|dear|patient|client|customer|caller|mother|father|wife|husband|daughter|son|brother|"
    "sister|emergency contact|attn:?|attention:?|seen by|referred by|reported by|reviewed by|next of kin:?|carer"
)
_PLACE_CUES = (
    "lives (?:in|at)|living (?:in|at)|resides (?:in|at)|resident of|moved to|born in|home is in|residing (?:in|at)"
)
_ROLES = (
    "Patient|Candidate|Employee|Customer|Client|Tenant|Witness|Student|Guest|Member|Agent|Manager|Director|President|User|"
    "Applicant|Claimant|Defendant|Neither|Both|Dear|Hello|Hi|Hey|Thanks|Please|Ask|Call|Tell|Meet|Is|Was|Did|Does|And|But"
)
_STREETS = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Terrace|Place|Square|Close|Crescent"
)


def person_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for people, for the ``regex`` package; they are case-sensitive."""
    certain, every = any_of(GIVEN), any_of(GIVEN + AMBIGUOUS_GIVEN)
    surname, title = any_of(SURNAMES), any_of(TITLES)
    person = rf"{_WORD}{_MIDDLE}(?:{_GAP}{_PREFIX}{_WORD}){{0,2}}"
    unlike = rf"(?!{any_of(NOT_A_SURNAME)}\b)"
    return [
        ("known name", rf"\b(?i:{every}){_MIDDLE}{_GAP}(?i:{surname})\b", KNOWN_SCORE),
        ("known name, surname first", rf"\b{surname},{_GAP}{every}\b", KNOWN_SCORE),
        ("given name and capital", rf"\b{certain}{_MIDDLE}{_GAP}{_PREFIX}{unlike}{_WORD}\b", GUESS_SCORE),
        (
            "capital and surname",
            rf"\b(?!(?:The|A|An|In|At|By|On|Of|For|{_ROLES})\b){_WORD}{_MIDDLE}{_GAP}{surname}\b",
            GUESS_SCORE,
        ),
        ("surname first", rf"\b{_WORD},{_GAP}{certain}\b", GUESS_SCORE),
        ("title", rf"\b{title}\.?{_GAP}{person}", KNOWN_SCORE),
        ("cue", rf"(?<=\b(?i:{_CUES}){_GAP}){unlike}{_WORD}{_MIDDLE}{_GAP}{_PREFIX}{unlike}{_WORD}\b", CUE_SCORE),
        ("cue and given name", rf"(?<=\b(?i:{_CUES}){_GAP}){every}\b", CUE_SCORE),
    ]


def place_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for places."""
    town = rf"{_WORD}(?:{_GAP}{_WORD}){{0,2}}(?:,{_GAP}\p{{Lu}}{{2}}\b)?"
    return [
        ("cue", rf"(?<=\b(?i:{_PLACE_CUES}){_GAP}){town}", CUE_SCORE),
        ("street address", rf"\b\d{{1,5}}{_GAP}(?:{_WORD}{_GAP}){{1,3}}(?:{_STREETS})\b\.?", KNOWN_SCORE),
    ]
