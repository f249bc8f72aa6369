"""Load a policy that an author wrote in YAML: by its JSON Schema (draft 2020-12), then by the rules."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, Any, cast

from governance.policies.source import Source, read_source
from governance.rules.limits import SELECTORS, Bound, Severity
from governance.rules.policy import (
    ACTIONS,
    APPROVER_ROLES,
    ASSURANCES,
    CHECK_NAME,
    LARGEST_QUORUM,
    LONGEST_DAYS,
    LONGEST_HOURS,
    NAME,
    SEPARATED,
    STAGE_NAME,
    TIERS,
    UNMAPPED,
    read_policy,
)
from governance.rules.reading import DECIMAL_PATTERN, PolicyError, suggestion
from registry.canonical import digest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_PROBLEMS = 20
LONGEST_VALUE = 80


class PolicyDocumentError(PolicyError):
    """YAML that is not a policy: every problem with its line and place."""

    code = "policy_refused"

    def __init__(self, problems: Sequence[tuple[int, str, str]]) -> None:
        """Keep (line, place, sentence) of each problem."""
        shown = [f"line {line}: {sentence}" for line, _, sentence in problems[:MOST_PROBLEMS]]
        if len(problems) > MOST_PROBLEMS:
            shown.append(f"and {len(problems) - MOST_PROBLEMS} more problems.")
        super().__init__("\n".join(shown), problems[0][1])
        self.problems = tuple(problems)


def _mapping(properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _list(items: dict[str, Any], least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


def _whole(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


_NUMBER = {"type": ["string", "integer", "null"], "pattern": f"^(?:{DECIMAL_PATTERN})$"}
_LIMIT = _mapping(
    {
        "metric": {"type": "string"},
        "group": {"type": "string", "description": f"a group, an attribute, or one of {', '.join(SELECTORS)}"},
        "bound": {"enum": [str(bound) for bound in Bound]},
        "min": _NUMBER,
        "max": _NUMBER,
        "n_at_least": {"type": "integer", "minimum": 0},
        "severity": {"enum": [str(severity) for severity in Severity]},
        "required": {"type": "boolean"},
    },
    ["metric"],
)
_MEASURED = {"check": _text(CHECK_NAME), "parameters": {"type": "object"}, "limits": _list(_LIMIT, 1)}
_STAGE = _mapping(
    {"name": _text(STAGE_NAME), "role": {"enum": list(APPROVER_ROLES)}, "quorum": _whole(1, LARGEST_QUORUM)},
    ["name", "role"],
)
_WATCH = _mapping(
    {
        "every_hours": _whole(1, LONGEST_HOURS),
        "overdue_hours": _whole(1, LONGEST_HOURS),
        "on_overdue": {"enum": list(ACTIONS)},
        "on_lapse": {"enum": list(ACTIONS)},
        "checks": _list(
            _mapping(_MEASURED | {"on_breach": {"enum": list(ACTIONS)}}, ["check", "limits", "on_breach"]), 1
        ),
    },
    ["every_hours", "overdue_hours", "checks"],
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Probity policy",
    **_mapping(
        {
            "name": _text(NAME),
            "version": {"type": "string"},
            "description": {"type": "string"},
            "tier": {"enum": list(TIERS)},
            "requires": _mapping(
                {
                    "assurance": {"enum": list(ASSURANCES)},
                    "sandbox": {"type": "boolean"},
                    "backends": _list({"type": "string"}),
                }
            ),
            "checks": _list(
                _mapping(_MEASURED | {"max_age_days": _whole(1, LONGEST_DAYS)}, ["check", "limits", "max_age_days"]), 1
            ),
            "approval": _mapping(
                {
                    "automatic": {"type": "boolean"},
                    "stages": _list(_STAGE),
                    "separation": _list({"enum": list(SEPARATED)}),
                    "unmapped_identity": {"enum": list(UNMAPPED)},
                    "valid_days": _whole(1, LONGEST_DAYS),
                    "decide_within_days": _whole(1, LONGEST_DAYS),
                }
            ),
            "waivers": _mapping(
                {
                    "allowed": _list({"type": "string"}),
                    "max_days": _whole(1, LONGEST_DAYS),
                    "role": {"enum": list(APPROVER_ROLES)},
                }
            ),
            "watch": _WATCH | {"type": ["object", "null"]},
        },
        ["name", "version", "tier", "checks", "approval"],
    ),
}


def load_policy_yaml(text: str) -> dict[str, Any]:
    """Return the canonical document: every default written out, every number as text, exactly as the author wrote it.

    Raises PolicySourceError for what is not YAML, PolicyDocumentError for what is no policy; both name the line.
    """
    source = read_source(text)
    problems = sorted(set(_problems(source)))
    if problems:
        raise PolicyDocumentError(problems)
    try:
        return read_policy(_with_decimal_text(source.value)).document()
    except PolicyError as error:
        raise PolicyDocumentError([(source.line_of(error.place), error.place, str(error))]) from error


def policy_digest(document: Mapping[str, Any]) -> str:
    """Return the digest by which a policy is known."""
    return digest(document)


def _with_decimal_text(value: Any) -> Any:
    """Return the values with the ends of limits as decimal text: an author may write 0 for "0"."""
    if isinstance(value, list):
        return [_with_decimal_text(item) for item in value]
    if not isinstance(value, dict):
        return value
    is_limit = "metric" in value
    return {
        key: str(item)
        if is_limit and key in {"min", "max"} and isinstance(item, int) and not isinstance(item, bool)
        else item
        if key == "parameters"
        else _with_decimal_text(item)
        for key, item in value.items()
    }


def _problems(source: Source) -> Iterator[tuple[int, str, str]]:
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(SCHEMA).iter_errors(source.value):
        yield from _explained(error, source)


def _explained(error: "ValidationError", source: Source) -> Iterator[tuple[int, str, str]]:
    """Say what one keyword of the schema refused, in sentences with the line and the place."""
    place, wanted, found = _place(error.absolute_path), cast("Any", error.validator_value), cast("Any", error.instance)
    if error.validator == "additionalProperties":
        known = list(cast("Any", error.schema)["properties"])
        for key in (key for key in found if key not in known):
            where = f"{place}.{key}" if place else key
            sentence = f"{where} is unknown; {place or 'a policy'} knows {', '.join(known)}.{suggestion(key, known)}"
            yield source.line_of(where), where, sentence
    elif error.validator == "required":
        for name in (name for name in wanted if name not in found):
            yield source.line_of(place), place, f"{place or 'the policy'} lacks the key {name!r}."
    elif error.validator == "minItems":
        yield source.line_of(place), place, f"{place} has {len(found)} entries; it needs at least {wanted}."
    else:
        value = shorten(repr(found), LONGEST_VALUE, placeholder=" …")
        yield source.line_of(place), place, f"{place or 'the policy'} is {value}; it must {_must(error)}"


def _must(error: "ValidationError") -> str:
    """Say what a value must be or do, in the words of the schema's keyword."""
    wanted = cast("Any", error.validator_value)
    if error.validator == "enum":
        return f"be one of {', '.join(wanted)}.{suggestion(str(error.instance), wanted)}"
    if error.validator == "type":
        return f"be of the type {wanted if isinstance(wanted, str) else ' or '.join(wanted)}."
    words = {"minimum": "be at least", "maximum": "be at most", "pattern": "match"}
    return f"{words[str(error.validator)]} {wanted}."


def _place(path: Sequence[str | int]) -> str:
    place = ""
    for part in path:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    return place
