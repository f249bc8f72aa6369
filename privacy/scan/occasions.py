"""Recognisers of our own for dates, times and ages in the forms that people write."""

HINT_SCORE = 0.45
SCORE = 0.6

_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d{2}"
_ZONE = r"(?:[ ]?(?:Z|UTC|GMT|[+\-]\d{2}:?\d{2}))?"
_TIME = rf"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{{1,6}})?)?(?:[ ]?[aApP]\.?[mM]\.?)?{_ZONE}"
_BEGIN = r"(?:(?<![\p{L}\d\-/.:])|(?<=\\n))"
_END = r"(?![\p{L}\d]|[\-/:.]\d)"
_YEAR_CUES = (
    r"in|since|during|of|by|until|till|year|from|before|after|to|around|circa|late|early|mid|fall|spring|summer|winter|"
    r"and|between|for|born|died|est\.|founded|the"
)
_AGE = r"(?:1[01]\d|[1-9]?\d)(?:\.\d)?"
_AGE_CUES = (
    r"aged?|age:|aged:|age is|age of|turn|turns|turned|turning|i am|i'm|he is|she is|he's|she's|he was|she was|is now|"
    r"just|years old:"
)
_OLD = r"[ \-]?(?i:years?|yrs?|yo|y/o|months?|weeks?)[ \-](?i:old|of age)\b|[ \-]?(?i:yo|y/o|y\.o\.)\b"
_UNITS = r"minutes?|hours?|days?|weeks?|percent|miles?|km|kg|%|of|am|pm"


def date_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for points in time."""
    return [
        ("date and time", rf"{_BEGIN}\d{{4}}-\d{{2}}-\d{{2}}[T ]{_TIME}{_END}", SCORE),
        ("numbers and time", rf"{_BEGIN}\d{{1,2}}[/.\-]\d{{1,2}}[/.\-](?:\d{{2}}){{1,2}},?[ ]{_TIME}{_END}", SCORE),
        ("day and month", rf"{_BEGIN}{_DAY}[ \-](?:of[ ])?(?i:{_MONTH})(?:[ ,\-]{{1,2}}{_YEAR})?{_END}", SCORE),
        ("month and day", rf"{_BEGIN}{_MONTH}[ ]{_DAY}(?:,?[ ]{_YEAR})?{_END}", SCORE),
        ("month and year", rf"{_BEGIN}{_MONTH},?[ ]{_YEAR}{_END}", SCORE),
        ("weekday", r"\b(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b", SCORE),
        ("year", rf"(?<=\b(?i:{_YEAR_CUES})[ ]){_YEAR}(?:s\b)?{_END}", HINT_SCORE),
        ("time", rf"{_BEGIN}{_TIME}{_END}", HINT_SCORE),
    ]


def age_patterns() -> list[tuple[str, str, float]]:
    """Return (name, expression, score) for the number of somebody's years."""
    ends = rf"[.,;!?)]?(?:$|[ \n](?!(?i:{_UNITS})\b)|\\n|[\"'])"
    return [
        ("years old", rf"(?<![\d.,\-/$]){_AGE}(?={_OLD})", SCORE),
        ("after a cue", rf"(?<=\b(?i:{_AGE_CUES})[ ]){_AGE}(?={ends})", HINT_SCORE),
        ("in brackets", r"(?<=\p{Lu}\p{Ll}{1,30}[ ]?[(,][ ]?)[1-9]\d(?=\)|,[ ]\p{Ll})", HINT_SCORE),
    ]
