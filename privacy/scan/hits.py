"""Findings as the rest of the product sees them, and how those of several recognisers become one list."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from privacy.scan.context import Splitter, Tokens, analysed
from privacy.scan.finders import Finder, Raw, without_duplicates
from privacy.scan.nlp import blank_engine
from privacy.scan.plan import Boost

_DIGITS = 6


class Hit(NamedTuple):
    """One finding in a text, by code points; ``validated`` says that a checksum or a registry confirmed it."""

    start: int
    end: int
    entity: str
    score: float
    validated: bool = False


class Analysis(NamedTuple):
    """All findings of one text; ``problem`` says why some part of it was not analysed, or is empty."""

    hits: tuple[Hit, ...] = ()
    problem: str = ""


class Found(NamedTuple):
    """What one finder found in a text; ``named`` says that the column's name is context enough."""

    finder: Finder
    raws: Sequence[Raw]
    named: bool


class Merger:
    """Boosts findings by context words, drops those below the threshold and duplicates: the order of Presidio."""

    def __init__(self, analyzer: Any, boost: Boost, *, lemmas_differ: bool) -> None:
        """``lemmas_differ`` says that the tokenizer may give words that do not stand in the text."""
        self.enhancer = analyzer.context_aware_enhancer
        self.nlp = analyzer.nlp_engine
        self.default = analyzer.default_score_threshold
        self.boost = boost
        self.lemmas_differ = lemmas_differ
        self.split = self.tokens if lemmas_differ else Splitter(self.enhancer, blank_engine).tokens

    def forgetting(self) -> AbstractContextManager[Any]:
        """Let the tokenizer forget, at the end of a block, the words that it met: otherwise it keeps every one."""
        language = self.nlp.nlp["en"]
        return nullcontext() if language.vocab.in_memory_zone else language.memory_zone()

    def tokens(self, text: str) -> Tokens:
        """Split a text into words; to be used inside of one ``forgetting`` only."""
        return analysed(self.enhancer, self.nlp, text)

    def merged(self, text: str, found: Iterable[Found], threshold: float | None, tokens: Tokens | None) -> list[Raw]:
        """Return the findings of one text."""
        kept: list[Raw] = []
        lowered = ""
        for finder, raws, named in found:
            words, seen = finder.words, False
            if words is not None and not named:
                lowered = lowered or text.lower()
                seen = self.lemmas_differ or words.search(lowered) is not None
                if seen and tokens is None:
                    tokens = self.split(text)
            for raw in raws:
                entity, start, end, score, valid = raw
                if named or (seen and words.occur_in(tokens.around(start))):  # type: ignore[union-attr]
                    score = self.boost.raised(score)
                if score > 0 and score >= (self._least(finder, entity) if threshold is None else threshold):
                    kept.append((entity, start, end, score, valid))
        return without_duplicates(kept)

    def _least(self, finder: Finder, entity: str) -> float:
        if not finder.thresholds:
            return float(self.default)
        return float(finder.thresholds.get(entity, finder.thresholds.get("default", self.default)))


def hits(raws: Iterable[Raw], offset: int = 0) -> tuple[Hit, ...]:
    """Return findings in the order of the text."""
    made = [
        Hit(start + offset, end + offset, entity, round(score, _DIGITS), valid)
        for entity, start, end, score, valid in raws
    ]
    if len(made) > 1:
        made.sort(key=lambda one: (one.start, -one.end, one.entity, -one.score))
    return tuple(made)
