"""What splits text into words, without a model and without a network."""

from typing import Any


class EngineError(RuntimeError):
    """The analyser cannot be built as asked."""

    code = "engine_error"


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
