"""What is asked of a file: its target, positive label, sensitive attributes, predictions; read from words."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

from governance.management.trial.errors import QuestionError

OF_GROUPS = frozenset({"feature", "sensitive attribute", "control feature"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """A sensitive attribute: a column, and the edges of its bands where it is a number."""

    column: str
    edges: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """Return the attribute as a dataset's schema declares it."""
        bins = {"bins": list(self.edges)} if self.edges else {}
        return {"name": self.column, "column": self.column, **bins}


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that one trial is about; ``positive`` is None when nobody said it."""

    file: Path
    target: str
    positive: str | None
    sensitive: tuple[Attribute, ...]
    predictions: str = ""
    score: str = ""
    features: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    policy: Path | None = None
    reference: dict[str, str] = field(default_factory=dict)
    seed: int = 7
    threshold: Decimal | None = None
    control: tuple[Attribute, ...] = ()
    skip_missing: bool = False

    @property
    def handed_in(self) -> bool:
        """Whether predictions were handed in, so that no model is trained."""
        return bool(self.predictions or self.score)

    @property
    def numbers(self) -> str:
        """The column of scores: of its own, or the predictions where a threshold makes decisions of them."""
        return self.score or (self.predictions if self.threshold is not None else "")

    def named(self) -> list[tuple[str, str]]:
        """Return (what it is, column) of every column that was named."""
        found = [("target", self.target)]
        found += [("sensitive attribute", one.column) for one in self.sensitive]
        found += [("control feature", one.column) for one in self.control]
        found += [("column of predictions", self.predictions)] if self.predictions else []
        found += [("column of scores", self.score)] if self.score else []
        found += [("feature", name) for name in self.features]
        return found + [("ignored column", name) for name in self.ignore]


def read_words(text: str) -> tuple[str, ...]:
    """Return the words between commas."""
    return tuple(word for part in text.split(",") if (word := part.strip()))


def read_sensitive(text: str, option: str = "--sensitive") -> tuple[Attribute, ...]:
    """Read "sex,age:55" or "age:30:55"; raises QuestionError for edges that are no rising numbers, or repeats."""
    found = tuple(_attribute(word, option) for word in read_words(text))
    names = [one.column for one in found]
    for name in names:
        if names.count(name) > 1:
            raise QuestionError(f"{option} names {name!r} twice.")
    return found


def _attribute(word: str, option: str) -> Attribute:
    column, *edges = (part.strip() for part in word.split(":"))
    if not column:
        raise QuestionError(f"{option} holds {word!r}, which names no column.")
    try:
        numbers = [Decimal(edge) for edge in edges]
    except InvalidOperation:
        raise QuestionError(f"{option} holds {word!r}; edges are numbers, as in age:30:55.") from None
    if not all(number.is_finite() for number in numbers) or any(low >= high for low, high in pairwise(numbers)):
        raise QuestionError(f"{option} holds {word!r}; its edges must be finite and rise, as in age:30:55.")
    return Attribute(column, tuple(edges))


def read_references(words: Sequence[str]) -> dict[str, str]:
    """Read "sex=male" and the like; raises QuestionError where it is of another form."""
    found: dict[str, str] = {}
    for word in words:
        name, mark, group = word.partition("=")
        if not (name.strip() and mark and group.strip()):
            raise QuestionError(f"--reference is {word!r}; it must be of the form attribute=group, as in sex=male.")
        if name.strip() in found:
            raise QuestionError(f"--reference names {name.strip()!r} twice; an attribute has one reference group.")
        found[name.strip()] = group.strip()
    return found


def read_threshold(text: str) -> Decimal | None:
    """Read a finite number; None for no text; raises QuestionError."""
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise QuestionError(f"--threshold is {text!r}; it must be a number, such as 0.5.")
    return number


def check_question(question: Question) -> None:
    """Raise QuestionError where two options contradict each other."""
    roles: dict[str, str] = {}
    for what, column in question.named():
        if what in OF_GROUPS:
            continue
        if column in roles:
            raise QuestionError(f"{column!r} cannot be both the {roles[column]} and the {what}.")
        roles[column] = what
    for what, column in question.named():
        if what in OF_GROUPS and column in roles:
            raise QuestionError(f"{column!r} cannot be both the {roles[column]} and a {what}.")
    if question.handed_in and question.features:
        raise QuestionError("--features says what a model is trained on; with predictions none is trained.")
    if question.threshold is not None and bool(question.predictions) is bool(question.score):
        raise QuestionError("--threshold cuts one column of numbers: that of --predictions, or that of --score.")
    _check_groups(question)


def _check_groups(question: Question) -> None:
    both = {one.column for one in question.sensitive} & {one.column for one in question.control}
    if both:
        raise QuestionError(f"{min(both)!r} cannot be both a sensitive attribute and a control feature.")
    unknown = sorted(set(question.reference) - {one.column for one in question.sensitive})
    if unknown:
        raise QuestionError(f"--reference names {unknown[0]!r}, which is no sensitive attribute of the question.")
