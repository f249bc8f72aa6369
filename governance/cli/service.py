"""The API of one Probity over HTTP: the token goes to that service and nowhere else, a POST can be tried again."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

from governance.cli.answers import DENIED, UNREACHABLE, USAGE, Answer, CliError

AWAY = frozenset({429, 502, 503, 504})
TRIES = 4
Body = TypeVar("Body")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows a redirect of a GET within the service, and no other: the token goes nowhere else."""

    def redirect_request(self, *parts: Any, **named: Any) -> urllib.request.Request | None:
        old, new = (urllib.parse.urlsplit(url)[:2] for url in (parts[0].full_url, parts[-1]))
        if old != new or parts[0].get_method() != "GET":
            raise CliError(f"the service redirects to {new[0]}://{new[1]}; the token is not sent there", USAGE)
        return super().redirect_request(*parts, **named)


def check_address(url: str, *, insecure: bool) -> str:
    """Return the address without a slash at its end; plain HTTP leaves this machine only with --insecure."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise CliError("the address of the service looks like https://host[:port], without a name or a query", USAGE)
    if parts.scheme == "http" and not insecure and host not in LOOPBACK:
        raise CliError(f"{host} over plain http would show the token to the network; use https or --insecure", USAGE)
    return url.rstrip("/")


class Service:
    """The API of one Probity. A POST carries an Idempotency-Key, so that it may be tried again without harm."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token = url, token
        self._opener = urllib.request.build_opener(SameOrigin())

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self.call("GET", f"{path}?{urllib.parse.urlencode(query)}" if query else path)[0]

    def first(self, path: str, **query: str) -> dict[str, Any]:
        for found in self.get(path, **query)["results"]:
            return dict(found)
        raise CliError(f"there is nothing under {path} with {', '.join(map(' '.join, query.items()))}", USAGE)

    def post(self, path: str, body: object = None, match: str = "") -> dict[str, Any]:
        """Do something, once; ``match`` is the ETag of what was looked at."""
        headers = {"Content-Type": "application/json"} | ({"If-Match": match} if match else {})
        return self.call("POST", path, json.dumps(body or {}).encode(), **headers)[0]

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> dict[str, Any]:
        edge, start = uuid.uuid4().hex, 'Content-Disposition: form-data; name="'
        head = "".join(f'--{edge}\r\n{start}{name}"\r\n\r\n{text}\r\n' for name, text in fields.items())
        head += f'--{edge}\r\n{start}file"; filename="rows{file.suffix}"\r\n\r\n'
        data = head.encode() + file.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        return self.call("POST", path, data, **{"Content-Type": f"multipart/form-data; boundary={edge}"})[0]

    def download(self, path: str) -> bytes:
        """Return the bytes of a file that the service keeps, whatever they are. Raises CliError."""
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", headers=self._sender())  # noqa: S310 - checked
        return self._again(request, bytes)[0]

    def call(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Answer:
        """Return body and headers; tries again, with back-off, while the service is away. Raises CliError."""
        sent = {"Accept": "application/json", **self._sender(), **headers}
        if method == "POST":
            sent["Idempotency-Key"] = uuid.uuid4().hex
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, sent, method=method)  # noqa: S310 - checked
        return self._again(request, parsed)

    def _sender(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _again(self, request: urllib.request.Request, read: Callable[[bytes], Body]) -> tuple[Body, Mapping[str, str]]:
        for attempt in range(TRIES - 1):
            try:
                return self._once(request, read)
            except CliError as error:
                if error.code != UNREACHABLE and error.problem != "idempotency_in_progress":
                    raise
                time.sleep(0.5 * 2**attempt)
        return self._once(request, read)

    def _once(self, request: urllib.request.Request, read: Callable[[bytes], Body]) -> tuple[Body, Mapping[str, str]]:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return read(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                raise refused(self.url, error.code, error.read()) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise CliError(f"{self.url} cannot be reached: {reason}", UNREACHABLE) from None


def parsed(text: bytes) -> dict[str, Any]:
    """Return the JSON object of an answer; raises CliError for anything else."""
    try:
        return dict(json.loads(text).items())
    except (ValueError, AttributeError):
        raise CliError("what answers at this address is not Probity's API", UNREACHABLE) from None


def refused(url: str, status: int, text: bytes) -> CliError:
    """Return the error for an answer that is no success: away, denied, or asked wrongly."""
    if status in AWAY:
        return CliError(f"{url} answers {status}: not available now", UNREACHABLE)
    body = parsed(text)
    said = [str(body.get("detail")), *(f"{one['pointer']}: {one['detail']}" for one in body.get("errors") or ())]
    code = UNREACHABLE if status >= 500 else DENIED if status in {403, 409, 412, 428} else USAGE  # noqa: PLR2004 - HTTP's own
    return CliError(f"{body.get('code', status)}: {'; '.join(said)}", code, str(body.get("code", "")))
