"""Train on this machine: a detached supervisor holds a sandboxed child; a restarted worker finds the run again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.backends import detached
from registry.backends.base import BackendError, RunSpec, RunState, RunStatus
from registry.backends.child import ISOLATED, check_isolation
from registry.backends.training.supervisor import CANCEL, OUTPUT, SPEC, STATUS, WORK

SUPERVISOR = "registry.backends.training.supervisor"


class LocalTraining:
    """Runs training in a sandbox on this machine; ``isolation`` "none" must be asked for and is recorded."""

    name = "local"

    def __init__(self, isolation: str = ISOLATED) -> None:
        """Keep how children are isolated."""
        self.isolation = isolation

    def submit(self, spec: RunSpec) -> dict[str, Any]:
        """Start the run and return its handle; the same run id in the same folder is started once."""
        check_isolation(self.isolation)
        folder = spec.workdir
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with detached.locked(folder / "submit.lock", wait=True):
            known = detached.read_json(folder / SPEC)
            if known is not None and known.get("run_id") != spec.run_id:
                raise BackendError(
                    f"the folder of run {spec.run_id} already belongs to run {known.get('run_id')}", code="folder_taken"
                )
            handle = detached.read_json(folder / detached.HANDLE) if known is not None else None
            if handle is not None:
                return handle
            detached.write_json(folder / SPEC, self._document(spec))
            return detached.launch_and_wait(SUPERVISOR, folder)

    def _document(self, spec: RunSpec) -> dict[str, Any]:
        for what, path in [("entry point", spec.entry_point), *spec.datasets.items()]:
            if not path.is_file():
                raise BackendError(f"the {what} of run {spec.run_id} is not a file: {str(path)!r}", code="no_such_file")
        return {
            "run_id": spec.run_id,
            "entry_point": str(spec.entry_point.resolve()),
            "datasets": {role: str(path.resolve()) for role, path in spec.datasets.items()},
            "parameters": dict(spec.parameters),
            "seed": spec.seed,
            "isolation": self.isolation,
            "limits": {
                "memory_bytes": spec.memory_bytes,
                "cpu_seconds": spec.cpu_seconds,
                "wall_seconds": float(spec.wall_seconds),
            },
        }

    def poll(self, handle: Mapping[str, Any]) -> RunStatus:
        """Say how the run is doing, from what its supervisor left; LOST when that died without a word."""
        folder = Path(str(handle["folder"]))
        alive = detached.is_alive(handle)  # asked first: what ends in between has left its status
        status = detached.read_json(folder / STATUS)
        if status is None:
            if alive:
                return RunStatus(RunState.RUNNING, "The training is running.")
            return RunStatus(RunState.LOST, "The supervisor of the training ended without leaving a status.")
        state = RunState(status["state"])
        return RunStatus(
            state,
            message=str(status.get("message", "")),
            exit_code=status.get("exit_code"),
            output=folder / WORK / OUTPUT if state is RunState.SUCCEEDED else None,
            log=str(status.get("log", "")),
            metrics=status.get("metrics", {}),
            curves=status.get("curves", {}),
        )

    def cancel(self, handle: Mapping[str, Any]) -> None:
        """Stop the run: its supervisor kills the child; when it cannot, the kernel does both. Harmless when ended.

        The mark is left also where nothing runs yet: a supervisor that comes to life beside it does no work.
        """
        folder = Path(str(handle["folder"]))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / CANCEL).touch()
        alive = detached.is_alive(handle)
        detached.stop(handle)
        if alive and detached.read_json(folder / STATUS) is None:
            detached.write_json(
                folder / STATUS, {"state": RunState.CANCELLED, "message": "The training was cancelled, and killed."}
            )

    def find(self, run_id: str, workdir: Path) -> dict[str, Any] | None:
        """Return the handle that the run's supervisor wrote; before it did, one by which the run can be cancelled."""
        handle = detached.read_json(workdir / detached.HANDLE)
        if handle is not None and handle.get("run_id") != run_id:
            return None
        return handle or {"run_id": run_id, "folder": str(workdir)}
