"""What splits text into words, without a network: a blank tokenizer, or a name model that is already installed."""

import hashlib
from pathlib import Path
from typing import Any

from registry.canonical import digest


class EngineError(RuntimeError):
    """The analyser cannot be built as asked."""

    code = "engine_error"


class NerModelMissingError(EngineError):
    """The name model that was asked for is not on this machine."""

    code = "ner_model_missing"


def keep_domains_offline() -> None:
    """Give tldextract its bundled list: its default extractor fetches one over HTTP at the first e-mail address."""
    import tldextract

    module = tldextract.tldextract
    module.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def blank_engine(language: str = "en") -> Any:
    """Build a tokenizer that needs no model; raises ImportError for a language that spaCy has none for."""
    import spacy
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    class BlankNlpEngine(SpacyNlpEngine):  # type: ignore[misc,unused-ignore]
        """A tokenizer; the lemma of a token is its lower case, without which context words would do nothing."""

        engine_name = "blank"

        def load(self) -> None:
            self.nlp = {model["lang_code"]: spacy.blank(model["lang_code"]) for model in self.models}

        def _doc_to_nlp_artifact(self, doc: Any, language: str) -> Any:
            for token in doc:
                token.lemma_ = token.lower_
            return super()._doc_to_nlp_artifact(doc, language)

    engine = BlankNlpEngine(models=[{"lang_code": language, "model_name": "blank"}])
    engine.load()
    return engine


def model_engine(model: str) -> Any:
    """Load a spaCy model that is on this machine; raises NerModelMissingError when it is not."""
    import spacy
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    if not (spacy.util.is_package(model) or Path(model).is_dir()):
        raise NerModelMissingError(
            f"The name model {model!r} is neither an installed package nor a folder, and models are never downloaded: "
            "install it beside Probity, or unset PROBITY_NER_MODEL to scan with patterns and the gazetteer alone."
        )
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": model}])
    try:
        engine.load()
    except (OSError, ValueError, ImportError) as error:
        raise EngineError(f"The name model {model!r} cannot be loaded: {error}") from error
    return engine


def model_digest(model: str) -> str:
    """Return name and digest of a model's files, for the report."""
    import spacy

    folder = Path(model) if Path(model).is_dir() else Path(spacy.util.get_package_path(model))
    files = sorted(one for one in folder.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    listing = [[str(one.relative_to(folder)), hashlib.sha256(one.read_bytes()).hexdigest()] for one in files]
    return f"{folder.name}@{digest(listing)}"
