"""Are the rows that the model judges now still like those that it was approved on?

Question
    For each feature, for the scores and decisions, and for the labels where they are known: how far has the
    distribution moved, beyond what chance moves between two samples of these sizes?

Method
    Two sketches are compared, not rows: quantiles and counts that are made in one pass and stay in a bounded size. Per
    feature: ``psi`` (population stability index over the baseline's deciles; Siddiqi 2006), ``js`` (Jensen-Shannon
    distance, base 2), ``chi2`` (Pearson) and ``cramers_v`` (the size of its effect; Cramer 1946); of numbers ``ks``
    (Kolmogorov-Smirnov), ``wasserstein`` (in standard deviations of the baseline) and the share of rows out of the
    baseline's range; of categories ``total_variation`` and the share of rows in new ones; of both the change of the
    missing share. The interval of PSI inverts a noncentral chi-squared distribution (Yurdakul 2018), that of KS spans
    the two-sample critical value: both are for the distance of the populations, and reach 0 as long as chance
    explains what is seen. ``max_psi`` and ``max_ks`` have intervals that hold for all features at once (Bonferroni).
    A feature counts as drifted when its test rejects after Holm's correction over all features (1979) and its KS
    distance (categories: total variation) is at least the parameter ``effect``; the upper end of
    ``features_drifted_share`` counts the features of which so much cannot be ruled out. ``n`` is the smaller of the
    two samples. ``attribution_change`` is that of a feature's mean share in the attributions of a row.
    ``estimated_...`` is the performance to be expected of rows without labels (confidence-based estimation: a
    calibrated score is the share of its rows that come true), only where the ``calibration_error`` on the baseline is
    at most the parameter ``calibration``. It is an estimate; its interval is where the labels will put it.

Limits
    At small n PSI is large by chance: about 9 (1/n1 + 1/n2) for ten bands without any drift. Limit the interval, or
    the share of drifted features, and set a floor on n. Drift per feature does not see a change of how features go
    together. Drift of inputs is no proof of worse decisions; measure performance again as soon as labels are there.
    Estimated performance does not see a change of what follows from the same inputs. Of more than 1,024 categories
    the heaviest are compared by name and all others as one; new ones are then not told from others.

Remediation
    Find out what changed upstream (unit, source, population) before anything is retrained. Rolling back does not help
    against drift of inputs: the version before meets the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitoring.statistics.answer_drift import of_attributions, of_performance, of_scores, of_share
from monitoring.statistics.columns import ColumnError
from monitoring.statistics.compare import SketchError, columns_by_name
from monitoring.statistics.drift_pictures import moved_picture, shape_picture
from monitoring.statistics.feature_drift import (
    absent,
    evidence_of,
    largest,
    missing_change,
    missing_share,
    not_ruled_out,
    of_feature,
    out_of_range,
    rows_of,
)
from monitoring.statistics.holm import holm
from monitoring.statistics.movement import Movement, Sketched, compare
from monitoring.statistics.parameters import Kind, Share, Whole, read_parameters
from monitoring.statistics.sketch import WATCHED
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status, measured

SHAPES = 3
PARAMETERS: dict[str, Kind] = {
    "effect": Share("0.1"),
    "significance": Share("0.05"),
    "calibration": Share("0.05"),
    "replicates": Whole(400, 100, 5000),
}


class DriftCheck:
    """Measures how far the columns have moved from the baseline."""

    name = "drift"
    version = "2"
    metrics: Mapping[str, str] = {
        "drift.rows": "rows judged now (count)",
        "drift.psi": "population stability index of a column (0 upwards; 0 is no change)",
        "drift.ks": "Kolmogorov-Smirnov distance of a numeric column (0 to 1)",
        "drift.js": "Jensen-Shannon distance of a column, base 2 (0 to 1)",
        "drift.wasserstein": "Wasserstein distance in standard deviations of the baseline (0 upwards)",
        "drift.total_variation": "share of rows that would have to change categories (0 to 1)",
        "drift.chi2": "chi-squared statistic of a column over bands or categories (0 upwards)",
        "drift.cramers_v": "Cramer's V of a column and the sample it is in (0 to 1; 0 is no change)",
        "drift.p_value": "p-value of a feature's test after Holm's correction over all features (0 to 1)",
        "drift.missing_change": "missing share now minus in the baseline (-1 to 1)",
        "drift.new_category_share": "share of values in categories that the baseline does not hold (0 to 1)",
        "drift.out_of_range_share": "share of values below the least or above the greatest of the baseline (0 to 1)",
        "drift.max_psi": "largest population stability index of the features (0 upwards)",
        "drift.max_ks": "largest Kolmogorov-Smirnov distance of the numeric features (0 to 1)",
        "drift.max_missing_change": "largest change of a feature's missing share, either way (0 to 1)",
        "drift.features_drifted_share": "share of features that drifted beyond chance and beyond the effect (0 to 1)",
        "drift.schema_changes": "columns that went, came or changed their kind (count)",
        "drift.score_psi": "population stability index of the scores (0 upwards)",
        "drift.score_ks": "Kolmogorov-Smirnov distance of the scores (0 to 1)",
        "drift.prediction_change": "share of positive predictions now minus in the baseline (-1 to 1)",
        "drift.label_change": "share of positive labels now minus in the baseline (-1 to 1)",
        "drift.attribution_change": "mean share of a feature in the attribution of a row now minus before (-1 to 1)",
        "drift.attribution_distance": "half the sum of all features' changes of their share (0 to 1)",
        "drift.calibration_error": "mean distance of score and share of positives in the baseline (0 to 1)",
        "drift.estimated_auc": "area under the ROC curve expected without labels (0 to 1; an estimate)",
        "drift.estimated_accuracy": "share of rows expected to be predicted rightly (0 to 1; an estimate)",
        "drift.estimated_precision": "share of positive predictions expected to be right (0 to 1; an estimate)",
        "drift.estimated_recall": "share of positive labels expected to be found (0 to 1; an estimate)",
        "drift.estimated_f1": "harmonic mean of expected precision and recall (0 to 1; an estimate)",
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The sketch of the reference rows and that of the rows judged now."""
        read_parameters(self.name, parameters, PARAMETERS)
        return Need("baseline", "baseline", "reference"), Need("current", "current")

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Compare the sketches column by column; a document that is no sketch is an ERROR."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        baseline, current = inputs.document("baseline"), inputs.document("current")
        try:
            old, new = columns_by_name(baseline), columns_by_name(current)
        except (SketchError, ColumnError) as error:
            finding = Finding(error.code, str(error))
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        if not current["rows"] or not baseline["rows"]:
            reason = (
                f"There are {current['rows']} current and {baseline['rows']} baseline rows; nothing can be compared."
            )
            return Outcome(status=Status.NOT_COMPUTABLE, reason=reason)
        features = [name for name in old if name not in WATCHED]
        if not features:
            reason = "The baseline sketches no feature; drift cannot be measured."
            return Outcome(status=Status.NOT_COMPUTABLE, reason=reason)
        context.progress(0.1, "sketches read")
        study = _Study(old, new, features, settings)
        context.progress(0.6, "features compared")
        rows = measured("drift.rows", current["rows"], n=current["rows"], unit="rows")
        expected, estimated = of_performance(baseline, current, new.get("score"), settings | {"seed": context.seed})
        answers = [*_watched(old, new), *of_attributions(*map(_attributions, (baseline, current))), *expected]
        findings = (*study.schema_findings(), *study.findings(), *estimated)
        evidence = {"cells": study.evidence(), "plots": [*study.pictures(), *_picture_of_scores(old, new)]}
        return Outcome((rows, *study.measurements(), *answers), findings, evidence=evidence)


def _attributions(sketch: Mapping[str, Any]) -> dict[str, Sketched] | None:
    held = sketch.get("attributions")
    return None if held is None else {item["name"]: item for item in held}


def _watched(old: Mapping[str, Sketched], new: Mapping[str, Sketched]) -> list[Measurement]:
    shares = [of_share(name, old.get(name), new.get(name)) for name in ("prediction", "label")]
    return [*of_scores(old.get("score"), new.get("score")), *shares]


def _picture_of_scores(old: Mapping[str, Sketched], new: Mapping[str, Sketched]) -> list[dict[str, Any]]:
    """Return both distributions of the scores, where there are two."""
    if "score" not in old:
        return []
    try:
        shape = compare(old["score"], new.get("score")).shape
    except SketchError:
        return []
    return [] if shape is None else [shape_picture("score", shape.document())]


class _Study:
    """All features of two sketches, compared."""

    def __init__(
        self, old: Mapping[str, Sketched], new: Mapping[str, Sketched], features: list[str], settings: Mapping[str, Any]
    ) -> None:
        self.old, self.new, self.features, self.settings = old, new, features, settings
        self.moved: dict[str, Movement] = {}
        self.refused: dict[str, str] = {}
        for name in features:
            try:
                self.moved[name] = compare(old[name], new.get(name), len(features))
            except SketchError as error:
                self.refused[name] = str(error)
        corrected = holm([item.p_value for item in self.moved.values()], len(features))
        self.p_values = dict(zip(self.moved, corrected, strict=True))

    def drifted(self) -> list[str]:
        """Return the features that moved beyond chance and beyond the effect; what cannot be compared has drifted."""
        return [
            name
            for name in self.features
            if name in self.refused
            or (
                self.p_values[name] <= self.settings["significance"]
                and self.moved[name].effect >= self.settings["effect"]
            )
        ]

    def _possible(self) -> int:
        """Count the features that drifted, or of which it cannot be ruled out on so few rows."""
        sizes = {name: (int(self.old[name]["n"]), int(self.new[name]["n"])) for name in self.moved}
        open_ = {n for n, item in self.moved.items() if not_ruled_out(item, sizes[n]) >= self.settings["effect"]}
        return len(open_ | set(self.drifted()))

    def measurements(self) -> list[Measurement]:
        found = []
        for name in self.features:
            group = f"feature={name}"
            if name in self.refused:
                found += [absent(metric, self.refused[name], group) for metric in ("psi", "js", "p_value")]
            else:
                found += of_feature(self.new[name], self.moved[name], self.p_values[name], group)
            if name in self.new and "missing" in self.new[name]:
                found.append(missing_change(self.old[name], self.new[name], group))
        total, drifted = len(self.features), len(self.drifted()) / len(self.features)
        n = min((item.n for item in self.moved.values()), default=0)
        highest = self._possible() / total
        share = measured("drift.features_drifted_share", drifted, lower=drifted, upper=highest, n=n)
        changes = measured("drift.schema_changes", len(self.schema_findings()), n=len(self.old), unit="columns")
        return [*found, share, changes, *self._largest(n), self._largest_missing()]

    def _largest(self, n: int) -> list[Measurement]:
        if self.refused:
            reason = next(iter(self.refused.values()))
            return [absent("max_psi", reason), absent("max_ks", reason)]
        found = [largest("max_psi", [(item.psi, item.psi_of_all) for item in self.moved.values()], n)]
        numeric = [(item.ks, item.ks_of_all) for item in self.moved.values() if item.ks and item.ks_of_all]
        if numeric:
            return [*found, largest("max_ks", numeric, n)]
        return [*found, absent("max_ks", "No feature is numeric.", status=Status.NOT_APPLICABLE)]

    def _largest_missing(self) -> Measurement:
        known = [name for name in self.features if name in self.new and "missing" in self.new[name]]
        if len(known) < len(self.features):
            name = next(name for name in self.features if name not in known)
            return absent("max_missing_change", f"Column {name!r} is absent or unreadable in the current rows.")
        changes = [abs(missing_share(self.new[name]) - missing_share(self.old[name])) for name in known]
        return measured("drift.max_missing_change", max(changes), n=min(rows_of(self.new[name]) for name in known))

    def schema_findings(self) -> list[Finding]:
        """List the columns that went, came or changed; labels and predictions may come and go."""
        came = [name for name in self.new if name not in self.old and name not in WATCHED]
        found = [Finding("column_came", f"Column {name!r} is not in the baseline.", f"column={name}") for name in came]
        for name in self.features:
            if name not in self.new:
                found.append(Finding("column_went", f"Column {name!r} is not in the current rows.", f"column={name}"))
            elif self.new[name]["kind"] != self.old[name]["kind"]:
                kinds = f"{self.old[name]['kind']} and is now {self.new[name].get('type', self.new[name]['kind'])}"
                found.append(Finding("column_changed", f"Column {name!r} was {kinds}.", f"column={name}"))
        return found

    def findings(self) -> list[Finding]:
        """List the features that drifted, those that cannot be compared, and those with new categories."""
        found = [Finding("not_comparable", reason, f"feature={name}") for name, reason in self.refused.items()]
        for name in self.drifted():
            if name in self.moved:
                sentence = f"Feature {name!r} has moved by {self.moved[name].effect:.3f}, beyond chance and the limit."
                found.append(Finding("feature_drifted", sentence, f"feature={name}"))
        for name, item in self.moved.items():
            if item.cells.lumped:
                sentence = f"Feature {name!r} has more categories than are kept; all others are compared as one."
                found.append(Finding("categories_lumped", sentence, f"feature={name}"))
            if item.cells.new:
                sentence = f"Feature {name!r} has {item.cells.new} new categories, in {item.cells.new_rows} rows."
                data = {"categories": item.cells.new, "rows": item.cells.new_rows}
                found.append(Finding("new_categories", sentence, f"feature={name}", data))
            if out_of_range(item, int(self.old[name]["n"]), int(self.new[name]["n"])):
                sentence = f"Feature {name!r} has {item.outside} values out of the baseline's range."
                found.append(Finding("out_of_range", sentence, f"feature={name}", {"rows": item.outside}))
        return found

    def evidence(self) -> list[dict[str, Any]]:
        """Return what the distances over cells follow from, feature by feature."""
        return [evidence_of(name, item) for name, item in self.moved.items()]

    def pictures(self) -> list[dict[str, Any]]:
        """Draw how far the features have moved, and the shapes of those numbers that moved furthest."""
        if not self.moved:
            return []
        drawn = [moved_picture({name: (item.psi, item.n) for name, item in self.moved.items()})]
        shapes = {name: item.shape for name, item in self.moved.items() if item.shape}
        furthest = sorted(shapes, key=lambda name: -self.moved[name].effect)[:SHAPES]
        return [*drawn, *(shape_picture(name, shapes[name].document()) for name in furthest)]


check = DriftCheck()
