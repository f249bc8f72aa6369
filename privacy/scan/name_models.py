"""A name model beside the patterns: one of spaCy or of transformers, from this machine alone."""

from dataclasses import dataclass
from typing import Any

from privacy.scan.name_files import Library, NerModelInvalidError, library_of, model_digest
from privacy.scan.nlp import blank_engine


@dataclass(frozen=True, slots=True)
class NameModel:
    """What a name model brings: what splits texts into words, who finds names, and how the report calls it.

    ``within`` says that the names come with the words, as spaCy's do: Presidio's own recogniser takes them from there.
    """

    nlp: Any
    recognizers: tuple[Any, ...]
    digest: str
    within: bool


def name_model(model: str) -> NameModel:
    """Load a name model, an installed package or a folder; nothing is downloaded.

    Raises what ``library_of`` raises, and NerModelInvalidError for a model that does not load.
    """
    if library_of(model) is Library.TRANSFORMERS:
        from privacy.scan.transformer_names import recognizer

        return NameModel(blank_engine(), (recognizer(model),), model_digest(model), within=False)
    return NameModel(_spacy_engine(model), (), model_digest(model), within=True)


def _spacy_engine(model: str) -> Any:
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    try:
        engine.load()
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise NerModelInvalidError(f"The name model {model!r} cannot be loaded: {error}") from error
    return engine
