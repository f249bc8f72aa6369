"""The file of an installation's own recognisers, in Presidio's form: read and judged without building one."""

import json
from pathlib import Path
from typing import Any

from privacy.scan.nlp import EngineError

LANGUAGE = "supported_language"
_TEXT = {"type": "string", "minLength": 1}
_TEXTS = {"type": "array", "items": _TEXT}
_SCORE = {"type": "number", "minimum": 0, "maximum": 1}
_PATTERN = {
    "type": "object",
    "properties": {"name": _TEXT, "regex": _TEXT, "score": _SCORE},
    "required": ["name", "regex", "score"],
    "additionalProperties": False,
}
_RECOGNIZER = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        LANGUAGE: _TEXT,
        "supported_entity": _TEXT,
        "supported_entities": {**_TEXTS, "minItems": 1, "maxItems": 1},
        "patterns": {"type": "array", "items": _PATTERN},
        "deny_list": _TEXTS,
        "deny_list_score": _SCORE,
        "context": _TEXTS,
        "global_regex_flags": {"type": "integer"},
        "version": {"type": ["string", "number"]},
        "country_code": _TEXT,
        "score_thresholds": {"type": "object", "additionalProperties": _SCORE},
    },
    "required": ["name"],
    "allOf": [
        {"oneOf": [{"required": ["supported_entity"]}, {"required": ["supported_entities"]}]},
        {"anyOf": [{"required": [one], "properties": {one: {"minItems": 1}}} for one in ("patterns", "deny_list")]},
    ],
    "additionalProperties": False,
}
_FILE = {
    "type": "object",
    "properties": {"recognizers": {"type": "array", "items": _RECOGNIZER}},
    "required": ["recognizers"],
}


class RecognizersInvalidError(EngineError):
    """The file of recognisers cannot be read as Presidio reads one."""

    code = "recognizers_invalid"


def listed(place: str | Path) -> list[dict[str, Any]]:
    """Return the recognisers of a file as it gives them; raises RecognizersInvalidError, which says what is wrong."""
    import yaml
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    try:
        given = yaml.safe_load(Path(place).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RecognizersInvalidError(f"The recognisers in {str(place)!r} cannot be read: {error}.") from error
    wrong = best_match(Draft202012Validator(_FILE).iter_errors(given))
    if wrong is not None:
        raise RecognizersInvalidError(
            f"The recognisers in {str(place)!r} are not as Presidio takes them: at {wrong.json_path}, {wrong.message}."
        )
    try:
        json.dumps(given["recognizers"], allow_nan=False)
    except ValueError as error:
        raise RecognizersInvalidError(f"A score in {str(place)!r} is nan, which is no number.") from error
    for one in given["recognizers"]:
        _refuse_wrong_patterns(one, place)
    return list(given["recognizers"])


def _refuse_wrong_patterns(recognizer: dict[str, Any], place: str | Path) -> None:
    import regex  # type: ignore[import-untyped]

    for pattern in recognizer.get("patterns", ()):
        try:
            regex.compile(pattern["regex"])
        except regex.error as error:
            raise RecognizersInvalidError(
                f"The pattern {pattern['name']!r} of the recogniser {recognizer['name']!r} in {str(place)!r} is no "
                f"regular expression: {error}."
            ) from error
