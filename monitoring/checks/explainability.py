"""What drives the predictions, does a protected attribute, and through which features do groups come out apart?

Question
    Which share of the explanation falls on features that are declared sensitive, on those that stand in for them, and
    on each feature; what makes up the gap between groups; and is the explanation true to the model?

Method
    Attributions per row are Shapley values, computed beforehand in the sandbox by the way that is exact for the model:
    the weights of a linear model, ``pred_contribs`` of XGBoost and LightGBM, shap for the trees of scikit-learn
    (Lundberg and Lee 2017, Lundberg et al. 2020), seeded permutations within a budget of rows for anything else; for
    the algorithm and the space see the evidence. A feature's ``share`` is its mean absolute attribution over the sum
    of all features'; ``protected_share`` is the sum over features that a sensitive attribute is made from, exactly 0
    when the model uses none. Their intervals are the delta method's for a ratio of means.
    ``additivity_error`` is the largest distance between a row's margin and base + attributions: when it is not
    small, the explanation is of something else. ``proxy_strength`` is the area under the ROC curve of a feature for a
    group (one against the rest, the strongest), folded to at least 0.5; text is ordered by the share of the group
    among other rows of the same text, and where the rows are not there, what the feature contributes stands in for
    it. ``proxy_share`` is the share of the features, other than protected ones, whose strength for any attribute
    reaches the parameter ``proxy_from``. ``margin_gap`` is the mean margin of the group with the highest minus that of
    the group with the lowest, and ``gap_decomposition`` its parts per feature, which sum to it up to the additivity
    error. ``stability`` is the mean share of the leading three features that lead again in a bootstrap of the rows.
    ``deletion_fidelity`` takes the leading quarter of each row's features away (other rows' values in their place, four
    draws) and, in turn, as many at random: the share of rows whose score the leading ones move further, ties half;
    0.5 is what an explanation without content reaches. ``deletion_gain`` is by how much. ``drivers_overlap`` is the
    share of the drivers that the version's owner declared among as many leading features.

Limits
    An attribution describes the model, not the world. A protected share of 0 does not mean that the attribute has no
    influence: proxies carry it, so read it with ``proxy_share``, ``gap_decomposition`` and the fairness check.
    Where features go together, Shapley values split their share in one of several defensible ways, and rows with
    features taken away may be such as nobody has seen. Groups with the highest and lowest margin are picked from the
    same rows, which makes the gap of many small groups look larger. Several features together can tell a group that
    none of them tells alone.

Remediation
    Drop or replace features that carry the gap without need for the purpose; state the need of those that stay; train
    with a fairness constraint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.statistics.attributions import Attributions, read_attributions
from monitoring.statistics.columns import ColumnError, is_numeric, numbers, texts
from monitoring.statistics.explaining.between import between_groups
from monitoring.statistics.explaining.metrics import METRICS, absent
from monitoring.statistics.explaining.pictures import pictures
from monitoring.statistics.explaining.shares import share_of, shares
from monitoring.statistics.explaining.trials import additivity, deletion, drivers, stability
from monitoring.statistics.groups import declared_groups, sensitive_columns
from monitoring.statistics.intervals import generator
from monitoring.statistics.parameters import Flag, Kind, Names, Share, Whole, read_parameters
from registry.canonical import decimal_string
from registry.checks import Context, Finding, Inputs, Measurement, Need, Outcome, Status

PARAMETERS: dict[str, Kind] = {
    "attributes": Names(),
    "proxies": Flag(default=True),
    "proxy_from": Share("0.7"),
    "replicates": Whole(200, 50, 5000),
}


class ExplainabilityCheck:
    """Measures what the predictions rest on."""

    name = "explainability"
    version = "2"
    metrics: Mapping[str, str] = METRICS

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The schema, the attributions of a sample of evaluation rows, how they were made, and the rows themselves."""
        read_parameters(self.name, parameters, PARAMETERS)
        return (
            Need("schema", "schema", "evaluate"),
            Need("attributions", "attributions", "evaluate"),
            Need("attributions_meta", "attributions_meta", "evaluate"),
            Need("rows", "rows", "evaluate", optional=True),
            Need("drivers", "declared_drivers", optional=True),
        )

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Measure the attributions; a table that must not be measured is an ERROR with its reason."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        schema, meta = inputs.document("schema"), inputs.document("attributions_meta")
        try:
            table = read_attributions(inputs.table("attributions"), meta)
            values = _values(inputs, table)
        except ColumnError as error:
            finding = Finding(error.code, str(error), "attributions")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        context.progress(0.2, "attributions read")
        protected = set(sensitive_columns(schema).values())
        rng = generator(context.seed, "stability")
        declared = inputs.document("drivers")["drivers"] if inputs.has("drivers") else None
        found = [*shares(table, protected), additivity(table), stability(table, rng, settings["replicates"])]
        found += [*deletion(table), drivers(table, declared)]
        context.progress(0.5, "shares measured")
        for name in settings["attributes"] or declared_groups(schema):
            found += between_groups(table, name, declared_groups(schema), values, proxies=settings["proxies"])
        proxies = _proxies(found, protected, settings["proxy_from"])
        if settings["proxies"]:
            found.append(_proxy_share(table, found, proxies))
        findings = [*_findings(table, protected), *_proxy_findings(proxies)]
        evidence = _evidence(table, meta, values) | {"plots": pictures(table, found, values)}
        return Outcome(tuple(found), tuple(findings), evidence=evidence)


def _values(inputs: Inputs, table: Attributions) -> dict[str, Any]:
    """Return the features of the explained rows as numbers or texts, those of them that the rows have."""
    if not inputs.has("rows") or table.rows is None:
        return {}
    rows = inputs.table("rows")
    if len(table.rows) and table.rows.max() >= rows.num_rows:
        raise ColumnError(f"Row {table.rows.max()} is attributed; the dataset has {rows.num_rows} rows.")
    chosen = rows.take(table.rows)
    there = [name for name in table.features if name in rows.column_names]
    return {name: numbers(chosen, name) if is_numeric(chosen, name) else texts(chosen, name) for name in there}


def _proxies(found: Sequence[Measurement], protected: set[str], least: float) -> dict[str, str]:
    """Return each feature that tells a group of an attribute, with the measurement's place, the strongest first."""
    strong = [
        item
        for item in found
        if item.metric == "explainability.proxy_strength" and item.value is not None and float(item.value) >= least
    ]
    places: dict[str, str] = {}
    for item in sorted(strong, key=lambda one: (-float(str(one.value)), one.group)):
        feature = item.group.partition("feature=")[2]
        if feature not in protected:
            places.setdefault(feature, item.group)
    return places


def _proxy_share(table: Attributions, found: Sequence[Measurement], proxies: Mapping[str, str]) -> Measurement:
    if not any(item.metric == "explainability.proxy_strength" and item.value is not None for item in found):
        return absent("proxy_share", "No strength of a proxy was measured, so nobody knows which features are proxies.")
    return share_of("proxy_share", table, proxies)


def _proxy_findings(proxies: Mapping[str, str]) -> list[Finding]:
    return [
        Finding("proxy_feature_used", f"The feature {name!r} tells a group of a sensitive attribute.", place)
        for name, place in sorted(proxies.items())
    ]


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


def _evidence(table: Attributions, meta: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
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
        "proxies_by": {name: "value" if name in values else "contribution" for name in table.features},
        "mean_absolute": [decimal_string(float(size)) for size in sizes],
        "means": [{"attribute": name, "groups": groups} for name, groups in signed.items()],
    }


check = ExplainabilityCheck()
