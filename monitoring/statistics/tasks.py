"""What a model is asked for, as the dataset's schema declares it: one of two classes, one of several, or an amount."""

from collections.abc import Mapping
from typing import Any

from monitoring.statistics.columns import ColumnError
from registry.checks import BINARY, MULTICLASS, REGRESSION, TASKS

__all__ = ("BINARY", "MULTICLASS", "REGRESSION", "TASKS", "UnknownTaskError", "task_of")


class UnknownTaskError(ColumnError):
    """The schema names a task that is none of TASKS."""

    code = "task_unknown"


def task_of(schema: Mapping[str, Any]) -> str:
    """Return the schema's task, ``binary`` where it names none; raises UnknownTaskError."""
    task = schema.get("task", BINARY)
    if task not in TASKS:
        raise UnknownTaskError(f"The schema's task is {task!r}; it must be one of {', '.join(TASKS)}.")
    return str(task)
