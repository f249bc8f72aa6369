"""Run one program in an isolated process: no network, no other process, limited CPU, memory, files, output, time.

The kernel confines the child (Landlock, seccomp, resource limits) before it imports anything heavy or touches a
model. What the child answers is a claim: it is size-checked and read without pickle, and a hostile model can still
lie about its own predictions.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from registry.backends import child
from registry.backends.child import ISOLATED, NOT_ISOLATED, Limits
from registry.backends.failures import (
    SandboxCpuError,
    SandboxCrashedError,
    SandboxDiskError,
    SandboxError,
    SandboxMemoryError,
    SandboxOutputError,
    SandboxResultError,
    SandboxTimeoutError,
    SandboxUnavailableError,
    from_description,
)
from registry.backends.isolation.confine import unavailable
from registry.backends.isolation.container import KILLED, NOT_STARTED, Contained
from registry.backends.programs.start import FAILED, RESULT, UNCONFINED

__all__ = ["ISOLATED", "NOT_ISOLATED", "Limits", "SandboxResult", "available", "run"]

LARGEST_RESULT = 8 << 20
LOOK_SECONDS = 0.05
TICK_SECONDS = 1.0
ALLOCATION_FAILED = ("bad_alloc", "Cannot allocate memory", "cannot allocate memory", "Memory allocation")


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What a program answered, what it printed, how long it took and how it was isolated."""

    document: dict[str, Any]
    log: str
    seconds: float
    isolation: str


def available() -> str:
    """Return "" when this machine can isolate a process, or the reason why it cannot."""
    return unavailable()


def _folder_size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - names made by a child, many
    return total


class _Watch:
    """Follows one child to its end: its output, its time, its folder, and whether somebody cancelled it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        workdir: Path,
        limits: Limits,
        on_tick: Callable[[], None] | None,
    ) -> None:
        self.process, self.workdir, self.limits, self.on_tick = process, workdir, limits, on_tick
        self.log = bytearray()
        self.began = self.ticked = time.monotonic()

    def text(self) -> str:
        return self.log.decode("utf-8", "replace")

    def _fail(self, kind: type[SandboxError], sentence: str) -> SandboxError:
        doing = child.stage_of(self.workdir)
        return kind(f"while {doing} the process {sentence}", log=self.text(), stage=doing)

    def _read(self, output: IO[bytes]) -> bool:
        data = os.read(output.fileno(), 1 << 16)
        self.log += data
        if len(self.log) > self.limits.log_bytes:
            del self.log[self.limits.log_bytes :]
            raise self._fail(SandboxOutputError, f"printed more than the {self.limits.log_bytes} bytes that are kept")
        return bool(data)

    def _tick(self) -> None:
        now = time.monotonic()
        if now - self.began > self.limits.wall_seconds:
            raise self._fail(
                SandboxTimeoutError, f"took longer than the {self.limits.wall_seconds:g} s that it may take"
            )
        if now - self.ticked < TICK_SECONDS:
            return
        self.ticked = now
        self._check_folder()
        if self.on_tick is not None:
            self.on_tick()

    def _check_folder(self) -> None:
        size = _folder_size(self.workdir)
        if size > self.limits.folder_bytes:
            raise self._fail(SandboxDiskError, f"wrote {size} bytes; its limit is {self.limits.folder_bytes}")

    def follow(self) -> int:
        """Return the exit code; raises when a limit of ours was crossed or ``on_tick`` raised."""
        output = self.process.stdout
        assert output is not None  # noqa: S101 - the child was started with a pipe
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            open_ = True
            while self.process.poll() is None:
                if open_ and selector.select(LOOK_SECONDS):
                    open_ = self._read(output)
                    if not open_:
                        selector.unregister(output)
                elif not open_:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self.process.wait(LOOK_SECONDS)
                self._tick()
            while open_ and selector.select(0):
                open_ = self._read(output)
        self._check_folder()
        return int(self.process.returncode)

    def _had_its_cpu(self) -> bool:
        cpu = self.limits.cpu_seconds
        return cpu is not None and time.monotonic() - self.began >= cpu

    def explain(self, code: int) -> SandboxError:
        """Say why a child that left no answer ended."""
        contained = isinstance(self.process, Contained)
        if code == UNCONFINED or (contained and code == NOT_STARTED):
            return self._fail(SandboxUnavailableError, f"could not be isolated: {self.text().strip()[-300:]}")
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and self._had_its_cpu()):
            return self._fail(SandboxCpuError, f"used up its {self.limits.cpu_seconds} s of processor time")
        if code == -signal.SIGKILL or (contained and code == KILLED):
            return self._fail(
                SandboxMemoryError, "was killed by the system, which does that when there is no more memory for it"
            )
        if any(sign in self.text()[-4000:] for sign in ALLOCATION_FAILED):
            return self._fail(
                SandboxMemoryError, f"could not have more than its {self.limits.memory_bytes} bytes of memory"
            )
        if code < 0:
            return self._fail(SandboxCrashedError, f"crashed ({signal.Signals(-code).name})")
        return self._fail(SandboxCrashedError, f"ended with exit code {code} and left no answer")


def _answer(watch: _Watch, code: int) -> dict[str, Any]:
    if code not in {0, FAILED} or not os.path.lexists(watch.workdir / RESULT):
        raise watch.explain(code)
    document = child.parse_json(child.read_left(watch.workdir / RESULT, LARGEST_RESULT), "the answer of the process")
    if "error" in document:
        raise from_description(document["error"], log=watch.text())
    if code != 0 or not isinstance(document.get("result"), dict):
        raise SandboxResultError(f"the process ended with exit code {code} and without a result", log=watch.text())
    return dict(document["result"])


def run(
    program: str,
    request: Mapping[str, Any],
    *,
    readable: Iterable[Path],
    workdir: Path,
    limits: Limits | None = None,
    on_tick: Callable[[], None] | None = None,
    isolation: str = ISOLATED,
) -> SandboxResult:
    """Run ``main(request)`` of a program of ours in a child; return what it answered or raise a SandboxError.

    The child reads ``readable`` and writes ``workdir``, nothing else. ``on_tick`` is called about once a second and
    may raise, which kills the child. Whatever happens, no process stays behind.
    """
    bounds = limits or Limits()
    process = child.start(program, request, readable=readable, workdir=workdir, limits=bounds, isolation=isolation)
    watch = _Watch(process, workdir, bounds, on_tick)
    try:
        code = watch.follow()
    finally:
        child.kill(process)
        if process.stdout is not None:
            process.stdout.close()
    document = _answer(watch, code)
    return SandboxResult(document, watch.text(), time.monotonic() - watch.began, isolation)
