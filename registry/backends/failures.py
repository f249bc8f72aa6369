"""What can go wrong with a sandboxed process: one class per mistake, each a full sentence with a stable code."""

from typing import Any

from registry.backends.base import BackendError


class SandboxError(BackendError):
    """A sandboxed process did not do its work; ``log`` is what it printed, ``stage`` what it was doing."""

    code = "sandbox"

    def __init__(self, message: str, *, log: str = "", stage: str = "") -> None:
        """Keep what was printed and what was being done."""
        super().__init__(message, code=self.code)
        self.log = log
        self.stage = stage


class SandboxUnavailableError(SandboxError):
    """This machine cannot confine a process, and nobody said that it need not."""

    code = "sandbox_unavailable"


class SandboxTimeoutError(SandboxError):
    """It took longer than it may."""

    code = "sandbox_timeout"


class SandboxCpuError(SandboxError):
    """It used more processor time than it may."""

    code = "sandbox_cpu"


class SandboxMemoryError(SandboxError):
    """It asked for more memory than it may."""

    code = "sandbox_memory"


class SandboxOutputError(SandboxError):
    """It printed more than is kept."""

    code = "sandbox_output"


class SandboxDiskError(SandboxError):
    """It wrote more than it may."""

    code = "sandbox_disk"


class SandboxNetworkError(SandboxError):
    """It tried to reach a network."""

    code = "sandbox_network"


class SandboxCrashedError(SandboxError):
    """It ended without an answer."""

    code = "sandbox_crashed"


class SandboxResultError(SandboxError):
    """Its answer cannot be read."""

    code = "sandbox_result"


class SandboxRaisedError(SandboxError):
    """The code inside raised an exception."""

    code = "sandbox_raised"


class SandboxRefusedError(SandboxError):
    """Our own program inside refused what it was given; ``reason`` says which rule of it."""

    code = "sandbox_refused"

    def __init__(self, message: str, *, reason: str = "", log: str = "", stage: str = "") -> None:
        """Keep the rule as well."""
        super().__init__(message, log=log, stage=stage)
        self.reason = reason


def _text(value: Any, longest: int = 600) -> str:
    kept = "".join(character if character.isprintable() else " " for character in str(value))
    return kept if len(kept) <= longest else kept[:longest] + "…"


def from_description(error: Any, *, log: str = "") -> SandboxError:
    """Turn the description that a child wrote of its failure (see ``programs.failure``) into an exception."""
    if not isinstance(error, dict):
        return SandboxResultError("the process reported a failure that is not a JSON object", log=log)
    stage, kind = _text(error.get("stage") or "running", 80), error.get("kind")
    said = _text(error.get("message"))
    what = f"{_text(error.get('type'), 80)}: {said}" if said else _text(error.get("type"), 80)
    where = f" ({_text(error['where'], 120)})" if error.get("where") else ""
    if kind == "refused":
        return SandboxRefusedError(said, reason=_text(error.get("code"), 80), log=log, stage=stage)
    if kind == "memory":
        return SandboxMemoryError(
            f"while {stage} it asked for more memory than it may use: {what}", log=log, stage=stage
        )
    if kind == "network":
        return SandboxNetworkError(
            f"while {stage} it tried to use the network, which a model may not: {what}{where}", log=log, stage=stage
        )
    return SandboxRaisedError(f"while {stage} it raised {what}{where}", log=log, stage=stage)
