"""The recognisers of our own that stand beside Presidio's, and the words that they know."""

import re
from collections.abc import Callable
from typing import Any

from privacy.scan import addresses, cued, gazetteer, names, occasions, places, running_text, vocabulary
from privacy.scan.masks import Mask
from privacy.scan.unlisted import refined
from registry.canonical import digest

Rule = Callable[[str], bool]
Row = tuple[str, list[tuple[str, str, float]], Rule | None]


def rows() -> list[tuple[str, Row]]:
    """Return by name of the recogniser: its entity, its patterns, and what may refuse a finding by its words."""
    text, name = running_text, gazetteer.NAME
    return [
        (f"{name}PersonRecognizer", ("PERSON", gazetteer.person_patterns(), None)),
        (f"{name}LocationRecognizer", ("LOCATION", gazetteer.place_patterns(), None)),
        (f"{name}PersonHints", ("PERSON", text.person_hints(), text.may_be_name)),
        (f"{name}PlaceHints", ("LOCATION", text.place_hints(), text.may_be_place)),
        (f"{name}Peoples", ("NRP", text.people_patterns(), None)),
        (f"{name}Organisations", ("ORGANIZATION", text.organisation_patterns(), text.may_be_firm)),
        (f"{name}Addresses", ("LOCATION", addresses.address_patterns(), addresses.is_address)),
        (f"{name}AddressCues", ("LOCATION", addresses.cue_patterns(), None)),
        (f"{name}Dates", ("DATE_TIME", occasions.date_patterns(), None)),
        (f"{name}Ages", ("AGE", occasions.age_patterns(), None)),
        (f"{name}Phones", ("PHONE_NUMBER", cued.phone_patterns(), None)),
        (f"{name}Cards", ("CREDIT_CARD", cued.card_patterns(), cued.passes_luhn)),
        (f"{name}PostalCodes", ("POSTAL_CODE", cued.postal_patterns(), None)),
        *(
            (f"{name}{entity.title()}", (entity, patterns, None))
            for entity, patterns in cued.document_patterns().items()
        ),
    ]


def known_words() -> str:
    """Return the digest of the words by which findings are refused: they decide what is found, as patterns do."""
    lists = (names.GIVEN, names.AMBIGUOUS_GIVEN, names.SURNAMES, names.NOT_A_SURNAME, places.COUNTRIES, places.STATES)
    more = (places.CITIES, places.PEOPLES, vocabulary.COMMON, vocabulary.CALENDAR, vocabulary.STREETS)
    return digest([sorted(one) for one in (*lists, *more)])


def recognizers() -> list[Any]:
    """Build the Presidio recognisers; their flags keep the case of letters significant."""
    from presidio_analyzer import Pattern, PatternRecognizer

    class Ruled(PatternRecognizer):  # type: ignore[misc,unused-ignore]
        """Patterns whose findings a rule on their words may refuse."""

        rule: Rule = bool

        def invalidate_result(self, pattern_text: str) -> bool:
            return not self.rule(pattern_text)

        def refined(self, made: Mask, pattern: Pattern) -> Mask:
            """Leave out of a mask what the rule refuses wherever it stands, so far as it can be told."""
            if self.rule is not running_text.may_be_name or pattern.name not in running_text.LONE:
                return made
            flags, refused = int(self.global_regex_flags), running_text.never_names()
            return refined(made, pattern.regex, flags, running_text.WORD, refused)

    made, version = [], known_words()
    for name, (entity, patterns, rule) in rows():
        one = (Ruled if rule else PatternRecognizer)(
            supported_entity=entity,
            name=name,
            version=version,
            patterns=[Pattern(name=kind, regex=expression, score=score) for kind, expression, score in patterns],
            global_regex_flags=re.DOTALL | re.MULTILINE,
        )
        if rule:
            one.rule = rule
        made.append(one)
    return made
