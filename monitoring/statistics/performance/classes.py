"""The performance of decisions on several classes: averages over the classes, each class, and against the incumbent.

All figures but those of probabilities follow from the confusion table; their intervals draw its rows anew within each
label. A class that is never predicted has precision 0, as is usual; one without labels has no recall and is left out of
the averages, which scikit-learn counts as 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from monitoring.statistics.auc import TooFewOfAClassError, area
from monitoring.statistics.bootstrap import bootstrap
from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import generator, percentiles, wilson
from monitoring.statistics.paired import mcnemar
from monitoring.statistics.performance.answers import Classes, same_labels
from monitoring.statistics.performance.binary import mean, told
from monitoring.statistics.performance.naming import AVERAGED, absent
from monitoring.statistics.performance.ranking import calibration_error
from registry.checks import Finding, Measurement, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

TOGETHER = ("balanced_accuracy", *AVERAGED, "mcc")
PER_CLASS = ("class_precision", "class_recall", "class_f1")
DIFFERING = ("accuracy", "balanced_accuracy", "f1_macro", "mcc")


def confusion(found: Classes) -> Counts:
    """Return the rows per label (lines) and prediction (columns)."""
    import numpy as np

    size = len(found.names)
    return np.bincount(found.labels * size + found.predictions, minlength=size * size).reshape(size, size)


def figures(tables: Counts) -> dict[str, Floats]:
    """Return every figure of confusion tables (... x label x prediction); NaN where one does not exist."""
    import numpy as np

    right = np.diagonal(tables, axis1=-2, axis2=-1).astype(np.float64)
    labelled, predicted = tables.sum(axis=-1).astype(np.float64), tables.sum(axis=-2).astype(np.float64)
    n, there = labelled.sum(axis=-1), labelled > 0
    recall, precision = _share(right, labelled, np.nan), _share(right, predicted, 0.0)
    f1 = _share(2 * right, labelled + predicted, 0.0)
    accuracy = right.sum(axis=-1) / n
    found = {
        "accuracy": accuracy,
        "balanced_accuracy": _mean(recall, there * 1.0),
        "mcc": _mcc(right, labelled, predicted),
    }
    for name, values in (("precision", precision), ("recall", recall), ("f1", f1)):
        found[f"{name}_macro"] = _mean(values, there * 1.0)
        found[f"{name}_weighted"] = _mean(values, labelled)
        found[f"{name}_micro"] = accuracy
        found[f"class_{name}"] = values
    return found


def _share(above: Floats, below: Floats, otherwise: float) -> Floats:
    import numpy as np

    return np.asarray(np.divide(above, below, out=np.full(above.shape, otherwise), where=below > 0))


def _mean(values: Floats, weights: Floats) -> Floats:
    import numpy as np

    return np.asarray((np.where(weights > 0, values, 0.0) * weights).sum(axis=-1) / weights.sum(axis=-1))


def _mcc(right: Floats, labelled: Floats, predicted: Floats) -> Floats:
    """Return Gorodkin's (2004) correlation of several classes, which for two is Matthews'."""
    import numpy as np

    n = labelled.sum(axis=-1)
    above = right.sum(axis=-1) * n - (labelled * predicted).sum(axis=-1)
    below = np.sqrt((n**2 - (labelled**2).sum(axis=-1)) * (n**2 - (predicted**2).sum(axis=-1)))
    return np.asarray(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))


def _drawn(cells: Counts, rng: np.random.Generator, replicates: int) -> Counts:
    """Return replicates of each line of counts, keeping its total; lines without rows stay empty."""
    import numpy as np

    shares = [line / max(1, line.sum()) for line in cells]
    return np.stack([rng.multinomial(int(line.sum()), share, size=replicates) if line.sum() else
                     np.zeros((replicates, len(line)), dtype=np.int64)
                     for line, share in zip(cells, shares, strict=True)], axis=1)  # fmt: skip


def own_figures(found: Classes, seed: int, replicates: int) -> list[Measurement]:
    """Return every figure of one version's predictions."""
    table, n = confusion(found), len(found)
    exact, drawn = figures(table), figures(_drawn(table, generator(seed, "classes"), replicates))
    low, high = wilson(int(table.trace()), n)
    measurements = [measured("performance.accuracy", float(exact["accuracy"]), lower=low, upper=high, n=n)]
    for name in TOGETHER:
        value = float(exact[name])
        if math.isnan(value):
            measurements.append(absent(name, f"The {name} does not exist: labels or predictions are all of one class."))
        else:
            measurements.append(told(name, _estimate(value, drawn[name], n), -1.0 if name == "mcc" else 0.0, 1.0))
    return [*measurements, *_per_class(found, table, exact, drawn), *_of_scores(found, seed, replicates)]


def _estimate(value: float, values: Floats, n: int) -> Estimate:
    import numpy as np

    return Estimate(value, *percentiles(values[~np.isnan(values)], value), n)


def _per_class(
    found: Classes, table: Counts, exact: Mapping[str, Floats], drawn: Mapping[str, Floats]
) -> list[Measurement]:
    measurements = []
    for place, name in enumerate(found.names):
        group, rows = f"class={name}", int(table[place].sum())
        right, predicted = int(table[place, place]), int(table[:, place].sum())
        measurements.append(measured("performance.class_rows", rows, n=rows, group=group, unit="rows"))
        for metric, below, why in (
            ("class_precision", predicted, "no row is predicted to be of it"),
            ("class_recall", rows, "no row is of it"),
        ):
            if below:
                low, high = wilson(right, below)
                measurements.append(
                    measured(f"performance.{metric}", right / below, lower=low, upper=high, n=below, group=group)
                )
            else:
                measurements.append(absent(metric, f"The class {name!r} has none: {why}.", group=group))
        value = float(exact["class_f1"][place])
        ends = percentiles(drawn["class_f1"][:, place], value)
        measurements.append(measured("performance.class_f1", value, lower=ends[0], upper=ends[1], n=rows, group=group))
    return measurements


def losses(found: Classes) -> Floats:
    """Return each row's logarithmic loss in nats; ``found`` must have scores."""
    import numpy as np

    assert found.scores is not None  # noqa: S101 - callers asked
    given = found.scores[np.arange(len(found)), found.labels]
    return np.asarray(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)))


def _of_scores(found: Classes, seed: int, replicates: int) -> list[Measurement]:
    if found.scores is None:
        return [absent(name, found.no_scores) for name in ("log_loss", "auc_macro", "ece")]
    right = (found.predictions == found.labels).astype("int64")
    sure = found.scores[range(len(found)), found.predictions]

    def error(rows: NDArray[np.int64]) -> Callable[[Floats], dict[str, Floats]]:
        of = calibration_error(right[rows], sure[rows])
        return lambda weights: {"ece": of(weights)}

    ece = bootstrap(error, right * 0, generator(seed, "ece"), replicates, reverse=True)["ece"]
    assert ece is not None  # noqa: S101 - every row has a score
    return [told("log_loss", mean(losses(found)), 0.0), _auc(found), told("ece", ece, 0.0, 1.0)]


def _auc(found: Classes) -> Measurement:
    """Measure the mean area of one class against the rest; the interval takes the classes' errors as fully dependent,
    which is the cautious side.
    """
    assert found.scores is not None  # noqa: S101 - callers asked
    try:
        areas = [
            area((found.labels == place).astype("int64"), found.scores[:, place]) for place in range(len(found.names))
        ]
    except TooFewOfAClassError as error:
        return absent("auc_macro", str(error))
    value, lower, upper = (sum(getattr(one, end) for one in areas) / len(areas) for end in ("value", "lower", "upper"))
    return told("auc_macro", Estimate(value, lower, upper, len(found)), 0.0, 1.0)


def doubts(found: Classes) -> list[Finding]:
    """Find classes that are never predicted, and rows that are all of one class."""
    table = confusion(found)
    never = [name for place, name in enumerate(found.names) if table[place].sum() and not table[:, place].sum()]
    findings = []
    if len(set(found.labels.tolist())) == 1:
        sentence = f"All {len(found)} labels are of one class; these rows tell little."
        findings.append(Finding("labels_of_one_class", sentence, "label", {"rows": len(found)}))
    if never:
        sentence = f"{len(never)} of {len(found.names)} classes occur among the labels and are never predicted."
        findings.append(Finding("classes_never_predicted", sentence, "prediction", {"classes": never}))
    return findings


def joined(own: Classes, other: Classes) -> tuple[Classes, Classes]:
    """Return both with the same classes' names; raises DifferentRowsError where the labels differ."""
    import numpy as np

    names = tuple(sorted({*own.names, *other.names}))

    def renamed(one: Classes) -> Classes:
        place = np.array([names.index(name) for name in one.names], dtype=np.int64)
        scores = None
        if one.scores is not None:
            scores = np.zeros((len(one), len(names)))
            scores[:, place] = one.scores
        return Classes(one.rows, names, place[one.labels], place[one.predictions], scores, one.no_scores)

    both = renamed(own), renamed(other)
    same_labels(both[0].labels, both[1].labels)
    return both


def differences(own: Classes, other: Classes, seed: int, replicates: int) -> tuple[list[Measurement], dict[str, Any]]:
    """Return this version's figures minus the incumbent's; both have the same rows and names (``joined``)."""
    import numpy as np

    size = len(own.names)
    cells, counts = np.unique((own.labels * size + own.predictions) * size + other.predictions, return_counts=True)
    label, first, second = cells // size**2, cells // size % size, cells % size
    lines = np.zeros((size, len(cells)), dtype=np.int64)
    lines[label, np.arange(len(cells))] = counts
    drawn = _drawn(lines, generator(seed, "classes_difference"), replicates).sum(axis=1)

    def both(tables: Counts) -> dict[str, Floats]:
        one, two = (figures(_table(tables, label, taken, size)) for taken in (first, second))
        return {name: one[name] - two[name] for name in DIFFERING}

    exact, again = both(counts[None, :]), both(drawn)
    found = []
    for name in DIFFERING:
        value = float(exact[name][0])
        if math.isnan(value):
            found.append(absent(f"{name}_difference", f"The {name} of one of the versions does not exist."))
        else:
            found.append(told(f"{name}_difference", _estimate(value, again[name], len(own)), -2.0, 2.0))
    reason = own.no_scores or (f"For the incumbent: {other.no_scores}" if other.no_scores else "")
    loss = (
        absent("log_loss_difference", reason)
        if reason
        else told("log_loss_difference", mean(losses(own) - losses(other)))
    )
    p_value, uneven = mcnemar(own.predictions == own.labels, other.predictions == other.labels)
    return [*found, loss, measured("performance.mcnemar_p", p_value, n=uneven)], {}


def _table(counts: Counts, label: Counts, prediction: Counts, size: int) -> Counts:
    """Return the confusion tables (... x label x prediction) of counts per cell (... x cells)."""
    import numpy as np

    place = label * size + prediction
    found = np.zeros((len(counts), size * size), dtype=np.int64)
    for index, where in enumerate(place):
        found[:, where] += counts[:, index]
    return found.reshape(len(counts), size, size)
