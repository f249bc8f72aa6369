"""How good are the predictions, and are they better than those of the version in production?

Question
    How often is the model right on the evaluation rows that the environment's policy chose, how well does its score
    rank and how well is it calibrated as a whole, and what would change against the incumbent on the same rows?

Method
    Only predictions are read, so that a version of any framework can be measured. The area under the ROC curve has
    DeLong's interval (DeLong, DeLong and Clarke-Pearson 1988), proportions have Wilson's (1927), F1 has a bootstrap
    over the cells of the confusion table, the Brier score (1950; mean squared distance of score and label) has
    Student's. Differences to the incumbent are this version minus the incumbent, paired row by row: DeLong's covariance
    for the area, a bootstrap over label x both predictions for rates, Student's for the Brier score.

Limits
    The numbers speak of the evaluation rows. ``overlap_share`` says which share of them the model has been trained
    on: what it has seen tells little about what it will meet. Scores that are missing make the area NOT_COMPUTABLE, not
    zero; scores outside 0 to 1 still rank, but are no probabilities, and have no Brier score.

Remediation
    When the interval straddles the limit, evaluate on more rows. When rows overlap, split again by person and not by
    row. When the difference to the incumbent is negative, keep the incumbent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitoring.statistics.auc import TooFewOfAClassError, area, difference
from monitoring.statistics.columns import ColumnError
from monitoring.statistics.cube import count_cube
from monitoring.statistics.intervals import around_mean, generator, rate_interval, wilson
from monitoring.statistics.paired import pair_counts, rate_difference
from monitoring.statistics.parameters import Kind, Whole, read_parameters
from monitoring.statistics.predictions import Predictions, read_predictions
from monitoring.statistics.rates import RATES
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DifferentRowsError(ColumnError):
    """The incumbent's predictions are not of the same rows."""

    code = "incumbent_rows_differ"


PARAMETERS: dict[str, Kind] = {"replicates": Whole(1000, 200, 20_000)}
OF_COUNTS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "tpr",
    "f1": "f1",
    "selection_rate": "selection_rate",
}
COMPARED = ("auc", "brier", *OF_COUNTS)


def absent(metric: str, reason: str, status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"performance.{metric}", status=status, reason=reason)


class PerformanceCheck:
    """Measures the quality of predictions, alone and against the incumbent."""

    name = "performance"
    version = "1"
    metrics: Mapping[str, str] = {
        "performance.rows": "evaluation rows measured (count)",
        "performance.base_rate": "share of rows whose label is positive (0 to 1)",
        "performance.auc": "area under the ROC curve (0 to 1; 0.5 is chance)",
        "performance.brier": "mean squared distance between score and label (0 to 1; lower is better)",
        "performance.accuracy": "share of rows predicted rightly (0 to 1)",
        "performance.precision": "share of positive predictions that are right (0 to 1)",
        "performance.recall": "share of positive labels that are found (0 to 1)",
        "performance.f1": "harmonic mean of precision and recall (0 to 1)",
        "performance.selection_rate": "share of rows predicted positive (0 to 1)",
        "performance.overlap_share": "share of evaluation rows that are also training rows (0 to 1)",
        **{
            f"performance.{name}_difference": f"{name} of this version minus the incumbent's on the same rows (-1 to 1)"
            for name in COMPARED
        },
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """Predictions; where there are any, the incumbent's predictions and the overlap with the training rows."""
        read_parameters(self.name, parameters, PARAMETERS)
        return (
            Need("predictions", "predictions", "evaluate"),
            Need("incumbent_predictions", "incumbent_predictions", "evaluate", optional=True),
            Need("overlap", "overlap", optional=True),
        )

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure the predictions; a table that must not be measured is an ERROR with its reason."""
        replicates = read_parameters(self.name, context.parameters, PARAMETERS)["replicates"]
        try:
            predictions = read_predictions(inputs.table("predictions"))
        except ColumnError as error:
            finding = Finding(error.code, str(error), "predictions")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        context.progress(0.2, "predictions read")
        cube = count_cube(predictions, ())
        own = _own(predictions, cube.array()[0], context.seed, replicates)
        context.progress(0.6, "own figures measured")
        versus, findings, pairs = _versus(predictions, inputs, context.seed, replicates)
        overlap, seen = _overlap(inputs)
        evidence = {"confusion": cube.document(), "pairs": pairs}
        return Outcome((*own, overlap, *versus), (*_doubts(predictions), *seen, *findings), evidence=evidence)


def _own(predictions: Predictions, counts: NDArray[np.int64], seed: int, replicates: int) -> list[Measurement]:
    n, positives = len(predictions), int(predictions.labels.sum())
    low, high = wilson(positives, n)
    found = [
        measured("performance.rows", n, n=n, unit="rows"),
        measured("performance.base_rate", positives / n, lower=low, upper=high, n=n),
    ]
    for name, rate_name in OF_COUNTS.items():
        rate = RATES[rate_name]
        below = int(rate.parts(counts)[1])
        if not below:
            found.append(absent(name, f"The {name} does not exist for these predictions as a whole: {rate.empty}."))
            continue
        low, high = rate_interval(rate, counts, generator(seed, name), replicates)
        found.append(measured(f"performance.{name}", float(rate.values(counts)), lower=low, upper=high, n=below))
    return [*found, _auc(predictions), _brier(predictions)]


def _auc(predictions: Predictions) -> Measurement:
    if predictions.scores is None:
        return absent("auc", predictions.no_scores)
    try:
        found = area(predictions.labels, predictions.scores)
    except TooFewOfAClassError as error:
        return absent("auc", str(error))
    return measured("performance.auc", found.value, lower=found.lower, upper=found.upper, n=len(predictions))


def _no_brier(predictions: Predictions) -> str:
    """Say why there is no Brier score, or nothing where there is one."""
    if predictions.scores is None:
        return predictions.no_scores
    low, high = float(predictions.scores.min()), float(predictions.scores.max())
    if low < 0 or high > 1:
        return f"Scores run from {low:g} to {high:g}; a Brier score needs probabilities, between 0 and 1."
    return ""


def _distances(predictions: Predictions) -> NDArray[np.float64]:
    assert predictions.scores is not None  # noqa: S101 - callers asked _no_brier first
    return (predictions.scores - predictions.labels) ** 2


def _brier(predictions: Predictions) -> Measurement:
    reason = _no_brier(predictions)
    return absent("brier", reason) if reason else _mean("brier", _distances(predictions), low=0)


def _mean(metric: str, values: NDArray[np.float64], low: float) -> Measurement:
    lower, upper = around_mean(values) or (low, 1.0)
    lower, upper = max(low, lower), min(1.0, upper)
    return measured(f"performance.{metric}", float(values.mean()), lower=lower, upper=upper, n=len(values))


def _doubts(predictions: Predictions) -> list[Finding]:
    """Find predictions that no single threshold on the scores gives: other scores, or a rule of its own per group."""
    chosen = predictions.predictions == 1
    if predictions.scores is None or chosen.all() or not chosen.any():
        return []
    above, below = predictions.scores[chosen], predictions.scores[~chosen]
    crossed = int((below > above.min()).sum())
    if not crossed:
        return []
    sentence = f"{crossed} rows are predicted negative although rows with lower scores are predicted positive."
    return [Finding("threshold_not_single", sentence, "prediction", {"rows": crossed})]


def _overlap(inputs: Inputs) -> tuple[Measurement, list[Finding]]:
    if not inputs.has("overlap"):
        return absent("overlap_share", "Nobody said which rows the model has been trained on."), []
    document = inputs.document("overlap")
    rows, shared = (document.get(name) for name in ("rows_evaluate", "rows_overlapping"))
    if not all(isinstance(item, int) and not isinstance(item, bool) for item in (rows, shared)):
        return absent("overlap_share", f"The overlap is given as {shared!r} of {rows!r} rows, which are no counts."), []
    if not 0 <= shared <= rows or rows == 0:
        return absent("overlap_share", f"The overlap is given as {shared} of {rows} rows, which is not a share."), []
    found = measured("performance.overlap_share", shared / rows, n=rows)
    if not shared:
        return found, []
    sentence = f"{shared} of {rows} evaluation rows are training rows too; the figures flatter the model."
    return found, [Finding("evaluation_rows_seen", sentence, "overlap", {"rows": shared})]


def _versus(
    own: Predictions, inputs: Inputs, seed: int, replicates: int
) -> tuple[list[Measurement], list[Finding], list[int]]:
    """Return the differences to the incumbent, findings, and the eight counts that the rates' differences rest on."""
    if not inputs.has("incumbent_predictions"):
        reason = "No version is in production to compare with."
        return [absent(f"{name}_difference", reason, Status.NOT_APPLICABLE) for name in COMPARED], [], []
    try:
        other = _aligned(own, read_predictions(inputs.table("incumbent_predictions")))
    except ColumnError as error:
        findings = [Finding(error.code, str(error), "incumbent_predictions")]
        return [absent(f"{name}_difference", str(error)) for name in COMPARED], findings, []
    pairs = pair_counts(own.labels, own.predictions, other.predictions)
    found = [_auc_difference(own, other), _brier_difference(own, other)]
    for name, rate_name in OF_COUNTS.items():
        rate, metric = RATES[rate_name], f"{name}_difference"
        gap = rate_difference(rate, pairs, generator(seed, metric), replicates)
        if gap is None:
            found.append(absent(metric, f"The {name} of one of the versions does not exist: {rate.empty}."))
        else:
            found.append(measured(f"performance.{metric}", gap.value, lower=gap.lower, upper=gap.upper, n=gap.n))
    return found, [], [int(count) for count in pairs]


def _aligned(own: Predictions, other: Predictions) -> Predictions:
    """Return the incumbent's predictions in our order of rows; raises DifferentRowsError."""
    import numpy as np

    mine, theirs = np.argsort(own.rows), np.argsort(other.rows)
    if len(own) != len(other) or not np.array_equal(own.rows[mine], other.rows[theirs]):
        raise DifferentRowsError(
            f"The incumbent was not predicted on the same rows: {len(own)} rows here, {len(other)} there, "
            f"{len(np.intersect1d(own.rows, other.rows))} in common."
        )
    order = np.empty_like(theirs)
    order[mine] = theirs
    labels = other.labels[order]
    if not np.array_equal(labels, own.labels):
        differing = int((labels != own.labels).sum())
        raise DifferentRowsError(f"The labels of {differing} of {len(own)} rows differ from those of the incumbent's.")
    scores = None if other.scores is None else other.scores[order]
    groups = {name: coded[order] for name, coded in other.groups.items()}
    return Predictions(own.rows, labels, other.predictions[order], scores, other.no_scores, groups)


def _auc_difference(own: Predictions, other: Predictions) -> Measurement:
    if own.scores is None or other.scores is None:
        return absent("auc_difference", own.no_scores or f"For the incumbent: {other.no_scores}")
    try:
        gap = difference(own.labels, own.scores, other.scores)
    except TooFewOfAClassError as error:
        return absent("auc_difference", str(error))
    return measured("performance.auc_difference", gap.value, lower=gap.lower, upper=gap.upper, n=len(own))


def _brier_difference(own: Predictions, other: Predictions) -> Measurement:
    reason = _no_brier(own) or _no_brier(other)
    if reason:
        return absent("brier_difference", reason)
    return _mean("brier_difference", _distances(own) - _distances(other), low=-1)


check = PerformanceCheck()
