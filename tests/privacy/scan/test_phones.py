import pyarrow as pa
import pytest

from privacy.scan.finders import finder
from privacy.scan.phone_shapes import shapes
from privacy.scan.phones import PhoneFinder
from tests.privacy.scan.grown import phones


@pytest.fixture(scope="session")
def recognizer(engine):
    (found,) = [one for one in engine.analyzer.registry.recognizers if one.name == "PhoneRecognizer"]
    return found


def differing(recognizer, texts):
    ours = PhoneFinder(recognizer.supported_regions)
    found = 0
    for text in texts:
        theirs = sorted((one.start, one.end) for one in recognizer.analyze(text, ["PHONE_NUMBER"]))
        found += bool(theirs)
        assert ours.spans(text) == theirs, text
    return found


def test_the_walk_finds_what_the_recogniser_finds(recognizer):
    assert differing(recognizer, phones(1200, 5)) > 100


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_the_walk_finds_what_the_recogniser_finds_in_many_texts(recognizer, seed):
    assert differing(recognizer, phones(20_000, 100 + seed)) > 2000


@pytest.mark.parametrize(
    "text",
    [
        "(415) 555-2671",
        "+1 415-555-2671",
        "001-415-555-2671x123",
        "+0049 30 1234567",
        "call 651-234-2345/332-445-1234",
        "12(3): 211-227 (2003)",
        "2012-01-02 08:00",
        "3/10/2011 415 555 2671",
        "0.4967141530112327",
        "00441534123456",
        "abc4155552671",
        "$4155552671",
        "\uff14\uff11\uff15 555 2671",
        "4155552671 " * 6,
        "1" * 60,
        "(" * 40,
        "4155552671/ x 4155552672",
        "x(0)9562 976--1.04917/299;ext=%",
        "01762.13736) 339007 ext. 61-",
    ],
)
def test_the_walk_agrees_on_shapes_that_mislead(recognizer, text):
    differing(recognizer, [text])


def test_a_shape_is_refused_only_where_no_region_finds_a_number(recognizer):
    texts = pa.array(phones(4000, 9))
    refused = shapes(tuple(recognizer.supported_regions)).refused(texts).to_pylist()
    walk = PhoneFinder(recognizer.supported_regions)
    assert sum(refused) > 500
    assert not [text for text, no in zip(texts.to_pylist(), refused, strict=True) if no and walk.spans(text)]


def test_the_mask_lets_every_number_through(recognizer):
    import pyarrow.compute as pc

    (part,) = finder(recognizer).parts
    texts = phones(4000, 10)
    passed = pc.match_substring_regex(pa.array(texts), part.mask.full.sharp).to_pylist()
    walk = PhoneFinder(recognizer.supported_regions)
    assert not [text for text, passes in zip(texts, passed, strict=True) if not passes and walk.spans(text)]


def test_no_number_is_shorter_than_what_is_refused_at_sight(recognizer):
    import phonenumbers

    described = [phonenumbers.PhoneMetadata.metadata_for_region(one) for one in phonenumbers.SUPPORTED_REGIONS]
    assert min(length for one in described for length in one.general_desc.possible_length) > 2
