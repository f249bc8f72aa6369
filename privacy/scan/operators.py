"""The operators of a recipe, each from one column of a table to another of the same type."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from privacy.scan.cells import as_text, type_name
from privacy.scan.engine import Engine
from privacy.scan.entities import name_tokens, words
from privacy.scan.keyed import ProjectKey
from privacy.scan.operator_parameters import is_text, most_days
from privacy.scan.recipe_errors import RecipeColumnError, RecipeError, RecipeKeyError
from privacy.scan.shapes import REDACTED
from privacy.scan.spans import Treat
from privacy.scan.surrogates import surrogate
from privacy.scan.text_redaction import placeholder, redacted_texts

PSEUDONYM_ENTITIES = words(
    "EMAIL_ADDRESS PHONE_NUMBER US_SSN US_ITIN PERSON CREDIT_CARD IBAN_CODE UK_NHS US_PASSPORT US_DRIVER_LICENSE "
    "US_BANK_NUMBER MEDICAL_LICENSE CRYPTO IP_ADDRESS MAC_ADDRESS"
)
KNOWN_IN_TEXT = frozenset({"PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN"})
_ISO_MONTH = re.compile(r"(\d{4})(-\d{2})?")
_ISO_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?=$|[T ])")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
REMEMBERED = 1 << 16
Rules = Mapping[str, Mapping[str, Any]]
Change = Callable[[Any], Any]
Report = Callable[[], None]


def applied(
    table: Any,
    step: Mapping[str, Any],
    rules: Rules,
    *,
    key: ProjectKey | None,
    engine: Engine,
    threshold: float,
    report: Report = lambda: None,
) -> Any:
    """Return the column of a step as an Arrow array of the same type, with its NULLs where they were.

    ``rules`` say by entity what becomes of findings within text. A column is changed value by value where the same
    value always becomes the same, and cell by cell where it does not. ``report`` is called now and then.
    """
    import pyarrow as pa

    column = table[step["name"]]
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    try:
        made = _made(table, plain, step, rules, key=key, engine=engine, threshold=threshold, report=report)
        return made.dictionary_encode().cast(column.type) if plain is not column else made
    except (pa.ArrowException, TypeError, OverflowError, ValueError) as error:
        if isinstance(error, RecipeError):
            raise
        told = type_name(column.type)
        raise RecipeColumnError(
            f"Column {step['name']!r}: operator {step['operator']!r} gives values that do not fit {told}."
        ) from None


def _made(
    table: Any,
    column: Any,
    step: Mapping[str, Any],
    rules: Rules,
    *,
    key: ProjectKey | None,
    engine: Engine,
    threshold: float,
    report: Report,
) -> Any:
    import pyarrow as pa

    operator, parameters = step["operator"], step["parameters"]
    if operator == "redact_text":
        made = _redacted_column(table, column, step, rules, key=key, engine=engine, threshold=threshold, report=report)
        return pa.array(made, type=column.type)
    if operator == "shift":
        subjects = table[parameters["subject"]].to_pylist()
        most = most_days(parameters)
        return pa.array(_shifted(column.to_pylist(), subjects, _needed(key), most), type=column.type)
    change = _change(operator, parameters, step["entity"], key, text=is_text(column.type))
    if operator == "reversible" and not parameters.get("joins", True):
        return pa.array(_each(column.to_pylist(), change), type=column.type)
    return _by_value(column, change)


def _each(values: Iterable[Any], change: Change) -> list[Any]:
    return [None if value is None else change(value) for value in values]


def _by_value(column: Any, change: Change) -> Any:
    """Change each distinct value once; kinds of value that Arrow does not tell apart are changed cell by cell."""
    import pyarrow as pa

    try:
        encoded = column.combine_chunks().dictionary_encode()
    except pa.ArrowNotImplementedError:
        return pa.array(_each(column.to_pylist(), change), type=column.type)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], column.type).dictionary_encode()
    values = pa.array(_each(encoded.dictionary.to_pylist(), change), type=column.type)
    return values.take(encoded.indices)


def _redacted_column(
    table: Any,
    column: Any,
    step: Mapping[str, Any],
    rules: Rules,
    *,
    key: ProjectKey | None,
    engine: Engine,
    threshold: float,
    report: Report,
) -> list[Any]:
    """Treat what is found within text; a value of any other type that holds something becomes NULL."""
    known = [(one["entity"], table[one["column"]].to_pylist()) for one in step["parameters"].get("known", ())]
    values = column.to_pylist()
    texts = [None if value is None else as_text(value) for value in values]
    made = redacted_texts(
        texts,
        known,
        engine=engine,
        threshold=threshold,
        context=engine.context(name_tokens(step["name"])),
        treat=treatment(rules, key),
        wanted=rules.keys(),
        report=report,
    )
    after = [one and one.text for one in made]
    if is_text(column.type):
        return after
    return [value if text == new else None for value, text, new in zip(values, texts, after, strict=True)]


def treatment(rules: Rules, key: ProjectKey | None) -> Treat:
    """Return what becomes of a finding in a text: its entity's rule, or "<ENTITY>".

    ``key`` may be None where no rule is keyed.
    """
    changes = {
        entity: _change(rule["operator"], rule.get("parameters", {}), entity, key, text=True)
        for entity, rule in rules.items()
    }

    def treat(entity: str, found: str) -> str:
        change = changes.get(entity)
        return placeholder(entity, found) if change is None else str(change(found))

    # What is sealed anew each time is not remembered; all else is the same for the same words.
    apart = any(rule.get("parameters", {}).get("joins") is False for rule in rules.values())
    return treat if apart else lru_cache(REMEMBERED)(treat)


def _change(operator: str, parameters: Mapping[str, Any], entity: str, key: ProjectKey | None, *, text: bool) -> Change:
    """Return the function that one value goes through; ``text`` says that its column holds text."""
    if operator == "pseudonym":
        return _needed(key).pseudonyms(entity or "value")
    made: dict[str, Change] = {
        "reversible": lambda value: _needed(key).sealed(entity, value, joins=parameters.get("joins", True)),
        "surrogate": lambda value: _as_type(value, surrogate(entity, as_text(value), _needed(key))),
        "redact": lambda _value: REDACTED if text else None,
        "replace": lambda _value: parameters["value"],
        "mask": lambda value: _masked(value, int(parameters.get("keep_last", 0))),
    }
    if operator == "bin":
        unit, width = parameters.get("unit"), parameters.get("width")
        return (lambda value: _date_floor(value, unit)) if unit else (lambda value: _floor(value, float(width)))  # type: ignore[arg-type]
    return made[operator]


def _as_type(value: Any, made: str) -> Any:
    return int(made) if isinstance(value, int) else made


def _needed(key: ProjectKey | None) -> ProjectKey:
    if key is None:
        raise RecipeKeyError("A keyed operator was asked for, and there is no key.")
    return key


def _shifted(values: list[Any], subjects: list[Any], key: ProjectKey, most: int) -> list[Any]:
    """Move dates by the shift of their row's subject; a row that names nobody loses its date."""
    shifts: dict[str, int] = {}
    made: list[Any] = []
    for value, subject in zip(values, subjects, strict=True):
        if value is None or subject is None:
            made.append(None)
            continue
        name = as_text(subject)
        if name not in shifts:
            shifts[name] = key.shift(name, most)
        made.append(_moved(value, shifts[name]))
    return made


def _moved(value: Any, days: int) -> Any:
    """Return a date so many days later; text that does not begin with a date (2026-03-31) is redacted."""
    try:
        if not isinstance(value, str):
            return value + timedelta(days=days)
        stripped = value.strip()
        begins = _ISO_DATE.match(stripped)
        if begins is None:
            return REDACTED
        return (date.fromisoformat(begins[1]) + timedelta(days=days)).isoformat() + stripped[begins.end() :]
    except (OverflowError, ValueError):
        return REDACTED if isinstance(value, str) else None


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
        iso = _ISO_MONTH.match(value.strip())
        if iso and iso[2] and unit == "month":
            return iso[0]
        year = iso[1] if iso and iso[2] else next(iter(_YEAR.findall(value)), None)
        return year or REDACTED
    midnight = {"hour": 0, "minute": 0, "second": 0, "microsecond": 0} if hasattr(value, "hour") else {}
    return value.replace(day=1, **midnight, **({"month": 1} if unit == "year" else {}))
