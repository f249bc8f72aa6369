"""What is told of an anonymised version: its grade and what the grade does not say, each column before and after."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from privacy.anonymous_rows import Made
from privacy.recipe import ANONYMISED, recipe_digest, result_class
from privacy.scan.cells import as_text
from privacy.scan.keyed import ProjectKey
from privacy.scan.shapes import masked
from privacy.utility import baseline_auc, column_changes

FORMAT = "probity.anonymisation/1"
EXAMPLES = 3
LONGEST = 120
KEEPING = frozenset({"redact_text", "mask"})
_PUT_IN = re.compile(r"<[A-Z][A-Z_]*>|\b[a-z]+(?:_[a-z]+)*-[su]?[a-p]{24,}\b|\w")
_WITHOUT_MODEL = "none"


def report(
    made: Made, recipe: Mapping[str, Any], *, source: Mapping[str, Any], key: ProjectKey | None, model: bool
) -> dict[str, Any]:
    """Return the report, a canonical document without a raw value; ``source`` is the schema of the rows before.

    With ``model``, a small baseline model is trained on the sample before and after.
    """
    steps = {one["name"]: one for one in recipe["columns"]}
    columns = [
        {**change, **_told(steps[change["column"]], made)}
        for change in column_changes(made.before, made.after)
        if change["column"] in steps
    ]
    return {
        "format": FORMAT,
        "recipe": recipe_digest(recipe),
        "grade": result_class(recipe),
        "caveats": caveats(recipe, made),
        "risk": made.risk,
        "key": {"number": key.number, "fingerprint": key.fingerprint} if key else None,
        "rows": made.left["rows"],
        "compared_rows": made.before.num_rows,
        "columns": columns,
        "model": _model(made, source) if model else None,
        "scan": {"engine": dict(made.left["engine"]), "complete": made.left["complete"]},
    }


def caveats(recipe: Mapping[str, Any], made: Made) -> list[str]:
    """Return what the grade does not say, in whole sentences."""
    said = ["The new rows were scanned by the same scanner that found what was treated: it has the same blind spots."]
    if result_class(recipe) != ANONYMISED:
        said.append(
            "Whoever has the project's key, or the columns that were kept, can tell persons apart or find them."
        )
    said.append(_how_easily_found(made.risk))
    texts = [one["name"] for one in made.left["columns"] if one["declared"] == "text" or _is_treated_text(one, recipe)]
    if texts and made.left["engine"]["ner"] == _WITHOUT_MODEL:
        said.append(f"Names in free text were looked for by lists and cues, without a name model: {', '.join(texts)}.")
    if any(one["operator"] == "surrogate" for one in recipe["columns"]):
        said.append(
            "Surrogates have the form of real values: but for cards and US social security numbers, one may be real."
        )
    return said


def _how_easily_found(risk: Mapping[str, Any] | None) -> str:
    if risk is None:
        return "No quasi-identifiers are declared: how easily somebody is found again was not measured."
    by = ", ".join(risk["quasi_identifiers"])
    if risk["k"] == 1:
        return (
            f"{risk['unique_rows']} of {risk['rows']} rows agree with no other in {by}: whoever knows these of a "
            "person finds the row, whatever became of the names; this is not anonymous."
        )
    return (
        f"Every row agrees with at least {risk['k'] - 1} others in {by}; what else somebody may know of a person was "
        "not measured."
    )


def _is_treated_text(column: Mapping[str, Any], recipe: Mapping[str, Any]) -> bool:
    return any(one["name"] == column["name"] and one["operator"] == "redact_text" for one in recipe["columns"])


def _told(step: Mapping[str, Any], made: Made) -> dict[str, Any]:
    told = {"operator": step["operator"], "entity": step["entity"]}
    if step["operator"] == "drop":
        return told
    return {**told, "examples": examples(step, made.before[step["name"]], made.after[step["name"]])}


def examples(step: Mapping[str, Any], before: Any, after: Any) -> list[list[str | None]]:
    """Return a few values of an Arrow column that a step changed, masked, each with what became of it."""
    pairs = zip(before.to_pylist(), after.to_pylist(), strict=True)
    changed = islice(((old, new) for old, new in pairs if old is not None and old != new), EXAMPLES)
    return [_example(step, as_text(old), new) for old, new in changed]


def _example(step: Mapping[str, Any], old: str, new: Any) -> list[str | None]:
    """Return a value before, masked, and after; what was kept of it, in text, by a mask or a bin, is hidden too."""
    entity, operator = step["entity"], step["operator"]
    before = _hidden(old) if operator == "redact_text" else masked(entity, old)
    if new is None:
        return [shorten(before), None]
    after = as_text(new)
    if operator in KEEPING:
        after = _hidden(after)
    elif operator == "bin" and entity and "width" in step["parameters"]:
        after = masked(entity, after)
    return [shorten(before), shorten(after)]


def shorten(text: str) -> str:
    """Return the beginning of a text; nothing that was put in is cut in two."""
    if len(text) <= LONGEST:
        return text
    at = next((put.start() for put in _PUT_IN.finditer(text) if put.start() < LONGEST < put.end()), LONGEST)
    return f"{text[:at]}…"


def _hidden(text: str) -> str:
    return _PUT_IN.sub(lambda found: found[0] if len(found[0]) > 1 else "·", text)


def _model(made: Made, schema: Mapping[str, Any]) -> dict[str, Any]:
    before, why_not = baseline_auc(made.before, schema)
    after, why_not_after = baseline_auc(made.after, made.schema)
    return {"metric": "auc", "before": before, "after": after, "reason": why_not or why_not_after}
