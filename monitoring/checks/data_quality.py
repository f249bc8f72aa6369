"""Are the rows fit to learn from and to be judged on: whole, in range, without doubles, and without the answer in them?

Question
    How many values are missing or out of their declared range, which columns say nothing and which say too much, how
    many rows occur twice, how many contradict one another, and do the evaluation rows occur in the training?

Method
    All rows of the datasets named by the parameter ``roles`` (the default is ["train", "evaluate"]) are counted. A row
    is its features, its target and its sensitive attributes; identifiers, texts and ignored columns are left out of
    comparisons of rows. ``duplicate_share`` counts rows that are equal to an earlier one, ``label_conflict_share``
    rows whose features are those of a row with another target, ``repeated_id_share`` rows whose identifier an earlier
    row has. ``out_of_range_share`` counts values outside of what the schema declares of a feature (``low``, ``high``
    or ``values``), and infinite ones. ``target_strength`` says how well one feature alone tells the target: the area
    under its ROC curve, folded to at least a half (of several classes the strongest against the rest; of amounts
    Spearman's rank correlation on the same scale); a category stands for the mean target of its rows in the other half.
    A column leaks where that is at least ``leak_from`` (the default is "0.98"). ``overlap_share`` counts evaluation
    rows that are equal to a training row, ``id_overlap_share`` those whose identifier occurs in the training.
    Rows are compared by 64-bit fingerprints of their values. Where a number is given per column, the one without a
    group is the worst of the columns, and of the roles.

Limits
    All numbers describe these rows exactly and have no interval. Equal rows are not always doubles: with few coarse
    columns different people look alike. That two columns together tell the target is not seen, nor is a leak that
    the model cannot use. A range that nobody declared is not checked: ``out_of_range_share`` is then NOT_APPLICABLE,
    unless a value is infinite.

Remediation
    Drop doubles before the split; ask where contradicting labels come from; leave constant columns out; of a leaking
    column, find out whether it is known at the moment of the decision; split by person and not by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.statistics.columns import ColumnError
from monitoring.statistics.data.judged import METRICS, Judged, judge_rows, overlaps
from monitoring.statistics.data.told import findings_of, measurements_of, pictures_of
from monitoring.statistics.parameters import Kind, Names, Share, read_parameters
from monitoring.statistics.ranges import declared_ranges
from monitoring.statistics.tasks import task_of
from registry.checks import Context, Finding, Inputs, Need, Outcome, ParameterError, Status

ROLES = ("train", "evaluate")
PARAMETERS: dict[str, Kind] = {"roles": Names(ROLES), "leak_from": Share("0.98")}


class DataQualityCheck:
    """Counts what is wrong with rows."""

    name = "data_quality"
    version = "1"
    metrics: Mapping[str, str] = METRICS

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        """The rows of each role, and the schema that declares their columns."""
        roles = _roles(read_parameters(self.name, parameters, PARAMETERS)["roles"])
        rows = (Need(f"rows_{role}", "rows", role) for role in roles)
        return (Need("schema", "schema", "evaluate"), *rows)

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        """Count; a schema or a table that cannot be read is an ERROR with its reason."""
        settings = read_parameters(self.name, context.parameters, PARAMETERS)
        roles, schema = _roles(settings["roles"]), inputs.document("schema")
        try:
            task, ranges = task_of(schema), declared_ranges(schema)
            judged: dict[str, Judged] = {}
            for place, role in enumerate(roles):
                context.progress(place / (len(roles) + 1), f"counting the {role} rows")
                table = inputs.table(f"rows_{role}")
                judged[role] = judge_rows(table, schema, ranges, task)
            context.progress(len(roles) / (len(roles) + 1), "comparing the roles")
        except ColumnError as error:
            finding = Finding(error.code, str(error), "rows")
            return Outcome(findings=(finding,), status=Status.ERROR, reason=str(error))
        shared = overlaps(judged)
        return Outcome(
            tuple(measurements_of(judged, shared, settings["leak_from"])),
            tuple(findings_of(judged, shared, settings["leak_from"])),
            evidence={
                "roles": {role: one.document() for role, one in judged.items()},
                "plots": pictures_of(judged, settings["leak_from"]),
            },
        )


def _roles(given: Sequence[str]) -> tuple[str, ...]:
    roles = tuple(given) or ROLES
    for role in roles:
        if role not in ROLES:
            raise ParameterError(f"data_quality.roles knows {', '.join(ROLES)}, not {role!r}.")
    return roles


check = DataQualityCheck()
