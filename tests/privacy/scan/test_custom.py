import pyarrow as pa
import pytest

from privacy.scan.batch import FEW, analyze_batch
from privacy.scan.custom import is_known
from privacy.scan.engine import EngineError, LanguageUnknownError, RecognizersInvalidError, build_engine
from tests.privacy.scan.test_same_findings import presidio

OWN = r"""
recognizers:
  - name: Staff numbers
    supported_language: en
    supported_entity: STAFF_NUMBER
    patterns: [{name: staff, regex: 'ZX-\d{4}', score: 0.3}]
    context: [badge]
  - name: Staff numbers
    supported_language: en
    supported_entity: STAFF_TITLE
    deny_list: [Obergrufti]
  - name: Unreadable
    supported_language: en
    supported_entity: FUZZY
    patterns: [{name: fuzzy, regex: '(?:qwertz){e<=1}', score: 0.9}]
  - name: Versicherung
    supported_language: de
    supported_entity: DE_SOCIAL
    patterns: [{name: number, regex: 'SV\d{6}', score: 0.4}]
    context: [versicherung]
"""
TEXTS = ["badge ZX-1234", "ZX-1234", "the Obergrufti left ZX-0000", "type qwertx", "Versicherung SV123456", "nothing"]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    place = tmp_path_factory.mktemp("own") / "recognizers.yaml"
    place.write_text(OWN)
    return build_engine(recognizers=place, languages=("en", "de"))


def found(engine, text, threshold=0.01):
    return {
        (hit.entity, text[hit.start : hit.end], hit.score) for hit in engine.analyze(text, threshold=threshold).hits
    }


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("badge ZX-1234", ("STAFF_NUMBER", "ZX-1234", 0.65)),
        ("ZX-1234", ("STAFF_NUMBER", "ZX-1234", 0.3)),
        ("the Obergrufti left", ("STAFF_TITLE", "Obergrufti", 1.0)),
        ("type qwertx", ("FUZZY", "qwertx", 0.9)),
        ("SV123456", ("DE_SOCIAL", "SV123456", 0.4)),
        ("Versicherung SV123456", ("DE_SOCIAL", "SV123456", 0.75)),
    ],
)
def test_recognisers_of_ones_own_find(own, text, finding):
    assert finding in found(own, text)


def test_they_find_in_many_values_what_they_find_in_one_and_what_presidio_finds(own):
    texts = [*TEXTS, *(f"value {number}" for number in range(FEW))]
    for threshold in (None, 0.5):
        batch = analyze_batch(own, pa.array(texts), ("badge",), threshold)
        for index, text in enumerate(texts):
            hits = batch.analyses[index].hits if index in batch.analyses else ()
            assert hits == own.analyze(text, ("badge",), threshold).hits, text
            english = [(one.entity, one.start, one.end, one.score) for one in hits if one.entity != "DE_SOCIAL"]
            if index < len(TEXTS):
                theirs = presidio(own, text, ("badge",), threshold)
                assert set(theirs) <= set(english), text


def test_the_report_says_who_looks_at_every_value(own, engine):
    assert own.describe()["every_value"] == ["Unreadable", "language de"]
    assert engine.describe()["every_value"] == []


def test_the_fingerprint_holds_recognisers_and_languages(own, engine, tmp_path):
    place = tmp_path / "recognizers.yaml"
    place.write_text(OWN.replace("ZX-", "ZY-"))
    others = [build_engine(recognizers=place, languages=("en", "de")), build_engine(languages=("en", "de")), engine]
    assert len({own.fingerprint, *(one.fingerprint for one in others)}) == 4


ONE = "recognizers: [{name: x, supported_entity: X, %s}]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("recognizers: [", "cannot be read"),
        ("other: []", r"at \$, 'recognizers' is a required property"),
        ("- 3", r"at \$, \[3\] is not of type 'object'"),
        ("recognizers: 3", r"at \$\.recognizers, 3 is not of type 'array'"),
        ("recognizers: [{name: x}]", r"at \$\.recognizers\[0\]"),
        (ONE % "deny_list: []", r"at \$\.recognizers\[0\]"),
        (ONE % "deny_list: [3]", r"deny_list\[0\], 3 is not of type 'string'"),
        (ONE % "deny_list: [x], pattern: []", "'pattern' was unexpected"),
        (ONE % "patterns: [{name: n, regex: '\\d', score: 2}]", r"score, 2 is greater than the maximum of 1"),
        (ONE % "patterns: [{name: n, regex: '\\d', score: .nan}]", "is nan"),
        (ONE % "patterns: [{name: n, regex: '(', score: 1}]", "The pattern 'n' of the recogniser 'x'"),
        (ONE % "deny_list: [x], country_code: ' '", "cannot be used"),
    ],
)
def test_a_file_that_is_none_of_recognisers_is_refused_with_the_place(tmp_path, text, told):
    place = tmp_path / "recognizers.yaml"
    place.write_text(text)
    with pytest.raises(RecognizersInvalidError, match=told) as refused:
        build_engine(recognizers=place)
    assert "recognizers.yaml" in str(refused.value)


@pytest.mark.parametrize(("language", "known"), [("en", True), ("de", True), ("qq", False), ("..", False), ("", False)])
def test_whether_a_language_can_be_read_is_told_as_spacy_tells_it(language, known):
    assert is_known(language) is known


def test_a_missing_file_and_an_unknown_language_are_refused(tmp_path):
    with pytest.raises(RecognizersInvalidError, match="cannot be read"):
        build_engine(recognizers=tmp_path / "nowhere.yaml")
    with pytest.raises(LanguageUnknownError, match="'qq'"):
        build_engine(languages=("qq",))
    assert issubclass(LanguageUnknownError, EngineError)
