"""The process that watches one training run: it holds the sandboxed child, writes the status, obeys a cancellation."""

import re
import signal
from dataclasses import fields
from pathlib import Path
from typing import Any

from registry.backends import sandbox
from registry.backends.base import RunState
from registry.backends.detached import HANDLE, locked, myself, read_json, write_json
from registry.backends.failures import SandboxError
from registry.backends.sandbox import Limits

SPEC, STATUS, CANCEL, LIVING = "spec.json", "status.json", "cancel", "living.lock"
WORK, OUTPUT = "work", "output"
LONGEST_LOG = 64 << 10
MOST_CURVES, LONGEST_CURVE = 50, 20_000
CURVE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./ -]{0,199}")


class _Cancelled(BaseException):
    """Somebody asked for the end of this run; it passes through whatever catches exceptions."""


def _cancel(*_: object) -> None:
    raise _Cancelled


def _metrics(document: dict[str, Any]) -> dict[str, float]:
    named = document.get("returned", {}).get("metrics", {})
    if not isinstance(named, dict):
        return {}
    return {str(name): float(value) for name, value in named.items() if type(value) in (int, float)}


def _curves(document: dict[str, Any]) -> dict[str, list[float]]:
    """Return the curves that are lists of numbers under a plain name; what the child wrote is not trusted."""
    named = document.get("returned", {}).get("curves", {})
    found = {}
    for name, values in list(named.items())[:MOST_CURVES] if isinstance(named, dict) else ():
        if isinstance(values, list) and CURVE_NAME.fullmatch(str(name)) and len(values) <= LONGEST_CURVE:
            found[str(name)] = [float(value) for value in values if type(value) in (int, float)]
    return found


def _request(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    kept = {name: spec[name] for name in ("entry_point", "datasets", "parameters", "seed")}
    return kept | {"output": str(folder / WORK / OUTPUT)}


def _train(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    names = {item.name for item in fields(Limits)}
    limits = Limits(**{name: value for name, value in spec["limits"].items() if name in names})

    def on_tick() -> None:
        if (folder / CANCEL).exists():
            raise _Cancelled

    on_tick()
    done = sandbox.run(
        "train",
        _request(spec, folder),
        readable=[Path(spec["entry_point"]), *(Path(item) for item in spec["datasets"].values())],
        workdir=folder / WORK,
        limits=limits,
        on_tick=on_tick,
        isolation=spec["isolation"],
    )
    write_json(folder / "returned.json", done.document.get("returned", {}))
    return {
        "state": RunState.SUCCEEDED,
        "message": f"The training ended after {done.seconds:.1f} s.",
        "exit_code": 0,
        "log": done.log[-LONGEST_LOG:],
        "metrics": _metrics(done.document),
        "curves": _curves(done.document),
    }


def _ended(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    try:
        return _train(spec, folder)
    except _Cancelled:
        return {"state": RunState.CANCELLED, "message": "The training was cancelled."}
    except SandboxError as error:
        message = f"The training failed: {error}."
        return {
            "state": RunState.FAILED,
            "message": message,
            "code": error.code,
            "exit_code": 1,
            "log": error.log[-LONGEST_LOG:],
        }
    except Exception as error:  # noqa: BLE001 - whatever happened, the run must not stay RUNNING
        message = f"The supervisor of the training failed: {type(error).__name__}: {error}"
        return {"state": RunState.FAILED, "message": message, "code": "supervisor", "exit_code": 1}


def main(folder: Path) -> None:
    """Run the training of a folder once; a second process in the same folder does nothing."""
    signal.signal(signal.SIGTERM, _cancel)
    with locked(folder / LIVING, wait=False) as held:
        if not held or read_json(folder / STATUS) is not None:
            return
        spec = read_json(folder / SPEC) or {}
        try:
            write_json(
                folder / HANDLE,
                {"run_id": spec["run_id"], "folder": str(folder), "isolation": spec["isolation"], **myself()},
            )
            status = _ended(spec, folder)
        except _Cancelled:
            status = {"state": RunState.CANCELLED, "message": "The training was cancelled."}
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        write_json(folder / STATUS, status | {"isolation": spec["isolation"]})
