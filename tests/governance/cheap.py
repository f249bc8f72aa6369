"""What stands in for the world outside: a model that is a slope, a serving backend and an alias kept in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry import infer
from registry.artifacts import keep_table, local_path, read_document, store
from registry.backends.base import BackendError, ServeSpec, ServeStatus
from registry.models import Inference
from registry.sources import mlflow


@dataclass
class Outside:
    """What runs outside of our record; ``away`` names the operations that do not answer."""

    served: dict[str, ServeSpec] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def reach(self, what: str) -> None:
        self.calls.append(what)
        if what in self.away:
            raise BackendError(f"{what} is not answered", code="backend_away", retriable=True)


OUTSIDE = Outside()


class MemoryServing:
    name = "local"

    def __init__(self, **_options: Any) -> None:
        pass

    def deploy(self, spec: ServeSpec) -> dict[str, Any]:
        OUTSIDE.reach("deploy")
        OUTSIDE.served[spec.deployment_id] = spec
        return {"id": spec.deployment_id}

    def status(self, handle: Mapping[str, Any]) -> ServeStatus:
        spec = OUTSIDE.served.get(handle["id"])
        if spec is None:
            return ServeStatus(healthy=False, message="it does not run")
        return ServeStatus(healthy=True, manifest_digest=spec.manifest_digest, model_digest=spec.model_digest)

    def predict(self, handle: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        spec = OUTSIDE.served[handle["id"]]
        slope = json.loads((spec.model_path / "slope.json").read_text())["slope"]
        scores = [_score(slope, row["x1"]) for row in rows]
        return {
            "scores": scores,
            "predictions": [int(score >= spec.threshold) for score in scores],
            "model_digest": spec.model_digest,
            "manifest_digest": spec.manifest_digest,
        }

    def stop(self, handle: Mapping[str, Any]) -> None:
        OUTSIDE.reach("stop")
        OUTSIDE.served.pop(handle["id"], None)


def _score(slope: float, value: float) -> float:
    return min(1.0, max(0.0, 0.5 + slope * value / 8))


def _slope(content: str) -> float:
    entry = next(one for one in read_document(content) if one["path"] == "slope.json")
    return float(json.loads(store().get(entry["sha256"]))["slope"])


infer_in_earnest = infer._infer


def infer_by_slope(version, content, data_digest, schema, folder, progress) -> Inference:  # noqa: PLR0917 - as it is
    """Score rows by the slope in the model's folder: stands in for the sandboxed process; an image has no folder."""
    if not content:
        return infer_in_earnest(version, content, data_digest, schema, folder, progress)
    import pyarrow as pa
    import pyarrow.parquet as pq

    slope = _slope(content)
    values = pq.read_table(local_path(data_digest), columns=["x1"]).column("x1").to_pylist()
    scores = keep_table(pa.table({"row": range(len(values)), "score": [_score(slope, value) for value in values]}))
    made, _ = Inference.objects.get_or_create(
        version=version,
        data_digest=data_digest,
        asked=infer.asked(version, schema),
        isolation=infer.isolation(),
        defaults={"scores": scores},
    )
    return made


def _set_alias(name: str, alias: str, number: str) -> None:
    OUTSIDE.reach("alias")
    OUTSIDE.aliases[f"{name}@{alias}"] = number


def _read_alias(name: str, alias: str) -> tuple[str, str]:
    OUTSIDE.reach("alias")
    number = OUTSIDE.aliases.get(f"{name}@{alias}", "")
    return number, mlflow_digest(number) if number else ""


def _delete_alias(name: str, alias: str) -> None:
    OUTSIDE.reach("alias")
    OUTSIDE.aliases.pop(f"{name}@{alias}", None)


def mlflow_digest(number: str) -> str:
    return f"digest-of-{number}"


def stand_in(settings, monkeypatch) -> Outside:
    """Put the stand-ins in place for one test."""
    for store_of in (OUTSIDE.served, OUTSIDE.aliases, OUTSIDE.away, OUTSIDE.calls):
        store_of.clear()
    settings.PROBITY_SERVING_BACKENDS = {"local": f"{__name__}.MemoryServing"}
    monkeypatch.setattr(infer, "_infer", infer_by_slope)
    monkeypatch.setattr(mlflow, "set_alias", _set_alias)
    monkeypatch.setattr(mlflow, "read_alias", _read_alias)
    monkeypatch.setattr(mlflow, "delete_alias", _delete_alias)
    return OUTSIDE
