"""Are groups of people treated alike by the predictions, and how sure can one be of it?

Question
    For every sensitive attribute that the dataset's schema declares, and for their intersections: how often is each
    group selected, how often rightly and wrongly, how far is it from the best group, from a reference group and from
    the whole, and how far apart do the groups lie?

Method
    The rows are counted once into a cube (groups x label x prediction), which is kept as evidence: every number here
    follows from it, and it holds no row. Rates per group are calculated by Fairlearn's ``MetricFrame`` on the counted
    cells. Per attribute, each rate has a ``_difference`` (largest minus smallest) and a ``_ratio`` (smallest divided
    by largest): ``selection_rate_difference`` and ``selection_rate_ratio`` are demographic parity, the latter the
    impact ratio of the four-fifths rule (29 CFR 1607.4 D); ``tpr_difference`` is equal opportunity;
    ``equalized_odds_difference`` is the larger of those in ``tpr`` and ``fpr``, ``equalized_odds_ratio`` the smaller
    (Hardt, Price and Srebro 2016). Per group, each rate has a difference and a ratio ``_to_best``, ``_to_whole`` and
    ``_to_reference`` (the parameter ``reference`` names groups: ["sex=male"]); ``impact_ratio`` is the ratio of
    selection rates to the best group, as in New York City's Local Law 144. With scores, ``scoring_rate`` is the share
    of a group above the median of all and ``score_impact_ratio`` its ratio to the best (6 RCNY 5-300);
    ``score_mean_difference`` compares means. Where scores are probabilities, ``calibration_gap`` is a group's mean
    score minus its share of positive labels: scores that mean the same for every group have a
    ``calibration_gap_difference`` of 0 (Pleiss et al. 2017).
    Of amounts (the schema's ``task`` is regression) the predictions are the scores, so that ``score_mean_difference``
    is the mean difference and ``score_impact_ratio`` score parity; ``target_mean`` says what would be expected of it,
    ``error_mean`` whom the model gives too much or too little, ``absolute_error_mean`` for whom it errs more. Of
    several classes the parameter ``favourable`` names those that are favourable; the others are not.
    With the parameter ``control`` (names of control features that the schema declares under ``controls``), the
    ``conditional_`` metrics compare groups within the strata of these: rates are standardised to the whole's spread
    over the strata in which every group occurs, of which ``conditional_share`` tells the share of the rows. So a
    difference that comes from where people applied is told from one in how they were treated (Bickel, Hammel and
    O'Connell 1975).
    All intervals are 95 % and simultaneous: one family is one kind of metric over all groups, attributes and
    intersections together. Contrasts are signed, group against group and group against the others; Wilson's bounds
    (1927) are joined by Newcombe's (1998) and Donner and Zou's (2012) rules, widened to the critical value of max-T
    over multinomial replicates of the cube (Westfall and Young 1993). Without any disparity, at most one family in
    twenty shows one; a policy that asks for fewer attributes or ``intersections`` gets narrower intervals. ``n`` is
    the smallest count of rows that a number rests on: for a true positive rate the positive labels of the smallest
    group; 0 where a declared group has no rows.

Limits
    Equal rates are not justice: labels may carry the injustice. What no column records is not seen. At small n a
    disparity can neither be shown nor excluded; the interval then straddles the limit and a person has to decide.
    Rows whose group is missing are measured as a group of their own and left out of comparisons; ``missing_share``
    says how many they are. Groups below ``smallest_share`` of the rows (Local Law 144 allows 2 %; the default is 0)
    are shown and not compared. A rate that does not exist (no positive label in a group) is NOT_COMPUTABLE, never 0,
    and so is a comparison of more than 64 groups, and everything where no row has the favourable label. Probabilities
    and words in the place of decisions are refused. An interval of means takes values for roughly normal in each group.
    A cell of a single row tells that row's outcome: keep the evidence as close as the rows.

Remediation
    More rows of the small groups; another threshold; Fairlearn's reductions or threshold optimiser as the training
    entry point; fewer stand-ins of the attribute among the features (see ``explainability``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from monitoring.statistics.amounts_by_group import count_amounts, favourable_or_not, read_as_scores
from monitoring.statistics.columns import MISSING, ColumnError, coded, column
from monitoring.statistics.comparison import Comparison
from monitoring.statistics.counting import batches_of, count_batches
from monitoring.statistics.cube import Cube, count_cube
from monitoring.statistics.disparities import absent
from monitoring.statistics.group_pictures import pictures
from monitoring.statistics.groups import JOINT, control_column, declared_controls, declared_groups, group_column
from monitoring.statistics.naming import METRICS, OF_AMOUNTS, OF_CALIBRATION, OF_CONTROLS, OF_PREDICTIONS, OF_SCORES
from monitoring.statistics.parameters import Kind, Names, Share, Whole, read_parameters
from monitoring.statistics.predictions import Predictions, read_scores
from monitoring.statistics.scores import count_scores
from monitoring.statistics.tasks import MULTICLASS, REGRESSION, task_of
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, ParameterError, Status

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_GROUPS = 64
PARAMETERS: dict[str, Kind] = {
    "attributes": Names(),
    "control": Names(),
    "favourable": Names(),
    "intersections": Whole(2, 1, 4),
    "reference": Names(),
    "replicates": Whole(1000, 200, 20_000),
    "small_group": Whole(30, 1, 1_000_000),
    "smallest_share": Share("0"),
}


class FairnessCheck:
    """Measures the rates of groups and the distances between them."""

    name = "fairness"
    version = "3"
    metrics: Mapping[str, str] = METRICS

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The schema, which declares the sensitive attributes, and the predictions with a column per attribute."""
        _reference(read_parameters(self.name, parameters, PARAMETERS)["reference"])
        return Need("schema", "schema", "evaluate"), Need("predictions", "predictions", "evaluate")

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure every declared attribute and their intersections; nothing to compare is NOT_COMPUTABLE."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        schema, table = inputs.document("schema"), inputs.table("predictions")
        declared = declared_groups(schema)
        wanted = settings["attributes"] or tuple(declared)
        if not wanted:
            reason = "The dataset's schema declares no sensitive attribute; fairness cannot be measured."
            return Outcome(status=Status.NOT_COMPUTABLE, reason=reason)
        try:
            task = task_of(schema)
            if task == REGRESSION:
                return _Measuring(settings, schema, table, context).amounts(wanted)
            if task == MULTICLASS:
                table = _of_two(table, settings["favourable"])
            return _Measuring(settings, schema, table, context).outcome(wanted)
        except ColumnError as error:
            finding = Finding(error.code, str(error), "predictions")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))


class NoFavourableError(ColumnError):
    """Nobody said which of several classes are favourable."""

    code = "favourable_not_declared"


def _of_two(table: Any, favourable: Sequence[str]) -> Any:
    """Return predictions of several classes as favourable or not; raises ColumnError."""
    if not favourable:
        raise NoFavourableError(
            "The target is one of several classes; name the favourable ones by the parameter 'favourable'."
        )
    return favourable_or_not(table, favourable)


def _reference(pairs: Sequence[str]) -> dict[str, str]:
    """Return {attribute: "attribute=group"}; raises ParameterError."""
    wrong = [pair for pair in pairs if not all(pair.partition("=")[::2])]
    if wrong:
        raise ParameterError(f'fairness.reference names groups as "attribute=group", not {wrong[0]!r}.')
    found = {pair.partition("=")[0]: pair for pair in pairs}
    if len(found) < len(pairs):
        raise ParameterError(f"fairness.reference names two groups of one attribute: {', '.join(pairs)}.")
    return found


class _Measuring:
    """One measurement of one predictions table, by the settings of a policy."""

    def __init__(self, settings: Mapping[str, Any], schema: Mapping[str, Any], table: Any, context: Context) -> None:
        self.settings, self.table, self.context = settings, table, context
        self.declared, self.declared_controls = declared_groups(schema), declared_controls(schema)
        self.found: list[Measurement] = []
        self.findings: list[Finding] = []

    def outcome(self, wanted: Sequence[str]) -> Outcome:
        """Count, cut and compare; raises ColumnError for a table that would mislead."""
        batches, usable, controls = batches_of(self.table), self._usable(wanted), self._controls()
        cube = count_batches(batches, (*usable, *controls))
        evidence: dict[str, Any] = {"cube": cube.document()}
        self.context.progress(0.2, "counted")
        if not sum(fn + tp for _, _, fn, tp in cube.counts):
            reason = "No evaluation row has the favourable label; either it is misspelt, or these rows tell nothing."
            self.findings.append(Finding("favourable_label_absent", reason, "predictions"))
            return Outcome((), tuple(self.findings), Status.NOT_COMPUTABLE, reason, evidence)
        sets, reference = self._comparable(cube, usable), _reference(self.settings["reference"])
        comparison = Comparison(cube, sets, self.declared, reference, self.settings, self.context.seed)
        self.found += comparison.predictions()
        self.findings += comparison.findings()
        self.context.progress(0.6, "predictions compared")
        if controls:
            self.found += comparison.conditional(controls)
        self.context.progress(0.8, "compared within the controls")
        evidence |= self._scores(comparison, batches)
        reason = "The target is a decision, and no amount."
        self.found += _inapplicable(comparison.sets, OF_AMOUNTS, reason)
        self.context.progress(1.0, "scores compared")
        return _ended(self.found, self.findings, evidence)

    def amounts(self, wanted: Sequence[str]) -> Outcome:
        """Compare predicted amounts, targets and errors; there is no decision to compare. Raises ColumnError."""
        found, target = read_as_scores(self.table)
        usable = self._usable(wanted)
        cube = count_cube(found, usable)
        sets, reference = self._comparable(cube, usable), _reference(self.settings["reference"])
        comparison = Comparison(cube, sets, self.declared, reference, self.settings, self.context.seed)
        self.context.progress(0.3, "counted")
        scored = count_amounts(found, target, comparison.cube.attributes)
        self.found += [*comparison.counts(), *comparison.scores(scored)]
        self.findings += comparison.findings()
        decisions = (*OF_PREDICTIONS, *OF_CALIBRATION, *(OF_CONTROLS if self.settings["control"] else ()))
        self.found += _inapplicable(sets, decisions, "The target is an amount; there is no decision to compare.")
        self.context.progress(1.0, "amounts compared")
        return _ended(self.found, self.findings, {"scores": scored.document()})

    def _usable(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Return the attributes that can be measured, and refuse the others for every metric."""
        usable = []
        for name in wanted:
            if name not in self.declared:
                reason = f"The dataset's schema does not declare the sensitive attribute {name!r}."
            elif group_column(name) not in self.table.column_names:
                reason = f"The predictions have no column {group_column(name)!r} for a declared sensitive attribute."
            else:
                reason = _too_many(name, len(set(coded(self.table, group_column(name)).names) - {MISSING}))
            if reason:
                self._refuse(name, reason)
            else:
                usable.append(name)
        return tuple(usable)

    def _controls(self) -> tuple[str, ...]:
        """Return the columns of the controls that were asked for; none, with a finding, where one is not there."""
        for name in self.settings["control"]:
            reason = ""
            if name not in self.declared_controls:
                reason = f"The dataset's schema does not declare the control feature {name!r}."
            elif control_column(name) not in self.table.column_names:
                reason = f"The predictions have no column {control_column(name)!r} for a declared control feature."
            if reason:
                self.found += [absent(metric, name, reason) for metric in OF_CONTROLS]
                self.findings.append(Finding("control_not_measured", reason, name))
                return ()
        return tuple(control_column(name) for name in self.settings["control"])

    def _comparable(self, cube: Cube, usable: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the attributes and intersections of few enough groups, and refuse the others."""
        deepest = self.settings["intersections"]
        every = [names for size in range(1, deepest + 1) for names in combinations(usable, size)]
        sets = []
        for names in every:
            reason = _too_many(JOINT.join(names), len(cube.margin(names).known().groups))
            if reason:
                self._refuse(JOINT.join(names), reason)
            else:
                sets.append(names)
        return sets

    def _refuse(self, name: str, reason: str) -> None:
        metrics = (*OF_PREDICTIONS, *OF_SCORES, *OF_CALIBRATION, *(OF_CONTROLS if self.settings["control"] else ()))
        self.found += [absent(metric, name, reason) for metric in metrics]
        self.findings.append(Finding("attribute_not_measured", reason, name))

    def _scores(self, comparison: Comparison, batches: Sequence[Any]) -> dict[str, Any]:
        """Measure the scores, where there are any; return their evidence."""
        scores, reason = read_scores(self.table)
        if scores is not None:
            import numpy as np

            proper = scores.min() >= 0 and scores.max() <= 1
            others = {"calibration_gap": _gap} if proper else {}
            scored = count_scores(batches, comparison.cube.attributes, float(np.median(scores)), others)
            self.found += comparison.scores(scored)
            if not proper:
                reason = "Scores are no probabilities: they do not lie between 0 and 1."
                self.found += [
                    absent(metric, JOINT.join(names), reason) for names in comparison.sets for metric in OF_CALIBRATION
                ]
            return {"scores": scored.document()}
        none = "score" not in self.table.column_names or column(self.table, "score").null_count == len(self.table)
        status = Status.NOT_APPLICABLE if none else Status.NOT_COMPUTABLE
        for names in comparison.sets:
            metrics = (*OF_SCORES, *OF_CALIBRATION)
            self.found += [absent(metric, JOINT.join(names), reason, status=status) for metric in metrics]
        return {}


def _gap(found: Predictions) -> NDArray[np.float64]:
    """Return each row's score minus its label."""
    import numpy as np

    return np.asarray(np.asarray(found.scores) - found.labels)


def _inapplicable(sets: Sequence[Sequence[str]], metrics: Sequence[str], reason: str) -> list[Measurement]:
    status = Status.NOT_APPLICABLE
    return [absent(metric, JOINT.join(names), reason, status=status) for names in sets for metric in metrics]


def _too_many(name: str, groups: int) -> str:
    """Say that an attribute has more groups than can be compared, or nothing."""
    if groups <= MOST_GROUPS:
        return ""
    return f"{name} has {groups} groups; at most {MOST_GROUPS} can be compared: declare bands or coarser groups."


def _ended(found: Sequence[Measurement], findings: Sequence[Finding], evidence: Mapping[str, Any]) -> Outcome:
    if any(item.status is Status.MEASURED for item in found):
        return Outcome(tuple(found), tuple(findings), evidence={**evidence, "plots": pictures(found)})
    reason = "No sensitive attribute could be measured: " + " ".join(sorted({item.reason for item in found}))
    return Outcome(tuple(found), tuple(findings), Status.NOT_COMPUTABLE, reason, evidence)


check = FairnessCheck()
