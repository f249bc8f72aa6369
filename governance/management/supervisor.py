"""Supervise child processes: start them in order, restart what dies with back-off, stop them in reverse order."""

import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from governance.env import write_private
from governance.management.child import Child, Process

STACK = "PROBITY_STACK"
TICK = 0.1
FIRST_DELAY, LONGEST_DELAY, STABLE_SECONDS = 0.5, 30.0, 30.0
SWEEP_SECONDS = 5.0


class ChildFailedError(Exception):
    """A child ended, or was not ready in time, while everything was being started."""

    code = "child_failed"


class AlreadyRunningError(Exception):
    """Another process runs on this home."""

    code = "already_running"


def print_line(name: str, line: str) -> None:
    """Print a child's line under its name."""
    print(f"{name:<9}| {line}", flush=True)  # noqa: T201 - the logs of the children are this program's output


class Supervisor:
    """Runs a list of children until it is stopped. One thread starts, watches and stops all of them.

    That thread lives as long as its children, which the kernel ends if it dies (see ``tether``).
    """

    def __init__(self, children: Sequence[Child], output: Callable[[str, str], None] = print_line) -> None:
        """Take the children in the order in which they are started; they are stopped in the reverse one."""
        self._children = tuple(children)
        self._output = output
        self._processes: dict[str, Process] = {}
        self._failures: dict[str, int] = {}
        self._restart_at: dict[str, float] = {}
        self._stopping, self._started = threading.Event(), threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="supervisor")

    def start(self) -> None:
        """Start every child and return when all are ready; raises ChildFailedError, leaving none, if one is not."""
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def request_stop(self) -> None:
        """Ask for the end, from anywhere, also from a signal handler."""
        self._stopping.set()

    def wait(self) -> None:
        """Return when everything has been stopped; raises what ended the supervision, if anything did."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Stop every child and return when none is left; stopping twice is harmless."""
        self.request_stop()
        if self._thread.ident is not None:
            self._thread.join()

    def pids(self) -> dict[str, int]:
        """Return the process of each child that runs."""
        return {name: process.pid for name, process in list(self._processes.items()) if process.exit_code() is None}

    def _run(self) -> None:
        try:
            self._start_all()
            self._started.set()
            while not self._stopping.wait(TICK):
                self._watch()
        except Exception as error:  # noqa: BLE001 - whatever it was, the children are stopped and start() raises it
            self._error = error
        finally:
            self._stop_all()
            self._started.set()

    def _start_all(self) -> None:
        for child in self._children:
            if self._stopping.is_set():
                return
            self._processes[child.name] = process = Process(child, self._output)
            self._await_ready(process)

    def _await_ready(self, process: Process) -> None:
        child, deadline = process.child, process.started + process.child.ready_seconds
        while child.ready is not None and not self._stopping.is_set() and not process.is_ready():
            code = process.exit_code()
            if code is not None or time.monotonic() > deadline:
                what = f"was not ready in {child.ready_seconds:g} s" if code is None else f"ended with code {code}"
                said = "\n  ".join(process.last_lines) or "(nothing)"
                raise ChildFailedError(f"The {child.name} process {what}. It said last:\n  {said}")
            self._stopping.wait(TICK)

    def _watch(self) -> None:
        for child in self._children:
            process, now = self._processes[child.name], time.monotonic()
            if child.name in self._restart_at:
                if now >= self._restart_at[child.name]:
                    del self._restart_at[child.name]
                    self._processes[child.name] = Process(child, self._output)
            elif (code := process.exit_code()) is not None:
                self._plan_restart(process, code, now)

    def _plan_restart(self, process: Process, code: int, now: float) -> None:
        process.end()
        name = process.child.name
        failures = 0 if now - process.started > STABLE_SECONDS else self._failures.get(name, 0)
        delay = min(FIRST_DELAY * 2**failures, LONGEST_DELAY)
        self._failures[name] = failures + 1
        self._restart_at[name] = now + delay
        self._output("up", f"{name} ended with code {code}; it is started again in {delay:g} s")

    def _stop_all(self) -> None:
        for process in reversed(self._processes.values()):
            process.end()


@contextlib.contextmanager
def exclusively(home: Path) -> Iterator[None]:
    """Hold the home for this process; raises AlreadyRunningError. The lock is the kernel's: no file is left behind."""
    place = home / "run"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(place, os.O_RDONLY)
    try:
        _lock(handle, home)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, home: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"Probity already runs on {home}. Stop it first, or set PROBITY_HOME to another folder."
        raise AlreadyRunningError(message) from error


def _belongs(pid: int, mark: bytes) -> bool:
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def leftovers(home: Path) -> list[int]:
    """Return the processes that a stack on this home started, whoever adopted them since (Linux)."""
    if sys.platform != "linux":
        return []
    mark = f"{STACK}={home}".encode()
    pids = (int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit())
    return [pid for pid in pids if pid not in {os.getpid(), os.getppid()} and _belongs(pid, mark)]


def sweep(home: Path) -> None:
    """End what a stack on this home left running: first politely, then not."""
    for order in (signal.SIGTERM, signal.SIGKILL):
        deadline, asked = time.monotonic() + SWEEP_SECONDS, set[int]()
        while (pids := leftovers(home)) and time.monotonic() < deadline:
            for pid in set(pids) - asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, order)
            asked |= set(pids)
            time.sleep(TICK)


@contextlib.contextmanager
def stack(
    children: Sequence[Child],
    *,
    home: Path,
    files: Mapping[str, str] | None = None,
    prepare: Callable[[], None] = lambda: None,
    clean_up: Callable[[], None] = lambda: None,
    output: Callable[[str, str], None] = print_line,
) -> Iterator[Supervisor]:
    """Run the children on a home that nobody else runs on; leave no process and none of the ``files`` behind.

    ``files`` (name → text, mode 0600) exist below ``home/run`` while the stack runs; ``prepare`` is called first, once
    the home is held and what an earlier, killed stack left was ended; ``clean_up`` once the children have ended.
    """
    marked = [replace(child, environment={**child.environment, STACK: str(home)}) for child in children]
    supervisor = Supervisor(marked, output)
    with exclusively(home), contextlib.ExitStack() as at_end:
        sweep(home)
        prepare()
        at_end.callback(sweep, home)
        for name, text in (files or {}).items():
            at_end.callback((home / "run" / name).unlink, missing_ok=True)
            write_private(home / "run" / name, text, replace=True)
        at_end.callback(clean_up)
        at_end.callback(supervisor.stop)
        supervisor.start()
        yield supervisor
