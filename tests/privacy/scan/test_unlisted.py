import random
from string import ascii_letters

import pytest
import regex  # type: ignore[import-untyped]

from privacy.scan.automata import Automaton
from privacy.scan.masks import mask
from privacy.scan.running_text import LONE, WORD, never_names
from privacy.scan.unlisted import refined, unlisted

FLAGS = int(regex.M | regex.S)
LISTED = frozenset({"It", "Its", "The", "There", "A"})


def near(words, chance):
    """Return words, what they begin with, and what is like them."""
    for word in words:
        yield word
        yield from (word[:length] for length in range(1, len(word)))
        yield from (word + letter for letter in chance.sample(ascii_letters, 4))
        yield from (word.upper(), f"{word}-known", f"O'{word}", f"{word}'sx", f"{word}-A", f"McT{word}", f"{word}'s")
        for _ in range(4):
            place, letter = chance.randrange(len(word)), chance.choice(ascii_letters + "'-")
            yield from (word[:place] + letter + word[place + 1 :], word[:place] + letter + word[place:])


@pytest.mark.parametrize("words", [LISTED, never_names()], ids=["few", "all"])
def test_a_word_that_is_not_listed_is_matched_and_no_listed_one_is(words):
    chance = random.Random(4)  # noqa: S311 - the same each time
    made = Automaton([f"^{unlisted(words)}$"])
    tried = set(near(sorted(words), chance))
    wanted = {one for one in tried if regex.fullmatch(WORD, one) and one not in words}
    assert [one for one in wanted if not made.matching(one.encode())] == []
    assert [one for one in words if made.matching(one.encode())] == []
    assert len(wanted) > len(words)


def hints(engine):
    (one,) = [one for one in engine.analyzer.registry.recognizers if one.name == "GazetteerPersonHints"]
    (found,) = [made for made in engine.finders if made.name == one.name]
    return [two for two in zip(one.patterns, found.parts, strict=True) if two[0].name in LONE]


def test_what_a_rule_does_not_refuse_passes_and_a_word_of_the_language_does_not(engine):
    chance = random.Random(8)  # noqa: S311 - the same each time
    words = [*near(chance.sample(sorted(never_names()), 250), chance), "Ivan", "Smith", "Anne-Marie", "Rose"]
    ends = [" said no.", " wrote: yes", "'s is", " and Bo", "", " saidx", " is", ", said"]
    texts = [f"{chance.choice(['', 'Well. ', 'x - '])}{word}{chance.choice(ends)}" for word in words]
    for pattern, part in hints(engine):
        made, found, let = Automaton([part.mask.plain.sharp]), 0, 0
        for text in texts:
            passes = bool(made.matching(text.encode()))
            is_found = bool(part.search(text, 5.0, None))
            assert passes or not is_found, (pattern.name, text)
            found, let = found + is_found, let + passes
        assert found > 100
        assert let < len(texts) / 2
        assert not made.matching(b"It said no. The and Bo. Market is")


def test_only_a_mask_with_the_word_in_its_place_is_refined():
    for expression in (rf"{WORD} {WORD}", r"\d+", rf"(?:{WORD})?\d"):
        made = mask(expression, FLAGS)
        assert refined(made, expression, FLAGS, WORD, LISTED) == made
    expression = rf"(?<=x ){WORD}(?= is)"
    made = refined(mask(expression, FLAGS), expression, FLAGS, WORD, LISTED)
    assert made.full == mask(expression, FLAGS).full
    asked = Automaton([made.plain.sharp])
    assert [text for text in ("x It is", "x Ita is", "x I is", "x It's is") if asked.matching(text.encode())] == [
        "x Ita is",
        "x I is",
    ]
