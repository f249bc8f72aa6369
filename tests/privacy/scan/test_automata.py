import random
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import regex  # type: ignore[import-untyped]

from privacy.scan import automata
from privacy.scan.automata import Automaton, Joined
from privacy.scan.characters import Rules, UnreadableError
from privacy.scan.gates import Gates
from privacy.scan.relaxed import parsed, written
from tests.privacy.scan.grown import cells

EXPRESSIONS = [
    r"\bMat\b",
    r"a[0-9]{2,}",
    r"[^x]b",
    r"(?m:^)[ ]?go(?m:$)",
    r"(?s:.)z\b",
    "[\x80-\U0010ffff]",
    "(?m:^)q",
]
TEXTS = [
    "Mat",
    "Matter",
    "a12",
    "b",
    " b",
    "go",
    "go on",
    " go",
    "no go",
    "",
    "xz",
    "z",
    "é",
    "q",
    "aq",
    "\nb",
    "go\n",
    "x\nb",
    "a1",
]


def alone(expression, text):
    return pc.match_substring_regex(pa.array([text]), expression)[0].as_py()


def columns(chance, count):
    for _ in range(count):
        yield [chance.choice(TEXTS) for _ in range(chance.randint(1, 12))]


def test_what_an_expression_matches_by_itself_it_matches_among_other_texts(monkeypatch):
    chance = random.Random(9)  # noqa: S311 - the same each time
    many, whole = 0, Automaton(EXPRESSIONS)
    for texts in columns(chance, 300):
        monkeypatch.setattr(automata, "BLOCK", chance.randint(1, 40))
        joined = Joined(pa.array(["dropped", *texts])[1:])
        assert [bytes(joined.some(place, place + 1)).decode() for place in range(len(texts))] == texts
        matching = [[number for number, one in enumerate(EXPRESSIONS) if alone(one, text)] for text in texts]
        assert list(whole.found(joined)) == [(place, those) for place, those in enumerate(matching) if those]
        many += sum(map(len, matching))
    assert many > 500


def test_blocks_hold_every_text_once():
    chance = random.Random(2)  # noqa: S311 - the same each time
    for texts in [*columns(chance, 40), ["x" * 5000, "", "", "y"], ["", ""], [""]]:
        blocks = list(Joined(pa.array(texts)).blocks(chance.randint(1, 30)))
        assert [place for first, after in blocks for place in range(first, after)] == list(range(len(texts)))


@pytest.mark.parametrize("memory", [2000, 60_000])
def test_expressions_for_which_memory_is_not_enough_let_everything_through(monkeypatch, memory):
    monkeypatch.setattr(automata, "MEMORY", memory)
    made = Automaton([f"{one}[a-z]{{0,9}}{two}x{{90}}" for one in "abcd" for two in "abcd"])
    assert made.made is None
    assert list(made.found(Joined(pa.array(["q", ""])))) == [(0, made.every), (1, made.every)]
    assert len(made.every) == 16


@pytest.mark.parametrize("said", [None, [], [0]])
def test_a_set_that_does_not_say_that_it_read_a_text_to_its_end_lets_it_through(said):
    made = Automaton(["a", "b"])
    assert list(made.matching(b"xb")) == [1]
    made.made = SimpleNamespace(Match=lambda _text: said)
    assert list(made.matching(b"x")) == [0, 1]


def test_an_automaton_is_made_once_for_columns_of_different_characters(engine):
    plan = engine.plan((), 0.4)
    automata.automaton.cache_clear()
    for text in ("Anna Smith", "anna smith", "2 x Anna", "ab"):
        texts = pa.array([f"{text} {letter}" for letter in "abc"], pa.large_string())
        Gates(texts, plan, sum(1 << ord(one) for one in {*text, *" abc"}))
    assert automata.automaton.cache_info().misses == 1


ATOMS = ["a", "b", "1", " ", ".", "_", "[ab]", r"\w", r"\s", r"\d", "[^a]", "(?i:b)", "ab", "a1"]
ZERO = [r"\b", r"\b", r"\B", r"\A", r"\Z", "^", "$", r"\b"]


def pattern(chance, depth=0):
    parts = []
    for _ in range(chance.randint(1, 4)):
        kind = chance.random()
        if kind < 0.3:
            parts.append(chance.choice(ZERO))
            continue
        if kind < 0.65 or depth > 2:
            part = chance.choice(ATOMS)
        elif kind < 0.75:
            parts.append(f"({chance.choice(['?=', '?<=', '?!', '?<!'])}{pattern(chance, depth + 1)})")
            continue
        else:
            opening = chance.choice(["(?:", "(?:", "(?>", "("])
            part = opening + "|".join(pattern(chance, depth + 1) for _ in range(chance.randint(1, 3))) + ")"
        if chance.random() < 0.4:
            part = f"(?:{part})" if len(part) > 1 and part[0] not in "([\\" else part
            part += chance.choice(["?", "*", "+", "{2}", "{1,2}", "{0,3}", "+?", "??", "{1}"])
        parts.append(part)
    return "".join(parts) + (r"\1" if depth == 0 and chance.random() < 0.1 else "")


def missed(seed, count):
    chance, met = random.Random(seed), 0  # noqa: S311 - the same each time
    texts = ["".join(chance.choices("aabB1 ._", k=chance.randint(0, 7))) for _ in range(60)]
    for _ in range(count):
        expression = pattern(chance)
        try:
            compiled = regex.compile(expression, regex.M if chance.random() < 0.5 else 0)
            asked = written(parsed(expression, compiled.flags), Rules(plain=True))
        except (regex.error, UnreadableError):
            continue
        passed = pc.match_substring_regex(pa.array(texts), asked).to_pylist()
        joined = Joined(pa.array(texts))
        let = dict(Automaton([asked]).found(joined))
        for place, (text, passes) in enumerate(zip(texts, passed, strict=True)):
            if compiled.search(text, timeout=5):
                met += not passes or 1
                if not passes or place not in let:
                    yield expression, asked, text
    assert met > count


def test_no_text_that_a_made_up_pattern_matches_is_missed():
    assert list(missed(7, 150)) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_no_text_that_one_of_many_made_up_patterns_matches_is_missed(seed):
    assert list(missed(seed, 4000)) == []


@pytest.mark.parametrize(
    ("expression", "passes", "stops"),
    [
        (r"\bmatt\b", ["matt", "x matt."], ["matter", "amatt", "matt_"]),
        (r"matt(?:hew)?\b", ["matt", "matthew "], ["matthews", "mattress"]),
        (r"(?<=id )[a-c]x\b(?!y)", ["id ax"], ["id axe"]),
        (r"a(?=b\b|c)", ["ab", "ac"], ["abc"]),
        (r"a\w+\b", ["abc!"], ["a"]),
        (r"a\bx?", ["a", "a x"], []),
        (r"(?:ab|c\b)+", ["c", "ab"], ["a"]),
        (r"(x\b).\1", ["x x"], ["xx"]),
    ],
)
def test_where_a_word_ends_is_asked_of_texts_of_ascii(expression, passes, stops):
    asked = written(parsed(expression, 0), Rules(plain=True))
    assert [text for text in passes if not alone(asked, text)] == []
    assert [text for text in stops if alone(asked, text)] == []


def test_grown_cells_are_let_through_in_a_column_as_alone(engine):
    texts = [one for one in cells(engine.analyzer.registry.recognizers, 400, 3) if one.isascii()]
    masks = {id(part.mask): part.mask for one in engine.finders for part in one.parts if part.mask}
    asked = list(dict.fromkeys(one.plain.sharp for one in masks.values()))
    found = dict(Automaton(asked).found(Joined(pa.array(texts))))
    for number, expression in enumerate(asked):
        alike = Automaton([expression])
        for place, text in enumerate(texts):
            assert (number in found.get(place, ())) == bool(alike.matching(text.encode()))
