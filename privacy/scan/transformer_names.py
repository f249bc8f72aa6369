"""Names by a token classifier of transformers: files of this machine, weights as safetensors, code of none but theirs.

The model runs on the CPU, in single precision, so that every worker finds the same. A text that is longer than the
model reads is read in stretches that overlap (``stride`` of the pipeline of transformers). What goes wrong is raised:
a model that cannot read a text has not found it clean.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from privacy.scan.name_files import NerModelInvalidError

NAME = "TransformerNames"
LONGEST = 512
_NOTHING = "O"
_BEGINS, _GOES_ON = ("B-", "U-", "S-"), ("I-", "L-", "E-")
_PACKAGES = ("transformers", "tokenizers", "torch")
# Beside Presidio's table: what its patterns call so, and what is no person's (peoples, events, works).
_OURS = {"EMAIL": "EMAIL_ADDRESS", "MISC": _NOTHING}

Predict = Callable[[str], Iterable[Mapping[str, Any]]]


def labels_of(given: Mapping[int, str], model: str) -> dict[int, str]:
    """Return a model's labels with the names of Presidio's entities, in the form B-, I- and O of the pipeline.

    A label that Presidio has no name for stays as it is. Raises NerModelInvalidError when none says what it is.
    """
    known = _known()
    made = {int(number): _label(label, known) for number, label in given.items()}
    if not any(label[2:] in known.values() for label in made.values()):
        raise NerModelInvalidError(
            f"The name model {model!r} gives the labels {', '.join(sorted(given.values()))}, and none of them is known "
            f"to be of a person, a place or the like ({', '.join(sorted(known))})."
        )
    return made


def _known() -> dict[str, str]:
    from presidio_analyzer.nlp_engine.ner_model_configuration import MODEL_TO_PRESIDIO_ENTITY_MAPPING
    from presidio_analyzer.predefined_recognizers.ner.huggingface_ner_recognizer import HuggingFaceNerRecognizer

    return {**HuggingFaceNerRecognizer.DEFAULT_LABEL_MAPPING, **MODEL_TO_PRESIDIO_ENTITY_MAPPING, **_OURS}


def _label(label: str, known: Mapping[str, str]) -> str:
    begins, goes_on = label.startswith(_BEGINS), label.startswith(_GOES_ON)
    bare = label[2:] if begins or goes_on else label
    entity = known.get(bare.upper(), bare)
    return _NOTHING if entity == _NOTHING else f"{'B' if begins else 'I'}-{entity}"


def spans(text: str, found: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, int, float]]:
    """Return (entity, start, end, score) of what a pipeline found, without the spaces around it.

    Raises ValueError for a finding without a place or with a score that is no number.
    """
    made = []
    for one in found:
        start, end, score = one["start"], one["end"], float(one["score"])
        if start is None or end is None or not math.isfinite(score):
            raise ValueError(f"The name model gave a finding at {start}-{end} with the score {score}.")
        inside = text[start:end]
        start, end = start + len(inside) - len(inside.lstrip()), end - len(inside) + len(inside.rstrip())
        if start < end:
            made.append((str(one["entity_group"]), start, end, min(max(score, 0.0), 1.0)))
    return made


def recognizer(model: str) -> Any:
    """Load a token classifier as a recogniser of Presidio's; raises NerModelInvalidError when it does not load."""
    from presidio_analyzer import EntityRecognizer, RecognizerResult

    predict, entities = _pipeline(model)

    # Presidio tells its types in some of the environments in which this is checked, in others not.
    class TransformerNames(EntityRecognizer):  # type: ignore[misc,unused-ignore]
        """Asks the model about a text."""

        def load(self) -> None:
            """Do nothing: the model is there."""

        def analyze(self, text: str, entities: Sequence[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ARG002 - Presidio's
            found = spans(text, predict(text)) if text.strip() else []
            return [RecognizerResult(*one) for one in found if one[0] in entities]

    versions = ", ".join(f"{one} {version(one)}" for one in _PACKAGES)
    return TransformerNames(supported_entities=entities, name=NAME, version=versions)


def _pipeline(model: str) -> tuple[Predict, list[str]]:
    """Return what finds, and the entities that it may find."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
    from transformers import TokenClassificationPipeline

    try:
        network, tokenizer = _loaded(str(Path(model)))
        labels = labels_of(network.config.id2label, model)
        _refuse_unlearned(network, tokenizer, model)
        network.config.id2label = labels
        most = _limit(network.config, tokenizer)
        tokenizer.model_max_length = most
        found = TokenClassificationPipeline(
            model=network, tokenizer=tokenizer, aggregation_strategy="max", stride=most // 8, device="cpu"
        )
    except NerModelInvalidError:
        raise
    except Exception as error:  # damaged files raise whatever their reader does
        raise NerModelInvalidError(f"The name model {model!r} cannot be loaded: {error}") from error
    return found, sorted({label[2:] for label in labels.values() if label != _NOTHING})


def _loaded(folder: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    here = {"local_files_only": True, "trust_remote_code": False}
    network, told = AutoModelForTokenClassification.from_pretrained(
        folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **here
    )
    if lacking := sorted(str(one) for name in ("missing_keys", "mismatched_keys") for one in told[name]):
        raise NerModelInvalidError(
            f"The weights in {folder!r} lack {', '.join(lacking[:5])}, without which the model would guess."
        )
    return network.eval(), AutoTokenizer.from_pretrained(folder, use_fast=True, **here)


def _refuse_unlearned(network: Any, tokenizer: Any, model: str) -> None:
    if not tokenizer.is_fast:
        raise NerModelInvalidError(
            f"The tokenizer of the name model {model!r} does not tell where its tokens stand; one with a "
            "tokenizer.json does."
        )
    if not all(bool(one.isfinite().all()) for one in network.parameters()):
        raise NerModelInvalidError(f"The name model {model!r} has weights that are no numbers.")


def _limit(config: Any, tokenizer: Any) -> int:
    """Return how many tokens the model reads at once; models that count positions from two say so by two more."""
    positions = getattr(config, "max_position_embeddings", None) or LONGEST
    told = tokenizer.model_max_length
    return int(told) if told <= positions else int(positions) - 2
