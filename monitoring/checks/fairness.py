"""Are groups of people treated alike by the predictions, and how sure can one be of it?

Question
    For every sensitive attribute that the dataset's schema declares, and for their intersections: how often is each
    group selected, how often rightly and wrongly, and how far apart do the groups lie?

Method
    The rows are counted once into a cube (groups x label x prediction), which is kept as evidence: every number here
    follows from it, and it holds no row. Rates per group are calculated by Fairlearn's ``MetricFrame`` on the counted
    cells and have Wilson's interval (1927). Per attribute: ``selection_rate_difference`` (largest minus smallest),
    ``selection_rate_ratio`` (smallest divided by largest: the impact ratio of the four-fifths rule, 29 CFR 1607.4 D),
    ``tpr_difference``, ``fpr_difference`` and ``equalized_odds_difference`` (the larger of these two; Hardt, Price
    and Srebro 2016). ``impact_ratio`` is each group's rate divided by that of the group selected most. Their 95 %
    intervals come from replicates of the counts within each group and hold for all pairs of groups at once (max-T),
    so that an attribute of many groups is not accused by chance. ``n`` is the smallest count of rows that a number
    rests on: for a true positive rate the positive labels of the smallest group.

Limits
    Equal rates are not justice: labels may carry the injustice. What no column records is not seen. At small n a
    disparity can neither be shown nor excluded; the interval then straddles the limit and a person has to decide.
    Rows whose group is missing are measured as a group of their own and left out of comparisons; ``missing_share``
    says how many they are. A rate that does not exist (no positive label in a group) is NOT_COMPUTABLE, never 0.

Remediation
    More rows of the small groups; another threshold; Fairlearn's reductions or threshold optimiser as the training
    entry point; fewer stand-ins of the attribute among the features (see ``explainability``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from monitoring.statistics.columns import MISSING, ColumnError
from monitoring.statistics.contrasts import Estimate, TooManyGroupsError, largest_difference, ratios
from monitoring.statistics.cube import Cube, count_cube
from monitoring.statistics.frame import group_rates
from monitoring.statistics.groups import JOINT, declared_groups, group_column
from monitoring.statistics.intervals import generator, wilson
from monitoring.statistics.parameters import Kind, Names, Whole, read_parameters
from monitoring.statistics.predictions import Predictions, read_predictions
from monitoring.statistics.rates import RATES
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status, measured

PARAMETERS: dict[str, Kind] = {
    "attributes": Names(),
    "intersections": Whole(2, 1, 4),
    "replicates": Whole(1000, 200, 20_000),
    "small_group": Whole(30, 1, 1_000_000),
}
PER_GROUP = ("selection_rate", "tpr", "fpr", "fnr", "precision", "accuracy")
DIFFERENCES = {
    "selection_rate_difference": ("selection_rate",),
    "tpr_difference": ("tpr",),
    "fpr_difference": ("fpr",),
    "equalized_odds_difference": ("tpr", "fpr"),
}
PER_ATTRIBUTE = (*DIFFERENCES, "selection_rate_ratio")


def absent(metric: str, group: str, reason: str, n: int | None = None) -> Measurement:
    """Return a number that cannot be computed, with the reason."""
    return Measurement(f"fairness.{metric}", n=n, group=group, status=Status.NOT_COMPUTABLE, reason=reason)


class FairnessCheck:
    """Measures the rates of groups and the distances between them."""

    name = "fairness"
    version = "1"
    metrics: Mapping[str, str] = {
        "fairness.count": "evaluation rows in the group (count)",
        "fairness.missing_share": "share of rows whose group is not known, per attribute (0 to 1)",
        "fairness.selection_rate": "share of the group's rows predicted positive (0 to 1)",
        "fairness.tpr": "share of the group's positive labels predicted positive (0 to 1)",
        "fairness.fpr": "share of the group's negative labels predicted positive (0 to 1)",
        "fairness.fnr": "share of the group's positive labels predicted negative (0 to 1)",
        "fairness.precision": "share of the group's positive predictions that are right (0 to 1)",
        "fairness.accuracy": "share of the group's rows predicted rightly (0 to 1)",
        "fairness.impact_ratio": "the group's selection rate divided by that of the group selected most (0 to 1)",
        "fairness.selection_rate_difference": "largest minus smallest selection rate of the groups (0 to 1)",
        "fairness.selection_rate_ratio": "smallest divided by largest selection rate of the groups (0 to 1)",
        "fairness.tpr_difference": "largest minus smallest true positive rate of the groups (0 to 1)",
        "fairness.fpr_difference": "largest minus smallest false positive rate of the groups (0 to 1)",
        "fairness.equalized_odds_difference": "the larger of the differences in true and false positive rates (0 to 1)",
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The schema, which declares the sensitive attributes, and the predictions with a column per attribute."""
        read_parameters(self.name, parameters, PARAMETERS)
        return Need("schema", "schema", "evaluate"), Need("predictions", "predictions", "evaluate")

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure every declared attribute and their intersections; nothing to compare is NOT_COMPUTABLE."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        declared = declared_groups(inputs.document("schema"))
        wanted = settings["attributes"] or tuple(declared)
        if not wanted:
            reason = "The dataset's schema declares no sensitive attribute; fairness cannot be measured."
            return Outcome(status=Status.NOT_COMPUTABLE, reason=reason)
        try:
            predictions = read_predictions(inputs.table("predictions"))
        except ColumnError as error:
            finding = Finding(error.code, str(error), "predictions")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        context.progress(0.1, "predictions read")
        refused = _refusals(wanted, declared, predictions)
        usable = tuple(name for name in wanted if name not in refused)
        cube = count_cube(predictions, usable)
        found: list[Measurement] = [
            absent(metric, name, reason) for name, reason in refused.items() for metric in PER_ATTRIBUTE
        ]
        findings = [Finding("attribute_not_measured", reason, name) for name, reason in refused.items()]
        sets = [names for size in range(1, settings["intersections"] + 1) for names in combinations(usable, size)]
        for done, names in enumerate(sets):
            slices = _Slices(cube.margin(names), declared, settings, context.seed)
            found += slices.measurements()
            findings += slices.findings()
            context.progress(0.1 + 0.9 * (done + 1) / len(sets), f"{JOINT.join(names)} measured")
        return _outcome(found, findings, cube)


def _outcome(found: list[Measurement], findings: list[Finding], cube: Cube) -> Outcome:
    if any(item.status is Status.MEASURED for item in found):
        return Outcome(tuple(found), tuple(findings), evidence={"cube": cube.document()})
    reason = "No sensitive attribute could be measured: " + " ".join(sorted({item.reason for item in found}))
    return Outcome(tuple(found), tuple(findings), Status.NOT_COMPUTABLE, reason, {"cube": cube.document()})


def _refusals(
    wanted: Sequence[str], declared: Mapping[str, tuple[str, ...]], predictions: Predictions
) -> dict[str, str]:
    """Return the attributes that cannot be measured, with the reason."""
    refused = {}
    for name in wanted:
        if name not in declared:
            refused[name] = f"The dataset's schema does not declare the sensitive attribute {name!r}."
        elif name not in predictions.groups:
            refused[name] = f"The predictions have no column {group_column(name)!r} for a declared sensitive attribute."
    return refused


class _Slices:
    """The groups of one attribute, or of one intersection of attributes."""

    def __init__(
        self, cube: Cube, declared: Mapping[str, tuple[str, ...]], settings: Mapping[str, Any], seed: int
    ) -> None:
        self.cube, self.known, self.settings, self.seed = cube, cube.known(), settings, seed
        self.name = JOINT.join(cube.attributes)
        self.total = int(cube.array().sum())
        present = {cell[0] for cell in cube.groups}
        expected = declared[cube.attributes[0]] if len(cube.attributes) == 1 else ()
        self.empty = [f"{self.name}={group}" for group in expected if group not in present]

    def measurements(self) -> list[Measurement]:
        unknown = self.total - int(self.known.array().sum())
        low, high = wilson(unknown, self.total)
        share = measured(
            "fairness.missing_share", unknown / self.total, lower=low, upper=high, n=self.total, group=self.name
        )
        nobody = [measured("fairness.count", 0, n=0, group=label, unit="rows") for label in self.empty]
        return [share, *nobody, *self._per_group(), *self._differences(), *self._ratios()]

    def _per_group(self) -> list[Measurement]:
        found = []
        values = group_rates(self.cube, PER_GROUP)
        for label, counts in zip(self.cube.labels(), self.cube.array(), strict=True):
            size = int(counts.sum())
            found.append(measured("fairness.count", size, n=size, group=label, unit="rows"))
            for metric in PER_GROUP:
                above, below = (int(part) for part in RATES[metric].parts(counts))
                if below == 0:
                    reason = f"The group {label} has no {metric}: {RATES[metric].empty}."
                    found.append(absent(metric, label, reason, n=0))
                    continue
                low, high = wilson(above, below)
                value = values[metric][label]
                found.append(measured(f"fairness.{metric}", value, lower=low, upper=high, n=below, group=label))
        return found

    def _obstacle(self, rates: Sequence[str]) -> str:
        """Say why the groups cannot be compared in these rates, or nothing where they can."""
        if len(self.known.groups) < 2:  # noqa: PLR2004 - a comparison needs two
            names = ", ".join(self.known.labels()) or "none"
            return f"A comparison by {self.name} needs two groups; the evaluation rows have {names}."
        for rate in rates:
            _, below = RATES[rate].parts(self.known.array())
            if not below.all():
                label = self.known.labels()[int(below.argmin())]
                return f"The group {label} has no {rate}: {RATES[rate].empty}. It cannot be compared with the others."
        return ""

    def _differences(self) -> list[Measurement]:
        return [self._difference(metric, rates) for metric, rates in DIFFERENCES.items()]

    def _difference(self, metric: str, rates: Sequence[str]) -> Measurement:
        obstacle = self._obstacle(rates)
        if obstacle:
            return absent(metric, self.name, obstacle)
        rng = generator(self.seed, f"{metric} {self.name}")
        try:
            gap = largest_difference(
                [RATES[rate] for rate in rates], self.known.array(), rng, self.settings["replicates"]
            )
        except TooManyGroupsError as error:
            return absent(metric, self.name, f"{self.name}: {error}")
        return self._estimate(metric, self.name, gap)

    def _ratios(self) -> list[Measurement]:
        metric, obstacle = "selection_rate_ratio", self._obstacle(("selection_rate",))
        if obstacle:
            return [absent(metric, self.name, obstacle)]
        rng = generator(self.seed, f"{metric} {self.name}")
        try:
            found = ratios(RATES["selection_rate"], self.known.array(), rng, self.settings["replicates"])
        except TooManyGroupsError as error:
            return [absent(metric, self.name, f"{self.name}: {error}")]
        if found is None:
            reason = (
                f"No row of any group of {self.name} is predicted positive; a ratio of selection rates does not exist."
            )
            return [absent(metric, self.name, reason)]
        each = zip(self.known.labels(), found.to_best, strict=True)
        return [
            self._estimate(metric, self.name, found.smallest),
            *(self._estimate("impact_ratio", label, estimate) for label, estimate in each),
        ]

    def _estimate(self, metric: str, group: str, found: Estimate) -> Measurement:
        n = 0 if self.empty and group == self.name else found.n
        return measured(f"fairness.{metric}", found.value, lower=found.lower, upper=found.upper, n=n, group=group)

    def findings(self) -> list[Finding]:
        """List groups without rows, small groups and rows whose group is missing."""
        smallest = self.settings["small_group"]
        found = [
            Finding("group_absent", f"No evaluation row belongs to the declared group {label}.", label)
            for label in self.empty
        ]
        for cell, label, counts in zip(self.cube.groups, self.cube.labels(), self.cube.array(), strict=True):
            size = int(counts.sum())
            if MISSING in cell:
                sentence = f"{size} rows are in {label}; they are left out of the comparison by {self.name}."
                found.append(Finding("group_missing", sentence, label, {"rows": size}))
            elif size < smallest:
                sentence = f"The group {label} has {size} rows, fewer than {smallest}; its figures are weak."
                found.append(Finding("group_small", sentence, label, {"rows": size}))
        return found


check = FairnessCheck()
