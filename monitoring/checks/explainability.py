"""What drives the predictions, does a protected attribute, and through which features do groups come out apart?

Question
    Which share of the explanation falls on features that are declared sensitive, which on each feature, which
    features stand in for a protected attribute, and what makes up the gap between groups?

Method
    Attributions per row are Shapley values in margin space (Lundberg and Lee 2017), computed beforehand in the
    sandbox; for the algorithm and the space see the evidence. A feature's ``share`` is its mean absolute attribution
    over the sum of all features'; ``protected_share`` is the sum over features that a sensitive attribute is made
    from, exactly 0 when the model uses none. Their intervals are the delta method's for a ratio of means.
    ``additivity_error`` is the largest distance between a row's margin and base + attributions: when it is not
    small, the explanation is of something else. ``proxy_strength`` is the area under the ROC curve of a feature's
    contribution for a group (one against the rest, the strongest), folded to at least 0.5: for linear models it is
    that of the feature's value. ``margin_gap`` is the mean margin of the group with the highest minus that of the
    group with the lowest, and ``gap_decomposition`` its parts per feature, which sum to it up to the additivity
    error. ``stability`` is the mean share of the leading three features that lead again in a bootstrap of the rows.

Limits
    An attribution describes the model, not the world. A protected share of 0 does not mean that the attribute has no
    influence: proxies carry it, so read it with ``proxy_strength``, ``gap_decomposition`` and the fairness check.
    Where features go together, Shapley values split their share in one of several defensible ways. Groups with the
    highest and lowest margin are picked from the same rows, which makes the gap of many small groups look larger.

Remediation
    Drop or replace features that carry the gap without need for the purpose; state the need of those that stay; train
    with a fairness constraint.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics.attributions import Attributions, read_attributions
from monitoring.statistics.auc import FEWEST, Area, area
from monitoring.statistics.columns import MISSING, ColumnError
from monitoring.statistics.groups import JOINT, declared_groups, group_column, sensitive_columns
from monitoring.statistics.intervals import around_mean, generator, quantile_of_normal
from monitoring.statistics.parameters import Flag, Kind, Names, Whole, read_parameters
from registry.canonical import decimal_string
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status, measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PARAMETERS: dict[str, Kind] = {"attributes": Names(), "proxies": Flag(default=True), "replicates": Whole(200, 50, 5000)}
LEADERS = 3
OF_GROUPS = ("margin_gap", "gap_decomposition", "proxy_strength")


def absent(metric: str, reason: str, group: str = "", status: Status = Status.NOT_COMPUTABLE) -> Measurement:
    """Return a number that does not exist, with the reason."""
    return Measurement(f"explainability.{metric}", group=group, status=status, reason=reason)


class ExplainabilityCheck:
    """Measures what the predictions rest on."""

    name = "explainability"
    version = "1"
    metrics: Mapping[str, str] = {
        "explainability.protected_share": "share of the attribution on declared sensitive features (0 to 1; 0: unused)",
        "explainability.share": "share of the attribution on one feature (0 to 1)",
        "explainability.additivity_error": "largest distance of base + attributions from the margin (margin units)",
        "explainability.stability": "share of the leading features that lead again under resampling (0 to 1)",
        "explainability.proxy_strength": "AUC of a feature's contribution for a group of an attribute (0.5 to 1)",
        "explainability.margin_gap": "mean margin of the highest group minus that of the lowest (margin units)",
        "explainability.gap_decomposition": "part of the margin gap that runs through one feature (margin units)",
    }

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The schema and the attributions of a sample of evaluation rows with what is known of their making."""
        read_parameters(self.name, parameters, PARAMETERS)
        return (
            Need("schema", "schema", "evaluate"),
            Need("attributions", "attributions", "evaluate"),
            Need("attributions_meta", "attributions_meta", "evaluate"),
        )

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure the attributions; a table that must not be measured is an ERROR with its reason."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        schema, meta = inputs.document("schema"), inputs.document("attributions_meta")
        try:
            table = read_attributions(inputs.table("attributions"), meta)
        except ColumnError as error:
            finding = Finding(error.code, str(error), "attributions")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        context.progress(0.2, "attributions read")
        protected = set(sensitive_columns(schema).values())
        rng = generator(context.seed, "stability")
        found = [*_shares(table, protected), _additivity(table), _stability(table, rng, settings["replicates"])]
        context.progress(0.5, "shares measured")
        for name in settings["attributes"] or declared_groups(schema):
            found += _of_attribute(table, name, declared_groups(schema), proxies=settings["proxies"])
        findings = _findings(table, protected)
        return Outcome(tuple(found), tuple(findings), evidence=_evidence(table, meta))


def _shares(table: Attributions, protected: set[str]) -> list[Measurement]:
    used = [index for index, name in enumerate(table.features) if name in protected]
    sizes = abs(table.values)
    whole = sizes.sum(axis=1)
    total = float(whole.sum())
    if not used:
        own = [measured("explainability.protected_share", 0, lower=0, upper=0, n=len(whole))]
    elif total == 0:
        own = [absent("protected_share", "All attributions are 0; there is nothing to take a share of.")]
    else:
        own = [_share("protected_share", sizes[:, used].sum(axis=1), whole)]
    for index, name in enumerate(table.features):
        if total == 0:
            own.append(
                absent("share", "All attributions are 0; there is nothing to take a share of.", f"feature={name}")
            )
        else:
            own.append(_share("share", sizes[:, index], whole, f"feature={name}"))
    return own


def _share(metric: str, part: NDArray[np.float64], whole: NDArray[np.float64], group: str = "") -> Measurement:
    """Return a ratio of means with the delta method's interval; with one row nothing is known: 0 to 1."""
    n, value = len(whole), float(part.sum() / whole.sum())
    if n < FEWEST:
        return measured(f"explainability.{metric}", value, lower=0, upper=1, n=n, group=group)
    half = quantile_of_normal() * float((part - value * whole).std(ddof=1)) / (float(whole.mean()) * math.sqrt(n))
    lower, upper = max(0.0, value - half), min(1.0, value + half)
    return measured(f"explainability.{metric}", value, lower=lower, upper=upper, n=n, group=group)


def _additivity(table: Attributions) -> Measurement:
    error = abs(table.base + table.values.sum(axis=1) - table.margin).max()
    return measured("explainability.additivity_error", float(error), n=len(table.margin), unit=table.space)


def _stability(table: Attributions, rng: np.random.Generator, replicates: int) -> Measurement:
    import numpy as np

    sizes, count = abs(table.values), min(LEADERS, len(table.features))
    if not sizes.any():
        return absent("stability", "All attributions are 0; no feature leads.")
    n = len(sizes)
    leaders = set(np.argsort(-sizes.sum(axis=0), kind="stable")[:count].tolist())
    again = 0
    for _ in range(replicates):
        weights = np.bincount(rng.integers(0, n, n), minlength=n)
        again += len(leaders & set(np.argsort(-(weights @ sizes), kind="stable")[:count].tolist()))
    return measured("explainability.stability", again / (replicates * count), n=n)


def _of_attribute(table: Attributions, name: str, declared: Mapping[str, Any], *, proxies: bool) -> list[Measurement]:
    import numpy as np

    if name not in declared:
        reason = f"The dataset's schema does not declare the sensitive attribute {name!r}."
        return [absent(metric, reason, name) for metric in OF_GROUPS]
    if name not in table.groups:
        reason = f"The attributions have no column {group_column(name)!r} for a declared sensitive attribute."
        return [absent(metric, reason, name) for metric in OF_GROUPS]
    groups = table.groups[name]
    known = [str(group) for group in np.unique(groups.astype(str)) if group != MISSING]
    known = [group for group in known if int((groups == group).sum()) >= FEWEST]
    if len(known) < 2:  # noqa: PLR2004 - a comparison needs two
        reason = f"A comparison by {name} needs two groups of at least {FEWEST} rows; there are {len(known)}."
        return [absent(metric, reason, name) for metric in OF_GROUPS]
    gaps = _gaps(table, name, groups, known)
    return [*gaps, *_proxies(table, name, groups, known)] if proxies else gaps


def _extremes(table: Attributions, groups: NDArray[Any], known: Sequence[str]) -> tuple[str, str]:
    """Return the groups with the highest and the lowest mean margin."""
    means = {group: float(table.margin[groups == group].mean()) for group in known}
    ordered = sorted(known, key=lambda group: (means[group], group))
    return ordered[-1], ordered[0]


def _gaps(table: Attributions, name: str, groups: NDArray[Any], known: Sequence[str]) -> list[Measurement]:
    high, low = _extremes(table, groups, known)
    columns = [("margin_gap", name, table.margin)]
    for index, feature in enumerate(table.features):
        columns.append(("gap_decomposition", f"{name}{JOINT}feature={feature}", table.values[:, index]))
    return [
        _gap(metric, group, values[groups == high], values[groups == low], table.space)
        for metric, group, values in columns
    ]


def _gap(metric: str, group: str, above: NDArray[np.float64], below: NDArray[np.float64], unit: str) -> Measurement:
    """Return the difference of two means; the interval joins those of both means (Welch's width)."""
    value = float(above.mean() - below.mean())
    halves = []
    for values in (above, below):
        bounds = around_mean(values)
        halves.append((bounds[1] - bounds[0]) / 2 if bounds else math.inf)
    half, n = math.hypot(*halves), min(len(above), len(below))
    lower, upper = value - half, value + half
    return measured(f"explainability.{metric}", value, lower=lower, upper=upper, n=n, group=group, unit=unit)


def _proxies(table: Attributions, name: str, groups: NDArray[Any], known: Sequence[str]) -> list[Measurement]:
    found, chosen = [], groups != MISSING
    for index, feature in enumerate(table.features):
        values = table.values[chosen, index]
        areas = [
            _folded(area((groups[chosen] == group).astype("int64"), values)) for group in known if _split(groups, group)
        ]
        place = f"{name}{JOINT}feature={feature}"
        if not areas:
            found.append(absent("proxy_strength", f"No group of {name} has enough rows on both sides.", place))
            continue
        best = max(areas, key=lambda item: item.value)
        found.append(_strength(best, len(values), place))
    return found


def _strength(found: Area, n: int, group: str) -> Measurement:
    return measured(
        "explainability.proxy_strength", found.value, lower=found.lower, upper=found.upper, n=n, group=group
    )


def _split(groups: NDArray[Any], group: str) -> bool:
    inside, known = int((groups == group).sum()), int((groups != MISSING).sum())
    return min(inside, known - inside) >= FEWEST


def _folded(found: Area) -> Area:
    """Turn an area below one half around; an interval that holds one half starts there."""
    if found.value < 0.5:  # noqa: PLR2004 - chance
        found = Area(1 - found.value, 1 - found.upper, 1 - found.lower)
    return Area(found.value, max(0.5, found.lower), max(found.upper, 1 - found.lower))


def _findings(table: Attributions, protected: set[str]) -> list[Finding]:
    """List the sensitive features in use, and features whose names look as if they were made from one."""
    found = []
    for name in table.features:
        parts = set(name.lower().replace("-", "_").replace("=", "_").split("_"))
        if name in protected:
            sentence = f"The model uses {name!r}, which a declared sensitive attribute is made from."
            found.append(Finding("protected_feature_used", sentence, f"feature={name}"))
        elif parts & {column.lower() for column in protected}:
            sentence = f"The feature {name!r} is named like a sensitive column; it is not counted as one."
            found.append(Finding("protected_feature_suspected", sentence, f"feature={name}"))
    return found


def _evidence(table: Attributions, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the sums that shares and gaps follow from."""
    sizes = abs(table.values).mean(axis=0)
    signed = {
        name: [
            {
                "group": str(group),
                "rows": int((groups == group).sum()),
                "margin": decimal_string(float(table.margin[groups == group].mean())),
                "attributions": [decimal_string(float(mean)) for mean in table.values[groups == group].mean(axis=0)],
            }
            for group in sorted(set(groups.tolist()))
        ]
        for name, groups in table.groups.items()
    }
    return {
        "made": {key: meta[key] for key in ("algorithm", "space", "seed") if key in meta},
        "features": list(table.features),
        "mean_absolute": [decimal_string(float(size)) for size in sizes],
        "means": [{"attribute": name, "groups": groups} for name, groups in signed.items()],
    }


check = ExplainabilityCheck()
