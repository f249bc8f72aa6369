"""What the measurements of fairness are called, and what each means in one line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

EQUALIZED_ODDS = "equalized_odds"
FORMS = ("difference", "ratio")
BASES = ("best", "reference", "whole")
MEANING = {
    "selection_rate": "share of the group's rows predicted positive",
    "tpr": "share of the group's positive labels predicted positive",
    "fpr": "share of the group's negative labels predicted positive",
    "fnr": "share of the group's positive labels predicted negative",
    "precision": "share of the group's positive predictions that are right",
    "accuracy": "share of the group's rows predicted rightly",
    "base_rate": "share of the group's rows whose label is positive",
}
CONDITIONAL = ("selection_rate", "tpr", "fpr")
SCORING = "scoring_rate"
_BASE = {"best": "the group where it is highest", "reference": "the reference group", "whole": "all groups together"}
_OF_KIND = {
    "difference": "largest minus smallest {kind} of the groups (0 to 1)",
    "ratio": "smallest divided by largest {kind} of the groups (0 to 1)",
}
_OF_GROUP = {
    "difference": "the group's {rate} minus that of {base} (-1 to 1)",
    "ratio": "the group's {rate} divided by that of {base} (0 upwards)",
}
ODDS = {
    "equalized_odds_difference": "the larger of the differences in true and false positive rates (0 to 1)",
    "equalized_odds_ratio": "the smaller of the ratios of true and false positive rates (0 to 1)",
}


def contrast_of(rate: str, form: str, base: str) -> str:
    """Return "tpr_difference_to_whole"."""
    return f"{rate}_{form}_to_{base}"


@dataclass(frozen=True, slots=True)
class Naming:
    """What the metrics of a slice are called: "fairness." and a prefix, and names of their own for some of them."""

    prefix: str
    own: Mapping[str, str]

    def __call__(self, plain: str) -> str:
        """Return the metric's name."""
        return f"fairness.{self.own.get(plain, self.prefix + plain)}"


PLAIN = Naming("", {contrast_of("selection_rate", "ratio", "best"): "impact_ratio"})
GIVEN_CONTROLS = Naming("conditional_", {})
ABOVE_MEDIAN = Naming(
    "",
    {
        "selection_rate": SCORING,
        **{f"selection_rate_{form}": f"{SCORING}_{form}" for form in FORMS},
        **{
            contrast_of("selection_rate", form, base): f"{SCORING}_{form}_to_{base}" for form in FORMS for base in BASES
        },
        contrast_of("selection_rate", "ratio", "best"): "score_impact_ratio",
    },
)


def _kinds(naming: Naming, meaning: Mapping[str, str], *, bases: bool) -> Iterator[tuple[str, str]]:
    for rate, what in meaning.items():
        shown = naming(rate).removeprefix("fairness.").replace("_", " ")
        yield naming(rate), f"{what} (0 to 1)"
        for form in FORMS:
            yield naming(f"{rate}_{form}"), _OF_KIND[form].format(kind=shown)
            for base in BASES if bases else ():
                yield naming(contrast_of(rate, form, base)), _OF_GROUP[form].format(rate=shown, base=_BASE[base])


def _conditional() -> Iterator[tuple[str, str]]:
    meaning = {rate: f"{MEANING[rate]}, as if all groups were spread alike over the controls" for rate in CONDITIONAL}
    yield from _kinds(GIVEN_CONTROLS, meaning, bases=False)
    for metric, what in ODDS.items():
        yield (
            GIVEN_CONTROLS(metric),
            what.replace("of the", "of the conditional").replace("in true", "in conditional true"),
        )
    yield GIVEN_CONTROLS("share"), "share of rows in strata of the controls that hold every group (0 to 1)"


CALIBRATION = {"calibration_gap": "mean score minus the share of positive labels (-1 to 1)"}
AMOUNTS = {
    "target_mean": "mean target (in units of the target)",
    "error_mean": "mean of prediction minus target (in units of the target)",
    "absolute_error_mean": "mean distance between prediction and target (in units of the target)",
}
METRICS: dict[str, str] = {
    "fairness.count": "evaluation rows in the group (count)",
    "fairness.missing_share": "share of rows whose group is not known, per attribute (0 to 1)",
    **dict(_kinds(PLAIN, MEANING, bases=True)),
    **{PLAIN(metric): what for metric, what in ODDS.items()},
    "fairness.impact_ratio": "the group's selection rate divided by that of the group selected most (0 to 1)",
    **dict(_kinds(ABOVE_MEDIAN, {"selection_rate": "share of the group's scores above the median of all"}, bases=True)),
    "fairness.score_impact_ratio": "the group's scoring rate divided by the highest one (0 to 1)",
    "fairness.score_mean": "mean score of the group (in units of the score)",
    "fairness.score_mean_difference": "largest minus smallest mean score of the groups (in units of the score)",
    **{
        metric: meaning
        for name, what in {**CALIBRATION, **AMOUNTS}.items()
        for metric, meaning in (
            (f"fairness.{name}", f"{what} of the group"),
            (f"fairness.{name}_difference", f"largest minus smallest of the groups: {what}"),
        )
    },
    **dict(_conditional()),
}
PER_GROUP = tuple(MEANING)
PER_ATTRIBUTE = (*(f"{rate}_{form}" for rate in MEANING for form in FORMS), *ODDS)
OF_SCORES = tuple(metric for metric in METRICS if metric.startswith(("fairness.score_", "fairness.scoring_")))
OF_CONTROLS = tuple(metric for metric in METRICS if metric.startswith("fairness.conditional_"))
OF_CALIBRATION = tuple(f"fairness.{name}{end}" for name in CALIBRATION for end in ("", "_difference"))
OF_AMOUNTS = tuple(f"fairness.{name}{end}" for name in AMOUNTS for end in ("", "_difference"))
_OTHERS = {*OF_CONTROLS, *OF_SCORES, *OF_CALIBRATION, *OF_AMOUNTS, "fairness.count", "fairness.missing_share"}
OF_PREDICTIONS = tuple(metric for metric in METRICS if metric not in _OTHERS)
