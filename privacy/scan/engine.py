"""The analyser: Presidio's recognisers and our gazetteer over a tokenizer that needs no model and no network."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from privacy.scan import ours
from privacy.scan.custom import ENGLISH, LanguageUnknownError, from_yaml, language_finder
from privacy.scan.finders import Finder, finder
from privacy.scan.hits import Analysis, Found, Hit, Merger, hits
from privacy.scan.name_files import NerModelMissingError
from privacy.scan.name_models import NameModel, name_model
from privacy.scan.nlp import EngineError, blank_engine, keep_domains_offline
from privacy.scan.pieces import PIECE, pieces
from privacy.scan.plan import Boost, Job, plan
from privacy.scan.recognizer_file import RecognizersInvalidError
from registry.canonical import decimal_string, digest

__all__ = [
    "Analysis",
    "Engine",
    "EngineError",
    "Hit",
    "LanguageUnknownError",
    "NerModelMissingError",
    "RecognizersInvalidError",
    "build_engine",
]

NAME = "presidio"
VERSION = "3"
THRESHOLD = 0.4
LONGEST_CELL = 1_000_000
CELL_SECONDS = 30.0
_WITHOUT_MODEL = "none"
_URL_RUN = r"(?<![a-z0-9.\-])"


@dataclass(frozen=True, slots=True)
class Engine:
    """An analyser with its fingerprint. One per process: building it takes a second."""

    analyzer: Any
    ner: str
    fingerprint: str
    finders: tuple[Finder, ...]
    merger: Merger
    context_words: frozenset[str]
    longest_cell: int = LONGEST_CELL
    cell_seconds: float = CELL_SECONDS

    def describe(self) -> dict[str, Any]:
        """Return what a report records of the analyser; ``every_value`` names whom no mask spares any value."""
        return {
            "name": NAME,
            "version": VERSION,
            "fingerprint": self.fingerprint,
            "ner": self.ner,
            "every_value": sorted(one.name for one in self.finders if one.looks_everywhere),
        }

    def context(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """Return those words of a column's name that some recogniser takes as context, matched whole."""
        return tuple(sorted(set(tokens) & self.context_words))

    def named(self, context: Sequence[str]) -> frozenset[str]:
        """Return the recognisers for which these words are context enough: to the others they mean nothing."""
        keywords = [word.lower() for word in context]
        return frozenset(one.name for one in self.finders if one.words is not None and one.words.occur_in(keywords))

    def plan(self, context: Sequence[str], threshold: float | None) -> tuple[Job, ...]:
        """Return who has to look where in a column whose name gives these context words."""
        keywords = [word.lower() for word in context]
        sure = None if self.merger.lemmas_differ else threshold
        return plan(self.finders, keywords, sure, self.merger.boost)

    def analyze(self, text: str, context: Sequence[str] = (), threshold: float | None = THRESHOLD) -> Analysis:
        """Return the findings of a text at or above a threshold, None for the recognisers' own.

        They are those of Presidio's ``AnalyzerEngine`` up to the length of a piece; a longer text is analysed in
        pieces that overlap.
        """
        began, found, problem = time.monotonic(), list[Hit](), ""
        keywords = [word.lower() for word in context]
        if len(text) > self.longest_cell:
            problem = f"a cell of {len(text)} characters is longer than the limit of {self.longest_cell}"
        for offset, piece in pieces(text[: self.longest_cell]):
            left = self.cell_seconds - (time.monotonic() - began)
            if left <= 0:
                limit = f"the limit of {self.cell_seconds:g} seconds"
                problem = f"a cell of {len(text)} characters took longer than {limit}"
                break
            try:
                with self.merger.forgetting():
                    found += self._piece(piece, offset, keywords, threshold, left)
            except TimeoutError:
                problem = f"a pattern ran out of time on a cell of {len(text)} characters"
        return Analysis(_merged(found) if len(text) > PIECE else tuple(found), problem)

    def _piece(
        self, piece: str, offset: int, keywords: Sequence[str], threshold: float | None, seconds: float
    ) -> tuple[Hit, ...]:
        everywhere = any(one.reads_tokens for one in self.finders)
        tokens = self.merger.tokens(piece) if everywhere else None
        found = []
        for one in self.finders:
            raws = one.find(piece, seconds, tokens and tokens.artifacts)
            if raws:
                found.append(Found(one, raws, one.words is not None and one.words.occur_in(keywords)))
        return hits(self.merger.merged(piece, found, threshold, tokens), offset)


def _merged(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Drop what lies inside a finding of the same entity: an overlap of pieces sees some findings cut short."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.start, -one.end, one.entity, -one.score)):
        inside = any(one.entity == hit.entity and one.start <= hit.start and hit.end <= one.end for one in kept[-40:])
        if not inside:
            kept.append(hit)
    return tuple(kept)


def build_engine(
    *, ner_model: str | None = None, recognizers: str | Path | None = None, languages: Sequence[str] = (ENGLISH,)
) -> Engine:
    """Build the analyser; nothing is downloaded.

    ``ner_model`` is an installed spaCy package or the folder of a model of spaCy or transformers, ``recognizers`` a
    file of more recognisers as Presidio takes it, ``languages`` are those in which texts are read, English always
    among them. Raises RecognizersInvalidError, LanguageUnknownError, and what ``name_model`` raises.
    """
    from presidio_analyzer import AnalyzerEngine

    keep_domains_offline()
    names = name_model(ner_model) if ner_model else NameModel(blank_engine(), (), _WITHOUT_MODEL, within=False)
    own = from_yaml(recognizers) if recognizers else []
    registry = _registry(names)
    registry.recognizers.extend(one for one in own if one.supported_language == ENGLISH)
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=names.nlp, supported_languages=[ENGLISH])
    known = sorted(registry.recognizers, key=lambda one: str(one.name))
    finders = list(map(finder, known))
    for language in dict.fromkeys(one for one in languages if one != ENGLISH):
        foreign, theirs = language_finder(language, [one for one in own if one.supported_language == language])
        finders.append(foreign)
        known += sorted(theirs, key=lambda one: str(one.name))
    enhancer = analyzer.context_aware_enhancer
    boost = Boost(enhancer.context_similarity_factor, enhancer.min_score_with_context_similarity)
    return Engine(
        analyzer=analyzer,
        ner=names.digest,
        fingerprint=_fingerprint(known, names.digest),
        finders=tuple(finders),
        merger=Merger(analyzer, boost, lemmas_differ=names.within),
        context_words=frozenset(word for one in finders if one.words for word in one.words.words),
    )


def _registry(names: NameModel) -> Any:
    from presidio_analyzer import Pattern, RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer, UrlRecognizer

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=names.nlp)
    if not names.within:
        registry.recognizers = [one for one in registry.recognizers if not isinstance(one, SpacyRecognizer)]
    registry.recognizers.extend(names.recognizers)
    for one in registry.recognizers:
        if isinstance(one, UrlRecognizer):
            # Unanchored, this pattern is tried from every character of a run of dots: seconds for a single cell.
            one.patterns = [
                Pattern(name=old.name, regex=_URL_RUN + old.regex.removeprefix("(?i)"), score=old.score)
                if old.name == "Non schema URL"
                else old
                for old in one.patterns
            ]
    registry.recognizers.extend(ours.recognizers())
    return registry


def _fingerprint(recognizers: Sequence[Any], ner: str) -> str:
    """Return the digest of all that decides what is found: versions, patterns, scores, context words, the model."""
    packages = ("presidio-analyzer", "spacy", "phonenumbers", "tldextract", "regex")
    return digest(
        {
            "scanner": VERSION,
            "ner": ner,
            "packages": {name: version(name) for name in packages},
            "recognizers": [
                {
                    "name": one.name,
                    "class": type(one).__name__,
                    "version": str(one.version),
                    "language": one.supported_language,
                    "entities": sorted(one.supported_entities),
                    "context": list(one.context or ()),
                    "patterns": [
                        [pattern.name, pattern.regex, decimal_string(pattern.score)]
                        for pattern in getattr(one, "patterns", ())
                    ],
                }
                for one in recognizers
            ],
        }
    )
