"""A check and a serving backend that are cheap: the numbers come from the policy, and serving is a note in memory."""

from collections.abc import Mapping
from typing import Any, ClassVar

from registry.backends.base import BackendError, ServeSpec, ServeStatus
from registry.checks import Context, Inputs, Measurement, Need, Outcome


class CheapCheck:
    name = "cheap"
    version = "1"
    metrics: Mapping[str, str] = {"cheap.score": "what the policy says it is"}

    def needs(self, parameters: Mapping[str, Any]) -> tuple[Need, ...]:
        return ()

    def measure(self, inputs: Inputs, context: Context) -> Outcome:
        if context.parameters.get("broken"):
            raise RuntimeError("the cheap check was told to break")
        numbers = {name: context.parameters[name] for name in ("value", "lower", "upper")}
        return Outcome(measurements=(Measurement(metric="cheap.score", n=100, **numbers),))


class CheapServing:
    name = "local"
    served: ClassVar[dict[str, ServeSpec]] = {}
    away: ClassVar[bool] = False

    def __init__(self, **_options: Any) -> None:
        pass

    def deploy(self, spec: ServeSpec) -> dict[str, Any]:
        self._reach()
        self.served[spec.deployment_id] = spec
        return {"id": spec.deployment_id}

    def status(self, handle: Mapping[str, Any]) -> ServeStatus:
        spec = self.served.get(handle["id"])
        return ServeStatus(healthy=spec is not None, manifest_digest=spec.manifest_digest if spec else "")

    def predict(self, handle: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        self._reach()
        spec = self.served[handle["id"]]
        return {
            "scores": [0.5] * len(rows),
            "predictions": [1] * len(rows),
            "model_digest": spec.model_digest,
            "manifest_digest": spec.manifest_digest,
        }

    def stop(self, handle: Mapping[str, Any]) -> None:
        self._reach()
        self.served.pop(handle["id"], None)

    def _reach(self) -> None:
        if CheapServing.away:
            raise BackendError("http://secret-host:1 does not answer", code="backend_away", retriable=True)


check = CheapCheck()
