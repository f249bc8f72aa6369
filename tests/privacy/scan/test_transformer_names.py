"""A name model of transformers: what its labels mean everywhere, and where PyTorch is, a tiny one that is asked."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from privacy.scan.batch import FEW, analyze_batch
from privacy.scan.engine import build_engine
from privacy.scan.name_files import NerModelInvalidError, model_digest
from privacy.scan.transformer_names import NAME, labels_of, spans

LABELS = ["O", "B-PER", "I-PER", "B-LOC", "L-LOC", "GADGET"]
WORDS = {"zorblax": "B-PER", "quux": "I-PER", "frobnitz": "B-LOC", "vale": "L-LOC", "gizmo": "GADGET"}
LONGEST = 32


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("B-PER", "B-PERSON"),
        ("I-PER", "I-PERSON"),
        ("PER", "I-PERSON"),
        ("U-PATIENT", "B-PERSON"),
        ("L-LOC", "I-LOCATION"),
        ("E-GPE", "I-LOCATION"),
        ("S-ORG", "B-ORGANIZATION"),
        ("B-Date", "B-DATE_TIME"),
        ("B-EMAIL", "B-EMAIL_ADDRESS"),
        ("B-MISC", "O"),
        ("O", "O"),
        ("B-FIRSTNAME", "B-FIRSTNAME"),
    ],
)
def test_a_label_is_called_as_presidio_calls_it(label, meant):
    assert labels_of({0: "O", 1: "B-PER", 2: label}, "model")[2] == meant


def test_a_model_whose_labels_say_nothing_is_refused():
    with pytest.raises(NerModelInvalidError, match="the labels LABEL_0, LABEL_1, and none of them is known"):
        labels_of({0: "LABEL_0", 1: "LABEL_1"}, "model")


def found(start, end, score=0.5):
    return {"entity_group": "PERSON", "start": start, "end": end, "score": score}


def test_what_a_model_finds_is_without_the_spaces_around_it():
    assert spans(" Ann  Lee ", [found(0, 10), found(4, 6), found(1, 4, 1.5)]) == [
        ("PERSON", 1, 9, 0.5),
        ("PERSON", 1, 4, 1.0),
    ]


@pytest.mark.parametrize("wrong", [found(None, 3), found(0, None), found(0, 3, float("nan"))])
def test_a_finding_without_a_place_or_a_score_is_an_error_and_not_left_out(wrong):
    with pytest.raises(ValueError, match="gave a finding at"):
        spans("Ann Lee", [wrong])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A classifier of sixteen numbers a token, whose weights are set so that it knows five words."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, "##lax", "zorb"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=0, num_attention_heads=1, intermediate_size=16,
        max_position_embeddings=LONGEST, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )  # fmt: skip
    network = transformers.BertForTokenClassification(config)
    with torch.no_grad():
        for weights in network.parameters():
            weights.zero_()
        network.bert.embeddings.LayerNorm.weight.fill_(1)
        for word, number in vocabulary.items():
            network.bert.embeddings.word_embeddings.weight[number, LABELS.index(WORDS.get(word, "O"))] = 1
        for label in range(len(LABELS)):
            network.classifier.weight[label, label] = 2
    place = tmp_path_factory.mktemp("names") / "tiny"
    network.save_pretrained(place)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(place)
    return str(place)


@pytest.fixture(scope="module")
def named(model):
    return build_engine(ner_model=model)


def named_in(engine, text, *entities):
    wanted = entities or ("PERSON", "LOCATION", "GADGET")
    return [(hit.entity, text[hit.start : hit.end]) for hit in engine.analyze(text).hits if hit.entity in wanted]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("then zorblax left", [("PERSON", "zorblax")]),
        ("Zorblax Quux, frobnitz vale", [("PERSON", "Zorblax Quux"), ("LOCATION", "frobnitz vale")]),
        ("quux; gizmo", [("PERSON", "quux"), ("GADGET", "gizmo")]),
        ("zorblax zorblax", [("PERSON", "zorblax"), ("PERSON", "zorblax")]),
        ("𝒳é 漢 zorblax", [("PERSON", "zorblax")]),
        ("nothing of it", []),
        ("", []),
        (" \n ", []),
    ],
)  # fmt: skip
def test_the_model_finds_what_it_knows_where_it_stands(named, text, names):
    assert named_in(named, text) == names


@pytest.mark.parametrize("words", [LONGEST - 2, LONGEST, 200, 9000])
def test_a_text_longer_than_the_model_reads_is_read_to_its_end(named, words):
    text = " ".join("zorblax" if place % 7 == 0 else f"é{place}" for place in range(words))
    places = [hit.start for hit in named.analyze(text).hits if hit.entity == "PERSON"]
    assert places == [place for place in range(len(text)) if text.startswith("zorblax", place)]


def test_many_texts_are_read_as_one_is(named):
    texts = ["zorblax quux", "frobnitz", *(f"value {number}" for number in range(FEW))]
    batch = analyze_batch(named, pa.array(texts))
    assert [batch.analyses[place].hits for place in (0, 1)] == [
        named.analyze(texts[place], (), None).hits for place in (0, 1)
    ]
    assert {hit.entity for hit in batch.analyses[0].hits} >= {"PERSON"}


def test_the_report_names_the_model_and_that_it_looks_at_every_value(named, model, engine):
    assert named.describe()["ner"] == model_digest(model)
    assert NAME in named.describe()["every_value"]
    assert named.fingerprint != engine.fingerprint
    assert build_engine(ner_model=model).fingerprint == named.fingerprint


def test_the_model_is_loaded_and_asked_without_a_network(model, no_network):
    assert named_in(build_engine(ner_model=model), "zorblax") == [("PERSON", "zorblax")]


def test_a_text_on_which_the_model_fails_is_not_taken_for_clean(named, monkeypatch):
    from transformers import TokenClassificationPipeline

    def fails(*_given, **_named):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(TokenClassificationPipeline, "__call__", fails)
    with pytest.raises(RuntimeError, match="out of memory"):
        named.analyze("zorblax")


def changed(model, place, **config):
    shutil.copytree(model, place)
    file = Path(place) / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **config}))
    return str(place)


def test_a_damaged_model_is_refused(model, tmp_path):
    weights = Path(changed(model, tmp_path / "cut")) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(NerModelInvalidError, match="cannot be loaded"):
        build_engine(ner_model=str(weights.parent))


def test_weights_that_are_lacking_or_no_numbers_are_refused(model, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    for name, change, told in (
        ("lacking", lambda kept: kept.pop("classifier.weight"), r"lack classifier\.weight"),
        ("nan", lambda kept: kept["classifier.bias"].fill_(torch.nan), "weights that are no numbers"),
    ):
        file = Path(changed(model, tmp_path / name)) / "model.safetensors"
        kept = load_file(file)
        change(kept)
        save_file(kept, file, metadata={"format": "pt"})
        with pytest.raises(NerModelInvalidError, match=told):
            build_engine(ner_model=str(file.parent))


def test_weights_that_can_run_code_are_never_read(model, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    place = Path(changed(model, tmp_path / "pickled"))
    torch.save(load_file(place / "model.safetensors"), place / "pytorch_model.bin")
    (place / "model.safetensors").unlink()
    with pytest.raises(NerModelInvalidError, match="no weights as safetensors"):
        build_engine(ner_model=str(place))


def test_code_that_comes_with_a_model_is_never_run(model, tmp_path):
    place = changed(model, tmp_path / "code", auto_map={"AutoModelForTokenClassification": "own.Own"}, model_type="own")
    (Path(place) / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    with pytest.raises(NerModelInvalidError, match="cannot be loaded"):
        build_engine(ner_model=place)
    assert not (tmp_path / "ran").exists()
