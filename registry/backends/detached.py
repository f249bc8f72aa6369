"""Processes that outlive the worker that started them: started in a session of their own, found again by id and time.

A process id alone can come to mean another process; with the time of its start, which the kernel keeps, it cannot.
One lock file per folder lets at most one such process live there.
"""

import contextlib
import fcntl
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from registry.backends.base import BackendError
from registry.backends.child import INTERPRETER_OPTIONS, ROOT

HANDLE = "handle.json"
LOG = "process.log"
LOOK_SECONDS = 0.05
ENVIRONMENT = {"PATH": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from registry.backends.detached import become; "
    "become(sys.argv[2], sys.argv[3])"
)


class NotStartedError(BackendError):
    """A process that should outlive its worker did not come to life."""

    def __init__(self, message: str) -> None:
        """Trying again may help: the folder is kept."""
        super().__init__(message, code="not_started", retriable=True)


def start_time(pid: int) -> int | None:
    """Return when a running process was started, in the kernel's ticks; None when there is none (or only a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def is_alive(handle: Mapping[str, Any]) -> bool:
    """Say whether the process of a handle still runs."""
    pid, started = handle.get("pid"), handle.get("started")
    return isinstance(pid, int) and pid > 0 and started is not None and start_time(pid) == started


def myself() -> dict[str, int]:
    """Return what a handle holds of this process."""
    return {"pid": os.getpid(), "started": start_time(os.getpid()) or 0}


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a file that is either the old one or the new one, whole, whenever it is read."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the document of a file written by ``write_json``; None when there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock file, which the kernel frees when this process ends however it ends; yields whether it is held."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def become(module: str, folder: str) -> None:
    """Fork once more and let go of the starter, then run ``main(folder)`` of a module of ours."""
    if os.fork():
        os._exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(Path(folder) / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    importlib.import_module(module).main(Path(folder))


def launch(module: str, folder: Path) -> None:
    """Start ``main(folder)`` of a module of ours in a process that no process of ours has to wait for."""
    subprocess.run(
        [sys.executable, *INTERPRETER_OPTIONS, "-c", BOOT, str(ROOT), module, str(folder.resolve())],
        env=ENVIRONMENT,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
        timeout=60,
    )


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Look often whether something is so; say whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def launch_and_wait(module: str, folder: Path, *, seconds: float = 60.0) -> dict[str, Any]:
    """Launch, and return the handle that the process itself writes once it holds its folder."""
    launch(module, folder)
    if not wait_until((folder / HANDLE).exists, seconds):
        raise NotStartedError(f"{module} did not start within {seconds:g} s; see {LOG} in its folder")
    return read_json(folder / HANDLE) or {}


def stop(handle: Mapping[str, Any], *, grace: float = 8.0) -> None:
    """Ask a process to end, then make it; stopping what has ended is harmless."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        if not is_alive(handle):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(handle["pid"]), number)
        if wait_until(lambda: not is_alive(handle), patience):
            return
    raise BackendError(f"the process {handle.get('pid')} could not be stopped", code="not_stopped", retriable=True)
