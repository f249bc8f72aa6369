"""Context words: whether what stands before a finding, or the column's name, supports it; as Presidio decides it."""

import re
from bisect import bisect_right
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from privacy.scan.masks import Asked, Mask
from privacy.scan.needs import needs_of_words

_WORDS_KEPT = 1 << 16
_OTHER_SPELLINGS = {"i": "İ", "k": "\u212a"}  # in lower case they become these letters (and more)


@dataclass(frozen=True, slots=True)
class Words:
    """The context words of one recogniser, in lower case."""

    words: tuple[str, ...]
    search: Callable[[str], Any]  # finds one of the words anywhere in a text of lower case
    mask: Mask

    @classmethod
    def of(cls, words: Iterable[str]) -> "Words":
        """Take the words of a recogniser."""
        lowered = tuple(dict.fromkeys(word.lower() for word in words))
        expression = "|".join("".join(map(_letter, word)) for word in lowered)
        asked = Asked(expression, expression)
        mask = Mask(asked, asked, needs_of_words(lowered))
        return cls(lowered, re.compile("|".join(map(re.escape, lowered))).search, mask)

    def occur_in(self, keywords: Iterable[str]) -> bool:
        """Say whether one of the words is part of a keyword."""
        return any(self.search(keyword) for keyword in keywords)


def _letter(letter: str) -> str:
    spelled = sorted({letter, letter.upper(), _OTHER_SPELLINGS.get(letter, letter)})
    return "[" + "".join(f"\\x{{{ord(one):X}}}" for one in spelled if len(one) == 1) + "]"


class Tokens:
    """A text split into words once, for all its findings; ``artifacts`` are Presidio's, where they were made."""

    def __init__(self, enhancer: Any, lemmas: list[str], keywords: Container[str], ends: Sequence[int]) -> None:
        """Take the lemmas, those of them that count (parts included), and where each token ends."""
        self.enhancer = enhancer
        self.lemmas = lemmas
        self.keywords = keywords
        self.ends = ends
        self.artifacts: Any = None

    def around(self, start: int) -> list[str]:
        """Return the keywords around a place, as Presidio's enhancer collects them."""
        index, lemmas, enhancer = bisect_right(self.ends, start), self.lemmas, self.enhancer
        back = enhancer._add_n_words_backward(index, enhancer.context_prefix_count, lemmas, self.keywords)  # noqa: SLF001
        ahead = enhancer._add_n_words_forward(index, enhancer.context_suffix_count, lemmas, self.keywords)  # noqa: SLF001
        return [*back, *ahead]


def analysed(enhancer: Any, nlp: Any, text: str) -> Tokens:
    """Split a text by the whole engine, lemmas of a model included."""
    artifacts = nlp.process_text(text, "en")
    ends = [start + len(token) for start, token in zip(artifacts.tokens_indices, artifacts.tokens, strict=True)]
    tokens = Tokens(enhancer, artifacts.lemmas, set(artifacts.keywords), ends)
    tokens.artifacts = artifacts
    return tokens


class Splitter:
    """Splits texts by a blank tokenizer of its own, of which the lemma of a token is its lower case.

    The tokenizer keeps every word that it meets, so it is made anew when they are many.
    """

    def __init__(self, enhancer: Any, make: Callable[[], Any], most: int = _WORDS_KEPT) -> None:
        """``make`` makes the tokenizer, as an engine of Presidio's."""
        self.enhancer = enhancer
        self.make = make
        self.most = most
        self._begin()

    def _begin(self) -> None:
        from presidio_analyzer.nlp_engine import NlpArtifacts

        nlp = self.make()
        self.language = nlp.nlp["en"]
        self.kept = len(self.language.vocab.strings) + self.most
        # NlpArtifacts asks anew for every token what it makes of keywords
        self.parts = cache(lambda word: tuple(NlpArtifacts.set_keywords(nlp, [word], "en")))

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of a text."""
        if len(self.language.vocab.strings) > self.kept:
            self._begin()
        doc = self.language(text)
        places = doc.to_array(["IDX", "LENGTH", "LOWER"])
        strings = doc.vocab.strings
        lemmas = [strings[number] for number in places[:, 2].tolist()]
        keywords = {part for word in lemmas for part in self.parts(word)}
        return Tokens(self.enhancer, lemmas, keywords, (places[:, 0] + places[:, 1]).tolist())
