import logging
from dataclasses import replace

import pyarrow as pa
import pytest
import spacy

from privacy.scan.batch import FEW, analyze_batch
from privacy.scan.engine import Analysis, Hit, NerModelMissingError, build_engine
from privacy.scan.finders import Part, finder
from privacy.scan.name_files import model_digest
from privacy.scan.pieces import PIECE


def found(engine, text, **options):
    return {(hit.entity, text[hit.start : hit.end]) for hit in engine.analyze(text, **options).hits}


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("write to jo.lee@example.org today", "EMAIL_ADDRESS", "jo.lee@example.org"),
        ("(415) 555-2671", "PHONE_NUMBER", "(415) 555-2671"),
        ("212-555-0142", "PHONE_NUMBER", "212-555-0142"),
        ("+1 415-555-2671", "PHONE_NUMBER", "+1 415-555-2671"),
        ("219-09-9999", "US_SSN", "219-09-9999"),
        ("his ssn 219099999 is known", "US_SSN", "219099999"),
        ("card 4111 1111 1111 1111", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("GB82WEST12345698765432", "IBAN_CODE", "GB82WEST12345698765432"),
        ("Maria Silva", "PERSON", "Maria Silva"),
        ("MARIA SILVA", "PERSON", "MARIA SILVA"),
        ("maria silva", "PERSON", "maria silva"),
        ("Silva, Maria", "PERSON", "Silva, Maria"),
        ("seen by Nurse Okonkwo", "PERSON", "Nurse Okonkwo"),
        ("my name is Olu Adeyemi", "PERSON", "Olu Adeyemi"),
        ("Élodie was seen; caller Zoë Müller", "PERSON", "Zoë Müller"),
        ("she lives in San Diego", "LOCATION", "San Diego"),
        ("moved to 12 Old Mill Road", "LOCATION", "12 Old Mill Road"),
    ],
)
def test_finds_what_names_a_person(engine, text, entity, value):
    assert (entity, value) in found(engine, text)


@pytest.mark.parametrize(
    "text",
    [
        "P-0001",
        "45.2",
        "3.9318",
        "232",
        "157.0",
        "Type 2 diabetes",
        "Virginia Beach",
        "May be",
        "000-12-3456",
        "123-45-6789",
        "4111 1111 1111 1112",
        "Santa Maria Hospital",
        "Follow-up in two weeks.",
        "a@b",
        "",
        " ",
        "\n",
    ],
)
def test_finds_nobody_in_ordinary_values(engine, text):
    personal = {entity for entity, _value in found(engine, text)}
    assert not personal & {"PERSON", "PHONE_NUMBER", "US_SSN", "EMAIL_ADDRESS", "CREDIT_CARD", "LOCATION"}


def test_a_context_word_in_the_text_raises_a_weak_finding(engine):
    assert not found(engine, "the number 219099999") & {("US_SSN", "219099999")}
    assert ("US_SSN", "219099999") in found(engine, "social security 219099999")


def test_only_whole_words_of_a_column_name_are_context(engine):
    assert engine.context(["driver", "license"]) == ("driver", "license")
    assert engine.context(["customer", "id"]) == ()


def test_a_finding_across_two_pieces_is_found_once_and_whole(engine):
    text = "x " * (PIECE // 2 - 5) + "jo.lee@example.org " + "y " * 1500
    assert [text[hit.start : hit.end] for hit in engine.analyze(text).hits if hit.entity == "EMAIL_ADDRESS"] == [
        "jo.lee@example.org"
    ]


def test_the_address_pattern_takes_one_start_in_a_run(engine):
    (url,) = [one for one in engine.analyzer.registry.recognizers if one.name == "UrlRecognizer"]
    assert [pattern.regex.startswith("(?<!") for pattern in url.patterns] == [False, True, False, False]
    assert ("URL", "www.example.com/a") in found(engine, "see www.example.com/a")


def test_a_cell_of_dots_is_analysed_in_full(engine):
    assert engine.analyze("." * 4000) == Analysis()


@pytest.mark.parametrize(
    ("limits", "part"),
    [({"longest_cell": 100}, "longer than the limit of 100"), ({"cell_seconds": -1.0}, "took longer")],
)
def test_a_cell_over_its_budget_is_a_problem_and_not_a_pass(engine, limits, part):
    assert part in replace(engine, **limits).analyze("word " * 100).problem


def late(finder):
    def search(_text, _seconds, _tokens):
        raise TimeoutError

    return replace(finder, parts=(Part(None, 1.0, search),))


def test_a_pattern_that_ran_out_of_time_is_a_problem(engine):
    slow = replace(engine, finders=(late(engine.finders[0]), *engine.finders[1:]))
    assert "ran out of time" in slow.analyze("Ann Lee").problem
    batch = analyze_batch(slow, pa.array(["Ann Lee", *map(str, range(FEW))]))
    assert ["ran out of time" in one.problem for one in batch.analyses.values()] == [True] * (FEW + 1)
    assert batch.analyses[0].problem == slow.analyze("Ann Lee").problem


def test_the_time_of_a_recogniser_is_given_to_its_patterns(engine):
    (mail,) = [one for one in engine.finders if one.name == "EmailRecognizer"]
    with pytest.raises(TimeoutError):
        mail.find("a." * 9000 + "@", 1e-3)


def test_a_pattern_that_presidio_gave_up_is_noticed(engine, monkeypatch):
    (iban,) = [one for one in engine.analyzer.registry.recognizers if one.name == "IbanRecognizer"]

    def gave_up(*_arguments, **_keywords):
        logging.getLogger("presidio-analyzer").warning("Regex pattern '%s' timed out after %s seconds.", "x", 1)
        return []

    monkeypatch.setattr(iban, "analyze", gave_up)
    with pytest.raises(TimeoutError):
        finder(iban).find("GB82WEST12345698765432", 1.0)


def test_time_that_is_over_is_a_problem_of_the_batch(engine):
    texts = pa.array([f"jo{number}@example.org" for number in range(2000)])
    for count in (2000, FEW):
        assert "ran out before" in analyze_batch(engine, texts[:count], deadline=0.0).problem


def test_a_recogniser_that_nothing_is_known_of_looks_at_every_value_and_the_report_says_so(engine):
    from presidio_analyzer import EntityRecognizer, RecognizerResult

    class Zorblax(EntityRecognizer):  # type: ignore[misc]
        def load(self):
            pass

        def analyze(self, text, entities, nlp_artifacts=None):
            assert len(nlp_artifacts.tokens) > 0
            return [RecognizerResult("ZORBLAX", 0, 1, 0.9)] if text.startswith("z") else []

    asked = replace(engine, finders=(*engine.finders, finder(Zorblax(["ZORBLAX"]))))
    assert asked.describe()["every_value"] == ["Zorblax"]
    assert engine.describe()["every_value"] == []
    batch = analyze_batch(asked, pa.array(["zz", *(f"value {number}" for number in range(FEW))]))
    assert {place: one.hits for place, one in batch.analyses.items()} == {0: (Hit(0, 1, "ZORBLAX", 0.9),)}


def test_building_and_asking_needs_no_network(no_network):
    fresh = build_engine()
    assert ("EMAIL_ADDRESS", "jo@example.co.uk") in found(fresh, "jo@example.co.uk and www.example.com")


def test_the_fingerprint_is_the_same_for_the_same_engine_and_changes_with_its_patterns(engine, monkeypatch):
    assert build_engine().fingerprint == engine.fingerprint
    monkeypatch.setattr("privacy.scan.gazetteer.TITLES", ["Sir"])
    assert build_engine().fingerprint != engine.fingerprint


def test_a_missing_name_model_is_refused_by_name(no_network):
    with pytest.raises(NerModelMissingError, match="'en_core_of_nowhere' is neither an installed package nor a folder"):
        build_engine(ner_model="en_core_of_nowhere")


def test_a_name_model_in_a_folder_is_used_and_recorded(tmp_path, engine):
    model = spacy.blank("en")
    ruler = model.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "zorblax"}])
    model.to_disk(tmp_path / "names")
    named = build_engine(ner_model=str(tmp_path / "names"))
    assert ("PERSON", "zorblax") in found(named, "then zorblax left")
    assert ("PERSON", "zorblax") not in found(engine, "then zorblax left")
    assert named.describe()["ner"] == model_digest(str(tmp_path / "names"))
    assert named.fingerprint != engine.fingerprint
    assert engine.describe()["ner"] == "none"
