"""One child process: how it is started, whether it lives, how it and all that it started are ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
LAST_LINES = 20
PIPE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Child:
    """What to run: ``environment`` replaces the parent's, ``stdin`` is given and closed.

    ``ready`` says whether the child does its work; who comes after it in a list is started only then.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    stdin: str = field(default="", repr=False)
    ready: Callable[[], bool] | None = None
    ready_seconds: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15.0


class Process:
    """A child that was started."""

    def __init__(self, child: Child, output: Callable[[str, str], None]) -> None:
        """Start it in a process group of its own; ``output(name, line)`` receives what it prints."""
        self.child = child
        self.started = time.monotonic()
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._output = output
        self._popen = subprocess.Popen(
            (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *child.command),
            env=dict(child.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self._reader = threading.Thread(target=self._read, name=f"output of {child.name}", daemon=True)
        self._reader.start()
        self._feed()

    def _feed(self) -> None:
        pipe = self._popen.stdin
        if pipe is not None:
            with suppress(BrokenPipeError), pipe:
                pipe.write(self.child.stdin.encode())

    def _read(self) -> None:
        pipe = self._popen.stdout
        if pipe is None:
            return
        with pipe:
            for raw in pipe:
                line = raw.decode(errors="replace").rstrip("\r\n")
                self.last_lines.append(line)
                with suppress(OSError, ValueError):  # a terminal that went away must not block the child
                    self._output(self.child.name, line)

    def exit_code(self) -> int | None:
        """Return the exit code (negative for a signal), or None while it runs."""
        return self._popen.poll()

    def is_ready(self) -> bool:
        """Say whether it does its work."""
        return self.child.ready is None or self.child.ready()

    def end(self) -> None:
        """Ask it to stop, wait, and then kill its whole group: also what it left behind."""
        if self._popen.poll() is None:
            self._popen.send_signal(self.child.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(self.child.stop_seconds)
        self.kill_group()
        self._popen.wait()
        self._reader.join(PIPE_SECONDS)

    def kill_group(self) -> None:
        """Kill every process of the group that is still there."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
