"""The checks, backends and sources that this installation lists in its settings, by name."""

from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.utils.module_loading import import_string

from registry.backends.base import ServingBackend, TrainingBackend
from registry.checks import Check


class NotListedError(LookupError):
    """A plug-in that the settings do not list; the message names those that are."""

    code = "not_listed"


def _load(setting: str, name: str) -> Any:
    listed: dict[str, str] = getattr(settings, setting)
    if name not in listed:
        raise NotListedError(f"{name!r} is not listed in {setting} (there are: {', '.join(sorted(listed))})")
    return import_string(listed[name])


def check(name: str) -> Check:
    """Return a check by its name."""
    return cast("Check", _load("PROBITY_CHECKS", name))


def checks() -> dict[str, Check]:
    """Return every listed check by name."""
    return {name: check(name) for name in sorted(settings.PROBITY_CHECKS)}


def entry_point(name: str) -> Path:
    """Return the file of a training entry point by its name."""
    listed: dict[str, str] = settings.PROBITY_ENTRY_POINTS
    if name not in listed:
        raise NotListedError(f"{name!r} is not a listed training entry point (there are: {', '.join(sorted(listed))})")
    return Path(listed[name])


def training_backend(name: str) -> TrainingBackend:
    """Return a training backend by its name."""
    return cast("TrainingBackend", _load("PROBITY_TRAINING_BACKENDS", name)(isolation=settings.PROBITY_SANDBOX))


def serving_backend(name: str) -> ServingBackend:
    """Return a serving backend by its name."""
    return cast("ServingBackend", _load("PROBITY_SERVING_BACKENDS", name)(isolation=settings.PROBITY_SANDBOX))
