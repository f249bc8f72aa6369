"""Does the model decide alike when its input is slightly wrong, and what does it do when it is badly wrong?

Question
    How many decisions turn when numbers carry a little noise, when one value is missing, comes in another unit, or lies
    out of range; and which feature's mistakes turn most?

Method
    A sample of evaluation rows is answered by the model again in the sandbox, changed in one way at a time.
    ``noise``: every number plus a normal deviate of ``noise`` (the default is "0.05") of its feature's standard
    deviation, five times. ``missing``: one feature without a value. ``units``: one number times each factor that
    the schema declares for the feature under ``units``, or 1000 and 0.001. ``range``: one number below and above
    the range that the schema declares (or that the rows show) by its whole width, or a category that nobody knows.
    The parameter ``kinds`` names those that are measured. ``_flips`` is the share of copies whose decision is not
    the row's own, ``_change`` the mean distance of scores. Where one feature is wrong at a time, each has its
    numbers, and the number without a group is that of the worst feature. Intervals are over rows, Student's at the
    confidence that so many features need (Bonferroni); where all rows are alike, Wilson's.

Limits
    Small changes say how steep the model is near real rows, not what an adversary finds. A decision may rightly turn
    where the value decides: read ``missing`` and ``range`` with what the service in front refuses. What a model answers
    with an error is NOT_COMPUTABLE, with the reason: a service would answer nobody. Features change one by one, which
    may make rows that cannot be.

Remediation
    Check ranges and units at the door; train with noise and gaps; impute on purpose; smooth or bound a feature that
    turns decisions by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import ColumnError, numbers, texts
from monitoring.statistics.contrasts import Estimate
from monitoring.statistics.intervals import CONFIDENCE, around_mean, wilson
from monitoring.statistics.parameters import Kind, Names, Share, read_parameters
from monitoring.statistics.perturbing import KINDS, NOISE
from monitoring.statistics.plots import Bar, intervals
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, ParameterError, Status, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARAMETERS: dict[str, Kind] = {"kinds": Names(KINDS), "noise": Share("0.05")}
SAID = {
    "noise": "noise on every number",
    "missing": "a missing value",
    "units": "a number in another unit",
    "range": "a value out of range",
}
ERROR = b"error"
FEWEST = 10
MOST_DRAWN = 12


class RobustnessCheck:
    """Measures how decisions turn when input is wrong."""

    name = "robustness"
    version = "1"
    metrics: Mapping[str, str] = {
        f"robustness.{kind}_{form}": what.format(said=said)
        for kind, said in SAID.items()
        for form, what in (
            ("flips", "share of decisions that turn under {said} (0 to 1)"),
            ("change", "mean distance between the scores with and without {said} (0 to 1)"),
        )
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The model's answers to changed rows, by kind; the noise is part of what is asked."""
        settings = read_parameters(self.name, parameters, PARAMETERS)
        kinds = settings["kinds"] or KINDS
        for kind in kinds:
            if kind not in KINDS:
                raise ParameterError(f"robustness.kinds knows {', '.join(KINDS)}, not {kind!r}.")
        scale = parameters.get("noise", PARAMETERS["noise"].default)
        return tuple(Need(kind, "perturbed", f"noise {scale}" if kind == NOISE else kind) for kind in kinds)

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure each kind of change; one that the model answered with an error is NOT_COMPUTABLE."""
        found: list[Measurement] = []
        findings: list[Finding] = []
        bars: list[Bar] = []
        needs = self.needs(context.parameters)
        for place, need in enumerate(needs):
            context.progress(place / len(needs), f"measuring {need.name}")
            table = inputs.table(need.name)
            reason = _why_not(table)
            if reason:
                status = (
                    Status.NOT_APPLICABLE if table.schema.metadata.get(b"applies") == b"no" else Status.NOT_COMPUTABLE
                )
                found += [_absent(need.name, form, reason, status) for form in ("flips", "change")]
                if status is Status.NOT_COMPUTABLE:
                    findings.append(Finding("model_fails_on_input", reason, need.name))
                continue
            try:
                own, drawn = _of_kind(need.name, table)
            except ColumnError as error:
                finding = Finding(error.code, str(error), need.name)
                return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
            found += own
            bars += drawn
        return _ended(found, findings, bars)


def _why_not(table: Any) -> str:
    """Return why there are no answers, as whoever asked the model wrote it, or nothing."""
    given = (table.schema.metadata or {}).get(ERROR, b"").decode()
    if given:
        return str(given)
    return "" if table.num_rows else "The model was asked nothing; there are no answers to compare."


def _absent(kind: str, form: str, reason: str, status: Status) -> Measurement:
    return Measurement(f"robustness.{kind}_{form}", status=status, reason=reason)


def _of_kind(kind: str, table: Any) -> tuple[list[Measurement], list[Bar]]:
    """Measure one kind of change, by feature where one was changed at a time."""
    rows, score, base = (numbers(table, name) for name in ("row", "score", "base_score"))
    outside = int(((score < 0) | (score > 1) | (base < 0) | (base > 1)).sum())
    if outside:
        raise ColumnError(f"{outside} of {len(score)} answers to {kind} are no scores between 0 and 1.")
    turned = numbers(table, "prediction") != numbers(table, "base_prediction")
    values = {"flips": turned.astype(float), "change": abs(score - base)}
    features = texts(table, "feature")
    names = [] if kind == NOISE else sorted(set(features.tolist()))
    found, bars = [], []
    for form, one in values.items():
        each = {name: _estimate(one[features == name], rows[features == name], len(names)) for name in names}
        whole = _estimate(one, rows, 1) if kind == NOISE else max(each.values(), key=lambda item: item.value)
        found.append(_told(f"{kind}_{form}", whole))
        found += [_told(f"{kind}_{form}", item, f"feature={name}") for name, item in each.items()]
        if form == "flips":
            shown = {SAID[kind]: whole} if kind == NOISE else {f"{name}: {SAID[kind]}": each[name] for name in names}
            bars = [Bar(name, item.value, item.lower, item.upper, item.n) for name, item in shown.items()]
    return found, bars


def _estimate(values: NDArray[np.float64], rows: NDArray[np.float64], many: int) -> Estimate:
    """Return the mean over rows of the means of their copies, at the confidence that so many at once need."""
    import numpy as np

    numbered, places = np.unique(rows, return_inverse=True)
    means = np.bincount(places, values) / np.bincount(places)
    value, n, confidence = float(means.mean()), len(numbered), 1 - (1 - CONFIDENCE) / max(1, many)
    if means.min() == means.max():
        low, high = wilson(round(value * n), n, confidence)
    else:
        low, high = around_mean(means, confidence) or (0.0, 1.0)
    return Estimate(value, max(0.0, low), min(1.0, high), n)


def _told(metric: str, found: Estimate, group: str = "") -> Measurement:
    return measured(
        f"robustness.{metric}", found.value, lower=found.lower, upper=found.upper, n=found.n, group=group, unit=""
    )


def _ended(found: Sequence[Measurement], findings: Sequence[Finding], bars: Sequence[Bar]) -> Outcome:
    if not any(item.status is Status.MEASURED for item in found):
        reason = "The model could not be asked: " + " ".join(sorted({item.reason for item in found}))
        return Outcome(tuple(found), tuple(findings), Status.NOT_COMPUTABLE, reason)
    worst = sorted(bars, key=lambda bar: (-bar.value, bar.name))[:MOST_DRAWN]
    reading = "The further to the right, the more decisions turn when the input is wrong in this way."
    plots = [intervals("Decisions that turn", reading, "share of decisions that turn", worst, 0.0)] if worst else []
    return Outcome(tuple(found), tuple(findings), evidence={"plots": plots})


check = RobustnessCheck()
