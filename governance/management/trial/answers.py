"""Read the target, the predictions and the scores of somebody's file; what could be read in two ways is refused."""

import math
from typing import Any

from governance.management.trial.errors import (
    ColumnAbsentError,
    PositiveAbsentError,
    PositiveUnsaidError,
    PredictionsColumnError,
    ProbabilitiesError,
    ReferenceGroupError,
    ScoreColumnError,
    SensitiveAttributeError,
    TargetError,
)
from governance.management.trial.question import Attribute, Question
from monitoring.statistics.columns import MISSING
from monitoring.statistics.membership import group_values

MOST_LABELS = 20
MOST_GROUPS = 64
MOST_NUMBERS = 30  # a number with more values wants bands
YES = frozenset({"1", "true", "yes", "y", "t"})
NO = frozenset({"0", "false", "no", "n", "f"})
FIRST_ROW = 1
SKIP = "--skip-missing leaves such rows out and counts them."


def as_text(value: Any) -> str | None:
    """Return a value as a label: "1" for 1, 1.0 and True where labels are 0 and 1; None where there is none."""
    if value is None or value != value or value == "":  # noqa: PLR0124 - NaN differs from itself
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def plain(table: Any) -> Any:
    """Return the table with dictionaries decoded and truth values as the words "True" and "False"."""
    import pyarrow as pa
    import pyarrow.types as kinds

    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if kinds.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if kinds.is_boolean(column.type):
            column = pa.chunked_array([pa.array([as_text(value) for value in column.to_pylist()], pa.string())])
        columns[name] = column
    return pa.table(columns)


def check_columns(table: Any, question: Question) -> None:
    """Raise ColumnAbsentError for the first column that was named and is not there."""
    from governance.rules.reading import suggestion

    for what, name in question.named():
        if name not in table.column_names:
            there = ", ".join(table.column_names[:MOST_LABELS])
            hint = suggestion(name, table.column_names)
            raise ColumnAbsentError(f"The {what} {name!r} is not a column of the file (there are: {there}).{hint}")


def read_target(table: Any, question: Question) -> list[str]:
    """Return the target as labels; raises where it is no target, or where the positive label is not one of it."""
    labels = [as_text(value) for value in table.column(question.target).to_pylist()]
    missing = [row for row, label in enumerate(labels, FIRST_ROW) if label is None]
    if missing:
        raise TargetError(
            f"The target {question.target!r} is missing in {len(missing)} of {len(labels)} rows, first in row "
            f"{missing[0]}; a row without an outcome cannot be judged. {SKIP}"
        )
    known = sorted({str(label) for label in labels})
    if not 2 <= len(known) <= MOST_LABELS:  # noqa: PLR2004 - a class and its opposite
        raise TargetError(
            f"The target {question.target!r} has {len(known)} different values; it must have 2 to {MOST_LABELS}."
        )
    named = ", ".join(repr(label) for label in known)
    if question.positive is None:
        raise PositiveUnsaidError(
            f"Say with --positive which label of {question.target!r} counts as positive: {named}."
        )
    if question.positive not in known:
        raise PositiveAbsentError(
            f"The positive label {question.positive!r} does not occur in {question.target!r} (there are: {named})."
        )
    return [str(label) for label in labels]


def check_attributes(table: Any, question: Question) -> None:
    """Raise SensitiveAttributeError for bands of what is no number, and for more groups than can be compared."""
    for what, attributes in (("sensitive attribute", question.sensitive), ("control feature", question.control)):
        for attribute in attributes:
            _check_groups(table, attribute, f"The {what} {attribute.column!r}")


def _check_groups(table: Any, attribute: Attribute, what: str) -> None:
    import pyarrow.compute as pc

    from monitoring.statistics.columns import is_numeric

    name, numeric = attribute.column, is_numeric(table, attribute.column)
    if attribute.edges:
        if not numeric:
            raise SensitiveAttributeError(f"{what} holds {table.schema.field(name).type}; bands need numbers.")
        return
    groups = {as_text(value) for value in pc.unique(table.column(name)).to_pylist()} - {None}
    most = MOST_NUMBERS if numeric else MOST_GROUPS
    if len(groups) > most:
        hint = f" Give edges, as in {name}:30:55." if numeric else " Join some of them in the file."
        raise SensitiveAttributeError(f"{what} has {len(groups)} groups; at most {most} are compared.{hint}")


def check_references(table: Any, question: Question) -> None:
    """Raise ReferenceGroupError for a group to compare with that has no row."""
    from governance.rules.reading import suggestion

    for attribute in question.sensitive:
        wanted = question.reference.get(attribute.column)
        there = sorted(set(group_values(table.column(attribute.column).to_pylist(), attribute.document())) - {MISSING})
        if wanted is not None and wanted not in there:
            raise ReferenceGroupError(
                f"{attribute.column!r} has no group {wanted!r} to compare with (there are: {', '.join(there)})."
                f"{suggestion(wanted, there)}"
            )


def read_predictions(table: Any, question: Question, labels: list[str]) -> list[int]:
    """Return 1 where the positive label is predicted; labels of the target, 0/1 and yes/no are understood.

    Raises ProbabilitiesError for probabilities, PredictionsColumnError for anything else.
    """
    name = question.predictions
    values = table.column(name).to_pylist()
    texts = [as_text(value) for value in values]
    missing = [row for row, text in enumerate(texts, FIRST_ROW) if text is None]
    if missing:
        raise PredictionsColumnError(
            f"The predictions {name!r} are missing in {len(missing)} of {len(texts)} rows, first in row "
            f"{missing[0]}; a row without a decision cannot be judged. {SKIP}"
        )
    given, known = set(texts), set(labels)
    if given <= known:
        return [int(text == question.positive) for text in texts]
    said = [str(text).strip().casefold() for text in texts]
    folded = {label.casefold() for label in known}
    if len(folded) == len(known) and set(said) <= folded:
        return [int(text == str(question.positive).casefold()) for text in said]
    if set(said) <= YES | NO:
        return [int(text in YES) for text in said]
    if all(isinstance(value, float | int) and 0 <= value <= 1 for value in values):
        raise ProbabilitiesError(
            f"The column {name!r} holds probabilities, not predictions; say from which one on a row counts as "
            f"predicted positive, as in --threshold 0.5, or hand it in with --score {name} (0.5 and above)."
        )
    strange = sum(text not in known for text in texts)
    raise PredictionsColumnError(
        f"{strange} of {len(texts)} predictions in {name!r} are no label of {question.target!r}; predictions are its "
        "labels, 0 and 1, yes and no, or numbers with --threshold."
    )


def read_scores(table: Any, question: Question) -> list[float]:
    """Return the scores; alone they are probabilities, beside decisions or a threshold any numbers that rank."""
    from monitoring.statistics.columns import is_numeric

    name = question.numbers
    if not is_numeric(table, name):
        kind = table.schema.field(name).type
        raise ScoreColumnError(f"The scores {name!r} hold {kind}; they must be numbers, written as 0.5.")
    values = [None if value is None else float(value) for value in table.column(name).to_pylist()]
    free = bool(question.predictions) or question.threshold is not None
    for row, value in enumerate(values, FIRST_ROW):
        if value is None or not math.isfinite(value):
            raise ScoreColumnError(
                f"The scores {name!r} have no finite number in row {row}; every row needs one. {SKIP}"
            )
        if not free and not 0 <= value <= 1:
            raise ScoreColumnError(
                f"The scores {name!r} are not between 0 and 1 in row {row}; say with --threshold from which score on a "
                "row counts as predicted positive."
            )
    return [float(value) for value in values if value is not None]


def without_missing(table: Any, question: Question) -> Any:
    """Return the rows in which target, predictions and scores are there, all in their order."""
    import pyarrow as pa

    names = [name for name in (question.target, question.predictions, question.score) if name]
    columns = [table.column(name).to_pylist() for name in names]
    kept = [all(as_text(value) is not None for value in row) for row in zip(*columns, strict=True)]
    return table.filter(pa.array(kept, pa.bool_()))
