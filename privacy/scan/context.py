"""Context words: whether what stands before a finding, or the column's name, supports it; as Presidio decides it."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_OTHER_SPELLINGS = {"i": "İ", "k": "\u212a"}  # in lower case they become these letters (and more)


@dataclass(frozen=True, slots=True)
class Words:
    """The context words of one recogniser, in lower case."""

    words: tuple[str, ...]

    def occur_in(self, keywords: Iterable[str]) -> bool:
        """Say whether one of the words is part of a keyword."""
        return any(word in keyword for keyword in keywords for word in self.words)

    def occur_in_text(self, lowered: str) -> bool:
        """Say whether one of the words stands anywhere in a text of lower case."""
        return any(word in lowered for word in self.words)

    def expression(self) -> str:
        """Return the expression for RE2 that matches every text of which the lower case holds a word."""
        return "|".join("".join(map(_letter, word)) for word in self.words)


def _letter(letter: str) -> str:
    spelled = sorted({letter, letter.upper(), _OTHER_SPELLINGS.get(letter, letter)})
    return "[" + "".join(f"\\x{{{ord(one):X}}}" for one in spelled if len(one) == 1) + "]"


class Tokens:
    """A text split into words once, for all its findings."""

    def __init__(self, enhancer: Any, nlp: Any, text: str) -> None:
        """Split the text by the tokenizer of the engine."""
        artifacts = nlp.process_text(text, "en")
        self.enhancer = enhancer
        self.artifacts = artifacts
        self.keywords = set(artifacts.keywords)
        self.ends = [
            start + len(token) for start, token in zip(artifacts.tokens_indices, artifacts.tokens, strict=True)
        ]

    def around(self, start: int) -> list[str]:
        """Return the keywords around a place, as Presidio's enhancer collects them."""
        index, lemmas, enhancer = bisect_right(self.ends, start), self.artifacts.lemmas, self.enhancer
        back = enhancer._add_n_words_backward(index, enhancer.context_prefix_count, lemmas, self.keywords)  # noqa: SLF001
        ahead = enhancer._add_n_words_forward(index, enhancer.context_suffix_count, lemmas, self.keywords)  # noqa: SLF001
        return [*back, *ahead]
