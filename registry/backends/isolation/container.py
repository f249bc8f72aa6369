"""A container as the boundary, where the kernel offers no other: no network, no rights, a bounded share of the machine.

The engine is docker or podman of this machine; what runs is this service's own image (PROBITY_SANDBOX_IMAGE), with the
folders of the order mounted where they are here.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ENGINES = ("docker", "podman")
IMAGE = "PROBITY_SANDBOX_IMAGE"
DEFAULT_IMAGE = "probity:local"
PYTHON, CODE = "/srv/venv/bin/python", "/srv/probity"  # where the image has them: see Dockerfile
STOP_SECONDS = 30
NOT_STARTED, KILLED = 125, 137  # the exit codes of an engine that could not run it, and of what SIGKILL ended


class Contained(subprocess.Popen[bytes]):
    """The engine's client of one container; ending the client alone would leave the container running."""

    def __init__(self, command: list[str], stop: list[str], **more: Any) -> None:
        """Start the container; ``stop`` is the command that ends it."""
        super().__init__(command, **more)
        self.stop = stop

    def end(self) -> None:
        """End the container, however far it has come."""
        subprocess.run(self.stop, capture_output=True, check=False, timeout=STOP_SECONDS)


def engine() -> str:
    """Return the container engine of this machine, or an empty text."""
    return next((path for name in ENGINES if (path := shutil.which(name))), "")


def unavailable() -> str:
    """Return why this machine cannot run a container, or an empty text when it can."""
    return "" if engine() else f"this machine has neither {' nor '.join(ENGINES)}"


def new_name() -> str:
    """Return a name that no other container has."""
    return f"probity-{uuid.uuid4().hex}"


def confined(program: str, name: str, *, memory: int, files: int, file: int, user: str) -> list[str]:
    """Return how a container is run that may use so much memory (bytes), and do nothing to anybody."""
    return [
        program, "run", "--rm", "--name", name, "--network", "none", "--read-only", "--cap-drop", "ALL",
        "--security-opt", "no-new-privileges", "--user", user, "--pids-limit", "128", "--memory", str(memory),
        "--memory-swap", str(memory), "--cpus", "1", "--ulimit", f"nofile={files}", "--ulimit", f"fsize={file}",
        "--tmpfs", "/tmp:rw,nosuid,nodev,size=256m",  # noqa: S108 - inside
    ]  # fmt: skip


def mounted(place: Path, *, at: str = "", writable: bool = False) -> list[str]:
    """Return how a place of this machine is seen inside: at the same path, unless told otherwise."""
    return ["--mount", f"type=bind,src={place},dst={at or place}" + ("" if writable else ",readonly")]


def start(
    arguments: list[str],
    *,
    readable: Iterable[Path],
    workdir: Path,
    environment: Mapping[str, str],
    limits: tuple[int, int, int],
    pipes: Mapping[str, Any],
) -> Contained:
    """Start our interpreter in our image; ``limits`` are bytes of memory, open files and bytes of a file."""
    memory, files, file = limits
    name, program = new_name(), engine()
    command = confined(program, name, memory=memory, files=files, file=file, user=f"{os.getuid()}:{os.getgid()}")
    for place in readable:
        command += mounted(place)
    command += mounted(workdir, writable=True)
    for key, value in environment.items():
        command += ["--env", f"{key}={value}"]
    image = os.environ.get(IMAGE) or DEFAULT_IMAGE
    command += ["--interactive", "--pull", "never", "--entrypoint", PYTHON, image, *arguments]
    return Contained(command, [program, "kill", name], **pipes)
