"""Sort the columns of somebody's file: what a model may learn from, what identifies, what is free text, what is left.

A judgement of names and counts of distinct values; whoever knows the data better says so with --features or --ignore.
"""

from dataclasses import dataclass
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
        return {
            "target": question.target,
            "positive": question.positive,
            "features": [{"name": name, "kind": kind} for name, kind in self.features],
            "identifiers": list(self.identifiers),
            "text": list(self.text),
            "sensitive": [one.document() for one in question.sensitive],
            "ignore": list(self.ignore),
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
    import pyarrow.types as kinds

    column, tokens = table.column(name), name_tokens(name)
    present = pc.drop_null(column)
    rows, distinct = len(present), pc.count_distinct(present).as_py() if len(present) else 0
    if distinct <= 1:
        return "ignore", f"{distinct} distinct values"
    numeric = _kind(table, name) == "numeric"
    named = bool(set(tokens) & IDENTIFIER_TOKENS)
    if distinct == rows and (named or (kinds.is_integer(column.type) and _counts_up(present))):
        return "identifier", "a different value in every row"
    if named_entity(tokens):
        return "ignore", "its name says that it is about a person"
    if numeric:
        return "numeric", ""
    if not (kinds.is_string(column.type) or kinds.is_large_string(column.type)):
        return "ignore", f"of the type {column.type}, which the baseline cannot learn from"
    if distinct <= MOST_CATEGORIES:
        return "categorical", ""
    words = pc.mean(pc.list_value_length(pc.utf8_split_whitespace(present))).as_py()
    if words >= FEWEST_WORDS:
        return "text", f"free text: {distinct} distinct values of {words:.0f} words"
    if distinct >= UNIQUE * rows:
        return "identifier", f"{distinct} distinct values in {rows} rows"
    return "ignore", f"{distinct} distinct words, more than {MOST_CATEGORIES}"


def _counts_up(column: Any) -> bool:
    """Say whether whole numbers are the numbers of rows: each one more than the one before."""
    values = column.to_pylist()
    return len(values) > 1 and all(after - before == 1 for before, after in zip(values, values[1:], strict=False))
