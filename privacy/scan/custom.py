"""Recognisers of the installation's own, and languages besides English: Presidio's YAML, and Presidio as it is.

What is given for English is masked like all else where its patterns can be read. Of every other language Presidio's
own engine is asked about every value.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from privacy.scan.finders import Finder, as_it_is
from privacy.scan.nlp import EngineError, blank_engine
from privacy.scan.recognizer_file import RecognizersInvalidError, listed

ENGLISH = "en"


class LanguageUnknownError(EngineError):
    """There is no tokenizer for a language."""

    code = "language_unknown"


def from_yaml(place: str | Path) -> list[Any]:
    """Return the recognisers of a file in Presidio's form; raises RecognizersInvalidError."""
    from presidio_analyzer import RecognizerRegistry

    registry = RecognizerRegistry()
    try:
        for one in listed(place):
            registry.add_pattern_recognizer_from_dict(one)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecognizersInvalidError(f"The recognisers in {str(place)!r} cannot be used: {error!r}.") from error
    return list(registry.recognizers)


def is_known(language: str) -> bool:
    """Say whether there is a tokenizer for a language, without loading one."""
    spacy = find_spec("spacy")
    places = spacy.submodule_search_locations if spacy else None
    return language.isidentifier() and any((Path(one) / "lang" / language).is_dir() for one in places or ())


def language_finder(language: str, own: Sequence[Any]) -> tuple[Finder, list[Any]]:
    """Return what looks at every value in another language, and its recognisers; raises LanguageUnknownError."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    try:
        nlp = blank_engine(language)
    except ImportError as error:
        raise LanguageUnknownError(f"There is no tokenizer for the language {language!r}.") from error
    registry = RecognizerRegistry(supported_languages=[language])
    registry.load_predefined_recognizers(languages=[language], nlp_engine=nlp)
    registry.recognizers = [one for one in registry.recognizers if not isinstance(one, SpacyRecognizer)]
    registry.recognizers += own
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=[language])

    def analyze(text: str, _entities: Any, _tokens: Any) -> Any:
        return analyzer.analyze(text, language, score_threshold=0.0)

    entities = sorted({entity for one in registry.recognizers for entity in one.supported_entities})
    part = as_it_is(SimpleNamespace(analyze=analyze, supported_entities=entities))
    thresholds = {entity: least for one in registry.recognizers for entity, least in _thresholds(one).items()}
    name = f"language {language}"
    return Finder(name, frozenset(entities), (part,), None, thresholds), list(registry.recognizers)


def _thresholds(recognizer: Any) -> dict[str, float]:
    given = recognizer.score_thresholds
    known = {entity: given.get(entity, given.get("default")) for entity in recognizer.supported_entities}
    return {entity: least for entity, least in known.items() if least is not None}
