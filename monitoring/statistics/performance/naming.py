"""What the measurements of performance are called, what each means in one line, and for which task it exists."""

from monitoring.statistics.tasks import BINARY, MULTICLASS, REGRESSION
from registry.checks import Measurement, Status

OF_COUNTS = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "tpr",
    "specificity": "specificity",
    "f1": "f1",
    "selection_rate": "selection_rate",
}
AVERAGED = tuple(
    f"{figure}_{way}" for figure in ("precision", "recall", "f1") for way in ("macro", "micro", "weighted")
)
COMPARED = {
    BINARY: ("auc", "pr_auc", "brier", "log_loss", *OF_COUNTS, "balanced_accuracy", "mcc"),
    MULTICLASS: ("accuracy", "balanced_accuracy", "f1_macro", "mcc", "log_loss"),
    REGRESSION: ("mae", "rmse", "r2"),
}
EVERY_TASK = ("rows", "overlap_share", "slice_error", "slice_gap", "worst_slice_gap")
OF_TASK = {
    BINARY: (
        "base_rate", "auc", "pr_auc", "brier", "log_loss", "ece", "calibration_gap", *OF_COUNTS, "balanced_accuracy",
        "mcc", "mcnemar_p",
    ),
    MULTICLASS: (
        "accuracy", "balanced_accuracy", *AVERAGED, "mcc", "log_loss", "auc_macro", "ece", "class_rows",
        "class_precision", "class_recall", "class_f1", "mcnemar_p",
    ),
    REGRESSION: ("mae", "rmse", "r2", "mape", "bias"),
}  # fmt: skip
_MEANINGS = {
    "rows": "evaluation rows measured (count)",
    "base_rate": "share of rows whose label is positive (0 to 1)",
    "auc": "area under the ROC curve (0 to 1; 0.5 is chance)",
    "auc_macro": "mean over the classes of the area under the ROC curve of one against the rest (0 to 1)",
    "pr_auc": "average precision, the area under the precision-recall curve (0 to 1; the base rate is chance)",
    "brier": "mean squared distance between score and label (0 to 1; lower is better)",
    "log_loss": "mean negative logarithm of the probability given to the label (nats; lower is better)",
    "ece": "mean distance between score and rate over ten bands of scores (0 to 1; lower is better)",
    "calibration_gap": "mean score minus the share of positive labels (-1 to 1; 0 is right on the whole)",
    "accuracy": "share of rows predicted rightly (0 to 1)",
    "balanced_accuracy": "mean over the classes of the share of their rows that is found (0 to 1)",
    "precision": "share of positive predictions that are right (0 to 1)",
    "recall": "share of positive labels that are found (0 to 1)",
    "specificity": "share of negative labels that are predicted negative (0 to 1)",
    "f1": "harmonic mean of precision and recall (0 to 1)",
    "mcc": "Matthews' correlation of labels and predictions (-1 to 1; 0 is chance)",
    "selection_rate": "share of rows predicted positive (0 to 1)",
    **{
        f"{figure}_{way}": f"{figure} of the classes, {how} (0 to 1)"
        for figure in ("precision", "recall", "f1")
        for way, how in (
            ("macro", "each class counting alike"),
            ("micro", "each row counting alike"),
            ("weighted", "each class counting by its rows"),
        )
    },
    "class_rows": "rows of one class (count)",
    "class_precision": "share of the predictions of one class that are right (0 to 1)",
    "class_recall": "share of the rows of one class that are found (0 to 1)",
    "class_f1": "harmonic mean of precision and recall of one class (0 to 1)",
    "mae": "mean distance between prediction and target (in units of the target)",
    "rmse": "square root of the mean squared distance of prediction and target (in units of the target)",
    "r2": "share of the target's variance that is explained (at most 1; 0 is the mean's)",
    "mape": "mean distance between prediction and target as a share of the target (0 upwards)",
    "bias": "mean of prediction minus target (in units of the target)",
    "mcnemar_p": "probability of so uneven errors of this version and the incumbent if both err alike (0 to 1)",
    "overlap_share": "share of evaluation rows that are also training rows (0 to 1)",
    "slice_error": "error of one of the worst slices, on rows it was not searched on (share wrong, or mean distance)",
    "slice_gap": "error of one of the worst slices minus that of all other rows (same units)",
    "worst_slice_gap": "the slice_gap of the slice that the search found worst (same units)",
}
METRICS: dict[str, str] = {
    **{f"performance.{name}": meaning for name, meaning in _MEANINGS.items()},
    **{
        f"performance.{name}_difference": f"{name} of this version minus the incumbent's on the same rows"
        for name in dict.fromkeys(name for names in COMPARED.values() for name in names)
    },
}


def absent(metric: str, reason: str, status: Status = Status.NOT_COMPUTABLE, group: str = "") -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"performance.{metric}", group=group, status=status, reason=reason)


def of_other_tasks(task: str) -> list[Measurement]:
    """Return what exists for other tasks alone as NOT_APPLICABLE, so that a limit on it says why."""
    own = {*EVERY_TASK, *OF_TASK[task], *(f"{name}_difference" for name in COMPARED[task])}
    reason = f"The target is {_SAID[task]}; this number does not exist for it."
    names = (name.removeprefix("performance.") for name in METRICS)
    return [absent(name, reason, Status.NOT_APPLICABLE) for name in names if name not in own]


_SAID = {BINARY: "one of two classes", MULTICLASS: "one of several classes", REGRESSION: "an amount"}
