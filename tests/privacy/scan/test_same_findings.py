import random

import pyarrow as pa
import pytest

from privacy.scan.batch import FEW, analyze_batch
from privacy.scan.gates import Gates
from privacy.scan.needs import present
from privacy.scan.plan import worth
from privacy.scan.together import analyze_columns
from tests.privacy.scan.grown import cells, parts, phones

COLUMNS = [(), ("phone",), ("ssn", "number"), ("passport",), ("creditcardnumber",)]


def presidio(engine, text, context, threshold):
    found = engine.analyzer.analyze(text, "en", context=list(context), score_threshold=threshold)
    return sorted((one.entity_type, one.start, one.end, round(one.score, 6)) for one in found)


def mixed(engine, count, seed):
    chance = random.Random(seed)  # noqa: S311 - the same each time
    texts = cells(engine.analyzer.registry.recognizers, count * 3 // 4, seed) + phones(count // 4, seed)
    words = parts("the card|was|declined|please call|my phone|ssn|passport|number|on file|wallet|again")
    return list(
        dict.fromkeys(t if chance.random() < 0.8 else f"{' '.join(chance.sample(words, 5))} {t}" for t in texts)
    )


def differing(engine, texts, context, threshold):
    batch = analyze_batch(engine, pa.array(texts, pa.string()), context, threshold)
    assert batch.problem == ""
    total = 0
    for index, text in enumerate(texts):
        hits = batch.analyses[index].hits if index in batch.analyses else ()
        theirs = presidio(engine, text, context, threshold)
        total += len(theirs)
        assert sorted((one.entity, one.start, one.end, one.score) for one in hits) == theirs, (text, context, threshold)
    return total


@pytest.mark.parametrize(
    ("threshold", "context"), [(None, ()), (0.4, ("phone",)), (0.5, ()), (0.4, ("passport", "number"))]
)
def test_findings_are_those_of_presidio(engine, threshold, context):
    assert differing(engine, mixed(engine, 500, 31), context, threshold) > 100


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [None, 0.05, 0.4, 0.5, 0.85])
@pytest.mark.parametrize("context", COLUMNS)
def test_findings_in_many_cells_are_those_of_presidio(engine, threshold, context, seed):
    assert differing(engine, mixed(engine, 5000, 1000 + seed), context, threshold) > (100 if threshold == 0.85 else 500)


@pytest.mark.long
def test_findings_in_one_column_of_twenty_thousand_values_are_those_of_presidio(engine):
    assert differing(engine, mixed(engine, 21_000, 4242), ("phone",), None) > 10_000


@pytest.mark.parametrize("threshold", [None, 0.5])
def test_several_columns_at_once_are_each_what_they_are_alone(engine, threshold):
    texts = mixed(engine, 330, 91)
    columns = {"notes": texts[:80], "phone": texts[80:160], "more": texts[160:240], "other": texts[240:], "none": []}
    columns |= {"amount": [f"{number}.{number * 7}" for number in range(FEW)], "ssn": ["219-09-9999", "x"]}
    contexts = {name: (name,) for name in columns}
    arrays = {name: pa.array(values, pa.large_string()) for name, values in columns.items()}
    together = analyze_columns(engine, arrays, contexts, threshold)
    assert together.keys() == columns.keys()
    for name, array in arrays.items():
        alone = analyze_batch(engine, array, contexts[name], threshold)
        assert together[name].analyses == alone.analyses, name


def test_slow_cells_pass_no_mask(engine):
    """Each of these takes a pattern of Presidio's seconds; what is never let through takes none."""
    slow = ["." * 4000, "a." * 2000 + "/", "-" * 4000, " " * 4000, "(" * 4000]
    texts = pa.array([*slow, *("é" + one for one in slow)])
    for some in (texts[: len(slow)], texts[len(slow) :]):
        characters = present(some)
        gates = Gates(some, worth(engine.plan((), None), characters), characters)
        (url,) = [one for one in engine.finders if one.name == "UrlRecognizer"]
        assert [gates.through(part.mask).tolist() for part in url.parts if part.mask.can_match(characters)] in (
            [],
            [[]],
        )


def test_one_text_is_analysed_as_many_are(engine):
    texts = mixed(engine, FEW + 100, 77)
    for threshold in (None, 0.4):
        batch = analyze_batch(engine, pa.array(texts), ("phone",), threshold)
        for index, text in enumerate(texts):
            alone = engine.analyze(text, ("phone",), threshold)
            assert alone.hits == (batch.analyses[index].hits if index in batch.analyses else ()), text
        few = analyze_batch(engine, pa.array(texts[:FEW]), ("phone",), threshold)
        assert few.analyses == {index: one for index, one in batch.analyses.items() if index < FEW}
