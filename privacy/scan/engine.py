"""The analyser: Presidio's recognisers and our gazetteer over a tokenizer that needs no model and no network."""

import logging
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from privacy.scan import gazetteer, masks
from privacy.scan.nlp import (
    EngineError,
    NerModelMissingError,
    blank_engine,
    keep_domains_offline,
    model_digest,
    model_engine,
)
from privacy.scan.pieces import pieces
from registry.canonical import decimal_string, digest

__all__ = ["Analysis", "Engine", "EngineError", "Hit", "NerModelMissingError", "build_engine"]

NAME = "presidio"
VERSION = "1"
THRESHOLD = 0.4
LONGEST_CELL = 1_000_000
CELL_SECONDS = 30.0
_WITHOUT_MODEL = "none"
_URL_RUN = r"(?<![a-z0-9.\-])"


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One finding in a text, by code points; ``validated`` says that a checksum or a registry confirmed it."""

    start: int
    end: int
    entity: str
    score: float
    validated: bool = False


@dataclass(frozen=True, slots=True)
class Analysis:
    """All findings of one text; ``problem`` says why some part of it was not analysed, or is empty."""

    hits: tuple[Hit, ...] = ()
    problem: str = ""


class _Timeouts(logging.Handler):
    """Presidio logs a pattern that ran out of time and goes on; this notices, so that the scan does not pass it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.seen = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.seen += "timed out" in str(record.msg)


_TIMEOUTS = _Timeouts()


@dataclass(frozen=True, slots=True)
class Engine:
    """An analyser with its fingerprint. One per process: building it takes a second."""

    analyzer: Any
    ner: str
    fingerprint: str
    masks: tuple[tuple[frozenset[str], masks.Mask], ...]
    context_words: frozenset[str]
    longest_cell: int = LONGEST_CELL
    cell_seconds: float = CELL_SECONDS

    def describe(self) -> dict[str, str]:
        """Return what a report records of the analyser."""
        return {"name": NAME, "version": VERSION, "fingerprint": self.fingerprint, "ner": self.ner}

    def context(self, tokens: Iterable[str]) -> tuple[str, ...]:
        """Return those words of a column's name that some recogniser takes as context, matched whole."""
        return tuple(sorted(set(tokens) & self.context_words))

    def analyze(self, text: str, context: Sequence[str] = (), threshold: float = THRESHOLD) -> Analysis:
        """Return the findings of a text at or above a threshold, deduplicated over its pieces and sorted."""
        began, found, problem = time.monotonic(), set[Hit](), ""
        if len(text) > self.longest_cell:
            problem = f"a cell of {len(text)} characters is longer than the limit of {self.longest_cell}"
        for offset, piece in pieces(text[: self.longest_cell]):
            if time.monotonic() - began > self.cell_seconds:
                problem = (
                    f"a cell of {len(text)} characters took longer than the limit of {self.cell_seconds:g} seconds"
                )
                break
            before = _TIMEOUTS.seen
            found.update(self._piece(piece, offset, context, threshold))
            if _TIMEOUTS.seen > before:
                problem = f"a pattern ran out of time on a cell of {len(text)} characters"
        return Analysis(_merged(found), problem)

    def _piece(self, piece: str, offset: int, context: Sequence[str], threshold: float) -> list[Hit]:
        entities = self.candidates(piece)
        if not entities:
            return []
        results = self.analyzer.analyze(
            piece,
            "en",
            entities=sorted(entities),
            context=list(context),
            score_threshold=threshold,
            return_decision_process=True,
        )
        return [
            Hit(
                start=offset + result.start,
                end=offset + result.end,
                entity=result.entity_type,
                score=round(result.score, 6),
                validated=bool(result.analysis_explanation and result.analysis_explanation.validation_result),
            )
            for result in results
        ]

    def candidates(self, text: str) -> Collection[str]:
        """Return the entities that a text may hold; asking for fewer than all changes no finding."""
        digits = masks.count_digits(text)
        wanted: set[str] = set()
        for entities, mask in self.masks:
            if mask.may_match(text, digits):
                wanted |= entities
        return wanted


def _merged(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Drop what lies inside a finding of the same entity: an overlap of pieces sees some findings cut short."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda one: (one.start, -one.end, one.entity, -one.score)):
        inside = any(one.entity == hit.entity and one.start <= hit.start and hit.end <= one.end for one in kept[-40:])
        if not inside:
            kept.append(hit)
    return tuple(kept)


def build_engine(*, ner_model: str | None = None) -> Engine:
    """Build the analyser; nothing is downloaded. ``ner_model`` is an installed spaCy package or a folder.

    Raises NerModelMissingError when the model is not on this machine, EngineError when it does not load.
    """
    from presidio_analyzer import AnalyzerEngine

    keep_domains_offline()
    nlp, ner = (model_engine(ner_model), model_digest(ner_model)) if ner_model else (blank_engine(), _WITHOUT_MODEL)
    registry = _registry(nlp, with_model=bool(ner_model))
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])
    recognizers = sorted(registry.recognizers, key=lambda one: str(one.name))
    logging.getLogger("presidio-analyzer").addHandler(_TIMEOUTS)
    return Engine(
        analyzer=analyzer,
        ner=ner,
        fingerprint=_fingerprint(recognizers, ner),
        masks=tuple((frozenset(one.supported_entities), masks.of_recognizer(one)) for one in recognizers),
        context_words=frozenset(word.lower() for one in recognizers for word in one.context or ()),
    )


def _registry(nlp: Any, *, with_model: bool) -> Any:
    from presidio_analyzer import Pattern, RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer, UrlRecognizer

    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=nlp)
    if not with_model:
        registry.recognizers = [one for one in registry.recognizers if not isinstance(one, SpacyRecognizer)]
    for one in registry.recognizers:
        if isinstance(one, UrlRecognizer):
            # Unanchored, this pattern is tried from every character of a run of dots: seconds for a single cell.
            one.patterns = [
                Pattern(name=old.name, regex=_URL_RUN + old.regex.removeprefix("(?i)"), score=old.score)
                if old.name == "Non schema URL"
                else old
                for old in one.patterns
            ]
    registry.recognizers.extend(gazetteer.recognizers())
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
