"""What a training or serving backend must do, in the words that all of them share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class RunState(StrEnum):
    """The state of something that a backend runs."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    LOST = "LOST"


class BackendError(Exception):
    """A backend refused or failed; ``code`` is stable, the message is a full sentence."""

    def __init__(self, message: str, *, code: str = "backend_error", retriable: bool = False) -> None:
        """Keep the code, and whether trying again may help."""
        super().__init__(message)
        self.code = code
        self.retriable = retriable


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One training run: a Python source file with ``train(tables, parameters, output, seed)``, which returns a dict.

    ``datasets`` maps a role ("train") to a Parquet file; ``tables`` holds each of them as a DataFrame under its role.
    ``output`` is the folder that the model is written into. The limits are bytes of memory and seconds.
    """

    run_id: str
    entry_point: Path
    datasets: Mapping[str, Path]
    parameters: Mapping[str, Any]
    seed: int
    workdir: Path
    memory_bytes: int = 3 << 30
    cpu_seconds: int = 600
    wall_seconds: int = 900


@dataclass(frozen=True, slots=True)
class RunStatus:
    """What a backend says of a run: state, log tail, exit code, and where its output lies when it succeeded."""

    state: RunState
    message: str = ""
    exit_code: int | None = None
    output: Path | None = None
    log: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)  # of the training, a value per step, by name


class TrainingBackend(Protocol):
    """Runs training somewhere; submit once, poll often. A handle is JSON that survives a restart of the worker."""

    name: str

    def submit(self, spec: RunSpec) -> dict[str, Any]:
        """Start the run (idempotent by run_id) and return its handle."""

    def poll(self, handle: Mapping[str, Any]) -> RunStatus:
        """Say how the run is doing; LOST when the backend no longer knows it."""

    def cancel(self, handle: Mapping[str, Any]) -> None:
        """Stop the run; stopping what has ended is harmless."""


class FindsTraining(Protocol):
    """What a training backend should offer too: it finds what it runs also where nobody kept the handle."""

    def find(self, run_id: str, workdir: Path) -> dict[str, Any] | None:
        """Return a handle that ``cancel`` takes, from the run's id alone, or None.

        Cancelling by it must also end what is only about to start: a submission may be under way somewhere else.
        """


@dataclass(frozen=True, slots=True)
class ServeSpec:
    """One serving deployment, pinned to the digest of the model's tree.

    ``model_path`` is a folder holding exactly the tree of ``model_digest``; the backend verifies that before it
    loads anything. ``threshold`` is the decision rule of the release manifest, ``positive`` the label whose score it
    is applied to: that of the rows on which the manifest was evaluated.
    """

    deployment_id: str
    manifest_digest: str
    model_digest: str
    model_path: Path
    features: tuple[str, ...]
    positive: str
    threshold: float
    workdir: Path
    memory_bytes: int = 3 << 30


@dataclass(frozen=True, slots=True)
class ServeStatus:
    """What is observed running: healthy or not, which digest answers, and where."""

    healthy: bool
    manifest_digest: str = ""
    model_digest: str = ""
    endpoint: str = ""
    message: str = ""


class ServingBackend(Protocol):
    """Serves a model somewhere, by digest. Every call is idempotent by deployment id."""

    name: str

    def deploy(self, spec: ServeSpec) -> dict[str, Any]:
        """Start serving and return a handle; raises BackendError when it does not become healthy."""

    def status(self, handle: Mapping[str, Any]) -> ServeStatus:
        """Observe: ask the endpoint itself which digest it serves."""

    def predict(self, handle: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Return {"scores": [...], "predictions": [...], "model_digest": ..., "manifest_digest": ...}."""

    def stop(self, handle: Mapping[str, Any]) -> None:
        """Serve nothing; stopping what has ended is harmless."""


class FindsServing(Protocol):
    """What a serving backend should offer too: it finds what it serves also where nobody kept the handle."""

    def find(self, deployment_id: str, workdir: Path) -> dict[str, Any] | None:
        """Return the handle of what was started for a deployment, or None."""
