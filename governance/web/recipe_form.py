"""The recipe editor's form: a choice for each column and entity, offered by type, read back into a recipe.

Columns that the form does not show keep what the findings, or the draft in YAML, make of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from privacy.recipe import FORMAT, propose, result_class
from privacy.recipe_text import read_recipe
from privacy.scan import operator_parameters
from privacy.scan.columns import IS
from privacy.scan.operator_parameters import IN_TEXT
from privacy.scan.operators import KNOWN_IN_TEXT
from privacy.scan.recipe_errors import RecipeColumnError, RecipeError

MOST = 60
KEEP = "keep"
WHOLE = frozenset({"keep_last", "days"})
OPERATORS = {
    KEEP: "Keep as it is",
    "drop": "Leave the column out",
    "redact": "Redact every value",
    "mask": "Mask letters and digits",
    "replace": "Put in one constant",
    "pseudonym": "Keyed pseudonym",
    "reversible": "Seal under the key",
    "surrogate": "Surrogate of the same form",
    "shift": "Shift dates by subject",
    "bin": "Bin",
    "redact_text": "Treat what is found within",
}
WITHIN = {"": "Its name in angle brackets", **{name: OPERATORS[name] for name in OPERATORS if name in IN_TEXT}}
PARAMETERS = {
    "keep_last": ("mask",),
    "value": ("replace",),
    "joins": ("reversible",),
    "subject": ("shift",),
    "days": ("shift",),
    "width": ("bin",),
    "unit": ("bin",),
    "known": ("redact_text",),
}
_TRIED: dict[str, list[dict[str, Any]]] = {"replace": [{"value": ""}], "bin": [{"unit": "year"}, {"width": "1"}]}


@dataclass(slots=True)
class Choice:
    """One column, or one entity within text: what is offered, what is chosen, and what is wrong with it."""

    name: str
    key: str
    column: Mapping[str, Any]
    offered: Mapping[str, str]
    operator: str
    parameters: Mapping[str, Any]
    error: str = ""
    pairs: Sequence[Any] = ()
    changed: int = 0
    preset: Mapping[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> dict[str, str]:
        """The parameters that some operator on offer takes, with the operators that take them."""
        return {one: " ".join(takers) for one, takers in PARAMETERS.items() if set(takers) & set(self.offered)}


def base_of(report: Mapping[str, Any], schema: Mapping[str, Any], yaml: str) -> dict[str, Any]:
    """Return what the findings propose, the draft in YAML going before; raises RecipeError."""
    draft = read_recipe(yaml) if yaml.strip() else {}
    return propose(report, schema, {name: draft[name] for name in ("columns", "entities") if name in draft})


def choices_of(report: Mapping[str, Any], recipe: Mapping[str, Any]) -> tuple[list[Choice], list[Choice]]:
    """Return the choices by column, those with personal data first, and by entity within text, for a recipe."""
    steps = {one["name"]: one for one in recipe["columns"]}
    columns = sorted(
        enumerate(report["columns"]), key=lambda item: (item[1]["name"] not in steps, item[1]["verdict"] == "CLEAN")
    )
    by_column = [_choice(index, column, steps, report) for index, column in columns[:MOST]]
    rules = recipe.get("entities", {})
    names = sorted({one for column in report["columns"] if column["verdict"] != "CLEAN" for one in column["entities"]})
    by_entity = [
        Choice(
            one, f"e{one}", {}, WITHIN, rules.get(one, {}).get("operator", ""), rules.get(one, {}).get("parameters", {})
        )
        for one in sorted({*names, *rules})
    ]
    return by_column, by_entity


def _choice(index: int, column: Mapping[str, Any], steps: Mapping[str, Any], report: Mapping[str, Any]) -> Choice:
    step = steps.get(column["name"], {"operator": KEEP, "parameters": {}})
    operator, parameters = step["operator"], step["parameters"]
    offered = {**_offered(column), operator: OPERATORS.get(operator, operator)}
    preset = {"known": parameters.get("known") or _known(column, report)}
    return Choice(column["name"], f"c{index}", column, offered, operator, parameters, preset=preset)


def _known(column: Mapping[str, Any], report: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the columns whose value in a row is looked for in its texts, as the findings propose them."""
    named = [one for one in report["columns"] if one["verdict"] == IS and one["label"] in KNOWN_IN_TEXT]
    return [{"column": one["name"], "entity": one["label"]} for one in named if one["name"] != column["name"]]


def _offered(column: Mapping[str, Any]) -> dict[str, str]:
    """Return the operators that suit the type of a column."""
    schema = _schema([column])
    return {name: said for name, said in OPERATORS.items() if name == KEEP or _suits(name, column["name"], schema)}


def errors_of(recipe: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, str]:
    """Return by column what does not fit it, as far as its type tells; what the rows tell is told by a preview."""
    found, schema = {}, _schema(report["columns"])
    for step in recipe["columns"]:
        try:
            if step["name"] not in schema.names:
                raise RecipeColumnError(f"The recipe names column {step['name']!r}, which the table does not have.")
            operator_parameters.check(step, schema)
        except RecipeError as error:
            found[step["name"]] = str(error)
    return found


def rule_errors_of(recipe: Mapping[str, Any]) -> dict[str, str]:
    """Return by entity what is wrong with its rule."""
    found = {}
    for entity, rule in recipe.get("entities", {}).items():
        try:
            operator_parameters.check_rule(entity, rule)
        except RecipeError as error:
            found[entity] = str(error)
    return found


def _schema(columns: Sequence[Mapping[str, Any]]) -> Any:
    import pyarrow as pa

    return pa.schema([(one["name"], _type(one["type"])) for one in columns])


def _suits(operator: str, name: str, schema: Any) -> bool:
    for parameters in _TRIED.get(operator, [{"subject": name} if operator == "shift" else {}]):
        try:
            operator_parameters.check({"name": name, "operator": operator, "parameters": parameters}, schema)
        except RecipeColumnError:
            continue
        return True
    return False


def _type(said: str) -> Any:
    """Return the Arrow type that a report names, text for one that has no short name: rows tell then what fits."""
    import pyarrow as pa

    try:
        return pa.type_for_alias(re.sub(r", tz=[^\]]*", "", said))
    except ValueError:
        return pa.string()


def read_choices(posted: Mapping[str, str], base: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe that the form says, where it says something, and the base elsewhere.

    Raises RecipeError for what is no operator. Parameters are checked where their column is shown.
    """
    _by_column, by_entity = choices_of(report, base)
    known = {one["name"]: one for one in base["columns"]}
    columns = [item for item in enumerate(report["columns"]) if f"c{item[0]}-operator" in posted]
    shown = {column["name"]: _choice(index, column, known, report) for index, column in columns}
    steps = [one for one in base["columns"] if one["name"] not in shown]
    for one in shown.values():
        operator = posted[f"{one.key}-operator"]
        if operator not in OPERATORS:
            raise RecipeError(f"Column {one.name!r}: {operator!r} is none of the operators.")
        if operator != KEEP:
            parameters = dict(_parameters(posted, one, operator))
            step = {"name": one.name, "entity": one.column["label"], "operator": operator, "parameters": parameters}
            steps.append(step)
    order = {one["name"]: index for index, one in enumerate(report["columns"])}
    rules = {one.name: rule for one in by_entity if (rule := _rule(posted, one, base)) is not None}
    recipe: dict[str, Any] = {
        "format": FORMAT,
        "threshold": base["threshold"],
        "columns": sorted(steps, key=lambda one: order.get(one["name"], len(order))),
        "identifiers": base["identifiers"],
        **({"entities": rules} if rules else {}),
    }
    return {**recipe, "result": result_class(recipe)}


def _rule(posted: Mapping[str, str], one: Choice, base: Mapping[str, Any]) -> dict[str, Any] | None:
    operator = posted.get(f"{one.key}-operator")
    if operator is None:
        kept: dict[str, Any] | None = base.get("entities", {}).get(one.name)
        return kept
    if not operator:
        return None
    return {"operator": operator, "parameters": dict(_parameters(posted, one, operator))}


def _parameters(posted: Mapping[str, str], one: Choice, operator: str) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that the operator takes and the form gives."""
    for name, takers in PARAMETERS.items():
        if operator not in takers:
            continue
        said = posted.get(f"{one.key}-{name}", "")
        if name == "known":
            yield name, one.preset["known"] if said else []
        elif name == "joins":
            yield name, said != "no"
        elif said or name == "value":
            yield name, int(said) if name in WHOLE and said.isascii() and said.isdecimal() else said
