"""Which parameters an operator takes and which columns it suits: refused before anything is applied."""

import math
from collections.abc import Mapping
from typing import Any

from privacy.scan.cells import type_name
from privacy.scan.recipe_errors import RecipeColumnError, RecipeError, RecipeParameterError

LONGEST_SHIFT = 3650
_PARAMETERS: dict[str, frozenset[str]] = {
    "drop": frozenset(),
    "mask": frozenset({"keep_last"}),
    "redact": frozenset(),
    "replace": frozenset({"value"}),
    "pseudonym": frozenset(),
    "reversible": frozenset({"joins"}),
    "surrogate": frozenset(),
    "shift": frozenset({"subject", "days"}),
    "redact_text": frozenset({"known"}),
    "bin": frozenset({"width", "unit"}),
}
KEYED = frozenset({"pseudonym", "reversible", "surrogate", "shift"})
IN_TEXT = frozenset({"mask", "redact", "replace", "pseudonym", "reversible", "surrogate"})
_DEFAULT_DAYS = 180


def check(step: Mapping[str, Any], schema: Any) -> None:
    """Refuse a step that cannot be applied to columns of an Arrow schema: RecipeError and its kinds."""
    operator, name, parameters = step["operator"], step["name"], step["parameters"]
    place = f"Column {name!r}"
    check_parameters(place, operator, parameters)
    kind = schema.field(name).type
    told = type_name(kind)
    for known in parameters.get("known", ()):
        if known["column"] not in schema.names:
            raise RecipeColumnError(f"{place}: the known column {known['column']!r} is not in the table.")
    if operator in {"mask", "pseudonym", "reversible"} and not is_text(kind):
        raise RecipeColumnError(f"{place}: operator {operator!r} needs text, not {told}.")
    if operator == "surrogate" and not (is_text(kind) or _is_whole(kind)):
        raise RecipeColumnError(f"{place}: operator 'surrogate' needs text or whole numbers, not {told}.")
    if operator == "shift":
        if parameters["subject"] not in schema.names:
            raise RecipeColumnError(f"{place}: the subject {parameters['subject']!r} is not a column of the table.")
        if not (is_text(kind) or _is_date(kind)):
            raise RecipeColumnError(f"{place}: operator 'shift' needs dates, not {told}.")


def check_rule(entity: str, rule: Any) -> None:
    """Refuse what is no rule for an entity within text: {"operator": one of IN_TEXT, "parameters": {…}}."""
    place = f"Entity {entity!r}"
    if not isinstance(rule, Mapping) or not {"operator"} <= set(rule) <= {"operator", "parameters"}:
        raise RecipeError(f"{place}: a rule is an object with 'operator' and, if need be, 'parameters'.")
    if rule["operator"] not in IN_TEXT:
        raise RecipeError(f"{place}: within text {rule['operator']!r} is none of {', '.join(sorted(IN_TEXT))}.")
    parameters = rule.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise RecipeError(f"{place}: the parameters of a rule are an object.")
    check_parameters(place, rule["operator"], parameters)


def check_parameters(place: str, operator: str, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that the operator does not know, lacks, or that are out of range."""
    if operator not in _PARAMETERS:
        raise RecipeError(f"{place}: {operator!r} is none of the operators {', '.join(sorted(_PARAMETERS))}.")
    unknown = sorted(set(parameters) - _PARAMETERS[operator])
    if unknown:
        raise RecipeParameterError(f"{place}: operator {operator!r} knows no parameter {unknown[0]!r}.")
    for needed in {"replace": ("value",), "shift": ("subject",)}.get(operator, ()):
        if needed not in parameters:
            raise RecipeParameterError(f"{place}: operator {operator!r} needs the parameter {needed!r}.")
    if operator == "bin":
        _check_bin(place, parameters)
    if operator == "mask" and not str(parameters.get("keep_last", "0")).isdecimal():
        raise RecipeParameterError(f"{place}: keep_last is a count of characters, not {parameters['keep_last']!r}.")
    if not isinstance(parameters.get("joins", True), bool):
        raise RecipeParameterError(f"{place}: 'joins' is true or false, not {parameters['joins']!r}.")
    if operator == "shift" and not 1 <= most_days(parameters) <= LONGEST_SHIFT:
        raise RecipeParameterError(
            f"{place}: the shift of {parameters['days']!r} days is not between 1 and {LONGEST_SHIFT}."
        )


def most_days(parameters: Mapping[str, Any]) -> int:
    """Return by how many days at most a shift moves a date; 0 for what is no count."""
    days = str(parameters.get("days", _DEFAULT_DAYS))
    return int(days) if days.isascii() and days.isdecimal() else 0


def _check_bin(place: str, parameters: Mapping[str, Any]) -> None:
    if ("width" in parameters) == ("unit" in parameters):
        raise RecipeParameterError(f"{place}: operator 'bin' needs either 'width' or 'unit'.")
    if parameters.get("unit", "year") not in {"year", "month"}:
        raise RecipeParameterError(f"{place}: the unit {parameters['unit']!r} is neither 'year' nor 'month'.")
    if "width" in parameters and not _number(parameters["width"]) > 0:
        raise RecipeParameterError(f"{place}: the width {parameters['width']!r} is not a number above 0.")


def _number(text: Any) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _inner(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def is_text(kind: Any) -> bool:
    """Say whether an Arrow type is text, dictionary-encoded or not."""
    import pyarrow as pa

    return bool(pa.types.is_string(_inner(kind)) or pa.types.is_large_string(_inner(kind)))


def _is_whole(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(_inner(kind)))


def _is_date(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_date(_inner(kind)) or pa.types.is_timestamp(_inner(kind)))
