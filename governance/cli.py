"""The command line of Probity for pipelines and people: one file on the standard library alone, to be copied anywhere.

Exit codes: 0 pass, 1 denied, 2 usage or configuration, 3 service unreachable, 4 pending (at the timeout).
The address and the token come from PROBITY_URL and PROBITY_TOKEN, or from ``probity login``; never from an argument.
"""

import argparse
import getpass
import ipaddress
import json
import os
import stat
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree as ET  # noqa: S405 - it writes XML here, and reads none

PASS, DENIED, USAGE, UNREACHABLE, PENDING = range(5)
TRY_AGAIN = frozenset({429, 502, 503, 504})
TRIES = 4
CALL_SECONDS = 30
POLL_SECONDS = (2.0, 15.0)
LARGEST_ANSWER = 32 << 20
OWNER_ONLY = 0o600


class CliError(Exception):
    """What ends the command, with its exit code."""

    def __init__(self, message: str, code: int) -> None:
        """Keep the exit code."""
        super().__init__(message)
        self.code = code


class Unreachable(CliError):  # noqa: N818 - it says what the service is
    """The service did not answer, or not as itself."""

    def __init__(self, message: str) -> None:
        """Exit with 3."""
        super().__init__(message, UNREACHABLE)


class Refused(CliError):  # noqa: N818 - it says what the service did
    """The service answered with a problem (RFC 9457)."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        """Exit with 1 for what is denied, 2 for what was asked wrongly, 3 for what it cannot do now."""
        fields = [f"{one.get('pointer', '')}: {one.get('detail', '')}" for one in body.get("errors") or ()]
        detail = "; ".join([str(body.get("detail", "no detail")), *fields])
        kind = UNREACHABLE if status >= 500 else DENIED if status in {403, 409, 412, 428} else USAGE  # noqa: PLR2004
        super().__init__(f"{body.get('code', status)}: {detail}", kind)
        self.problem = str(body.get("code", ""))


class _SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows a redirect of a GET within the service, and no other: the token goes nowhere else."""

    def redirect_request(  # noqa: PLR0917 - the signature is the library's
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Refuse another origin, and a redirect of anything but a GET."""
        old, new = (urllib.parse.urlsplit(url)[:2] for url in (req.full_url, newurl))
        if old != new or req.get_method() != "GET":
            raise CliError(f"the service redirects to {new[0]}://{new[1]}; the token is not sent there", USAGE)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _clean(text: object) -> str:
    """Return text without control characters, which could steer a terminal or break a report."""
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in str(text))


# --- the address and the token ----------------------------------------------------------------------------------------


def credentials_file() -> Path:
    """Return where ``login`` keeps address and token."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "probity" / "credentials.json"


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(url: str, *, insecure: bool) -> str:
    """Return the address without a slash at its end; plain HTTP leaves this machine only with --insecure."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise CliError("the address of the service looks like https://host[:port], without a name or a query", USAGE)
    if parts.scheme == "http" and not insecure and not _loopback(parts.hostname):
        raise CliError(f"{parts.hostname} over plain http would see the token; use https, or say --insecure", USAGE)
    return url.rstrip("/")


def _stored() -> dict[str, str]:
    place = credentials_file()
    try:
        mode = place.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise CliError(f"{place} can be read by others than you; set its mode to 0600", USAGE)
        found = json.loads(place.read_text())
        return {name: str(found[name]) for name in ("url", "token")}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CliError(f"{place} cannot be read ({type(error).__name__}); log in again", USAGE) from error


def _store(url: str, token: str) -> Path:
    place = credentials_file()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = place.with_name(f".{uuid.uuid4().hex}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "w") as file:
        json.dump({"url": url, "token": token}, file)
    partial.replace(place)
    return place


# --- calling ----------------------------------------------------------------------------------------------------------


class Service:
    """The API of one Probity. A POST carries an Idempotency-Key, so that a call may be tried again without harm."""

    def __init__(self, url: str, token: str) -> None:
        """Keep the address and the token."""
        self.url, self._token = url, token
        self._opener = urllib.request.build_opener(_SameOrigin())

    def get(self, path: str, **query: str | None) -> dict[str, Any]:
        """Read."""
        return self.call("GET", path, query={name: value for name, value in query.items() if value})[0]

    def post(self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Do something, once."""
        data = json.dumps(body if body is not None else {}).encode()
        return self.call("POST", path, data=data, headers={"Content-Type": "application/json", **(headers or {})})[0]

    def upload(self, path: str, fields: Mapping[str, str], file: Path) -> dict[str, Any]:
        """Send a file with fields."""
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in fields.items()
        ]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="rows{file.suffix}"\r\n'
        kind = "Content-Type: application/octet-stream\r\n\r\n"
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CliError(f"{file} cannot be read: {error.strerror}", USAGE) from error
        data = "".join([*parts, head, kind]).encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.call("POST", path, data=data, headers={"Content-Type": f"multipart/form-data; boundary={edge}"})[0]

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        """Return body and headers; raises Refused, Unreachable. Tries again what may be tried again, with back-off."""
        address = f"{self.url}/api/v1/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        sent = {"Accept": "application/json", "Authorization": f"Bearer {self._token}", **(headers or {})}
        if method == "POST":
            sent["Idempotency-Key"] = uuid.uuid4().hex
        for attempt in range(TRIES):
            try:
                return self._once(urllib.request.Request(address, data, sent, method=method))  # noqa: S310 - checked
            except (Unreachable, Refused) as error:
                again = error.code == UNREACHABLE or getattr(error, "problem", "") == "idempotency_in_progress"
                if attempt == TRIES - 1 or not again:
                    raise
                time.sleep(0.5 * 2**attempt)
        raise AssertionError

    def _once(self, request: urllib.request.Request) -> tuple[dict[str, Any], Mapping[str, str]]:
        try:
            with self._opener.open(request, timeout=CALL_SECONDS) as answer:
                return _parsed(answer.read(LARGEST_ANSWER)), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                status, text = error.code, error.read(LARGEST_ANSWER)
            if status in TRY_AGAIN:
                raise Unreachable(f"{self.url} answers {status}: not available now") from None
            raise Refused(status, _parsed(text)) from None
        except (urllib.error.URLError, HTTPException, OSError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise Unreachable(f"{self.url} cannot be reached: {reason}") from None


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreachable("what answers at this address is not Probity's API")
    return found


def connect(args: argparse.Namespace) -> Service:
    """Return the service that environment or ``login`` name; raises CliError when neither does."""
    kept = {} if os.environ.get("PROBITY_URL") and os.environ.get("PROBITY_TOKEN") else _stored()
    url, token = os.environ.get("PROBITY_URL") or kept.get("url"), os.environ.get("PROBITY_TOKEN") or kept.get("token")
    if kept and url and check_address(url, insecure=True) != kept["url"] and token == kept["token"]:
        raise CliError("PROBITY_URL names another service than the one the kept token is for; set PROBITY_TOKEN", USAGE)
    if not url or not token:
        raise CliError("no service is named: set PROBITY_URL and PROBITY_TOKEN, or run 'probity login'", USAGE)
    return Service(check_address(url, insecure=args.insecure), token)


# --- commands: each returns its exit code, a headline and a document ---------------------------------------------------

Result = tuple[int, str, dict[str, Any]]
STATES = {**dict.fromkeys(("APPROVED", "RELEASING", "RELEASED"), PASS)}
STATES |= dict.fromkeys(("OPEN", "COLLECTING", "MEASURING", "AWAITING_DECISION"), PENDING)


def login(args: argparse.Namespace) -> Result:
    """Try address and token, and keep them in a file that only you can read."""
    url = check_address(args.url or os.environ.get("PROBITY_URL") or "", insecure=args.insecure)
    token = os.environ.get("PROBITY_TOKEN") or (getpass.getpass("Token: ") if sys.stdin.isatty() else input())
    me = Service(url, token.strip()).get("principals/me")
    place = _store(url, token.strip())
    return PASS, f"logged in as {me['name']}; kept in {place}", me


def _first(service: Service, path: str, **query: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = service.get(path, **query)["results"]
    if not found:
        raise CliError(f"there is nothing under {path} with {', '.join(map(' '.join, query.items()))}", USAGE)
    return found[0]


def register(args: argparse.Namespace) -> Result:
    """Register a version from an MLflow run, or from the predictions it made on the evaluation rows."""
    service = connect(args)
    model = _first(service, "models", project=args.project, name=args.model)["id"]
    if args.predictions:
        fields = {"model": model, "commit": args.commit} | ({"trained_on": args.trained_on} if args.trained_on else {})
        made = service.upload("versions/predictions", fields, args.predictions)
    else:
        uses = [{"role": "train", "dataset_version": args.trained_on}] if args.trained_on else []
        features = args.feature or _features(service, args.trained_on)
        body = {"model": model, "run_id": args.mlflow_run, "features": features, "datasets": uses}
        made = service.post("versions/mlflow", body)
    return PASS, f"{args.model} version {made['number']} is registered", made


def _features(service: Service, trained_on: str | None) -> list[str]:
    if not trained_on:
        raise CliError("say which columns the model reads: --feature NAME…, or --trained-on with its dataset", USAGE)
    return [one["name"] for one in service.get(f"dataset-versions/{trained_on}")["schema"]["features"]]


def request(args: argparse.Namespace) -> Result:
    """Ask for a version to be released in an environment."""
    service = connect(args)
    model = _first(service, "models", project=args.project, name=args.model)["id"]
    body: dict[str, Any] = {
        "version": _first(service, "versions", model=model, number=args.version)["id"],
        "environment": _first(service, "environments", project=args.project, name=args.environment)["id"],
    }
    if args.threshold is not None:
        body["threshold"] = args.threshold
    made = service.post("promotions", body)
    return PASS, f"promotion {made['id']} is {made['state']}", made


def status(args: argparse.Namespace) -> Result:
    """Say where a promotion stands."""
    return _promotion(connect(args), args.promotion)


def _promotion(service: Service, identity: str) -> Result:
    found = service.get(f"promotions/{_quoted(identity)}")
    if found["evaluation"]:
        found["items"] = service.get(f"promotions/{_quoted(identity)}/evaluation")["document"]["items"]
    found["reasons"] = [found["detail"]] if found["detail"] else []
    return STATES.get(found["state"], DENIED), f"promotion {found['id']} is {found['state']}", found


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


def approve(args: argparse.Namespace) -> Result:
    """Approve the current evaluation, each open item acknowledged by name or at the terminal."""
    service, path = connect(args), f"promotions/{_quoted(args.promotion)}"
    promotion, headers = service.call("GET", path)
    evaluation = service.get(f"{path}/evaluation")
    if evaluation["digest"] != promotion["evaluation"] or not evaluation["digest"].startswith(args.evaluation or ""):
        raise CliError("the evaluation is not, or no longer, the one you looked at; look again", DENIED)
    keys = args.acknowledge if args.acknowledge is not None else _asked(evaluation["document"])
    body = {"reason": args.reason, "acknowledge": keys}
    made = service.post(f"{path}/approve", body, headers={"If-Match": headers["ETag"]})
    return PASS, f"approved; promotion {made['id']} is {made['state']}", made


def _asked(document: Mapping[str, Any]) -> list[str]:
    """Ask at the terminal for each item that must be acknowledged; a no ends the command."""
    open_items = [item for item in document["items"] if item["key"] in document["acknowledge"]]
    if open_items and not sys.stdin.isatty():
        raise CliError(f"acknowledge singly: --acknowledge {' '.join(item['key'] for item in open_items)}", USAGE)
    for item in open_items:
        print(_clean(f"{item['outcome']}: {item['reason']}"), file=sys.stderr)
        if input("Do you accept this? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CliError("not accepted; nothing was approved", DENIED)
    return [item["key"] for item in open_items]


def reject(args: argparse.Namespace) -> Result:
    """Reject a promotion for good."""
    service, path = connect(args), f"promotions/{_quoted(args.promotion)}"
    _, headers = service.call("GET", path)
    made = service.post(f"{path}/reject", {"reason": args.reason}, headers={"If-Match": headers["ETag"]})
    return PASS, f"promotion {made['id']} is {made['state']}", made


def release(args: argparse.Namespace) -> Result:
    """Begin the release of an approved promotion; with --wait, until it went out."""
    service = connect(args)
    run = service.post(f"promotions/{_quoted(args.promotion)}/release")

    def ask() -> Result:
        code, headline, found = _promotion(service, args.promotion)
        return {"RELEASED": PASS, "RELEASING": PENDING}.get(found["state"], max(code, DENIED)), headline, found

    return _wait(ask, args) if args.wait else (PASS, f"the release has begun, in run {run['id']}", run)


def rollback(args: argparse.Namespace) -> Result:
    """Put the last approved version back, at once."""
    made = connect(args).post(f"deployments/{_quoted(args.deployment)}/rollback", {"reason": args.reason})
    return PASS, f"rolled back; deployment {made['id']} is {made['state']}", made


def gate(args: argparse.Namespace) -> Result:
    """Say whether a version may go out in an environment; only a plain yes is a pass."""
    service = connect(args)
    asked = {name: getattr(args, name) for name in ("project", "model", "version", "environment")}

    def ask() -> Result:
        found = service.get("gate", **asked)
        code = PASS if found.get("allowed") is True else PENDING if found.get("pending") is True else DENIED
        words = {PASS: "may go out", PENDING: "is not decided yet", DENIED: "may not go out"}
        said = f"{args.model} {args.version} {words[code]} in {args.environment} ({found.get('state', 'UNKNOWN')})"
        return code, said, found

    return _wait(ask, args)


def _wait(ask: Callable[[], Result], args: argparse.Namespace) -> Result:
    """Ask until it is no longer pending, or until the timeout; a service that is away is asked again meanwhile."""
    end, pause = time.monotonic() + (args.timeout if args.wait else 0), POLL_SECONDS[0]
    while True:
        try:
            result = ask()
            if result[0] != PENDING or time.monotonic() >= end:
                return result
        except Unreachable:
            if time.monotonic() >= end:
                raise
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
        pause = min(pause * 1.5, POLL_SECONDS[1])


# --- printing ---------------------------------------------------------------------------------------------------------


def _missed(item: Mapping[str, Any]) -> bool:
    return item["outcome"] not in {"PASS", "NOT_APPLICABLE"} and not (item.get("waived") or item.get("waiver"))


def as_text(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return lines for people."""
    return _clean("\n".join([headline, *(f"  - {one}" for one in document.get("reasons") or ())]))


def as_json(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return the document, with the verdict of this command."""
    return json.dumps({"exit_code": code, "message": headline, **document}, indent=2)


def as_junit(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return JUnit XML: a case for each item, and one for the answer; only a pass does not fail."""
    cases = [(item["key"], item["reason"] if _missed(item) else "") for item in document.get("items") or ()]
    cases.append(("gate", "" if code == PASS else as_text(code, headline, document)))
    failures = str(sum(bool(why) for _, why in cases))
    suite = ET.Element("testsuite", name="probity", tests=str(len(cases)), failures=failures, errors="0")
    for name, why in cases:
        case = ET.SubElement(suite, "testcase", classname="probity", name=_clean(name))
        if why:
            ET.SubElement(case, "failure", message=_clean(why).splitlines()[0]).text = _clean(why)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def as_sarif(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return SARIF 2.1.0: a result for each item that is not met, and for an answer that is no pass."""
    soft = {"WARN", "INDETERMINATE"}
    found = [
        (item["key"], "warning" if item["outcome"] in soft else "error", item["reason"])
        for item in document.get("items") or ()
        if _missed(item)
    ]
    if code != PASS:
        found.append(("gate", "warning" if code == PENDING else "error", as_text(code, headline, document)))
    results = [{"ruleId": key, "level": level, "message": {"text": _clean(text)}} for key, level, text in found]
    rules = [{"id": key} for key in dict.fromkeys(key for key, _, _ in found)]
    tool = {"driver": {"name": "probity", "rules": rules}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results}]}, indent=2)


FORMATS: dict[str, Callable[[int, str, Mapping[str, Any]], str]] = {
    "text": as_text,
    "json": as_json,
    "junit": as_junit,
    "sarif": as_sarif,
}


def tell_github(code: int, text: str) -> None:
    """Write an annotation and the step summary, in a GitHub workflow."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    level = {PASS: "notice", PENDING: "warning"}.get(code, "error")
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::{level} title=Probity::{escaped}", file=sys.stderr)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write("### Probity\n\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "\n")


# --- arguments --------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="probity", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(run: Callable[[argparse.Namespace], Result], *needed: str) -> argparse.ArgumentParser:
        one = commands.add_parser(run.__name__, help=(run.__doc__ or "").splitlines()[0], description=run.__doc__)
        one.set_defaults(run=run)
        one.add_argument("--format", choices=list(FORMATS), default="text")
        one.add_argument("--insecure", action="store_true", help="send the token over plain http to another machine")
        if needed:
            one.add_argument("--project", default="default")
        for name in needed:
            one.add_argument(f"--{name}", required=True)
        return one

    def waits(one: argparse.ArgumentParser) -> None:
        one.add_argument("--wait", action="store_true", help="wait while it is pending")
        one.add_argument("--timeout", type=float, default=600, help="seconds to wait (default: 600)")

    add(login).add_argument("--url")
    one = add(register, "model")
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--mlflow-run")
    source.add_argument("--predictions", type=Path, help="CSV or Parquet with a column score or prediction")
    one.add_argument("--trained-on", help="the id of the dataset version it was trained on")
    one.add_argument("--feature", action="append", help="a column that the model reads; repeat it")
    one.add_argument("--commit", default="")
    add(request, "model", "version", "environment").add_argument("--threshold", type=float)
    for run in (status, approve, reject, release):
        one = add(run)
        one.add_argument("promotion", help="its id")
        if run in {approve, reject}:
            one.add_argument("--reason", required=True)
        if run is approve:
            one.add_argument("--acknowledge", nargs="*", metavar="KEY", help="items accepted, each by its key")
            one.add_argument("--evaluation", help="(the beginning of) the digest of the evaluation you looked at")
        if run is release:
            waits(one)
    one = add(rollback)
    one.add_argument("deployment", help="its id")
    one.add_argument("--reason", required=True)
    waits(add(gate, "model", "version", "environment"))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; whatever goes wrong is never a pass."""
    args = _parser().parse_args(arguments)
    try:
        code, headline, document = args.run(args)
    except CliError as error:
        print(f"probity: {_clean(error)}", file=sys.stderr)
        tell_github(error.code, _clean(error))
        return error.code
    except (KeyError, TypeError, AttributeError):
        print("probity: the service answered in a way that this version does not understand", file=sys.stderr)
        return UNREACHABLE
    except (KeyboardInterrupt, EOFError):
        return USAGE
    print(FORMATS[args.format](code, headline, document))
    if args.command in {"gate", "status", "release"}:
        tell_github(code, as_text(code, headline, document))
    return code


if __name__ == "__main__":
    sys.exit(main())
