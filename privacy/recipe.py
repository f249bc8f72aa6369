"""Recipes: which operator makes each column of a table harmless, proposed from a scan and applied to an Arrow table.

| operator | what becomes of a value | parameters |
|---|---|---|
| drop | the column is left out | |
| mask | letters and digits become "*" | keep_last |
| redact | "<REDACTED>" in text, NULL in any other type | |
| replace | one constant | value |
| pseudonym | a keyed token, the same for the same value in every column and table | |
| reversible | a sealed token that a reveal opens; the same for the same value unless ``joins`` is false | joins |
| surrogate | another value of the same form; cards pass the Luhn check and are nobody's | |
| shift | dates: moved by days that are the row's subject's own, so that the time between two stays | subject, days |
| bin | numbers: the lower edge of their bin; dates: the first day of the year or month | width or unit |
| redact_text | what is found in it, or known from other columns of its row, is treated by ``entities`` | known |

Within text an entity becomes "<ENTITY>", unless ``entities`` gives it a rule (mask, redact, replace, pseudonym,
reversible, surrogate). NULLs stay NULL and every operator keeps the type of its column. A recipe is canonical JSON; its
digest names it. Authors write YAML with the columns and entities that they care about; the findings of a scan give
the rest.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from privacy.scan import operator_parameters, operators
from privacy.scan.columns import CLEAN, CONTAINS, IS
from privacy.scan.engine import Engine
from privacy.scan.keyed import ProjectKey
from privacy.scan.operator_parameters import KEYED
from privacy.scan.recipe_errors import RecipeColumnError, RecipeError, RecipeKeyError, RecipeScanError
from registry.canonical import canonical, digest

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = "probity.recipe/1"
PSEUDONYMISED, ANONYMISED = "PSEUDONYMISED", "ANONYMISED"
STEP_KEYS = frozenset({"name", "entity", "operator", "parameters"})
TEXT_TYPES = frozenset({"string", "large_string"})
NOTHING: Mapping[str, Any] = {}

__all__ = [
    "RecipeColumnError",
    "RecipeError",
    "RecipeKeyError",
    "RecipeScanError",
    "apply",
    "check_document",
    "check_fits",
    "propose",
    "recipe_digest",
]


def propose(
    pii_document: Mapping[str, Any], schema: Mapping[str, Any], draft: Mapping[str, Any] = NOTHING
) -> dict[str, Any]:
    """Return the recipe that leaves nothing of what a scan found; columns that are clean stay as they are.

    Steps and rules of ``draft`` come first; a step that names no entity is for what was found in its column. Raises
    RecipeScanError for a scan that is not complete: nobody knows what the rest of it would have found.
    """
    if pii_document.get("complete") is not True:
        raise RecipeScanError("A recipe needs a complete scan; this one did not analyse every cell.")
    rules = draft.get("entities", NOTHING)
    columns = [one for one in pii_document["columns"] if one["verdict"] in {IS, CONTAINS}]
    known = [
        {"column": one["name"], "entity": one["label"]}
        for one in columns
        if one["verdict"] == IS and one["label"] in operators.KNOWN_IN_TEXT
    ]
    texts = [one for one in pii_document["columns"] if one["declared"] == "text" and one["verdict"] == CLEAN and known]
    labels = {one["name"]: one["label"] for one in columns}
    given = [{**one, "entity": one["entity"] or labels.get(one["name"], "")} for one in draft.get("columns", ())]
    decided = {one["name"] for one in given}
    steps = [_step(one, known, rules) for one in [*columns, *texts] if one["name"] not in decided]
    recipe: dict[str, Any] = {
        "format": FORMAT,
        "threshold": pii_document["threshold"],
        "columns": [*given, *steps],
        "identifiers": list(schema.get("identifiers", ())),
    }
    if rules:
        recipe["entities"] = dict(rules)
    recipe["result"] = result_class(recipe)
    canonical(recipe)
    return recipe


def _step(column: Mapping[str, Any], known: Sequence[Mapping[str, str]], rules: Mapping[str, Any]) -> dict[str, Any]:
    """Choose an operator: text is redacted in place, dates of birth keep the year, the rest becomes pseudonyms."""
    label = column["label"]
    is_text = column.get("type", "string") in TEXT_TYPES
    parameters: dict[str, Any] = {}
    if column["verdict"] != IS:
        operator, parameters = "redact_text", {"known": [dict(one) for one in known if one["column"] != column["name"]]}
    elif label in rules and is_text:
        operator, parameters = rules[label]["operator"], dict(rules[label].get("parameters", {}))
    elif label == "DATE_OF_BIRTH":
        operator, parameters = "bin", {"unit": "year"}
    elif label in operators.PSEUDONYM_ENTITIES and is_text:
        operator = "pseudonym"
    else:
        operator = "redact"
    return {"name": column["name"], "entity": label, "operator": operator, "parameters": parameters}


def result_class(recipe: Mapping[str, Any]) -> str:
    """Say what the result may be called: keyed tokens, kept characters or kept identifiers make it PSEUDONYMISED."""
    steps = {one["name"]: one for one in recipe["columns"]}
    used = [*recipe["columns"], *recipe.get("entities", NOTHING).values()]
    keyed = any(one["operator"] in KEYED for one in used)
    partly = any(
        one["operator"] == "mask" and str(one.get("parameters", NOTHING).get("keep_last", 0)) != "0" for one in used
    )
    kept = any(name not in steps or steps[name]["operator"] != "drop" for name in recipe.get("identifiers", ()))
    return PSEUDONYMISED if keyed or partly or kept else ANONYMISED


def uses_key(recipe: Mapping[str, Any]) -> bool:
    """Say whether some operator needs the project's key."""
    return any(one["operator"] in KEYED for one in (*recipe["columns"], *recipe.get("entities", NOTHING).values()))


def recipe_digest(recipe: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a recipe's canonical form."""
    return digest(dict(recipe))


def apply(
    table: "pa.Table",
    recipe: Mapping[str, Any],
    key: ProjectKey | None,
    engine: Engine,
    *,
    report: Callable[[], None] = lambda: None,
) -> "pa.Table":
    """Return a new table with the recipe's operators applied; every value that a step reads is the original one.

    ``report`` is called now and then, and may raise. Raises RecipeError, or one of its kinds, naming the column; no
    value is repeated in a message.
    """
    import pyarrow as pa

    check_fits(recipe, table.schema)
    if key is None and uses_key(recipe):
        raise RecipeKeyError("The recipe has keyed operators, and there is no key.")
    rules, threshold = recipe.get("entities", NOTHING), float(recipe["threshold"])
    made: dict[str, Any] = {name: table[name] for name in table.column_names}
    for step in recipe["columns"]:
        report()
        name = step["name"]
        if step["operator"] == "drop":
            del made[name]
            continue
        made[name] = operators.applied(table, step, rules, key=key, engine=engine, threshold=threshold, report=report)
    return pa.table(made)


def check_document(recipe: Mapping[str, Any]) -> None:
    """Raise RecipeError for what is no recipe, whatever table it is for."""
    if recipe.get("format") != FORMAT:
        raise RecipeError(f"The recipe's format is {recipe.get('format')!r}; this version applies {FORMAT!r}.")
    check_steps(recipe.get("columns"))
    check_rules(recipe.get("entities", NOTHING))
    if not _is_threshold(recipe.get("threshold")):
        raise RecipeError(f"The recipe's threshold {recipe.get('threshold')!r} is not above 0 and at most 1.")
    if recipe.get("result") != result_class(recipe):
        raise RecipeError(
            f"The recipe calls its result {recipe.get('result')!r}; its operators make it {result_class(recipe)!r}."
        )


def check_steps(steps: Any) -> None:
    """Raise RecipeError for what is no list of steps."""
    if not isinstance(steps, list) or not all(isinstance(one, Mapping) and set(one) == STEP_KEYS for one in steps):
        raise RecipeError(f"A recipe's 'columns' is a list of steps, each with exactly {', '.join(sorted(STEP_KEYS))}.")
    for step in steps:
        if not isinstance(step["name"], str) or not isinstance(step["parameters"], Mapping):
            raise RecipeError("The name of a recipe's step is text, and its parameters are an object.")
        if not isinstance(step["entity"], str) or not isinstance(step["operator"], str):
            raise RecipeError(f"Column {step['name']!r}: entity and operator of a step are text.")


def check_rules(rules: Any) -> None:
    """Raise RecipeError for what are no rules by entity."""
    if not isinstance(rules, Mapping):
        raise RecipeError("A recipe's 'entities' is an object with a rule for each entity.")
    for entity, rule in rules.items():
        operator_parameters.check_rule(entity, rule)


def check_fits(recipe: Mapping[str, Any], schema: Any) -> None:
    """Raise RecipeError, or one of its kinds, for a recipe that cannot be applied to columns of an Arrow schema."""
    check_document(recipe)
    names = [one["name"] for one in recipe["columns"]]
    for name in names:
        if name not in schema.names:
            raise RecipeColumnError(f"The recipe names column {name!r}, which the table does not have.")
        if names.count(name) > 1:
            raise RecipeColumnError(f"The recipe names column {name!r} more than once.")
    for step in recipe["columns"]:
        operator_parameters.check(step, schema)


def _is_threshold(value: Any) -> bool:
    try:
        return 0 < float(value) <= 1
    except (TypeError, ValueError):
        return False
