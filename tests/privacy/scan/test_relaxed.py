import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import regex  # type: ignore[import-untyped]

from privacy.scan.characters import UnreadableError
from privacy.scan.masks import mask
from privacy.scan.needs import present
from privacy.scan.relaxed import relaxed
from tests.privacy.scan.grown import AROUND, grown

FLAGS = int(regex.I | regex.M | regex.S)
ITEMS = [
    *r"\d \w \s \D \W \S . \p{L} \p{Lu} \p{N} \P{Ll} [a-z] [A-Z0-9] [0-9A-Fa-f] [^a] [^\W\d_] [-.]".split(),  # noqa: SIM905
    r"[a-zA-HJ-NP-Z0-9]",
    r"[!#$%&'*+\-/=?^_`{|}~\w]",
    r"[\p{L}'\u2019\-]",
    *"abcdefghijklmnopqrstuvwxyz",
    *"\u0130\u0131\u017f\u212aßéÅ\u03c3",
]
ALL = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]


def matches(expression, texts):
    return pc.match_substring_regex(pa.array(texts, pa.string()), expression).to_pylist()


@pytest.mark.parametrize(
    ("expression", "passes", "stops"),
    [
        (r"\b[0-9]{9}\b", ["123456789z", "é123456789"], ["12345678", "a123456789"]),
        (r"\b(?:\d|k)+x", ["12kx", "-k1x", "\u06641x", "a\u0664x"], ["ak1x", "_1x"]),
        (r"\b(?:-?1|2)", ["a-1", "a1", "2"], ["3"]),
        (r"\b[-1]", ["a-", "-1"], ["a1"]),
        (r"(?<!x)\d{3}-\d{2}(?=y)", ["123-45y"], ["123-45", "12-45y"]),
        (r"\A\s{0,4}(?:ann|lee)\s?\Z", ["Ann", " lee "], ["x ann", "ann x"]),
        (r"(?:\A|,)b", ["b", "a,b"], ["ab"]),
        (r"a|\d\d", ["xA", "12"], ["b1"]),
        (r"(?<=id:\s)\d+", ["ID: 7"], ["7", "id:7"]),
        (r"(?:\d-)?\d", ["1"], ["-"]),
        (r"x{3,400}y{2}", ["x" * 3 + "yy"], ["xxyy"]),
        (r"[a-z]+@[a-z]+\.com", ["A@b.COM"], ["@b.com"]),
        (r"(a|b)x\1", ["axa", "bxA"], ["axc"]),
        (r"(?>ab)++c*", ["ab"], ["a"]),
        (r"z(?:(?=q)q)?", ["z"], ["q"]),
        (r"(?i:ma)\p{Lu}", ["maX"], ["m"]),
    ],
)
def test_an_expression_asks_for_less_but_not_for_nothing(expression, passes, stops):
    weaker = relaxed(expression, FLAGS)
    assert all(matches(weaker, passes))
    assert not any(matches(weaker, stops))


def test_case_counts_where_the_pattern_minds_it():
    weaker = relaxed(r"(?i:mr)\s\p{Lu}b", int(regex.M))
    assert matches(weaker, ["MR Ab", "mr Ab", "mr ab", "mr AB"]) == [True, True, False, False]


@pytest.mark.parametrize("expression", [r"(?(DEFINE)x)a", r"a\Kb", r"(?:abc){e<=1}", r"a(?R)b", r"\X"])
def test_what_is_not_understood_is_refused(expression):
    with pytest.raises(UnreadableError):
        relaxed(expression, FLAGS)


def everything_asked(made, texts):
    """Return whether each text passes all that a mask asks of texts of its kind."""
    passed = [made.can_match(present(pa.array([text], pa.string()))) for text in texts]
    for asked, kind in ((made.full, "full"), (made.plain, "plain")):
        for expression in filter(None, (asked.sharp, asked.core)):
            found = matches(expression, texts)
            passed = [
                one and (let or (kind == "plain" and not text.isascii()))
                for one, let, text in zip(passed, found, texts, strict=True)
            ]
    return passed


def missed_by_masks(engine, seed, count):
    chance, matched, missed = random.Random(seed), 0, []  # noqa: S311 - the same each time
    for one in engine.analyzer.registry.recognizers:
        for pattern in getattr(one, "patterns", ()):
            made = mask(pattern.regex, one.global_regex_flags)
            texts = [chance.choice(AROUND) + grown(pattern.regex, one.global_regex_flags, chance) for _ in range(count)]
            texts = [text if chance.random() < 0.6 else text.swapcase() for text in texts]
            found = [bool(regex.search(pattern.regex, text, one.global_regex_flags)) for text in texts]
            passed = everything_asked(made, texts)
            missed += [text for text, is_found, passes in zip(texts, found, passed, strict=True) if is_found > passes]
            matched += sum(found)
    return matched, missed


def test_what_a_pattern_matches_its_mask_lets_through(engine):
    matched, missed = missed_by_masks(engine, 23, 6)
    assert missed == []
    assert matched > 200


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_what_a_pattern_matches_its_mask_lets_through_in_many_texts(engine, seed):
    matched, missed = missed_by_masks(engine, 100 + seed, 300)
    assert missed == []
    assert matched > 10_000


def missed(item, flags, characters):
    compiled = regex.compile(item, flags)
    passed = matches(f"^(?:{relaxed(item, flags)})$", characters)
    return [hex(ord(one)) for one, passes in zip(characters, passed, strict=True) if not passes and compiled.match(one)]


CASED = [one for one in ALL[0x80:] if one.lower() != one.upper() and ord(one) < 0x600]


@pytest.mark.parametrize("flags", [FLAGS, int(regex.M)], ids=["caseless", "cased"])
def test_no_code_point_is_missed(flags):
    chance = random.Random(3)  # noqa: S311 - the same each time
    sample = [*ALL[:0x250], *CASED, *chance.sample(ALL, 400), "\u212a", "\ufb05", "\u1e9e", "\U0001e95f"]
    assert {item: found for item in ITEMS if (found := missed(item, flags, sample))} == {}


@pytest.mark.long
@pytest.mark.parametrize("flags", [FLAGS, int(regex.M)], ids=["caseless", "cased"])
@pytest.mark.parametrize("item", ITEMS)
def test_no_code_point_of_all_is_missed(item, flags):
    assert missed(item, flags, ALL) == []


def test_ascii_passes_exactly():
    for item in set(ITEMS) - set("\u0130\u0131"):
        expression = f"^(?:{relaxed(item, FLAGS)})$"
        passed = matches(expression, ALL[:128])
        assert passed == [bool(regex.fullmatch(item, one, FLAGS)) for one in ALL[:128]], item


def test_a_pattern_that_cannot_be_compiled_is_an_error():
    with pytest.raises(regex.error):
        relaxed("(", FLAGS)
