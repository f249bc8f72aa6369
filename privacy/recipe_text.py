"""Recipes as authors write them: YAML with the columns and entities that they decide; the findings give the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

from privacy.recipe import FORMAT, check_document, check_rules, check_steps
from privacy.scan.recipe_errors import RecipeError
from registry.canonical import decimal_string

LARGEST = 100_000
DEEPEST = 20
_DRAFT_KEYS = frozenset({"format", "columns", "entities"})


def read_recipe(text: str) -> dict[str, Any]:
    """Return the recipe, or the draft of one, in YAML text; raises RecipeError for what is neither."""
    import yaml

    if len(text) > LARGEST:
        raise RecipeError(f"The recipe has {len(text)} characters; the limit is {LARGEST}.")
    try:
        _check_tokens(yaml.scan(text))
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise RecipeError(f"The recipe is no YAML: it cannot be read{where}.") from None
    if not isinstance(found, dict):
        raise RecipeError("A recipe is a mapping with 'columns' or 'entities'.")
    return checked(found)


def as_yaml(recipe: Mapping[str, Any]) -> str:
    """Return what an author would write for the columns and entities of a recipe; ``read_recipe`` reads it."""
    import yaml

    decided = {name: recipe[name] for name in ("columns", "entities") if recipe.get(name)}
    return str(yaml.safe_dump(decided, sort_keys=False, allow_unicode=True, width=100)) if decided else ""


def _check_tokens(tokens: Iterable[Any]) -> None:
    """Refuse aliases, by which little text becomes much, and what is nested deeper than any recipe."""
    import yaml

    begin = (
        yaml.FlowSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.BlockMappingStartToken,
    )
    end = yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken
    depth = 0
    for token in tokens:
        if isinstance(token, yaml.AliasToken):
            raise RecipeError("A recipe repeats itself in full: it has no aliases.")
        depth += isinstance(token, begin) - isinstance(token, end)
        if depth > DEEPEST:
            raise RecipeError(f"The recipe is nested more than {DEEPEST} levels deep.")


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe or a draft with every step whole and numbers as decimal text; raises RecipeError."""
    recipe: dict[str, Any] = _plain(given)
    if not is_draft(recipe):
        check_document(recipe)
        return recipe
    if unknown := sorted(set(recipe) - _DRAFT_KEYS):
        raise RecipeError(f"A recipe that is to be completed knows no key {unknown[0]!r}.")
    if recipe.get("format", FORMAT) != FORMAT:
        raise RecipeError(f"The recipe's format is {recipe['format']!r}; this version applies {FORMAT!r}.")
    if not recipe.get("columns") and not recipe.get("entities"):
        raise RecipeError("The recipe decides nothing: give 'columns' or 'entities', or no recipe at all.")
    steps = recipe.get("columns", [])
    if isinstance(steps, list):
        steps = [{"entity": "", "parameters": {}, **one} if isinstance(one, dict) else one for one in steps]
    check_steps(steps)
    check_rules(recipe.get("entities", {}))
    return {"columns": steps, "entities": recipe.get("entities", {})}


def is_draft(recipe: Mapping[str, Any]) -> bool:
    """Say whether the findings of a scan are to complete it: a recipe says what its result may be called."""
    return not {"result", "threshold", "identifiers"} & set(recipe)


def _plain(value: Any) -> Any:
    """Return the value with its numbers with a fraction as decimal text: a recipe has one canonical form."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return decimal_string(value)
    if value is None or isinstance(value, str | int):
        return value
    raise RecipeError(f"A recipe holds text, numbers, lists and mappings, not a {type(value).__name__}.")
