"""The operators of a recipe, each from one column of a table to another of the same type."""

import hashlib
import hmac
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from privacy.scan.cells import as_text
from privacy.scan.engine import Engine
from privacy.scan.entities import name_tokens, words
from privacy.scan.recipe_errors import RecipeColumnError, RecipeError, RecipeParameterError
from privacy.scan.shapes import REDACTED, pseudonym
from privacy.scan.text_redaction import redacted_texts

PSEUDONYM_ENTITIES = words(
    "EMAIL_ADDRESS PHONE_NUMBER US_SSN US_ITIN PERSON CREDIT_CARD IBAN_CODE UK_NHS US_PASSPORT US_DRIVER_LICENSE "
    "US_BANK_NUMBER MEDICAL_LICENSE CRYPTO IP_ADDRESS MAC_ADDRESS"
)
KNOWN_IN_TEXT = frozenset({"PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN"})
_PARAMETERS: dict[str, frozenset[str]] = {
    "drop": frozenset(),
    "mask": frozenset({"keep_last"}),
    "redact": frozenset(),
    "replace": frozenset({"value"}),
    "pseudonym": frozenset(),
    "redact_text": frozenset({"known"}),
    "bin": frozenset({"width", "unit"}),
}
_ISO_DATE = re.compile(r"(\d{4})(-\d{2})?")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")


def check(step: Mapping[str, Any], table: Any) -> None:
    """Refuse a step that cannot be applied, before any is: RecipeError and its kinds."""
    operator, name, parameters = step["operator"], step["name"], step["parameters"]
    if operator not in _PARAMETERS:
        raise RecipeError(f"Column {name!r}: {operator!r} is none of the operators {', '.join(sorted(_PARAMETERS))}.")
    unknown = sorted(set(parameters) - _PARAMETERS[operator])
    if unknown:
        raise RecipeParameterError(f"Column {name!r}: operator {operator!r} knows no parameter {unknown[0]!r}.")
    if operator == "replace" and "value" not in parameters:
        raise RecipeParameterError(f"Column {name!r}: operator 'replace' needs the parameter 'value'.")
    if operator == "bin":
        _check_bin(name, parameters)
    if operator == "mask" and not str(parameters.get("keep_last", "0")).isdecimal():
        raise RecipeParameterError(
            f"Column {name!r}: keep_last is a count of characters, not {parameters['keep_last']!r}."
        )
    for known in parameters.get("known", ()):
        if known["column"] not in table.column_names:
            raise RecipeColumnError(f"Column {name!r}: the known column {known['column']!r} is not in the table.")
    if operator in {"mask", "pseudonym"} and not is_text(table[name].type):
        raise RecipeColumnError(f"Column {name!r}: operator {operator!r} needs text, not {table[name].type}.")


def _check_bin(name: str, parameters: Mapping[str, Any]) -> None:
    if ("width" in parameters) == ("unit" in parameters):
        raise RecipeParameterError(f"Column {name!r}: operator 'bin' needs either 'width' or 'unit'.")
    if parameters.get("unit", "year") not in {"year", "month"}:
        raise RecipeParameterError(f"Column {name!r}: the unit {parameters['unit']!r} is neither 'year' nor 'month'.")
    if "width" in parameters and not _number(parameters["width"]) > 0:
        raise RecipeParameterError(f"Column {name!r}: the width {parameters['width']!r} is not a number above 0.")


def _number(text: Any) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def is_text(kind: Any) -> bool:
    """Say whether an Arrow type is text, dictionary-encoded or not."""
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def applied(table: Any, step: Mapping[str, Any], *, key: bytes, engine: Engine, threshold: float) -> Any:
    """Return the column of a step as an Arrow array of the same type, with its NULLs where they were."""
    import pyarrow as pa

    column = table[step["name"]]
    values = column.to_pylist()
    if step["operator"] == "redact_text":
        made = _redacted_column(table, step, engine=engine, threshold=threshold)
    else:
        change = _change(step, is_text(column.type), key)
        made = [None if value is None else change(value) for value in values]
    try:
        if pa.types.is_dictionary(column.type):
            return pa.array(made, type=column.type.value_type).dictionary_encode().cast(column.type)
        return pa.array(made, type=column.type)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise RecipeColumnError(
            f"Column {step['name']!r}: operator {step['operator']!r} gives values that do not fit {column.type}."
        ) from error


def _redacted_column(table: Any, step: Mapping[str, Any], *, engine: Engine, threshold: float) -> list[Any]:
    """Redact within text; a value of any other type that holds something becomes NULL."""
    column = table[step["name"]]
    known = [(one["entity"], table[one["column"]].to_pylist()) for one in step["parameters"].get("known", ())]
    context = engine.context(name_tokens(step["name"]))
    values = column.to_pylist()
    texts = [None if value is None else as_text(value) for value in values]
    made = redacted_texts(texts, known, engine=engine, threshold=threshold, context=context)
    if is_text(column.type):
        return made
    return [value if text == after else None for value, text, after in zip(values, texts, made, strict=True)]


def _change(step: Mapping[str, Any], is_text: bool, key: bytes) -> Callable[[Any], Any]:
    parameters = step["parameters"]
    operator = step["operator"]
    if operator == "pseudonym":
        return lambda value: keyed(step["entity"] or "value", value, key)
    if operator == "redact":
        return lambda _value: REDACTED if is_text else None
    if operator == "replace":
        return lambda _value: parameters["value"]
    if operator == "mask":
        return lambda value: _masked(value, int(parameters.get("keep_last", 0)))
    if "width" in parameters:
        return lambda value: _floor(value, float(parameters["width"]))
    return lambda value: _date_floor(value, parameters["unit"])


def keyed(entity: str, value: Any, key: bytes) -> str:
    """Return the pseudonym of a value: HMAC-SHA256 under the key over its entity and its NFKC case-folded text."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", as_text(value)).casefold())
    message = entity.encode() + b"\x00" + text.strip().encode("utf-8", "surrogatepass")
    return pseudonym(entity, hmac.new(key, message, hashlib.sha256).digest())


def _masked(text: str, keep_last: int) -> str:
    kept = len(text) - keep_last if keep_last else len(text)
    return "".join("*" if one.isalnum() and index < kept else one for index, one in enumerate(text))


def _floor(value: Any, width: float) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        raise RecipeColumnError("Operator 'bin' with a width needs a numeric column, not text.")
    made = math.floor(value / width) * width
    return int(made) if isinstance(value, int) else made


def _date_floor(value: Any, unit: str) -> Any:
    if isinstance(value, str):
        iso = _ISO_DATE.match(value.strip())
        if iso and iso[2] and unit == "month":
            return iso[0]
        year = iso[1] if iso and iso[2] else next(iter(_YEAR.findall(value)), None)
        return year or REDACTED
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0} if hasattr(value, "hour") else {}
    return value.replace(day=1, **midnight, **({"month": 1} if unit == "year" else {}))
