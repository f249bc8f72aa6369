"""What is refused of a folder of a name model before anything of it is loaded."""

import json
from pathlib import Path

import pytest
import spacy

from privacy.scan import name_files
from privacy.scan.engine import build_engine
from privacy.scan.name_files import (
    Library,
    NerExtraMissingError,
    NerModelInvalidError,
    NerModelMissingError,
    library_of,
    model_digest,
)

CLASSIFIER = {"architectures": ["BertForTokenClassification"], "model_type": "bert"}


def folder(place, config=None, **files):
    place.mkdir(exist_ok=True)
    if config is not None:
        (place / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    for name, content in files.items():
        (place / name.replace("_", ".")).write_text(content)
    return str(place)


@pytest.mark.parametrize("model", ["en_core_of_nowhere", "/no/such/place", "../escape.x", "org/name-on-a-hub"])
def test_what_is_not_on_this_machine_is_refused_by_name(model):
    with pytest.raises(NerModelMissingError, match="neither an installed package nor a folder"):
        library_of(model)


@pytest.mark.parametrize(
    ("config", "files", "told"),
    [
        (None, {}, "neither the meta.json and config.cfg of spaCy nor the config.json"),
        (None, {"meta_json": "{}"}, "neither the meta.json and config.cfg"),
        (None, {"model_safetensors": ""}, "nor the config.json of transformers"),
        ("{", {}, r"config\.json cannot be read"),
        ("[]", {}, "architectures None"),
        ({}, {}, "architectures None"),
        ({"architectures": []}, {}, r"architectures \[\]"),
        ({"architectures": ["BertForMaskedLM"]}, {"model_safetensors": ""}, "end in ForTokenClassification"),
        (CLASSIFIER, {}, "no weights as safetensors"),
        (CLASSIFIER, {"pytorch_model.bin": "", "model.pkl": ""}, "can run code when they are read"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused_at_once(tmp_path, config, files, told):
    model = folder(tmp_path / "model", config, **files)
    with pytest.raises(NerModelInvalidError, match=told):
        library_of(model)


def test_a_package_that_is_no_model_is_refused():
    with pytest.raises(NerModelInvalidError, match="'pytest' is no model"):
        library_of("pytest")


def test_a_model_of_transformers_needs_its_libraries(tmp_path, monkeypatch):
    model = folder(tmp_path / "model", CLASSIFIER, model_safetensors="")
    monkeypatch.setattr(name_files, "find_spec", lambda _name: None)
    with pytest.raises(
        NerExtraMissingError, match=r"transformers and torch and safetensors .* probity\[transformers\]"
    ):
        library_of(model)
    monkeypatch.setattr(name_files, "find_spec", lambda _name: object())
    assert library_of(model) is Library.TRANSFORMERS


def test_a_model_of_spacy_is_told_by_its_files_and_a_damaged_one_does_not_load(tmp_path):
    spacy.blank("en").to_disk(tmp_path / "names")
    assert library_of(str(tmp_path / "names")) is Library.SPACY
    (tmp_path / "names" / "config.cfg").write_text("[nlp]\nlang = 3")
    with pytest.raises(NerModelInvalidError, match="cannot be loaded"):
        build_engine(ner_model=str(tmp_path / "names"))


def test_the_digest_of_a_model_is_of_all_its_files(tmp_path):
    model = folder(tmp_path / "model", CLASSIFIER, model_safetensors="a")
    seen = {model_digest(model)}
    for change in ("model.safetensors", "tokenizer.json", "deep/vocab.txt", "config.json"):
        (Path(model) / change).parent.mkdir(exist_ok=True)
        (Path(model) / change).write_text("b")
        seen.add(model_digest(model))
    assert len(seen) == 5
    assert all(one.startswith("model@") for one in seen)
