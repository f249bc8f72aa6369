"""The first thing that runs in a sandboxed process: read the order, confine, then run the program it names."""

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from registry.backends.isolation import confine, kernel, metadata
from registry.backends.programs import stage
from registry.backends.programs.failure import describe

RESULT = "result.json"
FAILED, UNCONFINED = 70, 72
Handler = Callable[[dict[str, Any]], dict[str, Any]]


def _write(document: dict[str, Any]) -> None:
    temporary = Path(RESULT + ".part")
    temporary.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    temporary.replace(RESULT)


def _once(program: ModuleType, body: dict[str, Any]) -> int:
    try:
        _write({"result": program.main(body)})
    except BaseException as error:  # noqa: BLE001 - whatever a model raises is described to the parent, SystemExit too
        _write({"error": describe(error)})
        return FAILED
    return 0


def _take_pipes() -> tuple[TextIO, TextIO]:
    """Keep the two pipes under other numbers, so that what a model prints goes to the log and not into the protocol."""
    orders, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return os.fdopen(orders, encoding="utf-8"), os.fdopen(answers, "w", encoding="utf-8")


def _say(answers: TextIO, document: dict[str, Any]) -> None:
    answers.write(json.dumps(document, allow_nan=False) + "\n")
    answers.flush()


def _converse(program: ModuleType, body: dict[str, Any], pipes: tuple[TextIO, TextIO]) -> int:
    orders, answers = pipes
    try:
        handler: Handler = program.prepare(body)
    except BaseException as error:  # noqa: BLE001 - as above
        _say(answers, {"error": describe(error)})
        return FAILED
    _say(answers, {"ready": True})
    for line in orders:
        order = json.loads(line)
        try:
            answer: dict[str, Any] = {"id": order["id"], "result": handler(order["body"])}
            json.dumps(answer, allow_nan=False)
        except BaseException as error:  # noqa: BLE001 - as above
            answer = {"id": order["id"], "error": describe(error)}
        _say(answers, answer)
    return 0


def _confine(order: dict[str, Any]) -> None:
    kernel_limits, workdir = order["limits"], Path(order["workdir"])
    if sys.platform == "linux" and order["parent"] is not None:  # a container ends by its engine
        kernel.die_with_parent(order["parent"])
    confine.limit(
        memory=kernel_limits["memory_bytes"],
        cpu=kernel_limits["cpu_seconds"],
        file=kernel_limits["file_bytes"],
        files=kernel_limits["open_files"],
    )
    if order["isolated"]:
        confine.enter(readable=[Path(item) for item in order["readable"]], workdir=workdir)
        metadata.skip_refused_changes()
    os.chdir(workdir)


def main(order_file: str) -> None:
    """Run the order and end the process; nothing of a model runs afterwards, whatever it registered for exit."""
    order = json.loads(Path(order_file).read_text(encoding="utf-8"))
    program = importlib.import_module(order["program"])
    del sys.path[0]
    pipes = _take_pipes() if order["serve"] else None
    try:
        _confine(order)
    except (OSError, ValueError) as error:
        print(f"could not confine the process: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the parent keeps it
        os._exit(UNCONFINED)
    stage.enter("starting")
    code = _converse(program, order["body"], pipes) if pipes else _once(program, order["body"])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
    os._exit(code)
