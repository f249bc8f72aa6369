"""How scores, decisions, labels and what decisions rest on have moved, and what performance is then to be expected."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from monitoring.statistics.compare import SketchError, points_of
from monitoring.statistics.expected import METRICS, expect
from monitoring.statistics.feature_drift import absent, distance
from monitoring.statistics.intervals import CONFIDENCE, generator, newcombe, quantile_of_normal
from monitoring.statistics.movement import Sketched, compare
from monitoring.statistics.reliability import Calibration, Cells, NoProbabilitiesError, calibration, read
from registry.checks import Finding, Measurement, Status, measured

ESTIMATE = "Labels are not known; performance is estimated from scores that are calibrated on the baseline."
Columns = Mapping[str, Sketched]


def _not_there(name: str, old: Sketched | None, new: Sketched | None) -> tuple[str, Status] | None:
    """Say why a watched column is not compared: not in the baseline, labels not known yet, or gone."""
    if old is None:
        return f"The baseline holds no {name}.", Status.NOT_APPLICABLE
    if new is None and name == "label":
        return "The labels of the current rows are not known yet.", Status.NOT_APPLICABLE
    if new is None or not new.get("n") or not old.get("n"):
        return f"The baseline holds a {name} column, but it has no values on both sides.", Status.NOT_COMPUTABLE
    return None


def of_scores(old: Sketched | None, new: Sketched | None) -> list[Measurement]:
    """Return how far the scores have moved."""
    problem = _not_there("score", old, new)
    if problem or old is None:
        reason, status = problem or ("", Status.NOT_COMPUTABLE)
        return [absent(metric, reason, status=status) for metric in ("score_psi", "score_ks")]
    try:
        moved = compare(old, new)
    except SketchError as error:
        return [absent(metric, str(error)) for metric in ("score_psi", "score_ks")]
    found = [distance("score_psi", moved.psi, moved.n)]
    return [*found, distance("score_ks", moved.ks, moved.n)] if moved.ks else found


def of_share(name: str, old: Sketched | None, new: Sketched | None) -> Measurement:
    """Return how the share of positives among decisions or labels has changed."""
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


def of_attributions(old: Columns | None, new: Columns | None) -> list[Measurement]:
    """Return how each feature's mean share of a decision has changed, and half the sum of these changes.

    Changes have Welch's interval in its limit for many rows; that of the sum adds those of all features at once.
    """
    if old is None or new is None:
        when, status = ("baseline", Status.NOT_APPLICABLE) if old is None else ("current rows", Status.NOT_COMPUTABLE)
        return [absent("attribution_distance", f"There are no attributions of the {when}.", status=status)]
    if set(old) != set(new):
        name = min(set(old) ^ set(new))
        return [absent("attribution_distance", f"Only one side has attributions of {name!r}.")]
    empty = [name for name in old if not old[name]["n"] or not new[name]["n"]]
    if empty:
        return [absent("attribution_distance", f"Nothing is attributed to {empty[0]!r} or any other feature.")]
    n = min(int(item["n"]) for side in (old, new) for item in side.values())
    alone, of_all = (quantile_of_normal(1 - (1 - CONFIDENCE) / family) for family in (1, len(old)))
    found, changes = [], []
    for name in old:
        change, error = _change(old[name], new[name])
        low, high = change - alone * error, change + alone * error
        group = f"feature={name}"
        found.append(measured("drift.attribution_change", change, lower=low, upper=high, n=n, group=group))
        changes.append((abs(change), of_all * error))
    value = sum(change for change, _ in changes) / 2
    lower = sum(max(0.0, change - half) for change, half in changes) / 2
    upper = min(1.0, sum(change + half for change, half in changes) / 2)
    return [*found, measured("drift.attribution_distance", value, lower=lower, upper=max(upper, value), n=n)]


def _change(old: Sketched, new: Sketched) -> tuple[float, float]:
    """Return the difference of means, and its standard error."""
    spread = sum(float(item["deviation"]) ** 2 / int(item["n"]) for item in (old, new))
    return float(new["mean"]) - float(old["mean"]), math.sqrt(spread)


def of_performance(
    baseline: Mapping[str, Any], current: Mapping[str, Any], score: Sketched | None, settings: Mapping[str, Any]
) -> tuple[list[Measurement], list[Finding]]:
    """Return the calibration error of the baseline, and the estimates that it allows; settings hold the seed too."""
    if "reliability" not in baseline:
        return _nothing_expected("The baseline holds no scores beside labels.", Status.NOT_APPLICABLE), []
    try:
        calibrated = calibration(read(baseline["reliability"]))
    except NoProbabilitiesError as error:
        return _nothing_expected(str(error)), []
    n = int(calibrated.rows.sum())
    known = measured("drift.calibration_error", calibrated.error, n=n)
    if calibrated.error > settings["calibration"]:
        reason = (
            f"The calibration error on the baseline is {calibrated.error:.3f}, above {settings['calibration']:g}; "
            "scores that are not calibrated tell nothing of performance."
        )
        return [known, *_nothing_expected(reason)[1:]], []
    try:
        cells = read(current.get("reliability"))
    except NoProbabilitiesError as error:
        return [known, *_nothing_expected(f"For the current rows: {error}")[1:]], []
    if score is None:
        return [known, *_nothing_expected("There are no scores of the current rows.")[1:]], []
    return [known, *_expected(cells, score, calibrated, settings)], [Finding("performance_estimated", ESTIMATE)]


def _expected(cells: Cells, score: Sketched, calibrated: Calibration, settings: Mapping[str, Any]) -> list[Measurement]:
    rng = generator(settings["seed"], "expected")
    found = expect(cells, points_of(score), calibrated, rng, settings["replicates"])
    return [
        absent(f"estimated_{name}", f"No {name} is to be expected: a class of decisions or labels is empty.")
        if one is None
        else distance(f"estimated_{name}", one, found.n)
        for name, one in found.values.items()
    ]


def _nothing_expected(reason: str, status: Status = Status.NOT_COMPUTABLE) -> list[Measurement]:
    metrics = ("calibration_error", *(f"estimated_{name}" for name in METRICS))
    return [absent(metric, reason, status=status) for metric in metrics]
