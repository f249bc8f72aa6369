"""A sandboxed child that lives on and answers questions over a pipe, one JSON line each way."""

import contextlib
import json
import os
import selectors
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from registry.backends import child
from registry.backends.child import ISOLATED, Limits
from registry.backends.failures import (
    SandboxCrashedError,
    SandboxOutputError,
    SandboxResultError,
    SandboxTimeoutError,
    from_description,
)

LONGEST_ANSWER = 64 << 20
CHUNK = 1 << 16


class SandboxProcess:
    """One child. Start it from a thread that lives at least as long as it: the kernel kills it with that thread.

    A call that fails by time, by crash or by an unreadable answer ends the child; one that the program refused
    leaves it running.
    """

    def __init__(
        self,
        program: str,
        body: Mapping[str, Any],
        *,
        readable: Iterable[Path],
        workdir: Path,
        limits: Limits,
        isolation: str = ISOLATED,
    ) -> None:
        """Start the child and wait until it is ready; raises a SandboxError when it does not become so."""
        self.limits, self.workdir, self.isolation = limits, workdir, isolation
        self._lock = threading.Lock()
        self._next = 0
        self._left = b""
        self._log = bytearray()
        self._process = child.start(
            program, body, readable=readable, workdir=workdir, limits=limits, isolation=isolation, serve=True
        )
        os.set_blocking(self._pipe(self._process.stdin).fileno(), False)
        self._drain = threading.Thread(target=self._keep_log, daemon=True, name="sandbox-log")
        self._drain.start()
        try:
            self._check_ready(self._receive(time.monotonic() + limits.wall_seconds))
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None  # noqa: S101 - a serving child is started with three pipes
        return pipe

    def _keep_log(self) -> None:
        errors = self._pipe(self._process.stderr).fileno()
        with contextlib.suppress(OSError):
            while data := os.read(errors, CHUNK):
                self._log += data
                del self._log[: -self.limits.log_bytes]

    def _check_ready(self, first: dict[str, Any]) -> None:
        if "error" in first:
            raise from_description(first["error"], log=self.log())
        if first.get("ready") is not True:
            raise SandboxResultError("the process did not say that it is ready", log=self.log())

    def log(self) -> str:
        """Return the end of what the child printed."""
        return self._log.decode("utf-8", "replace")

    def alive(self) -> bool:
        """Say whether the child runs."""
        return self._process.poll() is None

    def pid(self) -> int:
        """Return the child's process id."""
        return self._process.pid

    def close(self) -> None:
        """End the child and reap it; closing twice is harmless."""
        child.kill(self._process)
        self._drain.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                self._pipe(pipe).close()

    def call(self, body: Mapping[str, Any], *, timeout: float) -> dict[str, Any]:
        """Ask, and return the program's answer; raises a SandboxError. Calls take their turn."""
        with self._lock:
            self._next += 1
            number = self._next
            try:
                deadline = time.monotonic() + timeout
                self._send(json.dumps({"id": number, "body": dict(body)}).encode() + b"\n", deadline)
                answer = self._answer_to(number, deadline)
            except BaseException:
                child.kill(self._process)
                raise
        if "error" in answer:
            raise from_description(answer["error"], log=self.log())
        if not isinstance(answer.get("result"), dict):
            raise SandboxResultError("the process answered without a result", log=self.log())
        return dict(answer["result"])

    def _answer_to(self, number: int, deadline: float) -> dict[str, Any]:
        answer = self._receive(deadline)
        if answer.get("id") != number:
            raise SandboxResultError(f"the process answered another question than number {number}", log=self.log())
        return answer

    def _wait(self, pipe: IO[bytes], event: int, deadline: float) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not selector.select(remaining):
                doing = child.stage_of(self.workdir)
                raise SandboxTimeoutError(
                    f"while {doing} the process did not answer in time", log=self.log(), stage=doing
                )

    def _send(self, data: bytes, deadline: float) -> None:
        pipe = self._pipe(self._process.stdin)
        view = memoryview(data)
        try:
            while view:
                self._wait(pipe, selectors.EVENT_WRITE, deadline)
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(pipe.fileno(), view[:CHUNK]) :]
        except (BrokenPipeError, ValueError) as error:
            raise self._gone() from error

    def _gone(self) -> SandboxCrashedError:
        code = self._process.wait(timeout=5) if not self.alive() else None
        doing = child.stage_of(self.workdir)
        ending = "closed its pipe" if code is None else f"ended (exit code {code})"
        tail = " ".join(self.log().split())[-200:] if code is not None else ""
        more = f"; the end of its log: {tail}" if tail and doing == "starting" else ""
        return SandboxCrashedError(
            f"while {doing} the process {ending} without an answer{more}", log=self.log(), stage=doing
        )

    def _receive(self, deadline: float) -> dict[str, Any]:
        pipe = self._pipe(self._process.stdout)
        parts, size = [self._left], len(self._left)
        while b"\n" not in parts[-1]:
            try:
                self._wait(pipe, selectors.EVENT_READ, deadline)
                data = os.read(pipe.fileno(), CHUNK)
            except ValueError as error:
                raise self._gone() from error
            if not data:
                with contextlib.suppress(Exception):
                    self._process.wait(timeout=2)
                raise self._gone()
            parts.append(data)
            size += len(data)
            if size > LONGEST_ANSWER:
                raise SandboxOutputError(f"the process answered with more than {LONGEST_ANSWER} bytes", log=self.log())
        line, _, self._left = b"".join(parts).partition(b"\n")
        return child.parse_json(line, "the answer of the process")
