"""The sensitive attributes that a dataset's schema declares, and the names of their groups."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from monitoring.statistics.columns import ColumnError
from monitoring.statistics.predictions import CONTROL, GROUP

JOINT = " & "


def group_column(attribute: str) -> str:
    """Return the name of an attribute's column in predictions and attributions."""
    return f"{GROUP}{attribute}"


def band_names(edges: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the bands between edges: "<30", "30-55", ">=55"."""
    if not edges:
        return ()
    between = [f"{low}-{high}" for low, high in pairwise(edges)]
    return (f"<{edges[0]}", *between, f">={edges[-1]}")


class SchemaError(ColumnError):
    """A schema that does not say which attributes are sensitive, not even that none is."""

    code = "schema_refused"


def declared_groups(schema: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return each sensitive attribute with the groups known beforehand (those of its bands, else none).

    Raises SchemaError where the schema is silent about them.
    """
    if "sensitive" not in schema:
        raise SchemaError("The dataset's schema does not say which attributes are sensitive.")
    return {item["name"]: band_names(item.get("bins") or ()) for item in schema.get("sensitive") or ()}


def declared_controls(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the control features: what may explain a difference between groups, and is not judged."""
    return tuple(item["name"] for item in schema.get("controls") or ())


def control_column(name: str) -> str:
    """Return the name of a control feature's column in predictions."""
    return f"{CONTROL}{name}"


def sensitive_columns(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the column that each sensitive attribute is made from, by attribute."""
    return {item["name"]: item["column"] for item in schema.get("sensitive") or ()}
