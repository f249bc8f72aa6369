"""What looks for one recogniser's findings in one text: its own patterns and its own validation, results as tuples.

A recogniser that is nothing but patterns is run from its patterns, with a mask for each. Presidio's IBAN recogniser
runs as it is behind such masks, its phone recogniser through ``phones``. Every other recogniser, name models
included, is asked about every value, and the engine says which these are.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from privacy.scan import gazetteer
from privacy.scan.context import Words
from privacy.scan.masks import Mask, any_of, mask
from privacy.scan.phones import PhoneFinder

SHORT = 1024  # watching the time costs several times what a pattern takes for so many characters
_PRESIDIO = "presidio_analyzer.predefined_recognizers."

Raw = tuple[str, int, int, float, bool]  # entity, start, end, score, whether a checksum or a registry confirmed it
Search = Callable[[str, float, Any], Iterable[Raw]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a finder can do by itself: one pattern, or the whole recogniser.

    ``most`` is the highest score that it gives without context; ``mask`` lets through every text in which it finds
    something, and is None where nothing is known of that.
    """

    mask: Mask | None
    most: float
    search: Search


@dataclass(frozen=True, slots=True)
class Finder:
    """A recogniser as the scanner runs it; ``reads_tokens`` says that it wants the text split into words."""

    name: str
    entities: frozenset[str]
    parts: tuple[Part, ...]
    words: Words | None
    thresholds: dict[str, float]
    refuses: Any = None
    reads_tokens: bool = False

    @property
    def looks_everywhere(self) -> bool:
        """Say whether no mask spares it any value."""
        return any(part.mask is None for part in self.parts)

    def find(self, text: str, seconds: float, tokens: Any = None, parts: Sequence[Part] | None = None) -> list[Raw]:
        """Return the findings of some parts, by default all; raises TimeoutError when a pattern takes longer.

        ``PatternRecognizer`` drops its own duplicates before context words are looked for, others do not.
        """
        found: list[Raw] = []
        for part in self.parts if parts is None else parts:
            found.extend(part.search(text, seconds, tokens))
        return found if self.reads_tokens else without_duplicates(found)


def without_duplicates(found: list[Raw]) -> list[Raw]:
    """Drop what another finding of its entity holds at no lower score, as ``EntityRecognizer.remove_duplicates``."""
    if len(found) < 2 or len({raw[0] for raw in found}) == len(found):  # noqa: PLR2004 - each of its own entity
        return found
    kept: list[Raw] = []
    active: list[Raw] = []
    for one in sorted(found, key=lambda raw: (raw[0], raw[1], -raw[2], -raw[3], not raw[4])):
        active = [other for other in active if other[0] == one[0] and other[2] >= one[1]]
        if not any(other[1] <= one[1] and one[2] <= other[2] and one[3] <= other[3] for other in active):
            kept.append(one)
            active.append(one)
    return kept


def finder(recognizer: Any) -> Finder:
    """Return the finder of a recogniser."""
    from presidio_analyzer import PatternRecognizer
    from presidio_analyzer.predefined_recognizers import IbanRecognizer, PhoneRecognizer

    kind = type(recognizer)
    words = Words.of(recognizer.context) if recognizer.context else None
    reads_tokens = False
    if kind is PhoneRecognizer and recognizer.leniency == 1:
        parts: tuple[Part, ...] = (_phone_part(recognizer),)
    elif isinstance(recognizer, PatternRecognizer) and kind.analyze is PatternRecognizer.analyze:
        parts = tuple(_pattern_part(recognizer, pattern) for pattern in recognizer.patterns)
    elif kind is IbanRecognizer:
        masks = [mask(pattern.regex, recognizer.global_regex_flags) for pattern in recognizer.patterns]
        parts = (replace(as_it_is(recognizer), mask=any_of(masks)),)
    else:
        parts, reads_tokens = (as_it_is(recognizer),), True
    return Finder(
        name=str(recognizer.name),
        entities=frozenset(recognizer.supported_entities),
        parts=parts,
        words=words,
        thresholds=dict(recognizer.score_thresholds),
        refuses=_refuses(recognizer),
        reads_tokens=reads_tokens,
    )


def _is_known(recognizer: Any) -> bool:
    """Say whether a recogniser is Presidio's or ours: their patterns need no watch over short texts."""
    return type(recognizer).__module__.startswith(_PRESIDIO) or recognizer.name.startswith(gazetteer.NAME)


def _refuses(recognizer: Any) -> Any:
    """Return what Presidio's phone recogniser needs to have refused of a whole column, or None."""
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer

    from privacy.scan.phone_shapes import shapes

    if type(recognizer) is not PhoneRecognizer or recognizer.leniency != 1:
        return None
    return shapes(tuple(recognizer.supported_regions)).refused


def _pattern_part(recognizer: Any, pattern: Any) -> Part:
    import regex  # type: ignore[import-untyped]
    from presidio_analyzer import PatternRecognizer

    kind, entity, score = type(recognizer), recognizer.supported_entities[0], pattern.score
    validates = kind.validate_result is not PatternRecognizer.validate_result
    invalidates = kind.invalidate_result is not PatternRecognizer.invalidate_result
    compiled = regex.compile(pattern.regex, recognizer.global_regex_flags)
    unwatched = SHORT if _is_known(recognizer) else -1

    def search(text: str, seconds: float, _tokens: Any) -> Iterable[Raw]:
        short = len(text) <= unwatched
        found: list[Raw] = []
        for match in compiled.finditer(text) if short else compiled.finditer(text, timeout=seconds):
            start, end = match.span()
            if start == end:
                continue
            given, valid = score, None
            if validates:
                valid = recognizer.validate_result(text[start:end])
                given = score if valid is None else 1.0 if valid else 0
            if given > 0 and not (invalidates and recognizer.invalidate_result(text[start:end])):
                found.append((entity, start, end, given, bool(valid)))
        return found

    made = mask(pattern.regex, recognizer.global_regex_flags)
    if made is not None and hasattr(recognizer, "refined"):
        made = recognizer.refined(made, pattern)
    return Part(made, 1.0 if validates else score, search)


class _Timeouts(logging.Handler):
    """Presidio logs a pattern that ran out of time and goes on; this notices, so that the scan does not pass it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += "timed out" in str(record.msg)


_TIMEOUTS = _Timeouts()


def as_it_is(recognizer: Any) -> Part:
    """Return what asks a recogniser, or what is asked like one, about every value."""
    logging.getLogger("presidio-analyzer").addHandler(_TIMEOUTS)  # a handler is added once only

    def search(text: str, _seconds: float, tokens: Any) -> Iterable[Raw]:
        before = _TIMEOUTS.seen
        for one in recognizer.analyze(text, recognizer.supported_entities, tokens) or ():
            said = one.analysis_explanation
            yield one.entity_type, one.start, one.end, one.score, bool(said and said.validation_result)
        if _TIMEOUTS.seen > before:
            raise TimeoutError

    return Part(None, 1.0, search)


def _phone_part(recognizer: Any) -> Part:
    entity, score = recognizer.supported_entities[0], recognizer.SCORE
    phones = PhoneFinder(recognizer.supported_regions)

    def search(text: str, _seconds: float, _tokens: Any) -> Iterable[Raw]:
        return [(entity, start, end, score, False) for start, end in phones.spans(text)]

    return Part(_phone_mask(), score, search)


def _phone_mask() -> Mask | None:
    """Ask for the digits of the shortest number anywhere, apart as far as the matcher's own pattern lets them be."""
    import phonenumbers
    from phonenumbers import PhoneMetadata
    from phonenumbers import phonenumbermatcher as matching

    described: list[Any] = [PhoneMetadata.metadata_for_region(name, None) for name in phonenumbers.SUPPORTED_REGIONS]
    lengths = [length for one in described if one for length in one.general_desc.possible_length if length > 0]
    return mask(rf"\d(?:{matching._PUNCTUATION}\d){{{min(lengths) - 1}}}", 0)  # noqa: SLF001 - the matcher's own
