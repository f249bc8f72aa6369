"""How good are the predictions, where are they worst, and are they better than those of the version in production?

Question
    How often is the model right on the evaluation rows that the environment's policy chose, how well does its score
    rank, can its scores be taken at their word, for which part of the rows is it worst, and what would change against
    the incumbent on the same rows?

Method
    Only predictions are read, so that a version of any framework can be measured. The schema's ``task`` says whether
    the target is one of two classes (``binary``, the default), one of several (``multiclass``) or an amount
    (``regression``); what exists for another task only is NOT_APPLICABLE.
    Two classes: the area under the ROC curve has DeLong's interval (DeLong, DeLong and Clarke-Pearson 1988),
    proportions have Wilson's (1927), F1, balanced accuracy and Matthews' correlation (1975) a bootstrap over the cells
    of the confusion table, losses (Brier 1950, logarithmic) and ``calibration_gap`` Student's; ``pr_auc`` is average
    precision, ``ece`` the mean distance of score and rate over ten bands of as many rows each. Several classes:
    averages over the classes (macro, micro, weighted) and each class by itself. Amounts: mean absolute error, root mean
    squared error, R2, mean absolute percentage error where no target is 0, bias. Bootstraps are seeded, draw rows
    within labels (all rows for ``ece`` and amounts), ``replicates`` times (the default is 1000); of more than 20,000
    rows a sample of so many is drawn, and the deviations are scaled to all.
    ``slice_gap`` is the error (share predicted wrongly, or mean absolute error) of a slice minus that of all other
    rows. Slices are values or quartile bands of a feature, a sensitive attribute or a control, and pairs of these, of
    ``slice_rows`` rows at least (the default is 30) in each half; the five worst, unlike one another, are searched on
    one half of the rows and measured on the other, with intervals that hold for all of them at once.
    Differences to the incumbent are this version minus the incumbent, paired row by row: DeLong's covariance for the
    area, bootstraps that give both versions the same rows for the others, Student's for losses; ``mcnemar_p`` is the
    exact p-value of McNemar's test (1947), with as ``n`` the rows on which exactly one version is right.

Limits
    The numbers speak of the evaluation rows. ``overlap_share`` says which share of them the model has been trained
    on: what it has seen tells little about what it will meet. Scores that are missing make what rests on them
    NOT_COMPUTABLE, not zero; scores outside 0 to 1 still rank, but are no probabilities, and have no losses and no
    calibration. ``ece`` is above 0 by chance alone, the more the fewer the rows: its interval is turned to take that
    back, so judge its lower end. A slice that no column describes is not found. Below 10 rows bootstraps give no
    interval.

Remediation
    When the interval straddles the limit, evaluate on more rows. When rows overlap, split again by person and not by
    row. When scores are not true, calibrate them on rows of their own. When a slice is bad, look at its rows, add such
    rows to the training, or exclude it from the intended use. When the difference to the incumbent is negative, keep
    the incumbent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import ColumnError
from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import generator
from monitoring.statistics.parameters import Kind, Whole, read_parameters
from monitoring.statistics.performance.binary import told
from monitoring.statistics.performance.measuring import MEASURING, Measuring
from monitoring.statistics.performance.naming import COMPARED, METRICS, OF_TASK, absent, of_other_tasks
from monitoring.statistics.plots import Bar, intervals
from monitoring.statistics.predictions import CONTROL, GROUP
from monitoring.statistics.tasks import task_of
from monitoring.statistics.worst_slices import WorstSlice, members_of, worst_slices
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARAMETERS: dict[str, Kind] = {"replicates": Whole(1000, 200, 20_000), "slice_rows": Whole(30, 10, 1_000_000)}


class PerformanceCheck:
    """Measures the quality of predictions, alone, by slice, and against the incumbent."""

    name = "performance"
    version = "2"
    metrics: Mapping[str, str] = METRICS

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """Predictions; where there are any, the schema, the rows, the incumbent's predictions, and the overlap."""
        read_parameters(self.name, parameters, PARAMETERS)
        return (
            Need("predictions", "predictions", "evaluate"),
            Need("schema", "schema", "evaluate", optional=True),
            Need("rows", "rows", "evaluate", optional=True),
            Need("incumbent_predictions", "incumbent_predictions", "evaluate", optional=True),
            Need("overlap", "overlap", optional=True),
        )

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure the predictions; a table that must not be measured is an ERROR with its reason."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        replicates, table = settings["replicates"], inputs.table("predictions")
        try:
            task = task_of(inputs.document("schema") if inputs.has("schema") else {})
            answers = MEASURING[task].read(table)
        except ColumnError as error:
            finding = Finding(error.code, str(error), "predictions")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        context.progress(0.2, "predictions read")
        do = MEASURING[task]
        rows = measured("performance.rows", len(answers), n=len(answers), unit="rows")
        own = [rows, *do.own(answers, context.seed, replicates)]
        context.progress(0.5, "own figures measured")
        found = _slices(answers.rows, do.errors(answers), inputs, context.seed, settings["slice_rows"])
        context.progress(0.7, "slices searched and measured")
        versus, findings, evidence = _versus(task, answers, inputs, context.seed, replicates)
        overlap, seen = _overlap(inputs)
        pictures = [*do.pictures(answers), *_drawn(found)]
        return Outcome(
            (*own, overlap, *_of_slices(found), *versus, *of_other_tasks(task)),
            (*do.doubts(answers), *seen, *findings),
            evidence={**do.evidence(answers), **evidence, "plots": pictures},
        )


def _columns(inputs: Inputs, numbers: NDArray[np.int64], smallest: int) -> dict[str, Any]:
    """Return the members of every slice by column: groups and controls of the predictions, features of the rows."""
    predictions, found = inputs.table("predictions"), {}
    for name in predictions.column_names:
        if name.startswith((GROUP, CONTROL)):
            shown = name.partition(":")[2]
            found[shown] = members_of(predictions, name, shown, smallest)
    if not inputs.has("rows") or not inputs.has("schema"):
        return found
    rows = inputs.table("rows")
    if int(numbers.min()) < 0 or int(numbers.max()) >= rows.num_rows:
        return found
    features = [one["name"] for one in inputs.document("schema")["features"] if one["name"] in rows.column_names]
    taken = rows.select(features).take(numbers)
    return {**{name: members_of(taken, name, name, smallest) for name in features if name not in found}, **found}


def _slices(
    numbers: NDArray[np.int64], errors: NDArray[np.float64], inputs: Inputs, seed: int, smallest: int
) -> list[WorstSlice]:
    columns = _columns(inputs, numbers, smallest)
    return worst_slices(columns, errors, generator(seed, "slices"), smallest)


def _of_slices(found: list[WorstSlice]) -> list[Measurement]:
    if not found:
        reason = "No slice has enough rows on both halves of the evaluation rows, or no column describes any."
        return [absent("worst_slice_gap", reason)]
    gaps = [_grouped("slice_gap", one.gap, one.name) for one in found]
    errors = [_grouped("slice_error", one.error, one.name) for one in found]
    return [told("worst_slice_gap", found[0].gap), *gaps, *errors]


def _grouped(metric: str, found: Estimate, group: str) -> Measurement:
    return replace(told(metric, found), group=group)


def _drawn(found: list[WorstSlice]) -> list[dict[str, Any]]:
    if not found:
        return []
    bars = [Bar(one.name, one.gap.value, one.gap.lower, one.gap.upper, one.gap.n) for one in found]
    reading = "Right of the line the model errs more often on these rows than on all others; an interval that reaches "
    reading += "over the line may be chance."
    return [intervals("Where it is worst", reading, "error minus that of all other rows", bars, 0.0)]


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
    task: str, own: Any, inputs: Inputs, seed: int, replicates: int
) -> tuple[list[Measurement], list[Finding], dict[str, Any]]:
    """Return the differences to the incumbent, findings, and the counts that some of the differences rest on."""
    names = [f"{name}_difference" for name in COMPARED[task]]
    names += [name for name in OF_TASK[task] if name == "mcnemar_p"]
    if not inputs.has("incumbent_predictions"):
        reason = "No version is in production to compare with."
        return [absent(name, reason, Status.NOT_APPLICABLE) for name in names], [], {}
    do: Measuring = MEASURING[task]
    try:
        other = do.read(inputs.table("incumbent_predictions"))
        found, evidence = do.differences(own, other, seed, replicates)
    except ColumnError as error:
        findings = [Finding(error.code, str(error), "incumbent_predictions")]
        return [absent(name, str(error)) for name in names], findings, {}
    return found, [], evidence


check = PerformanceCheck()
