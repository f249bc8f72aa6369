"""Are the rows that the model judges now still like those that it was approved on?

Question
    For each feature, for the scores and decisions, and for the labels where they are known: how far has the
    distribution moved, beyond what chance moves between two samples of these sizes?

Method
    Two sketches are compared, not rows. Per feature: ``psi`` (population stability index over the baseline's deciles;
    Siddiqi 2006), ``ks`` (Kolmogorov-Smirnov), ``js`` (Jensen-Shannon distance, base 2), ``wasserstein`` (in standard
    deviations of the baseline), ``chi2`` (Pearson, categories only), change of the missing share, share of rows in
    new categories. PSI's interval inverts a noncentral chi-squared distribution (Yurdakul 2018), that of KS spans
    the two-sample critical value: both are for the distance of the populations, and reach 0 as long as chance
    explains what is seen. ``max_psi`` and ``max_ks`` have intervals that hold for all features at once (Bonferroni).
    A feature counts as drifted when its test rejects after Holm's correction over all features (1979) and its KS
    distance (categories: total variation) is at least the parameter ``effect``. ``n`` is the smaller of the two
    samples.

Limits
    At small n PSI is large by chance: about 9 (1/n1 + 1/n2) for ten bands without any drift. Limit the interval, or
    the share of drifted features, and set a floor on n. Drift per feature does not see a change of how features go
    together. Drift of inputs is no proof of worse decisions; measure performance again as soon as labels are there.

Remediation
    Find out what changed upstream (unit, source, population) before anything is retrained. Rolling back does not help
    against drift of inputs: the version before meets the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.statistics.columns import ColumnError
from monitoring.statistics.compare import SketchError, columns_by_name
from monitoring.statistics.distances import Distance
from monitoring.statistics.holm import holm
from monitoring.statistics.intervals import newcombe, wilson
from monitoring.statistics.movement import Movement, Sketched, compare
from monitoring.statistics.parameters import Kind, Share, read_parameters
from monitoring.statistics.sketch import WATCHED
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status, measured

PARAMETERS: dict[str, Kind] = {"effect": Share("0.1"), "significance": Share("0.05")}


def absent(metric: str, reason: str, group: str = "", status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"drift.{metric}", group=group, status=status, reason=reason)


class DriftCheck:
    """Measures how far the columns have moved from the baseline."""

    name = "drift"
    version = "1"
    metrics: Mapping[str, str] = {
        "drift.rows": "rows judged now (count)",
        "drift.psi": "population stability index of a column (0 upwards; 0 is no change)",
        "drift.ks": "Kolmogorov-Smirnov distance of a numeric column (0 to 1)",
        "drift.js": "Jensen-Shannon distance of a column, base 2 (0 to 1)",
        "drift.wasserstein": "Wasserstein distance in standard deviations of the baseline (0 upwards)",
        "drift.chi2": "chi-squared statistic of a categorical column (0 upwards)",
        "drift.p_value": "p-value of a feature's test after Holm's correction over all features (0 to 1)",
        "drift.missing_change": "missing share now minus in the baseline (-1 to 1)",
        "drift.new_category_share": "share of values in categories that the baseline does not hold (0 to 1)",
        "drift.max_psi": "largest population stability index of the features (0 upwards)",
        "drift.max_ks": "largest Kolmogorov-Smirnov distance of the numeric features (0 to 1)",
        "drift.max_missing_change": "largest change of a feature's missing share, either way (0 to 1)",
        "drift.features_drifted_share": "share of features that drifted beyond chance and beyond the effect (0 to 1)",
        "drift.schema_changes": "columns that went, came or changed their kind (count)",
        "drift.score_psi": "population stability index of the scores (0 upwards)",
        "drift.score_ks": "Kolmogorov-Smirnov distance of the scores (0 to 1)",
        "drift.prediction_change": "share of positive predictions now minus in the baseline (-1 to 1)",
        "drift.label_change": "share of positive labels now minus in the baseline (-1 to 1)",
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
        found = [measured("drift.rows", current["rows"], n=current["rows"], unit="rows"), *study.measurements()]
        findings = (*study.schema_findings(), *study.findings())
        return Outcome(tuple(found), findings, evidence={"cells": study.evidence()})


class _Study:
    """All columns of two sketches, compared."""

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

    def measurements(self) -> list[Measurement]:
        found = []
        for name in self.features:
            group = f"feature={name}"
            if name in self.refused:
                found += [absent(metric, self.refused[name], group) for metric in ("psi", "js", "p_value")]
            else:
                found += _of_feature(self.new[name], self.moved[name], self.p_values[name], group)
            if name in self.new and "missing" in self.new[name]:
                found.append(_missing_change(self.old[name], self.new[name], group))
        total, drifted = len(self.features), len(self.drifted())
        n = min((item.n for item in self.moved.values()), default=0)
        share = measured("drift.features_drifted_share", drifted / total, n=n)
        changes = measured("drift.schema_changes", len(self.schema_findings()), n=len(self.old), unit="columns")
        return [*found, share, changes, *self._largest(n), self._largest_missing(), *self._watched()]

    def _largest(self, n: int) -> list[Measurement]:
        if self.refused:
            reason = next(iter(self.refused.values()))
            return [absent("max_psi", reason), absent("max_ks", reason)]
        found = [_maximum("max_psi", [(item.psi, item.psi_of_all) for item in self.moved.values()], n)]
        numeric = [(item.ks, item.ks_of_all) for item in self.moved.values() if item.ks and item.ks_of_all]
        if numeric:
            return [*found, _maximum("max_ks", numeric, n)]
        return [*found, absent("max_ks", "No feature is numeric.", status=Status.NOT_APPLICABLE)]

    def _largest_missing(self) -> Measurement:
        known = [name for name in self.features if name in self.new and "missing" in self.new[name]]
        if len(known) < len(self.features):
            name = next(name for name in self.features if name not in known)
            return absent("max_missing_change", f"Column {name!r} is absent or unreadable in the current rows.")
        changes = [abs(_missing_share(self.new[name]) - _missing_share(self.old[name])) for name in known]
        return measured("drift.max_missing_change", max(changes), n=min(_rows(self.new[name]) for name in known))

    def _watched(self) -> list[Measurement]:
        found = _scores(self.old.get("score"), self.new.get("score"))
        for name in ("prediction", "label"):
            found.append(_share_change(name, self.old.get(name), self.new.get(name)))
        return found

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
            if item.cells.new:
                sentence = f"Feature {name!r} has {item.cells.new} new categories, in {item.cells.new_rows} rows."
                data = {"categories": item.cells.new, "rows": item.cells.new_rows}
                found.append(Finding("new_categories", sentence, f"feature={name}", data))
        return found

    def evidence(self) -> list[dict[str, Any]]:
        """Return the counts over cells from which PSI, Jensen-Shannon and chi-squared follow."""
        return [
            {
                "feature": name,
                "bounds": list(item.cells.edges),
                "baseline": [int(count) for count in item.cells.before],
                "current": [int(count) for count in item.cells.after],
            }
            for name, item in self.moved.items()
        ]


def _of_feature(new: Sketched, moved: Movement, p_value: float, group: str) -> list[Measurement]:
    found = [
        _distance("psi", moved.psi, moved.n, group),
        measured("drift.js", moved.js, n=moved.n, group=group),
        measured("drift.p_value", p_value, n=moved.n, group=group),
    ]
    if moved.chi2 is not None:
        low, high = wilson(moved.cells.new_rows, new["n"])
        share = moved.cells.new_rows / new["n"]
        found.append(measured("drift.chi2", moved.chi2, n=moved.n, group=group))
        found.append(measured("drift.new_category_share", share, lower=low, upper=high, n=new["n"], group=group))
    if moved.ks is not None:
        found.append(_distance("ks", moved.ks, moved.n, group))
        if moved.wasserstein is None:
            found.append(absent("wasserstein", moved.not_wasserstein, group))
        else:
            found.append(measured("drift.wasserstein", moved.wasserstein, n=moved.n, group=group))
    return found


def _distance(metric: str, found: Distance, n: int, group: str = "") -> Measurement:
    return measured(f"drift.{metric}", found.value, lower=found.lower, upper=found.upper, n=n, group=group)


def _rows(item: Sketched) -> int:
    return int(item["n"]) + int(item["missing"])


def _missing_share(item: Sketched) -> float:
    return float(item["missing"] / _rows(item))


def _missing_change(old: Sketched, new: Sketched, group: str) -> Measurement:
    low, high = newcombe((new["missing"], _rows(new)), (old["missing"], _rows(old)))
    change = _missing_share(new) - _missing_share(old)
    return measured("drift.missing_change", change, lower=low, upper=high, n=min(_rows(old), _rows(new)), group=group)


def _maximum(metric: str, family: Sequence[tuple[Distance, Distance]], n: int) -> Measurement:
    """Return the largest distance; its interval holds for all of the family at once."""
    value = max(alone.value for alone, _ in family)
    lower, upper = (max(getattr(of_all, side) for _, of_all in family) for side in ("lower", "upper"))
    return measured(f"drift.{metric}", value, lower=min(lower, value), upper=max(upper, value), n=n)


def _not_there(name: str, old: Sketched | None, new: Sketched | None) -> tuple[str, Status] | None:
    """Say why a watched column is not compared: not in the baseline, labels not known yet, or gone."""
    if old is None:
        return f"The baseline holds no {name}.", Status.NOT_APPLICABLE
    if new is None and name == "label":
        return "The labels of the current rows are not known yet.", Status.NOT_APPLICABLE
    if new is None or not new.get("n") or not old.get("n"):
        return f"The baseline holds a {name} column, but it has no values on both sides.", Status.NOT_COMPUTABLE
    return None


def _scores(old: Sketched | None, new: Sketched | None) -> list[Measurement]:
    problem = _not_there("score", old, new)
    if problem or old is None:
        reason, status = problem or ("", Status.NOT_COMPUTABLE)
        return [absent(metric, reason, status=status) for metric in ("score_psi", "score_ks")]
    try:
        moved = compare(old, new)
    except SketchError as error:
        return [absent(metric, str(error)) for metric in ("score_psi", "score_ks")]
    found = [_distance("score_psi", moved.psi, moved.n)]
    return [*found, _distance("score_ks", moved.ks, moved.n)] if moved.ks else found


def _share_change(name: str, old: Sketched | None, new: Sketched | None) -> Measurement:
    problem = _not_there(name, old, new)
    if problem or old is None or new is None:
        reason, status = problem or ("", Status.NOT_COMPUTABLE)
        return absent(f"{name}_change", reason, status=status)
    positives: list[tuple[int, int]] = []
    for item in (new, old):
        counts = {entry["value"]: entry["count"] for entry in item.get("categories", ())}
        if not counts or not set(counts) <= {"0", "1"}:
            return absent(f"{name}_change", f"The {name}s are not 0 and 1 on both sides.")
        positives.append((int(counts.get("1", 0)), int(item["n"])))
    low, high = newcombe(positives[0], positives[1])
    value = positives[0][0] / positives[0][1] - positives[1][0] / positives[1][1]
    n = min(size for _, size in positives)
    return measured(f"drift.{name}_change", value, lower=min(low, value), upper=max(high, value), n=n)


check = DriftCheck()
