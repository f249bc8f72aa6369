"""Collect what the policy's checks need, once each, as artifacts by digest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from governance.promotion.subject import Subject
from registry import catalog
from registry.backends.base import BackendError
from registry.checks import Need

Progress = Callable[[float, str], None]


class UnknownNeedError(LookupError):
    """A check needs a kind of input that no resolver provides."""

    code = "unknown_need"


@dataclass(frozen=True, slots=True)
class Collected:
    """The inputs of one check by name; ``missing`` says why a needed one could not be had, ``inapplicable`` why the
    check has nothing to measure here.
    """

    check: str
    parameters: Mapping[str, Any]
    inputs: Mapping[str, str]
    missing: Mapping[str, str] = field(default_factory=dict)
    inapplicable: str = ""


def _resolve(subject: Subject, need: Need, progress: Progress) -> tuple[str | None, str]:
    resolvers: dict[str, str] = settings.PROBITY_NEEDS
    if need.kind not in resolvers:
        raise UnknownNeedError(f"nothing provides {need.kind!r} (there are: {', '.join(sorted(resolvers))})")
    try:
        digest = import_string(resolvers[need.kind])(subject, need, progress)
    except BackendError as error:
        if error.retriable:
            raise
        return None, f"{error.code}: {error}"
    role = f" of role {need.role!r}" if need.role else ""
    return digest, "" if digest else f"there is no {need.kind}{role} for this version"


def collect(subject: Subject, rules: Sequence[tuple[str, Mapping[str, Any]]], progress: Progress) -> list[Collected]:
    """Resolve the needs of each (check, parameters); a kind and role is resolved once for all of them."""
    memory: dict[tuple[str, str], tuple[str | None, str]] = {}
    collected = []
    for index, (name, parameters) in enumerate(rules):
        progress(index / len(rules), f"collecting for {name}")
        inputs, missing = {}, {}
        for need in catalog.check(name).needs(parameters):
            key = (need.kind, need.role)
            if key not in memory:
                memory[key] = _resolve(subject, need, progress)
            digest, why = memory[key]
            if digest:
                inputs[need.name] = digest
            elif not need.optional:
                missing[need.name] = why
        collected.append(Collected(check=name, parameters=parameters, inputs=inputs, missing=missing))
    return collected
