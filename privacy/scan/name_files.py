"""What the files of a name model say that it is: told without loading anything of it.

A model is refused here for what its folder shows, so that a wrong setting is an error when a process starts.
"""

import hashlib
import json
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from privacy.scan.nlp import EngineError
from registry.canonical import digest

HEAD = "ForTokenClassification"
EXTRA = "transformers"
_NEEDED = ("transformers", "torch", "safetensors")


class Library(StrEnum):
    """Which library a name model is of."""

    SPACY = "spacy"
    TRANSFORMERS = "transformers"


class NerModelMissingError(EngineError):
    """The name model that was asked for is not on this machine."""

    code = "ner_model_missing"


class NerModelInvalidError(EngineError):
    """The files are those of no name model that is taken."""

    code = "ner_model_invalid"


class NerExtraMissingError(EngineError):
    """The libraries that the model needs are not installed."""

    code = "ner_extra_missing"


def folder_of(model: str) -> Path:
    """Return where the files of a model are, an installed package or a folder; raises NerModelMissingError."""
    if Path(model).is_dir():
        return Path(model)
    places = _places(model)
    if not places:
        raise NerModelMissingError(
            f"The name model {model!r} is neither an installed package nor a folder, and models are never downloaded: "
            "put it on this machine, or unset PROBITY_NER_MODEL to scan with patterns and the gazetteer alone."
        )
    return Path(places[0])


def _places(package: str) -> list[str]:
    """Return the folders of an installed package; spaCy loads, and does not download, what is a distribution."""
    try:
        distribution(package)
    except (PackageNotFoundError, ValueError):
        return []
    found = find_spec(package) if package.isidentifier() else None
    return list(found.submodule_search_locations or ()) if found else []


def library_of(model: str) -> Library:
    """Return the library that a model is of; raises what refuses it.

    NerModelMissingError: it is not there. NerModelInvalidError: it is of neither library, or its weights are no
    safetensors. NerExtraMissingError: its libraries are not installed.
    """
    folder = folder_of(model)
    if (folder / "meta.json").is_file() and (not Path(model).is_dir() or (folder / "config.cfg").is_file()):
        return Library.SPACY
    config = folder / "config.json"
    if not config.is_file():
        raise NerModelInvalidError(
            f"The name model {model!r} is no model: its folder has neither the meta.json and config.cfg of spaCy nor "
            "the config.json of transformers."
        )
    _refuse_other_tasks(model, _read(config))
    _refuse_other_weights(model, folder)
    if absent := [name for name in _NEEDED if find_spec(name) is None]:
        raise NerExtraMissingError(
            f"The name model {model!r} is one of transformers, and {' and '.join(absent)} cannot be imported: "
            f"install probity[{EXTRA}], or name a spaCy model."
        )
    return Library.TRANSFORMERS


def _read(config: Path) -> Any:
    try:
        return json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NerModelInvalidError(f"{config} cannot be read: {error}.") from error


def _refuse_other_tasks(model: str, config: Any) -> None:
    named = config.get("architectures") if isinstance(config, dict) else None
    if not (isinstance(named, list) and named and all(isinstance(one, str) and one.endswith(HEAD) for one in named)):
        raise NerModelInvalidError(
            f"The config.json of the name model {model!r} gives the architectures {named!r}, and names are found by "
            f"those that end in {HEAD}."
        )


def _refuse_other_weights(model: str, folder: Path) -> None:
    if not any(folder.glob("*.safetensors")):
        raise NerModelInvalidError(
            f"The name model {model!r} has no weights as safetensors; other files of weights can run code when they "
            "are read, and are not read. Convert it, for example by save_pretrained of transformers."
        )


def model_digest(model: str) -> str:
    """Return name and digest of all files of a model, for the report."""
    folder = folder_of(model)
    files = sorted(one for one in folder.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
    return f"{folder.name}@{digest([[str(one.relative_to(folder)), _sha256(one)] for one in files])}"


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
