"""The HTTP parent of one served model: never loads it, asks the sandboxed child; GET /health, POST /predict."""

import hmac
import json
import logging
import signal
import threading
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from registry.backends.base import BackendError
from registry.backends.detached import HANDLE, locked, myself, read_json, write_json
from registry.backends.failures import SandboxRaisedError, SandboxRefusedError, SandboxTimeoutError
from registry.backends.serving.keeper import Keeper, NotReadyError, Served
from registry.backends.serving.rows import Problem, rows_of

SPEC, FAILED, TOKEN, LIVING, MODEL = "spec.json", "failed.json", "token", "living.lock", "model"
HOST = "127.0.0.1"
MOST_BYTES = 16 << 20
SOCKET_SECONDS = 30
STATUS_OF = (
    (NotReadyError, HTTPStatus.SERVICE_UNAVAILABLE),
    (SandboxTimeoutError, HTTPStatus.GATEWAY_TIMEOUT),
    (SandboxRefusedError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (SandboxRaisedError, HTTPStatus.UNPROCESSABLE_ENTITY),
)


class Server(ThreadingHTTPServer):
    """A server that knows its keeper and its token."""

    daemon_threads = True

    def __init__(self, keeper: Keeper, token: str) -> None:
        """Listen on a free port of this machine only."""
        super().__init__((HOST, 0), Handler)
        self.keeper, self.token = keeper, token


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "probity"
    sys_version = ""
    timeout = SOCKET_SECONDS

    def log_message(self, *_: object) -> None:
        """Requests hold people's data: nothing of them is logged."""

    def _send(self, status: HTTPStatus, document: dict[str, Any], kind: str = "application/json") -> None:
        data = json.dumps(document, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if status >= HTTPStatus.BAD_REQUEST:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def _refuse(self, status: HTTPStatus, problem: Problem) -> None:
        document = {name: value for name, value in asdict(problem).items() if value is not None}
        self._send(status, {"title": status.phrase, "status": int(status)} | document, "application/problem+json")

    def do_GET(self) -> None:
        """Say which digests are served and whether the model answers."""
        if self.path != "/health":
            self._refuse(HTTPStatus.NOT_FOUND, Problem("not_found", "There is GET /health and POST /predict."))
            return
        keeper, served = self.server.keeper, self.server.keeper.served
        healthy = keeper.healthy()
        document = {
            "healthy": healthy, "deployment_id": served.deployment_id, "manifest_digest": served.manifest_digest,
            "model_digest": served.model_digest, "isolation": served.isolation, "message": keeper.message,
            "starts": keeper.starts, "child_pid": keeper.child_pid(),
        }  # fmt: skip
        self._send(HTTPStatus.OK if healthy else HTTPStatus.SERVICE_UNAVAILABLE, document)

    def _allowed(self) -> bool:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.server.token.encode())

    def _body(self) -> Any:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            return Problem("bad_request", "The request must say its length.")
        if int(length) > MOST_BYTES:
            return Problem("too_large", f"The request has {length} bytes; at most {MOST_BYTES} are read.")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            return Problem("not_json", "The body is not JSON.")

    def do_POST(self) -> None:
        """Score rows."""
        if self.path != "/predict":
            self._refuse(HTTPStatus.NOT_FOUND, Problem("not_found", "There is GET /health and POST /predict."))
        elif not self._allowed():
            self._refuse(HTTPStatus.UNAUTHORIZED, Problem("unauthorised", "The bearer token is missing or wrong."))
        else:
            self._predict(self._body())

    def _predict(self, document: Any) -> None:
        rows = document if isinstance(document, Problem) else rows_of(document, self.server.keeper.served.features)
        if isinstance(rows, Problem):
            self._refuse(HTTPStatus.BAD_REQUEST, rows)
            return
        try:
            answer = self.server.keeper.predict(rows)
        except BackendError as error:
            status = next((to for kind, to in STATUS_OF if isinstance(error, kind)), HTTPStatus.BAD_GATEWAY)
            self._refuse(status, Problem(error.code, f"{error}"))
            return
        self._send(HTTPStatus.OK, answer)


def _served(folder: Path) -> Served:
    spec = read_json(folder / SPEC) or {}
    names = ("deployment_id", "manifest_digest", "model_digest", "positive", "threshold", "memory_bytes", "isolation")
    return Served(**{name: spec[name] for name in names}, model=folder / MODEL, features=tuple(spec["features"]))


def _serve(folder: Path, keeper: Keeper) -> None:
    server = Server(keeper, (folder / TOKEN).read_text(encoding="ascii").strip())
    threading.Thread(target=server.serve_forever, daemon=True, name="http").start()
    served = keeper.served
    write_json(
        folder / HANDLE,
        {
            "deployment_id": served.deployment_id, "manifest_digest": served.manifest_digest,
            "model_digest": served.model_digest, "folder": str(folder), "port": server.server_port,
            "isolation": served.isolation, **myself(),
        },
    )  # fmt: skip
    keeper.keep()
    server.shutdown()
    server.server_close()


def main(folder: Path) -> None:
    """Serve the deployment of a folder until told to stop; a second process in the same folder does nothing."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    with locked(folder / LIVING, wait=False) as held:
        if not held:
            return
        keeper = Keeper(_served(folder), folder)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: keeper.stop())
        try:
            keeper.start()
            _serve(folder, keeper)
        except BackendError as error:
            write_json(folder / FAILED, {"code": error.code, "message": f"{error}"})
        finally:
            keeper.close()
