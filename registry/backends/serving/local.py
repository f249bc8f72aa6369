"""Serve on this machine: a detached HTTP parent with a sandboxed child, pinned to the digest of the model's tree."""

import http.client
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.backends import detached
from registry.backends.base import BackendError, ServeSpec, ServeStatus
from registry.backends.child import ISOLATED, check_isolation
from registry.backends.serving.server import FAILED, HOST, MODEL, SPEC, TOKEN
from registry.backends.trees import copy_tree

SERVER = "registry.backends.serving.server"
START_SECONDS = 150.0
ASK_SECONDS = 60.0


class LocalServing:
    """Serves models in sandboxes on this machine; ``isolation`` "none" must be asked for and is recorded."""

    name = "local"

    def __init__(self, isolation: str = ISOLATED) -> None:
        """Keep how children are isolated."""
        self.isolation = isolation

    def deploy(self, spec: ServeSpec) -> dict[str, Any]:
        """Start serving and return a handle; the same deployment is started once. Raises BackendError."""
        check_isolation(self.isolation)
        folder = spec.workdir.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with detached.locked(folder / "deploy.lock", wait=True):
            document = self._document(spec)
            known = detached.read_json(folder / SPEC)
            if known is not None and known != document:
                raise BackendError(
                    f"the folder of deployment {spec.deployment_id} already holds another deployment, or another "
                    f"manifest of it ({known.get('deployment_id')})",
                    code="folder_taken",
                )
            handle = detached.read_json(folder / detached.HANDLE) if known is not None else None
            if handle is not None and self.status(handle).healthy:
                return handle
            if handle is not None:
                detached.stop(handle)
            copy_tree(spec.model_path, folder / MODEL, spec.model_digest)
            self._write_token(folder)
            detached.write_json(folder / SPEC, document)
            return self._launch(folder)

    def _document(self, spec: ServeSpec) -> dict[str, Any]:
        return {
            "deployment_id": spec.deployment_id, "manifest_digest": spec.manifest_digest,
            "model_digest": spec.model_digest, "features": list(spec.features), "positive": spec.positive,
            "threshold": spec.threshold, "memory_bytes": spec.memory_bytes, "isolation": self.isolation,
        }  # fmt: skip

    @staticmethod
    def _write_token(folder: Path) -> None:
        (folder / TOKEN).unlink(missing_ok=True)
        handle = os.open(folder / TOKEN, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(32))

    def _launch(self, folder: Path) -> dict[str, Any]:
        for name in (detached.HANDLE, FAILED):
            (folder / name).unlink(missing_ok=True)
        detached.launch(SERVER, folder)
        ended = (folder / detached.HANDLE, folder / FAILED)
        if not detached.wait_until(lambda: any(item.exists() for item in ended), START_SECONDS):
            raise detached.NotStartedError(f"the server of the model did not start within {START_SECONDS:g} s")
        failed = detached.read_json(folder / FAILED)
        if failed is not None:
            raise BackendError(f"The model cannot be served: {failed['message']}.", code=failed["code"])
        return detached.read_json(folder / detached.HANDLE) or {}

    def _ask(
        self, handle: Mapping[str, Any], method: str, path: str, body: Any = None, *, seconds: float = ASK_SECONDS
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Content-Type": "application/json"}
        if body is not None:
            token = (Path(str(handle["folder"])) / TOKEN).read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection(HOST, int(handle["port"]), timeout=seconds)
        try:
            connection.request(method, path, None if body is None else json.dumps(body, allow_nan=False), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def status(self, handle: Mapping[str, Any]) -> ServeStatus:
        """Observe: ask the endpoint itself; what does not answer, or is another deployment, is not healthy."""
        endpoint = f"http://{HOST}:{handle['port']}"
        if not detached.is_alive(handle):
            return ServeStatus(healthy=False, endpoint=endpoint, message="The server of the model does not run.")
        try:
            _, found = self._ask(handle, "GET", "/health", seconds=5)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return ServeStatus(healthy=False, endpoint=endpoint, message=f"The endpoint does not answer: {error}.")
        if found.get("deployment_id") != handle["deployment_id"]:
            return ServeStatus(healthy=False, endpoint=endpoint, message="The endpoint serves another deployment.")
        return ServeStatus(
            healthy=found.get("healthy") is True,
            manifest_digest=str(found.get("manifest_digest", "")),
            model_digest=str(found.get("model_digest", "")),
            endpoint=endpoint,
            message=str(found.get("message", "")),
        )

    def predict(self, handle: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Score rows at the endpoint; raises BackendError with the code that the endpoint gave."""
        if not detached.is_alive(handle):
            raise BackendError("The server of the model does not run.", code="not_serving", retriable=True)
        try:
            status, found = self._ask(handle, "POST", "/predict", {"rows": rows})
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BackendError(f"The endpoint does not answer: {error}.", code="no_answer", retriable=True) from error
        if status != http.client.OK:
            retriable = status in {http.client.SERVICE_UNAVAILABLE, http.client.GATEWAY_TIMEOUT}
            raise BackendError(str(found.get("detail")), code=str(found.get("code")), retriable=retriable)
        return found

    def find(self, deployment_id: str, workdir: Path) -> dict[str, Any] | None:
        """Return the handle that the server of a deployment wrote itself, or None."""
        handle = detached.read_json(workdir / detached.HANDLE)
        return handle if handle is not None and handle.get("deployment_id") == deployment_id else None

    def stop(self, handle: Mapping[str, Any]) -> None:
        """Serve nothing; the child ends with its parent. Stopping what has ended is harmless."""
        detached.stop(handle)
