"""Plug-ins that can be held at a point, by files in a folder, so that a test can kill their process just there."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from registry.backends.base import ServeSpec, ServeStatus
from registry.checks import Context, Inputs, Measurement, Need, Outcome

HOLD = "PROBITY_TEST_HOLD"
SCORE = Measurement(metric="score", value="0.9", lower="0.8", upper="0.95", n=100)


def folder() -> Path:
    return Path(os.environ[HOLD])


def hold(point: str, sign_of_life: Callable[[], None] = lambda: None) -> None:
    """Say that the point was reached, and by which process; stay there while the test wants it."""
    with (folder() / f"{point}.reached").open("a") as file:
        file.write(f"{os.getpid()}\n")
    while (folder() / f"{point}.hold").exists():
        sign_of_life()
        time.sleep(0.05)


class HeldCheck:
    version = "1"

    def __init__(self, name: str) -> None:
        self.name = name
        self.metrics: Mapping[str, str] = {f"{name}.score": "a constant"}

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        return ()

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        hold(self.name, lambda: context.progress(0.5, "held"))
        numbers = {"value": SCORE.value, "lower": SCORE.lower, "upper": SCORE.upper, "n": SCORE.n}
        return Outcome(measurements=(Measurement(metric=f"{self.name}.score", **numbers),))


first, second = HeldCheck("first"), HeldCheck("second")


class FileServing:
    """Serves by a file per deployment, which outlives the process that deployed."""

    name = "local"

    def __init__(self, **_options: Any) -> None:
        self.served = folder() / "served"
        self.served.mkdir(exist_ok=True)

    def deploy(self, spec: ServeSpec) -> dict[str, Any]:
        facts = {"manifest_digest": spec.manifest_digest, "model_digest": spec.model_digest}
        (self.served / spec.deployment_id).write_text(json.dumps(facts))
        hold("deployed")
        return {"id": spec.deployment_id}

    def status(self, handle: Mapping[str, Any]) -> ServeStatus:
        hold("status")
        place = self.served / handle["id"]
        return ServeStatus(healthy=True, **json.loads(place.read_text())) if place.exists() else ServeStatus(False)

    def predict(self, handle: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        raise NotImplementedError

    def stop(self, handle: Mapping[str, Any]) -> None:
        (self.served / handle["id"]).unlink(missing_ok=True)
