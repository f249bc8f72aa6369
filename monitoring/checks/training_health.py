"""Did the training go well: did it end, stay finite, come down and stay down, and not learn its rows by heart?

Question
    From the curves that the training wrote: did it reach its end, did any number become infinite or none, does the loss
    end near its best, does the loss on held-out rows still fall with it, and did the steps run on without going back?

Method
    Curves come from TensorBoard's event files among the version's files, every point of them with its checksum, or from
    the history of metrics in MLflow. The training loss and the held-out loss are found by their names ("train/loss",
    "val_loss", "epoch_loss" in the folder "validation"), or named by the parameters ``training`` and ``held_out``.
    ``not_finite`` counts NaN and infinite values in all curves. Losses are smoothed by medians over a tenth of their
    points. ``divergence`` is how far the training loss ends above its best, as a share of its range: 0 at its best, 1
    at its worst. ``held_out_rise`` is the same of the held-out loss, ``best_at`` the share of its points by which it
    was best, and ``gap`` the held-out minus the training loss at the end, in units of the loss: a rise with a growing
    gap is over-fitting. ``largest_jump`` is the largest rise of the training loss between two points, as a share of
    its range. ``finished`` is 1 where the source says that the run finished, 0 where it says that it did not or the
    file breaks off. ``completed_share`` compares the last step with the parameter ``steps``, where it is given.
    ``restarts`` counts how often steps go back.

Limits
    A curve says how the training went, not whether the model is good. Losses whose names say nothing are not found and
    are NOT_COMPUTABLE until they are named; event files do not always say that the run finished, and then it is not
    known. Curves are what the training says of itself: its assurance is that of the version.

Remediation
    Infinite values, jumps, divergence: a smaller learning rate, clipping, other data. A rise of the held-out loss:
    stop at its best, regularise, more rows. An unfinished run: train again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.statistics.parameters import Kind, Names, Whole, read_parameters
from monitoring.statistics.plots import Axis, Series, lines
from monitoring.statistics.training_curves import (
    Curve,
    CurvesError,
    above_best,
    held_out_loss,
    largest_jump,
    read_curves,
    training_loss,
)
from registry.checks import (
    Context,
    Finding,
    Inputs,
    Measurement,
    Need,
    Outcome,
    ParameterError,
    Status,
    measured,
)

PARAMETERS: dict[str, Kind] = {"training": Names(), "held_out": Names(), "steps": Whole(0, 0, 10**12)}
FEWEST = 3
OF_TRAINING = ("divergence", "largest_jump")
OF_HELD_OUT = ("held_out_rise", "best_at")


def absent(metric: str, reason: str, status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"training_health.{metric}", status=status, reason=reason)


class TrainingHealthCheck:
    """Measures how a training went."""

    name = "training_health"
    version = "1"
    metrics: Mapping[str, str] = {
        "training_health.curves": "curves that the training left (count)",
        "training_health.points": "points of one curve (count)",
        "training_health.not_finite": "values that are NaN or infinite, of all curves and of each (count)",
        "training_health.finished": "1 where the run says that it finished, else 0",
        "training_health.completed_share": "last step divided by the steps that were planned (0 upwards)",
        "training_health.restarts": "times that the steps of a curve go back, at most (count)",
        "training_health.divergence": "how far the training loss ends above its best, of its range (0 to 1)",
        "training_health.largest_jump": "largest rise of the training loss between two points, of its range (0 to 1)",
        "training_health.held_out_rise": "how far the held-out loss ends above its best, of its range (0 to 1)",
        "training_health.best_at": "share of its points by which the held-out loss was best (0 to 1)",
        "training_health.gap": "held-out minus training loss at the end (units of the loss)",
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The curves that the training left."""
        settings = read_parameters(self.name, parameters, PARAMETERS)
        for name in ("training", "held_out"):
            if len(settings[name]) > 1:
                raise ParameterError(f"training_health.{name} names one curve, not {len(settings[name])}.")
        return (Need("curves", "curves", "train"),)

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure the curves; a training without any is NOT_COMPUTABLE."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        document = inputs.document("curves")
        try:
            curves = read_curves(document)
        except CurvesError as error:
            finding = Finding(error.code, str(error), "curves")
            return Outcome(findings=(finding,), status=Status.NOT_COMPUTABLE, reason=str(error))
        context.progress(0.3, "curves read")
        training = _chosen(settings["training"], curves, training_loss(curves))
        held_out = _chosen(settings["held_out"], curves, held_out_loss(curves, training))
        context.progress(0.6, "losses found")
        found = [
            *_counts(curves),
            _finished(document),
            _completed(curves, settings["steps"]),
            *_of_training(training),
            *_of_held_out(held_out, training),
        ]
        evidence = {"source": str(document.get("source", "")), "plots": _pictures(training, held_out)}
        return Outcome(tuple(found), tuple(_findings(curves, document)), evidence=evidence)


def _chosen(named: Sequence[str], curves: Sequence[Curve], found: Curve | None) -> Curve | None:
    return next((one for one in curves if one.name == named[0]), None) if named else found


def _counts(curves: Sequence[Curve]) -> list[Measurement]:
    points = sum(len(one.values) for one in curves)
    whole = sum(one.not_finite for one in curves)
    found = [
        measured("training_health.curves", len(curves), n=points),
        measured("training_health.not_finite", whole, n=points),
        measured("training_health.restarts", max(one.restarts for one in curves), n=points),
    ]
    for one in curves:
        group, n = f"curve={one.name}", len(one.values)
        found.append(measured("training_health.points", n, n=n, group=group))
        found.append(measured("training_health.not_finite", one.not_finite, n=n, group=group))
    return found


def _finished(document: Mapping[str, Any]) -> Measurement:
    status = document.get("status")
    if document.get("complete") is not True:
        return measured("training_health.finished", 0)
    if not status:
        return absent("finished", "The source does not say whether the run finished.")
    return measured("training_health.finished", int(status == "FINISHED"))


def _completed(curves: Sequence[Curve], steps: int) -> Measurement:
    if not steps:
        reason = "The policy does not say how many steps were planned."
        return absent("completed_share", reason, Status.NOT_APPLICABLE)
    last = max(int(one.steps.max()) for one in curves)
    return measured("training_health.completed_share", max(0, last) / steps, n=steps)


def _missing(what: str, parameter: str) -> str:
    return f"No curve is known to be the {what} loss; name it by the parameter {parameter!r}."


def _short(curve: Curve) -> str:
    return f"The curve {curve.name!r} is flat, or has fewer than {FEWEST} finite points."


def _of_training(curve: Curve | None) -> list[Measurement]:
    if curve is None:
        return [absent(metric, _missing("training", "training")) for metric in OF_TRAINING]
    values = {"divergence": above_best(curve.smooth()), "largest_jump": largest_jump(curve.values)}
    return [_measured(metric, values[metric], curve) for metric in OF_TRAINING]


def _measured(metric: str, value: float | None, curve: Curve) -> Measurement:
    if value is None:
        return absent(metric, _short(curve))
    return measured(f"training_health.{metric}", value, n=len(curve.values) - curve.not_finite)


def _of_held_out(curve: Curve | None, training: Curve | None) -> list[Measurement]:
    if curve is None:
        reason = _missing("held-out", "held_out")
        return [absent(metric, reason) for metric in (*OF_HELD_OUT, "gap")]
    smooth = curve.smooth()
    rise = above_best(smooth)
    best = None if rise is None else float(smooth.argmin()) / (len(smooth) - 1)
    found = [_measured("held_out_rise", rise, curve), _measured("best_at", best, curve)]
    if training is None:
        return [*found, absent("gap", _missing("training", "training"))]
    own = training.smooth()
    gap = float(smooth[-1] - own[-1]) if len(own) and len(smooth) else None
    return [*found, _measured("gap", gap, curve)]


def _findings(curves: Sequence[Curve], document: Mapping[str, Any]) -> list[Finding]:
    found = []
    for one in curves:
        if one.not_finite:
            sentence = f"{one.not_finite} of {len(one.values)} values of the curve {one.name!r} are NaN or infinite."
            found.append(Finding("curve_not_finite", sentence, one.name, {"values": one.not_finite}))
        if one.restarts:
            sentence = f"The steps of the curve {one.name!r} go back {one.restarts} times; the training was restarted."
            found.append(Finding("training_restarted", sentence, one.name, {"times": one.restarts}))
    if document.get("complete") is not True:
        found.append(Finding("curves_cut_off", "The file of curves breaks off; its writer was stopped.", "curves"))
    elif document.get("status") not in {"", "FINISHED", None}:
        sentence = f"The run of the training is {document['status']}; it has not finished."
        found.append(Finding("training_unfinished", sentence, "curves"))
    return found


def _pictures(training: Curve | None, held_out: Curve | None) -> list[dict[str, Any]]:
    import numpy as np

    shown = [(name, one) for name, one in (("training rows", training), ("held-out rows", held_out)) if one is not None]
    finite = [(name, one, np.isfinite(one.values)) for name, one in shown]
    finite = [item for item in finite if item[2].any()]
    if not finite:
        return []
    steps = np.concatenate([one.steps[known] for _, one, known in finite])
    values = np.concatenate([one.values[known] for _, one, known in finite])
    ends = [float(steps.min()), float(steps.max()), float(values.min()), float(values.max())]
    if ends[0] == ends[1] or ends[2] == ends[3]:
        return []
    series = [
        Series(name, list(zip(one.steps[known].tolist(), one.values[known].tolist(), strict=True)))
        for name, one, known in finite
    ]
    reading = (
        "Both lines should fall and stay down; where the one of held-out rows turns upwards while the other falls, "
    )
    reading += "the model began to learn its rows by heart."
    return [lines("How the training went", reading, Axis("step", *ends[:2]), Axis("loss", *ends[2:]), series)]


check = TrainingHealthCheck()
