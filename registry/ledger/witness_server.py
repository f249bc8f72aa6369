"""The witness over HTTP: POST …/add-checkpoint, answered as the C2SP text says; nothing else is there."""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from registry.ledger.witness import MOST_BYTES, Answer, Witness

SOCKET_SECONDS = 15
MOST_AT_ONCE = 32
PATH = "/add-checkpoint"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: "WitnessServer"
    protocol_version = "HTTP/1.1"
    server_version = "probity-witness"
    sys_version = ""
    timeout = SOCKET_SECONDS

    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""

    def do_POST(self) -> None:
        """Answer a submission; whatever is not one closes the connection."""
        size = self.headers.get("Content-Length", "")
        if self.path.rstrip("/").rpartition("/")[2] != PATH.strip("/"):
            self._answer(Answer(HTTPStatus.NOT_FOUND, b"Only add-checkpoint is here.\n"), close=True)
        elif not size.isdecimal() or int(size) > MOST_BYTES:
            problem = f"A submission has a length, of at most {MOST_BYTES} bytes.\n".encode()
            self._answer(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem), close=True)
        elif not self.server.places.acquire(timeout=SOCKET_SECONDS):
            self._answer(Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Too many at once.\n"), close=True)
        else:
            try:
                self._answer(self.server.witness.add_checkpoint(self.rfile.read(int(size))))
            finally:
                self.server.places.release()

    def _answer(self, answer: Answer, *, close: bool = False) -> None:
        self.close_connection = close or self.close_connection
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


class WitnessServer(ThreadingHTTPServer):
    """A server that knows its witness."""

    daemon_threads = True

    def __init__(self, witness: Witness, host: str, port: int) -> None:
        """Listen on host and port; port 0 takes a free one (``server_address`` tells which)."""
        super().__init__((host, port), Handler)
        self.witness, self.places = witness, threading.BoundedSemaphore(MOST_AT_ONCE)
