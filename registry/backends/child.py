"""Start a sandboxed child: its fixed environment, its order, and reading back what it left without being misled."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from registry.backends.failures import SandboxResultError, SandboxUnavailableError
from registry.backends.isolation import confine, container

ROOT = Path(__file__).resolve().parents[2]
ISOLATED = "landlock+seccomp"
NOT_ISOLATED = "none"
CONTAINER = "container"
ORDER = "order.json"
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from registry.backends.programs.start import main; main(sys.argv[2])"
)
INTERPRETER_OPTIONS = ("-s", "-P", "-B")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one sandboxed process may use; ``cpu_seconds`` None is for processes that live as long as a deployment."""

    memory_bytes: int = 3 << 30
    cpu_seconds: int | None = 300
    wall_seconds: float = 300.0
    file_bytes: int = 256 << 20
    folder_bytes: int = 1 << 30
    open_files: int = 256
    log_bytes: int = 1 << 20


def environment(workdir: Path) -> dict[str, str]:
    """Return the whole environment of a child: nothing is inherited."""
    here = str(workdir)
    return {
        "PATH": "/nonexistent", "HOME": here, "TMPDIR": here, "USER": "sandbox", "LOGNAME": "sandbox",
        "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1", "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1",
        "LOKY_MAX_CPU_COUNT": "1", "MALLOC_ARENA_MAX": "2", "NUMBA_CACHE_DIR": here, "MPLCONFIGDIR": here,
        "MPLBACKEND": "Agg", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1",
        "MLFLOW_TRACKING_URI": f"file://{here}", "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true", "MLFLOW_ALLOW_MODEL_CODE_EXECUTION": "true",
        "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1",
    }  # fmt: skip


def check_isolation(isolation: str) -> bool:
    """Say whether the child confines itself; raises SandboxUnavailableError for what this machine cannot do."""
    if isolation == NOT_ISOLATED:
        return False
    if isolation not in {ISOLATED, CONTAINER}:
        known = ", ".join(f'"{name}"' for name in (ISOLATED, CONTAINER, NOT_ISOLATED))
        raise SandboxUnavailableError(f"the isolation {isolation!r} is unknown; it is one of {known}")
    reason = container.unavailable() if isolation == CONTAINER else confine.unavailable()
    if reason:
        other = "landlock+seccomp" if isolation == CONTAINER else "container"
        raise SandboxUnavailableError(
            f'model code cannot be isolated here: {reason}; PROBITY_SANDBOX can be "{other}" where that is there'
        )
    return isolation == ISOLATED


def _remove(path: Path) -> None:
    """Remove what an earlier child may have left in the place of one of our files."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def start(
    program: str,
    body: Mapping[str, Any],
    *,
    readable: Iterable[Path],
    workdir: Path,
    limits: Limits,
    isolation: str,
    serve: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session. A serving child speaks over its two pipes and logs to the third."""
    isolated, readable = check_isolation(isolation), list(readable)
    workdir.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (ORDER, "result.json", "stage"):
        _remove(workdir / name)
    module = program if "." in program else f"registry.backends.programs.{program}"
    order = {
        "program": module, "body": dict(body), "readable": [str(item.resolve()) for item in readable],
        "workdir": str(workdir.resolve()), "limits": asdict(limits), "isolated": isolated, "serve": serve,
        "parent": None if isolation == CONTAINER else os.getpid(),
    }  # fmt: skip
    order_file = workdir / ORDER
    order_file.write_text(json.dumps(order), encoding="utf-8")
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE if serve else subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE if serve else subprocess.STDOUT,
        "start_new_session": True,
    }
    program_options = [*INTERPRETER_OPTIONS, "-c", BOOT]
    if isolation == CONTAINER:
        return container.start(
            [*program_options, container.CODE, str(order_file.resolve())],
            readable=[item.resolve() for item in readable],
            workdir=workdir.resolve(),
            environment=environment(workdir.resolve()),
            limits=(limits.memory_bytes, limits.open_files, limits.file_bytes),
            pipes=pipes,
        )
    return subprocess.Popen(
        [sys.executable, *program_options, str(ROOT), str(order_file.resolve())],
        env=environment(workdir.resolve()),
        cwd="/",
        **pipes,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and what may be in its session, and reap it."""
    if process.poll() is None:
        if isinstance(process, container.Contained):
            process.end()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    process.wait()


def read_left(path: Path, most: int) -> bytes:
    """Read a file that a child left: a regular file, not a link, of at most ``most`` bytes; or SandboxResultError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SandboxResultError(f"the process left no readable file {path.name!r} ({error.strerror})") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise SandboxResultError(f"what the process left as {path.name!r} is not a regular file")
        if found.st_size > most:
            raise SandboxResultError(
                f"the process left {found.st_size} bytes as {path.name!r}; at most {most} are accepted"
            )
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which is not a number")


def parse_json(data: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object written by a child, without NaN; raises SandboxResultError."""
    try:
        value = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise SandboxResultError(f"{what} is not JSON that can be read: {error}") from error
    if not isinstance(value, dict):
        raise SandboxResultError(f"{what} is a JSON {type(value).__name__}, not an object")
    return value


def stage_of(workdir: Path) -> str:
    """Return what the child last said it was doing."""
    try:
        text = read_left(workdir / "stage", 200).decode("utf-8", "replace")
    except SandboxResultError:
        return "starting"
    return "".join(character for character in text if character.isprintable()) or "starting"
