"""What the recognisers of our own find in sentences, and what they leave alone."""

import pytest

from privacy.scan import ours, running_text
from privacy.scan.engine import _fingerprint


def found(engine, text):
    return {(hit.entity, text[hit.start : hit.end]) for hit in engine.analyze(text).hits}


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("then Ingunn O'Rourke-Byrne rang", "PERSON", "Ingunn O'Rourke-Byrne"),
        ("they asked Ulla van der Merwe twice", "PERSON", "Ulla van der Merwe"),
        ("Thaddeus said no", "PERSON", "Thaddeus"),
        ("Okwudili's car was sold", "PERSON", "Okwudili"),
        ("Brannagh Tully listed three of them", "PERSON", "Brannagh Tully"),
        ("Please ask Qvist again", "PERSON", "Qvist"),
        ("the deposit of J. R. Oppen was paid", "PERSON", "J. R. Oppen"),
        ("it was Hall, Brannagh who called", "PERSON", "Hall, Brannagh"),
        ("What is your name? Brannagh Tully", "PERSON", "Brannagh Tully"),
        ("Brannagh Tully\nTully plc\nLondon", "PERSON", "Brannagh Tully"),
        ("User: Brannagh", "PERSON", "Brannagh"),
        ("Qvist and Tully were there", "PERSON", "Qvist"),
        ("the case Qvist v. Tully", "PERSON", "Tully"),
        ("Mail from\\nBrannagh Tully\\nLondon", "PERSON", "Brannagh Tully"),
        ("she flew to Ouagadougou", "LOCATION", "Ouagadougou"),
        ("the office in Santa Rosa, CA is shut", "LOCATION", "Santa Rosa, CA"),
        ("we love New Zealand", "LOCATION", "New Zealand"),
        ("sent from 12 Rue des Lilas, 75011 Paris today", "LOCATION", "12 Rue des Lilas, 75011 Paris"),
        ("at 221 Old Mill Ave, Apt 4, Dayton, OH 45402 now", "LOCATION", "221 Old Mill Ave, Apt 4, Dayton, OH 45402"),
        ("Kantstraße 40, 10625 Berlin", "LOCATION", "Kantstraße 40, 10625 Berlin"),
        ("PSC 1234, Box 567\nAPO AE 09012", "LOCATION", "PSC 1234, Box 567\nAPO AE 09012"),
        ("she is paid by Tully & Qvist Ltd. and", "ORGANIZATION", "Tully & Qvist Ltd."),
        ("the University of Nowhere", "ORGANIZATION", "University of Nowhere"),
        ("a Norwegian cook", "NRP", "Norwegian"),
        ("two canadians came", "NRP", "canadians"),
        ("a 47-year-old man", "AGE", "47"),
        ("he turned 31.", "AGE", "31"),
        ("on 3rd of March 1999 it", "DATE_TIME", "3rd of March 1999"),
        ("seen 2021-04-03 17:22:09.12 here", "DATE_TIME", "2021-04-03 17:22:09.12"),
        ("due on Thursday", "DATE_TIME", "Thursday"),
        ("founded in 1987", "DATE_TIME", "1987"),
        ("at 4:15 pm", "DATE_TIME", "4:15 pm"),
        ("Fax: 33 50 96 11", "PHONE_NUMBER", "33 50 96 11"),
        ("call me back at 271-910-2534", "PHONE_NUMBER", "271-910-2534"),
        ("+41 (0)44 534 28 26", "PHONE_NUMBER", "+41 (0)44 534 28 26"),
        ("my card no 6304000000000000 is lost", "CREDIT_CARD", "6304000000000000"),
        ("postcode is 8023 AB", "POSTAL_CODE", "8023 AB"),
        ("passport number X1234567 expired", "US_PASSPORT", "X1234567"),
        ("driver's license D123-4567", "US_DRIVER_LICENSE", "D123-4567"),
    ],
)
def test_finds_what_a_sentence_names(engine, text, entity, value):
    assert (entity, value) in found(engine, text)


@pytest.mark.parametrize(
    "text",
    [
        "The Water Pressure was low and the pump was replaced.",
        "Please restart the server, then check that port 8080 answers.",
        "Version 2.10.3 fixes a crash when 3 or more files of 250 MB are opened.",
        "Order 55012 was packed in 3 boxes and weighs 12.5 kg.",
        "Thanks for the quick answer. I will check the Invoice.",
        "Type 2 Diabetes",
        "Blood Pressure",
        "my card no 6304000000000001 is lost",
        "In the Annual Report, see Table 4.",
    ],
)
def test_leaves_ordinary_sentences_alone(engine, text):
    assert {entity for entity, _value in found(engine, text)} <= {"DATE_TIME", "AGE"}


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        (running_text.may_be_name, "Monday", False),
        (running_text.may_be_name, "Invoice", False),
        (running_text.may_be_name, "Invoices", False),
        (running_text.may_be_name, "PDF", False),
        (running_text.may_be_name, "Rose", True),
        (running_text.may_be_name, "Sofia", False),
        (running_text.may_be_name, "Rose Cottage", True),
        (running_text.may_be_place, "Monday", False),
        (running_text.may_be_place, "Long Beach", True),
        (running_text.may_be_place, "Anna", False),
        (running_text.may_be_firm, "with our inc", False),
        (running_text.may_be_firm, "mutares plc", True),
    ],
)
def test_words_of_the_language_name_nobody(rule, text, expected):
    assert rule(text) is expected


def test_no_recogniser_of_ours_looks_at_every_value(engine):
    assert engine.describe()["every_value"] == []
    assert {name for name, _row in ours.rows()} <= {one.name for one in engine.finders}


def test_a_word_that_refuses_names_is_part_of_the_fingerprint(engine, monkeypatch):
    known = ours.known_words()
    recognizers = engine.analyzer.registry.recognizers
    (hints,) = [one for one in recognizers if one.name == "GazetteerPersonHints"]
    assert hints.version == known
    fingerprint = _fingerprint(recognizers, "none")
    monkeypatch.setattr("privacy.scan.vocabulary.COMMON", frozenset({"invoice"}))
    monkeypatch.setattr(hints, "version", ours.known_words())
    assert hints.version != known
    assert _fingerprint(recognizers, "none") != fingerprint


def test_cells_made_to_be_slow_are_analysed_in_full(engine):
    for cell in (" " * 9000, "A-Aa" * 3000, "Aa " * 4000, "1 Aa, " * 2000, "phone: is at " * 900, "card 1234 " * 1200):
        assert not engine.analyze(cell).problem
