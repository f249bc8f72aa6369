"""Ask a model that is a container image, by a contract of files, where this machine has an engine to run it.

The image is run by digest, without a network, capabilities, other users' rights or a writable root. It finds
``/in/rows.parquet`` and ``/in/request.json`` ({"features", "positive", "rows"}), writes ``/out/predictions.f64`` (one
little-endian float64 in [0, 1] per row: the score of the positive label) and exits with 0.
"""

import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.backends.child import CONTAINER, Limits
from registry.backends.failures import SandboxError
from registry.backends.inference import Inference, InferenceError, failed, keep_predictions
from registry.backends.isolation import container

REFERENCE = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,255}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NOBODY = "65534:65534"
LOOK_SECONDS = 0.05
TICK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Image:
    """An image by its name and digest."""

    name: str
    digest: str

    def reference(self) -> str:
        """Return what an engine takes."""
        return f"{self.name}@{self.digest}"


def image_of(details: Mapping[str, Any]) -> Image:
    """Return the image that a version's details declare; raises InferenceError when they declare none."""
    name, digest = str(details.get("image") or ""), str(details.get("image_digest") or "")
    if not REFERENCE.fullmatch(name) or not DIGEST.fullmatch(digest):
        raise InferenceError(
            "The version's details do not name its image by 'image' (a name) and 'image_digest' (sha256:…), so it "
            "cannot be run.",
            code="inference_image",
        )
    return Image(name, digest)


def engine() -> str:
    """Return the container engine of this machine; raises InferenceError when there is none."""
    if reason := container.unavailable():
        raise InferenceError(
            f"The version is a container image, and {reason} to run it; its predictions on the evaluation rows can be "
            "handed in instead.",
            code="inference_no_engine",
        )
    return container.engine()


def command(program: str, image: Image, *, name: str, given: Path, out: Path, limits: Limits) -> list[str]:
    """Return how the image is run: what it may use, and that it may do nothing else."""
    how = container.confined(
        program, name, memory=limits.memory_bytes, files=limits.open_files, file=limits.file_bytes, user=NOBODY
    )
    places = [*container.mounted(given, at="/in"), *container.mounted(out, at="/out", writable=True)]
    return [*how, *places, image.reference()]


def ask_image(
    image: Image,
    data: Path,
    *,
    features: Sequence[str],
    positive: str,
    workdir: Path,
    limits: Limits | None = None,
    on_tick: Callable[[], None] = lambda: None,
) -> Inference:
    """Return the image's scores of every row; raises InferenceError. An image is not explained: it has no insides."""
    import pyarrow.parquet as pq

    bounds, program = limits or Limits(), engine()
    given, out = workdir / "in", workdir / "out"
    given.mkdir(parents=True)
    out.mkdir()
    out.chmod(0o777)  # for whom the image runs as; the folder above is ours alone
    rows = int(pq.read_metadata(data).num_rows)
    shutil.copyfile(data, given / "rows.parquet")
    request = {"features": list(features), "positive": positive, "rows": rows}
    (given / "request.json").write_text(json.dumps(request), encoding="utf-8")
    name = container.new_name()
    run = command(program, image, name=name, given=given.resolve(), out=out.resolve(), limits=bounds)
    log = _follow(run, [program, "kill", name], workdir / "log", bounds, on_tick)
    try:
        return Inference(keep_predictions(out, workdir, rows), None, {"rows": rows}, CONTAINER, log)
    except SandboxError as error:
        raise failed(error) from error


def _follow(run: list[str], stop: list[str], log: Path, limits: Limits, on_tick: Callable[[], None]) -> str:
    """Run to the end and return what was printed; whatever happens, no container stays behind."""
    with log.open("wb") as output:
        process = subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    began = ticked = time.monotonic()
    try:
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
            _check(log, began, limits)
            if time.monotonic() - ticked >= TICK_SECONDS:
                ticked = time.monotonic()
                on_tick()
    finally:
        if process.poll() is None:
            subprocess.run(stop, capture_output=True, check=False, timeout=30)
            process.kill()
            process.wait()
    text = log.read_bytes()[: limits.log_bytes].decode("utf-8", "replace")
    if process.returncode != 0:
        raise InferenceError(
            f"The image ended with exit code {process.returncode} and no answer.", code="inference_crashed", log=text
        )
    return text


def _check(log: Path, began: float, limits: Limits) -> None:
    if time.monotonic() - began > limits.wall_seconds:
        raise InferenceError(
            f"The image took longer than the {limits.wall_seconds:g} s that it may take.", code="inference_timeout"
        )
    if log.stat().st_size > limits.log_bytes:
        raise InferenceError(
            f"The image printed more than the {limits.log_bytes} bytes that are kept.", code="inference_output"
        )
