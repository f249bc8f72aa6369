"""The numbers of a predictions table: of all rows, of the groups, and of these within the control features."""

from typing import Any

from governance.management.trial.groups import group_numbers, whole_numbers
from governance.management.trial.question import Question
from governance.management.trial.within import conditional_numbers
from monitoring.statistics.counting import batches_of, count_batches
from monitoring.statistics.groups import control_column


def numbers(predictions: Any, question: Question) -> dict[str, Any]:
    """Return ``whole``, ``groups`` and ``conditional``; raises ReferenceGroupError, ColumnError."""
    attributes = [one.column for one in question.sensitive]
    controls = {one.column: control_column(one.column) for one in question.control}
    cube = count_batches(batches_of(predictions), (*attributes, *controls.values()))
    return {
        "whole": whole_numbers(cube),
        "groups": group_numbers(cube, attributes, question.reference),
        "conditional": conditional_numbers(cube, attributes, controls, question.reference),
    }
