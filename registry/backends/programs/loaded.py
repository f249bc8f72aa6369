"""One thing that scores a table, whatever format it came from, and what is believed of its scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from registry.backends.programs.failure import Refused

LABELS_ONLY = "the model returns class labels, not scores; give it predict_proba or return probabilities"
AGAIN = 256
SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model: the features it takes, ``score`` of a table of them, and the estimator where there is one to explain."""

    features: tuple[str, ...]
    score: Callable[[Any], Any]
    estimator: Any = None
    positive_index: int = 1


def _positive_index(classes: Any, positive: str) -> int:
    names = [str(item) for item in classes]
    for index, item in enumerate(classes):
        if names[index] == positive or (positive == "1" and item == 1):
            return index
    if names in (["0", "1"], ["False", "True"]):
        return 1
    raise Refused(
        f"the model knows the classes {names}, none of which is the positive label {positive!r}", code="classes"
    )


def of_estimator(estimator: Any, features: tuple[str, ...], positive: str) -> Loaded:
    """Return an estimator with predict_proba as a model; raises Refused when it has none, or not the class."""
    if not hasattr(estimator, "predict_proba") or not hasattr(estimator, "classes_"):
        raise Refused(f"the model is a {type(estimator).__name__} without predict_proba", code="no_probabilities")
    index = _positive_index(estimator.classes_, positive)
    return Loaded(features, lambda table: estimator.predict_proba(table)[:, index], estimator, index)


def scores_of(answer: Any, positive: str) -> Any:
    """Take the positive class's probability out of whatever a pyfunc or a graph returns."""
    import numpy as np

    if isinstance(answer, dict):
        answer = _probabilities(answer)
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        return np.asarray([_of_row(row, positive) for row in answer], dtype=np.float64)
    values = np.asarray(answer)
    if values.ndim == 2 and values.shape[1] == 2:  # noqa: PLR2004 - one column per class
        names = [str(item) for item in getattr(answer, "columns", ())]
        return values[:, names.index(positive) if positive in names else 1]
    if values.ndim == 2 and values.shape[1] == 1:  # noqa: PLR2004 - a table of one column
        values = values[:, 0]
    if values.ndim == 1 and values.dtype.kind not in "fO":
        raise Refused(LABELS_ONLY, code="labels")
    return values


def _of_row(row: dict[Any, Any], positive: str) -> Any:
    """Take one probability out of a map from class to probability."""
    for label, value in row.items():
        if str(label) == positive or (positive == "1" and label == 1):
            return value
    if [str(label) for label in sorted(row)] == ["0", "1"]:
        return row[max(row)]
    raise Refused(f"the model answers by class without the positive label {positive!r}", code="classes")


def _probabilities(answer: dict[str, Any]) -> Any:
    """Return the output that holds probabilities among several of one model: the last that is no label."""
    import numpy as np

    held = [one for one in answer.values() if isinstance(one, list) or np.asarray(one).dtype.kind == "f"]
    if not held:
        raise Refused(LABELS_ONLY, code="labels")
    return held[-1]


def scores(model: Loaded, table: Any) -> Any:
    """Return one finite float64 score in [0, 1] per row; raises Refused, with counts only, when it is not so."""
    import numpy as np

    found = np.asarray(model.score(table[list(model.features)]), dtype=np.float64)
    if found.shape != (len(table),):
        raise Refused(f"the model returned the shape {found.shape} for {len(table)} rows", code="shape")
    if bad := int((~np.isfinite(found)).sum()):
        raise Refused(f"the model returned {bad} scores of {len(found)} that are not finite numbers", code="not_finite")
    if bad := int(((found < 0) | (found > 1)).sum()):
        raise Refused(f"the model returned {bad} scores of {len(found)} outside [0, 1]", code="out_of_range")
    return found


def check_repeatable(model: Loaded, table: Any, found: Any) -> None:
    """Ask for some rows once more, in the other order; raises Refused when a row's score is not what it was.

    Such a model draws at random, or answers a row by the rows beside it: nothing measured of it would hold.
    """
    import numpy as np

    chosen = np.unique(np.linspace(0, len(table) - 1, min(AGAIN, len(table))).astype(int))[::-1]
    again = scores(model, table.iloc[chosen])
    if bad := int((np.abs(again - found[chosen]) > SAME).sum()):
        raise Refused(
            f"the model gave {bad} of {len(chosen)} rows another score when it was asked again, by more than {SAME:g}",
            code="not_repeatable",
        )
