"""Recipes: which operator makes each column of a table harmless, proposed from a scan and applied to an Arrow table.

| operator | what becomes of a value | parameters |
|---|---|---|
| drop | the column is left out | |
| mask | letters and digits become "*" | keep_last |
| redact | "<REDACTED>" in text, NULL in any other type | |
| replace | one constant | value |
| pseudonym | a keyed token, the same for the same value in every column and table | |
| redact_text | what is found in it, or known from other columns of its row, becomes "<ENTITY>" | known |
| bin | numbers: the lower edge of their bin; dates: the first day of the year or month | width or unit |

NULLs stay NULL and every operator keeps the type of its column. A recipe is canonical JSON; its digest names it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from privacy.scan import operators
from privacy.scan.columns import CLEAN, CONTAINS, IS
from privacy.scan.engine import Engine
from privacy.scan.recipe_errors import RecipeColumnError, RecipeError, RecipeKeyError, RecipeScanError
from registry.canonical import canonical, digest

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "probity.recipe/1"
PSEUDONYMISED, ANONYMISED = "PSEUDONYMISED", "ANONYMISED"
SHORTEST_KEY = 16
STEP_KEYS = frozenset({"name", "entity", "operator", "parameters"})
TEXT_TYPES = frozenset({"string", "large_string"})

__all__ = [
    "RecipeColumnError",
    "RecipeError",
    "RecipeKeyError",
    "RecipeScanError",
    "apply",
    "check_document",
    "propose",
    "recipe_digest",
]


def propose(pii_document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe that leaves nothing of what a scan found; columns that are clean stay as they are.

    Raises RecipeScanError for a scan that is not complete: nobody knows what the rest of it would have found.
    """
    if pii_document.get("complete") is not True:
        raise RecipeScanError("A recipe needs a complete scan; this one did not analyse every cell.")
    columns = [one for one in pii_document["columns"] if one["verdict"] in {IS, CONTAINS}]
    known = [
        {"column": one["name"], "entity": one["label"]}
        for one in columns
        if one["verdict"] == IS and one["label"] in operators.KNOWN_IN_TEXT
    ]
    texts = [one for one in pii_document["columns"] if one["declared"] == "text" and one["verdict"] == CLEAN and known]
    steps = [_step(one, known) for one in [*columns, *texts]]
    recipe: dict[str, Any] = {
        "format": FORMAT,
        "threshold": pii_document["threshold"],
        "columns": steps,
        "identifiers": list(schema.get("identifiers", ())),
    }
    recipe["result"] = result_class(recipe)
    canonical(recipe)
    return recipe


def _step(column: Mapping[str, Any], known: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Choose an operator: text is redacted in place, dates of birth keep the year, the rest becomes pseudonyms."""
    label = column["label"]
    parameters: dict[str, Any] = {}
    if column["verdict"] != IS:
        operator, parameters = "redact_text", {"known": [dict(one) for one in known if one["column"] != column["name"]]}
    elif label == "DATE_OF_BIRTH":
        operator, parameters = "bin", {"unit": "year"}
    elif label in operators.PSEUDONYM_ENTITIES and column.get("type", "string") in TEXT_TYPES:
        operator = "pseudonym"
    else:
        operator = "redact"
    return {"name": column["name"], "entity": label, "operator": operator, "parameters": parameters}


def result_class(recipe: Mapping[str, Any]) -> str:
    """Say what the result may be called: keyed tokens, kept characters or kept identifiers make it PSEUDONYMISED."""
    steps = {one["name"]: one for one in recipe["columns"]}
    keyed = any(one["operator"] == "pseudonym" for one in recipe["columns"])
    partly = any(one["operator"] == "mask" and int(one["parameters"].get("keep_last", 0)) for one in recipe["columns"])
    kept = any(name not in steps or steps[name]["operator"] != "drop" for name in recipe.get("identifiers", ()))
    return PSEUDONYMISED if keyed or partly or kept else ANONYMISED


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a recipe's canonical form."""
    return digest(dict(recipe))


def apply(table: "pa.Table", recipe: Mapping[str, Any], key: bytes, engine: Engine) -> "pa.Table":
    """Return a new table with the recipe's operators applied; every value that a step reads is the original one.

    Raises RecipeError, or one of its kinds, naming the column; no value is repeated in a message.
    """
    import pyarrow as pa

    _check(table, recipe, key)
    made: dict[str, Any] = {name: table[name] for name in table.column_names}
    for step in recipe["columns"]:
        name = step["name"]
        if step["operator"] == "drop":
            del made[name]
            continue
        made[name] = operators.applied(table, step, key=key, engine=engine, threshold=float(recipe["threshold"]))
    return pa.table(made)


def check_document(recipe: Mapping[str, Any]) -> None:
    """Raise RecipeError for what is no recipe, whatever table it is for."""
    if recipe.get("format") != FORMAT:
        raise RecipeError(f"The recipe's format is {recipe.get('format')!r}; this version applies {FORMAT!r}.")
    steps = recipe.get("columns")
    if not isinstance(steps, list) or not all(isinstance(one, Mapping) and set(one) == STEP_KEYS for one in steps):
        raise RecipeError(f"A recipe's 'columns' is a list of steps, each with exactly {', '.join(sorted(STEP_KEYS))}.")
    for step in steps:
        if not isinstance(step["name"], str) or not isinstance(step["parameters"], Mapping):
            raise RecipeError("The name of a recipe's step is text, and its parameters are an object.")
    if not _is_threshold(recipe.get("threshold")):
        raise RecipeError(f"The recipe's threshold {recipe.get('threshold')!r} is not above 0 and at most 1.")
    if recipe.get("result") != result_class(recipe):
        raise RecipeError(
            f"The recipe calls its result {recipe.get('result')!r}; its operators make it {result_class(recipe)!r}."
        )


def _check(table: Any, recipe: Mapping[str, Any], key: bytes) -> None:
    check_document(recipe)
    if len(key) < SHORTEST_KEY:
        raise RecipeKeyError(f"The pseudonym key has {len(key)} bytes; it needs at least {SHORTEST_KEY}.")
    names = [one["name"] for one in recipe["columns"]]
    for name in names:
        if name not in table.column_names:
            raise RecipeColumnError(f"The recipe names column {name!r}, which the table does not have.")
        if names.count(name) > 1:
            raise RecipeColumnError(f"The recipe names column {name!r} more than once.")
    for step in recipe["columns"]:
        operators.check(step, table)


def _is_threshold(value: Any) -> bool:
    try:
        return 0 < float(value) <= 1
    except (TypeError, ValueError):
        return False
