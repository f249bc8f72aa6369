"""Read the target, the predictions and the scores of somebody's file; what could be read in two ways is refused."""

import math
from typing import Any

from governance.management.trial.errors import (
    ColumnAbsentError,
    PositiveAbsentError,
    PositiveUnsaidError,
    PredictionsColumnError,
    ProbabilitiesError,
    ScoreColumnError,
    SensitiveAttributeError,
    TargetError,
)
from governance.management.trial.question import Question

MOST_LABELS = 20
MOST_GROUPS = 30
FIRST_ROW = 1


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
            f"{missing[0]}; a row without an outcome cannot be judged."
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
    from monitoring.statistics.columns import is_numeric

    for attribute in question.sensitive:
        name = attribute.column
        if attribute.edges:
            if not is_numeric(table, name):
                raise SensitiveAttributeError(
                    f"The sensitive attribute {name!r} holds {table.schema.field(name).type}; bands need numbers."
                )
            continue
        groups = {as_text(value) for value in table.column(name).to_pylist()} - {None}
        if len(groups) > MOST_GROUPS:
            hint = f" Give edges, as in {name}:30:55." if is_numeric(table, name) else ""
            raise SensitiveAttributeError(
                f"The sensitive attribute {name!r} has {len(groups)} groups; at most {MOST_GROUPS} are compared.{hint}"
            )


def read_predictions(table: Any, question: Question, labels: list[str]) -> list[int]:
    """Return 1 where the positive label is predicted; labels of the target and 0/1 are understood.

    Raises ProbabilitiesError for probabilities, PredictionsColumnError for anything else.
    """
    name = question.predictions
    values = table.column(name).to_pylist()
    texts = [as_text(value) for value in values]
    missing = [row for row, text in enumerate(texts, FIRST_ROW) if text is None]
    if missing:
        raise PredictionsColumnError(
            f"The predictions {name!r} are missing in {len(missing)} of {len(texts)} rows, first in row {missing[0]}."
        )
    given, known = set(texts), set(labels)
    if given <= known:
        return [int(text == question.positive) for text in texts]
    if given <= {"0", "1"}:
        return [int(text == "1") for text in texts]
    if given <= {"True", "False"}:
        return [int(text == "True") for text in texts]
    if all(isinstance(value, float | int) and 0 <= value <= 1 for value in values):
        raise ProbabilitiesError(
            f"The column {name!r} holds probabilities, not predictions; hand it in with --score {name} "
            "(at or above 0.5 counts as positive), and decisions of another threshold with --predictions."
        )
    strange = sum(text not in known for text in texts)
    raise PredictionsColumnError(
        f"{strange} of {len(texts)} predictions in {name!r} are no label of {question.target!r}; predictions are its "
        "labels, or 0 and 1."
    )


def read_scores(table: Any, question: Question) -> list[float]:
    """Return the scores; alone they are probabilities, beside predictions any numbers that rank."""
    from monitoring.statistics.columns import is_numeric

    name = question.score
    if not is_numeric(table, name):
        raise ScoreColumnError(f"The scores {name!r} hold {table.schema.field(name).type}; they must be numbers.")
    values = [None if value is None else float(value) for value in table.column(name).to_pylist()]
    for row, value in enumerate(values, FIRST_ROW):
        if value is None or not math.isfinite(value):
            raise ScoreColumnError(f"The scores {name!r} have no finite number in row {row}; every row needs one.")
        if not question.predictions and not 0 <= value <= 1:
            raise ScoreColumnError(
                f"The scores {name!r} are not between 0 and 1 in row {row}; scores of another scale need --predictions."
            )
    return [float(value) for value in values if value is not None]
