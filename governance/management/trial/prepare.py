"""From a file to what a trial works on: a checked table, its columns sorted, its target as labels."""

from dataclasses import dataclass
from typing import Any

from governance.management.trial.answers import (
    check_attributes,
    check_columns,
    check_references,
    plain,
    read_predictions,
    read_scores,
    read_target,
    without_missing,
)
from governance.management.trial.columns import Columns, sort_columns
from governance.management.trial.errors import TooFewRowsError
from governance.management.trial.question import Question, check_question

FEWEST_OF_A_CLASS = 5
EVALUATION_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class Prepared:
    """A question with its data; ``answers`` is the table of handed-in predictions, or None; ``skipped`` rows are left
    out because target, prediction or score is missing.
    """

    question: Question
    table: Any
    labels: list[str]
    columns: Columns
    answers: Any = None
    skipped: int = 0

    @property
    def schema(self) -> dict[str, Any]:
        """The schema of the data."""
        return self.columns.schema(self.question)


def prepare(question: Question) -> Prepared:
    """Read and check everything before anything is recorded; raises DatasetReadError or TrialError."""
    import pyarrow as pa

    from privacy.scan.read import read_table

    check_question(question)
    whole = plain(read_table(question.file, typed=True, lenient=True))
    check_columns(whole, question)
    table = without_missing(whole, question) if question.skip_missing else whole
    labels = read_target(table, question)
    check_attributes(table, question)
    check_references(table, question)
    place = table.column_names.index(question.target)
    table = table.set_column(place, question.target, pa.array(labels, pa.string()))
    answers = _answers(table, question, labels)
    return Prepared(question, table, labels, sort_columns(table, question), answers, whole.num_rows - table.num_rows)


def _answers(table: Any, question: Question, labels: list[str]) -> Any:
    import pyarrow as pa

    columns = {}
    scores = read_scores(table, question) if question.numbers else []
    if question.threshold is not None:
        columns["prediction"] = pa.array([int(one >= float(question.threshold)) for one in scores], pa.int8())
    elif question.predictions:
        columns["prediction"] = pa.array(read_predictions(table, question, labels), pa.int8())
    if question.numbers:
        columns["score"] = pa.array(scores, pa.float64())
    return pa.table(columns) if columns else None


def split(prepared: Prepared) -> tuple[Any, Any]:
    """Return training and evaluation rows: 60 % and 40 %, drawn within each label and, where it can be, each group.

    Raises TooFewRowsError when a label has too few rows to be in both.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    from monitoring.statistics.membership import group_values

    positive = [int(label == prepared.question.positive) for label in prepared.labels]
    fewest = min(sum(positive), len(positive) - sum(positive))
    if fewest < FEWEST_OF_A_CLASS:
        raise TooFewRowsError(
            f"Only {fewest} rows are of the rarer class; to train and to judge takes {FEWEST_OF_A_CLASS} at least."
        )
    groups = [
        group_values(prepared.table.column(one.column).to_pylist(), one.document())
        for one in prepared.question.sensitive
    ]
    cells = [" ".join(map(str, cell)) for cell in zip(positive, *groups, strict=True)]
    counts = {cell: cells.count(cell) for cell in set(cells)}
    drawn = [cell if counts[cell] > 1 else str(label) for cell, label in zip(cells, positive, strict=True)]
    strata = drawn if min(drawn.count(cell) for cell in set(drawn)) > 1 else positive
    train, evaluation = train_test_split(
        np.arange(len(positive)),
        test_size=EVALUATION_SHARE,
        random_state=prepared.question.seed % 2**32,
        stratify=strata,
    )
    return prepared.table.take(np.sort(train)), prepared.table.take(np.sort(evaluation))
