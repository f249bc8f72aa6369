"""Sort the columns of somebody's file: what a model may learn from, what identifies, what is free text, what is left.

A judgement of names and counts of distinct values; whoever knows the data better says so with --features or --ignore.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from governance.management.trial.errors import NoFeaturesError
from governance.management.trial.question import Question
from privacy.scan.column_names import named_entity
from privacy.scan.entities import IDENTIFIER_TOKENS, name_tokens

MOST_CATEGORIES = 20
FEWEST_WORDS = 3
UNIQUE = 0.9
Sorted = dict[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns by what they are; ``why`` says it in words for those that a model does not learn from."""

    features: tuple[tuple[str, str], ...]
    identifiers: tuple[str, ...]
    text: tuple[str, ...]
    ignore: tuple[str, ...]
    why: Sorted

    def schema(self, question: Question) -> dict[str, Any]:
        """Return the schema of the dataset."""
        controls = {"controls": [one.document() for one in question.control]} if question.control else {}
        return {
            "target": question.target,
            "positive": question.positive,
            "features": [{"name": name, "kind": kind} for name, kind in self.features],
            "identifiers": list(self.identifiers),
            "text": list(self.text),
            "sensitive": [one.document() for one in question.sensitive],
            "ignore": list(self.ignore),
            **controls,
        }


def sort_columns(table: Any, question: Question) -> Columns:
    """Sort every column of a table; raises NoFeaturesError where a model would have nothing to learn from."""
    set_aside = {question.target, question.predictions, question.score}
    sensitive = {one.column for one in question.sensitive}
    found: dict[str, list[str]] = {"identifier": [], "text": [], "ignore": []}
    features, why = [], {}
    for name in table.column_names:
        if name in set_aside:
            continue
        if name in question.ignore:
            kind, reason = "ignore", "left out, as asked"
        elif name in question.features:
            kind, reason = _kind(table, name), ""
        elif question.features:
            kind, reason = "ignore", "not among the features asked for"
        else:
            kind, reason = _sorted(table, name)
        if name in sensitive and name not in question.features:
            why[name] = "sensitive: measured by, not learned from"
        elif kind in found:
            found[kind].append(name)
            why[name] = reason
        else:
            features.append((name, kind))
    if not features and not question.handed_in:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in why.items())
        raise NoFeaturesError(f"No column is left to learn from ({reasons}). Name some with --features.")
    handed_in = [name for name in (question.predictions, question.score) if name]
    return Columns(
        tuple(features), tuple(found["identifier"]), tuple(found["text"]), (*found["ignore"], *handed_in), why
    )


def _kind(table: Any, name: str) -> str:
    from monitoring.statistics.columns import is_numeric

    return "numeric" if is_numeric(table, name) else "categorical"


def _sorted(table: Any, name: str) -> tuple[str, str]:
    """Return what a column is by its name, its type and its distinct values, and why it is no feature."""
    import pyarrow.compute as pc

    tokens = name_tokens(name)
    present = pc.drop_null(table.column(name))
    distinct = pc.count_distinct(present).as_py() if len(present) else 0
    if distinct <= 1:
        return "ignore", f"{distinct} distinct values"
    if distinct == len(present) and (set(tokens) & IDENTIFIER_TOKENS or _counts_up(present)):
        return "identifier", "a different value in every row"
    if named_entity(tokens):
        return "ignore", "its name says that it is about a person"
    return ("numeric", "") if _kind(table, name) == "numeric" else _sorted_words(present, distinct)


def _sorted_words(present: Any, distinct: int) -> tuple[str, str]:
    """Return what a column that is no number is, by its distinct values and their length in words."""
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if not (kinds.is_string(present.type) or kinds.is_large_string(present.type)):
        return "ignore", f"of the type {present.type}, which the baseline cannot learn from"
    if distinct <= MOST_CATEGORIES:
        return "categorical", ""
    words = pc.mean(pc.list_value_length(pc.utf8_split_whitespace(present))).as_py()
    if words >= FEWEST_WORDS:
        return "text", f"free text: {distinct} distinct values of {words:.0f} words"
    if distinct >= UNIQUE * len(present):
        return "identifier", f"{distinct} distinct values in {len(present)} rows"
    return "ignore", f"{distinct} distinct words, more than {MOST_CATEGORIES}"


def _counts_up(column: Any) -> bool:
    """Say whether these are the numbers of rows: whole, each one more than the one before."""
    import pyarrow.types as kinds

    return bool(kinds.is_integer(column.type)) and all(
        after - before == 1 for before, after in pairwise(column.to_pylist())
    )
