"""Keep one sandboxed model alive: verify its tree, start it, start it again when it died, until told to stop."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.backends.base import BackendError
from registry.backends.child import Limits
from registry.backends.failures import SandboxError, SandboxResultError, SandboxUnavailableError
from registry.backends.session import SandboxProcess
from registry.backends.trees import TreeError, check_tree

ANSWER_SECONDS = 30.0
START_SECONDS = 120.0
LONGEST_PAUSE = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """What is served, by digest, and how."""

    deployment_id: str
    manifest_digest: str
    model_digest: str
    model: Path
    features: tuple[str, ...]
    positive: str
    threshold: float
    memory_bytes: int
    isolation: str


class NotReadyError(BackendError):
    """The model does not run now; it may in a moment."""

    def __init__(self, message: str) -> None:
        """Trying again may help."""
        super().__init__(message, code="model_not_ready", retriable=True)


def checked_scores(answer: dict[str, Any], count: int) -> list[float]:
    """Return the scores of an answer; raises SandboxResultError unless they are one number in [0, 1] per row."""
    scores = answer.get("scores")
    if not isinstance(scores, list) or len(scores) != count:
        raise SandboxResultError(f"the model did not answer with one score for each of the {count} rows")
    if not all(type(item) in (int, float) and 0 <= item <= 1 for item in scores):
        raise SandboxResultError("the model answered with a score that is not a number in [0, 1]")
    return [float(item) for item in scores]


class Keeper:
    """Holds the child. ``keep`` runs in the main thread, because the child lives no longer than its starter."""

    def __init__(self, served: Served, workdir: Path) -> None:
        """Serve a verified copy of the model below ``workdir``."""
        self.served, self.workdir = served, workdir
        self.message = "The model is being loaded."
        self.starts = 0
        self._process: SandboxProcess | None = None
        self._wake = threading.Event()
        self._stop = False

    def healthy(self) -> bool:
        """Say whether the model runs."""
        return self._process is not None and self._process.alive()

    def child_pid(self) -> int | None:
        """Return the process id of the model's process."""
        process = self._process
        return process.pid() if process is not None and process.alive() else None

    def start(self) -> None:
        """Verify the tree and start the child; raises BackendError."""
        check_tree(self.served.model, self.served.model_digest)
        self._process = SandboxProcess(
            "serve",
            {
                "model": str(self.served.model),
                "features": list(self.served.features),
                "positive": self.served.positive,
            },
            readable=[self.served.model],
            workdir=self.workdir / "inside",
            limits=Limits(
                memory_bytes=self.served.memory_bytes, cpu_seconds=None, wall_seconds=START_SECONDS, file_bytes=64 << 20
            ),
            isolation=self.served.isolation,
        )
        self.starts += 1
        self.message = "The model answers."

    def stop(self) -> None:
        """Have ``keep`` end; safe to call from a signal handler or another thread."""
        self._stop = True
        self._wake.set()

    def close(self) -> None:
        """End the child."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def keep(self) -> None:
        """Look after the child until ``stop``; a child that keeps dying is started ever less often."""
        pause = 0.2
        while not self._stop:
            if self.healthy():
                pause = 0.2
                self._wake.wait(0.2)
                self._wake.clear()
                continue
            try:
                self.close()
                self.start()
            except (TreeError, SandboxUnavailableError) as error:
                self.message = f"The model is not started again: {error}."
                logger.exception("refused")
                self._wake.wait(LONGEST_PAUSE)
            except BackendError as error:
                self.message = f"The model does not start: {error}."
                logger.warning("the model does not start (%s)", error.code)
                self._wake.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    def predict(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Return scores and predictions; raises BackendError."""
        process = self._process
        if process is None or not process.alive():
            self._wake.set()
            raise NotReadyError(self.message if process is None else "The model's process ended; it is started again.")
        try:
            scores = checked_scores(process.call({"rows": rows}, timeout=ANSWER_SECONDS), len(rows))
        except SandboxError:
            self._wake.set()
            raise
        return {
            "scores": scores,
            "predictions": [int(item >= self.served.threshold) for item in scores],
            "model_digest": self.served.model_digest,
            "manifest_digest": self.served.manifest_digest,
        }
