"""Scan a model's folder in the sandbox, because reading hostile files is a risk of its own; answers a document."""

from pathlib import Path
from typing import Any

from registry.backends import sandbox
from registry.backends.sandbox import ISOLATED, Limits

LIMITS = Limits(memory_bytes=2 << 30, cpu_seconds=120, wall_seconds=180.0)


def scan(folder: Path, *, workdir: Path, isolation: str = ISOLATED, limits: Limits = LIMITS) -> dict[str, Any]:
    """Return what ``scan_folder`` says; raises a SandboxError when it does not come to an end."""
    done = sandbox.run(
        "examine",
        {"model": str(folder.resolve())},
        readable=[folder.resolve()],
        workdir=workdir,
        isolation=isolation,
        limits=limits,
    )
    return done.document
