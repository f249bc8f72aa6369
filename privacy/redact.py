"""Use case: a text or records with the personal data in them treated by rules; nothing is stored, nothing is logged."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from privacy.examine import engine
from privacy.key_changes import current_key
from registry.models import Actor, Project

DEEPEST = 20
WITHOUT_MODEL = "none"
TIMES = ("AGE", "DATE_TIME")
TIMES_LEFT = "Times and ages stay in a text, unless there are rules for AGE and DATE_TIME."
UNNAMED = "Names and places were looked for by lists and cues, without a name model: some may be left."


class RedactSizeError(ValueError):
    """More characters, or deeper records, than are redacted at once."""

    code = "too_large"


class RedactTextError(ValueError):
    """Text that is none (half of a surrogate pair), or a field of a record whose name is a value."""

    code = "redact_text"


@dataclass(frozen=True, slots=True)
class RedactedValue:
    """What was sent, in the same shape; where something was put in; the grade, and what it leaves open."""

    value: Any
    findings: list[dict[str, Any]]
    grade: str
    caveats: list[str]


def redact(
    value: str | list[Any],
    *,
    rules: Mapping[str, Any],
    project: Project,
    actor: Actor,
    limit: int,
    threshold: float | None = None,
) -> RedactedValue:
    """Return a text, or a list of JSON objects, with every finding as "<ENTITY>" or by its entity's rule.

    A number in which something is found becomes null; names of fields are context and stay, and one that is a value
    is refused. Raises RecipeError for what is no rule, RedactSizeError, RedactTextError, or PrivacyKeyMissingError
    where a rule is keyed and no key is kept.
    """
    from privacy.recipe import check_rules, result_class, uses_key
    from privacy.scan.engine import THRESHOLD
    from privacy.scan.operators import treatment

    check_rules(rules)
    _check_size(value, limit)
    used = {"columns": [], "entities": rules}
    key = current_key(project, actor=actor) if uses_key(used) else None
    least = THRESHOLD if threshold is None else threshold
    analyser = engine()
    _refuse_personal_names(sorted(set(_names(value))), analyser)
    leaf = _Leaf(analyser, least, treatment(rules, key), frozenset(rules), [])
    made = _walked(value, "", "", leaf)
    caveats = [UNNAMED] if analyser.ner == WITHOUT_MODEL else []
    caveats += [] if leaf.wanted.issuperset(TIMES) else [TIMES_LEFT]
    return RedactedValue(made, leaf.findings, result_class(used), caveats)


@dataclass(slots=True)
class _Leaf:
    """Redacts single values and remembers where something was put in."""

    engine: Any
    threshold: float
    treat: Callable[[str, str], str]
    wanted: frozenset[str]
    findings: list[dict[str, Any]]

    def __call__(self, value: str | float, name: str, place: str) -> Any:
        from privacy.scan.cells import as_text
        from privacy.scan.entities import name_tokens
        from privacy.scan.text_redaction import redacted_texts

        made = redacted_texts(
            [as_text(value)],
            [],
            engine=self.engine,
            threshold=self.threshold,
            context=self.engine.context(name_tokens(name)),
            treat=self.treat,
            wanted=self.wanted,
        )[0]
        assert made is not None  # noqa: S101 - only NULL gives NULL
        self.findings += [
            {"entity": one.entity, "start": one.start, "end": one.end, "place": place} for one in made.put_in
        ]
        if isinstance(value, str):
            return made.text
        return value if made.text == as_text(value) else None


def _walked(value: Any, name: str, place: str, leaf: _Leaf) -> Any:
    """Return the value with its texts and numbers redacted; the nearest field's name is their context."""
    if isinstance(value, Mapping):
        return {key: _walked(inner, key, f"{place}/{_escaped(key)}", leaf) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walked(inner, name, f"{place}/{index}", leaf) for index, inner in enumerate(value)]
    if isinstance(value, bool) or value is None:
        return value
    return leaf(value, name, place)


def _names(value: Any) -> Iterator[str]:
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _names(inner)
    if isinstance(value, Mapping):
        yield from value


def _refuse_personal_names(names: list[str], analyser: Any) -> None:
    from privacy.scan.scan import ColumnNamePersonalError, refuse_personal_names

    try:
        refuse_personal_names(names, analyser)
    except ColumnNamePersonalError:
        raise RedactTextError(
            "The name of a field of a record is itself personal data: send it as a value, under a name that says what "
            "it is."
        ) from None


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _check_size(value: Any, limit: int) -> None:
    total = 0
    for depth, text in _texts(value, 0):
        total += len(text)
        if total > limit:
            raise RedactSizeError(f"More than {limit} characters were sent to be redacted at once.")
        if depth > DEEPEST:
            raise RedactSizeError(f"A record is nested more than {DEEPEST} levels deep.")
        if not text.isascii() and any("\ud800" <= one <= "\udfff" for one in text):
            raise RedactTextError("A text holds half of a surrogate pair, which is no character.")


def _texts(value: Any, depth: int) -> Iterator[tuple[int, str]]:
    if isinstance(value, Mapping | list) and depth <= DEEPEST:
        for one in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield depth, one[0] if isinstance(one[0], str) else ""
            yield from _texts(one[1], depth + 1)
    else:
        yield depth, value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
