"""A limit of a policy: which measurements of a metric it speaks of, which end of them it binds, and between what."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from governance.rules.reading import Fields, PolicyError

EACH_GROUP = "*"
EACH_ATTRIBUTE = "*attributes"
EACH_INTERSECTION = "*intersections"
SELECTORS = (EACH_GROUP, EACH_ATTRIBUTE, EACH_INTERSECTION)
JOINS = " & "
LARGEST_COUNT = 10**12


class Bound(StrEnum):
    """What of a measurement is compared with the limit."""

    VALUE = "value"
    LOWER = "lower"
    UPPER = "upper"
    INTERVAL = "interval"


class Severity(StrEnum):
    """What missing the limit means."""

    FAIL = "FAIL"
    WARN = "WARN"


@dataclass(frozen=True, slots=True)
class Limit:
    """The least and the most allowed of a metric, as decimal text, both inclusive.

    ``group`` is "" for the whole, "*" for every group, "*attributes" for every single attribute ("sex"),
    "*intersections" for every set of attributes ("sex & age_band"), an attribute for itself and its groups ("sex",
    "sex=1"), or one group ("sex=1"). Below ``n_at_least`` rows nothing is judged. A ``required`` metric must apply.
    """

    metric: str
    group: str
    bound: Bound
    least: str | None
    most: str | None
    n_at_least: int
    severity: Severity
    required: bool

    def document(self) -> dict[str, Any]:
        """Return every key of the limit, defaults included."""
        return {
            "metric": self.metric,
            "group": self.group,
            "bound": str(self.bound),
            "min": self.least,
            "max": self.most,
            "n_at_least": self.n_at_least,
            "severity": str(self.severity),
            "required": self.required,
        }

    def selects(self, group: str) -> bool:
        """Say whether the limit speaks of a measurement of that group."""
        if self.group == EACH_GROUP:
            return group != ""
        if self.group == EACH_ATTRIBUTE:
            return group != "" and "=" not in group and JOINS not in group
        if self.group == EACH_INTERSECTION:
            return JOINS in group and "=" not in group
        if group == self.group:
            return True
        names_attribute = self.group != "" and "=" not in self.group
        return names_attribute and group.startswith(f"{self.group}=") and not joins_groups(group)

    def words(self) -> str:
        """Return the limit in words: "the least allowed 0.8"."""
        if self.least is None:
            return f"the most allowed {self.most}"
        if self.most is None:
            return f"the least allowed {self.least}"
        return f"the allowed range {self.least} to {self.most}"


def joins_groups(group: str) -> bool:
    """Say whether this is an intersection of groups ("sex=1 & age_band=<55"), and not one whose value holds an "&"."""
    parts = group.split(JOINS)
    return len(parts) > 1 and all("=" in part for part in parts)


def read_limit(value: Any, place: str) -> Limit:
    """Read one limit; raises PolicyError where it can never be met, or never be missed."""
    fields = Fields(value, place, ("metric", "group", "bound", "min", "max", "n_at_least", "severity", "required"))
    limit = Limit(
        metric=fields.text(
            "metric", pattern=r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", must='a metric such as "performance.auc"'
        ),
        group=_read_group(fields),
        bound=Bound(fields.choice("bound", [str(bound) for bound in Bound], "value")),
        least=fields.decimal("min"),
        most=fields.decimal("max"),
        n_at_least=fields.whole("n_at_least", 0, LARGEST_COUNT, 0),
        severity=Severity(fields.choice("severity", [str(severity) for severity in Severity], "FAIL")),
        required=fields.flag("required", default=False),
    )
    if limit.least is None and limit.most is None:
        raise PolicyError(f"{place} limits nothing: give min, max or both.", place)
    if limit.least is not None and limit.most is not None and Decimal(limit.least) > Decimal(limit.most):
        where = fields.at("min")
        raise PolicyError(f"{where} is {limit.least}, above max, which is {limit.most}: nothing could meet it.", where)
    return limit


def _read_group(fields: Fields) -> str:
    group = fields.text("group", "", pattern=r"[^\n]{0,120}", must="the name of a group, of at most 120 characters")
    if group.startswith("*") and group not in SELECTORS:
        raise fields.refuse("group", f"a name, or one of {', '.join(SELECTORS)}")
    return group


def read_parameters_of(fields: Fields) -> Mapping[str, Any]:
    """Return the parameters of a check; they are the check's to judge, a policy only refuses what is no mapping."""
    value = fields.values.get("parameters", {})
    if not isinstance(value, Mapping):
        raise fields.refuse("parameters", "a mapping")
    return dict(value)
