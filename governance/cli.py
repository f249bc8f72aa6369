"""The command line of Probity for pipelines and people: one file on the standard library alone, to be copied anywhere.

Exit codes: 0 pass, 1 denied, 2 usage or configuration, 3 service unreachable, 4 pending (at the timeout).
The address and the token come from PROBITY_URL and PROBITY_TOKEN, or from ``probity login``; never from an argument.
"""

import argparse
import getpass
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

PASS, DENIED, USAGE, UNREACHABLE, PENDING = range(5)
AWAY = frozenset({429, 502, 503, 504})
TRIES = 4
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
STATES = dict.fromkeys(("APPROVED", "RELEASING", "RELEASED"), PASS)
STATES |= dict.fromkeys(("OPEN", "COLLECTING", "MEASURING", "AWAITING_DECISION"), PENDING)
Answer = tuple[dict[str, Any], Mapping[str, str]]  # body, headers
Result = tuple[int, str, dict[str, Any]]  # exit code, headline, document


class CliError(Exception):
    """What ends the command: its exit code, and the code of the problem that the service answered with."""

    def __init__(self, message: str, code: int, problem: str = "") -> None:
        super().__init__(message)
        self.code, self.problem = code, problem


class SameOrigin(urllib.request.HTTPRedirectHandler):
    """Follows a redirect of a GET within the service, and no other: the token goes nowhere else."""

    def redirect_request(self, *parts: Any, **named: Any) -> urllib.request.Request | None:
        old, new = (urllib.parse.urlsplit(url)[:2] for url in (parts[0].full_url, parts[-1]))
        if old != new or parts[0].get_method() != "GET":
            raise CliError(f"the service redirects to {new[0]}://{new[1]}; the token is not sent there", USAGE)
        return super().redirect_request(*parts, **named)


def clean(text: object) -> str:
    """Return text as one line without control characters, which could steer a terminal, a workflow or a report."""
    return "".join(one if one.isprintable() else " " for one in str(text))


def check_address(url: str, *, insecure: bool) -> str:
    """Return the address without a slash at its end; plain HTTP leaves this machine only with --insecure."""
    parts = urllib.parse.urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.username or parts.query or parts.fragment:
        raise CliError("the address of the service looks like https://host[:port], without a name or a query", USAGE)
    if parts.scheme == "http" and not insecure and host not in LOOPBACK:
        raise CliError(f"{host} over plain http would show the token to the network; use https or --insecure", USAGE)
    return url.rstrip("/")


def credentials_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "probity" / "credentials.json"


def read_credentials() -> dict[str, str]:
    """Return what ``login`` kept, nothing when it kept nothing; raises CliError for a file that others can read."""
    place = credentials_file()
    try:
        if place.stat().st_mode & 0o077:
            raise CliError(f"{place} can be read by others than you; set its mode to 0600", USAGE)
        found = json.loads(place.read_text())
        return {name: str(found[name]) for name in ("url", "token")}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise CliError(f"{place} cannot be read ({type(error).__name__}); log in again", USAGE) from error


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

    def call(self, method: str, path: str, data: bytes | None = None, **headers: str) -> Answer:
        """Return body and headers; tries again, with back-off, while the service is away. Raises CliError."""
        sent = {"Accept": "application/json", "Authorization": f"Bearer {self._token}", **headers}
        if method == "POST":
            sent["Idempotency-Key"] = uuid.uuid4().hex
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data, sent, method=method)  # noqa: S310 - checked
        for attempt in range(TRIES - 1):
            try:
                return self._once(request)
            except CliError as error:
                if error.code != UNREACHABLE and error.problem != "idempotency_in_progress":
                    raise
                time.sleep(0.5 * 2**attempt)
        return self._once(request)

    def _once(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=30) as answer:
                return parsed(answer.read()), answer.headers
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


def connect(args: argparse.Namespace) -> Service:
    """Return the service that environment or ``login`` name; a kept token goes to the service it was kept for."""
    url, token = os.environ.get("PROBITY_URL"), os.environ.get("PROBITY_TOKEN")
    kept = {} if url and token else read_credentials()
    if kept and url and url.rstrip("/") != kept["url"] and not token:
        raise CliError("PROBITY_URL is not the service that you logged in to; set PROBITY_TOKEN too", USAGE)
    url, token = url or kept.get("url"), token or kept.get("token")
    if not (url and token):
        raise CliError("no service is named: set PROBITY_URL and PROBITY_TOKEN, or run 'probity login'", USAGE)
    return Service(check_address(url, insecure=args.insecure), token)


def login(args: argparse.Namespace) -> Result:
    """Try address and token, and keep them in a file that only you can read."""
    url = check_address(args.url or os.environ.get("PROBITY_URL") or "", insecure=args.insecure)
    token = os.environ.get("PROBITY_TOKEN") or (getpass.getpass("Token: ") if sys.stdin.isatty() else input())
    me = Service(url, token.strip()).get("principals/me")
    place = credentials_file()
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = place.with_name(f".{uuid.uuid4().hex}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": url, "token": token.strip()}, file)
    return PASS, f"logged in as {me['name']}; kept in {partial.replace(place)}", me


def register(args: argparse.Namespace) -> Result:
    """Register a version from an MLflow run, or from the predictions it made on the evaluation rows."""
    service = connect(args)
    model = service.first("models", project=args.project, name=args.model)["id"]
    uses = [{"role": "train", "dataset_version": args.trained_on}] if args.trained_on else []
    if args.predictions:
        fields = {"model": model} | ({"trained_on": args.trained_on} if uses else {})
        made = service.upload("versions/predictions", fields, args.predictions)
    else:
        features = {"features": args.feature} if args.feature else {}
        body = {"model": model, "run_id": args.mlflow_run, "datasets": uses, **features}
        made = service.post("versions/mlflow", body)
    return PASS, f"{args.model} version {made['number']} is registered", made


def request(args: argparse.Namespace) -> Result:
    """Ask for a version to be released in an environment."""
    service = connect(args)
    model = service.first("models", project=args.project, name=args.model)["id"]
    version = service.first("versions", model=model, number=args.version)["id"]
    environment = service.first("environments", project=args.project, name=args.environment)["id"]
    made = service.post("promotions", {"version": version, "environment": environment, "threshold": args.threshold})
    return PASS, f"promotion {made['id']} is {made['state']}", made


def status(args: argparse.Namespace) -> Result:
    """Say where a promotion stands."""
    service, path = connect(args), f"promotions/{args.promotion}"
    found = service.get(path)
    if found["evaluation"]:
        found["items"] = service.get(f"{path}/evaluation")["document"]["items"]
    found["reasons"] = [found["detail"]] if found["detail"] else []
    return STATES.get(found["state"], DENIED), f"promotion {found['id']} is {found['state']}", found


def approve(args: argparse.Namespace) -> Result:
    """Approve the current evaluation, each open item acknowledged by name or at the terminal."""
    service, path = connect(args), f"promotions/{args.promotion}"
    promotion, headers = service.call("GET", path)
    evaluation = service.get(f"{path}/evaluation")
    if evaluation["digest"] != promotion["evaluation"] or not evaluation["digest"].startswith(args.evaluation):
        raise CliError("the evaluation is not, or no longer, the one you looked at; look again", DENIED)
    keys = args.acknowledge if args.acknowledge is not None else acknowledged(evaluation["document"])
    made = service.post(f"{path}/approve", {"reason": args.reason, "acknowledge": keys}, headers["ETag"])
    return PASS, f"approved; promotion {made['id']} is {made['state']}", made


def acknowledged(document: Mapping[str, Any]) -> list[str]:
    """Ask at the terminal for each item that must be accepted; a no ends the command."""
    wanted = [item for item in document["items"] if item["key"] in document["acknowledge"]]
    if wanted and not sys.stdin.isatty():
        raise CliError(f"acknowledge singly: --acknowledge {' '.join(item['key'] for item in wanted)}", USAGE)
    for item in wanted:
        print(clean(f"{item['outcome']}: {item['reason']}"), file=sys.stderr)
        if input("Do you accept this? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CliError("not accepted; nothing was approved", DENIED)
    return [item["key"] for item in wanted]


def reject(args: argparse.Namespace) -> Result:
    """Reject a promotion for good."""
    service, path = connect(args), f"promotions/{args.promotion}"
    made = service.post(f"{path}/reject", {"reason": args.reason}, service.call("GET", path)[1]["ETag"])
    return PASS, f"promotion {made['id']} is {made['state']}", made


def release(args: argparse.Namespace) -> Result:
    """Begin the release of an approved promotion; with --wait, until it went out."""
    run = connect(args).post(f"promotions/{args.promotion}/release")

    def ask() -> Result:
        _, headline, found = status(args)
        return {"RELEASED": PASS, "RELEASING": PENDING}.get(found["state"], DENIED), headline, found

    return wait(ask, args) if args.wait else (PASS, f"the release has begun, in run {run['id']}", run)


def rollback(args: argparse.Namespace) -> Result:
    """Put the last approved version back, at once."""
    made = connect(args).post(f"deployments/{args.deployment}/rollback", {"reason": args.reason})
    return PASS, f"rolled back; deployment {made['id']} is {made['state']}", made


def gate(args: argparse.Namespace) -> Result:
    """Say whether a version may go out in an environment; only a plain yes is a pass."""
    service = connect(args)
    asked = {name: str(getattr(args, name)) for name in ("project", "model", "version", "environment")}

    def ask() -> Result:
        found = service.get("gate", **asked)
        code = PASS if found.get("allowed") is True else PENDING if found.get("pending") is True else DENIED
        words = {PASS: "may go out", PENDING: "is not decided yet", DENIED: "may not go out"}[code]
        return code, f"{args.model} {args.version} {words} in {args.environment} ({found.get('state')})", found

    return wait(ask, args)


def wait(ask: Callable[[], Result], args: argparse.Namespace) -> Result:
    """Ask until it is no longer pending, or until the timeout; a service that is away is asked again meanwhile."""
    end, pause = time.monotonic() + (args.timeout if args.wait else 0), 2.0
    while True:
        try:
            result = ask()
            if result[0] != PENDING or time.monotonic() >= end:
                return result
        except CliError as error:
            if error.code != UNREACHABLE or time.monotonic() >= end:
                raise
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
        pause = min(pause * 1.5, 15.0)


def missed(item: Mapping[str, Any]) -> bool:
    return item["outcome"] not in {"PASS", "NOT_APPLICABLE"} and not (item.get("waived") or item.get("waiver"))


def as_text(_code: int, headline: str, document: Mapping[str, Any]) -> str:
    return "\n".join([clean(headline), *(f"  - {clean(one)}" for one in document.get("reasons") or ())])


def as_junit(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return JUnit XML: a case for each item, and one for the answer; only a pass does not fail."""
    cases = [(item["key"], clean(item["reason"]) if missed(item) else "") for item in document.get("items") or ()]
    cases.append(("gate", "" if code == PASS else as_text(code, headline, document)))
    failures = str(sum(bool(why) for _, why in cases))
    suite = ET.Element("testsuite", name="probity", tests=str(len(cases)), failures=failures, errors="0")
    for name, why in cases:
        case = ET.SubElement(suite, "testcase", classname="probity", name=clean(name))
        if why:
            ET.SubElement(case, "failure", message=clean(why.splitlines()[0])).text = why
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def as_sarif(code: int, headline: str, document: Mapping[str, Any]) -> str:
    """Return SARIF 2.1.0: a result for each item that is not met, and for an answer that is no pass."""
    soft = {"WARN", "INDETERMINATE", PENDING}
    found = [(one["key"], one["outcome"], one["reason"]) for one in document.get("items") or () if missed(one)]
    found += [] if code == PASS else [("gate", code, as_text(code, headline, document))]
    levels = {True: "warning", False: "error"}
    results = [{"ruleId": key, "level": levels[how in soft], "message": {"text": text}} for key, how, text in found]
    tool = {"driver": {"name": "probity", "rules": [{"id": key} for key in dict.fromkeys(one[0] for one in found)]}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": results}]}, indent=2)


FORMATS: dict[str, Callable[[int, str, dict[str, Any]], str]]
FORMATS = {"text": as_text, "junit": as_junit, "sarif": as_sarif}
FORMATS["json"] = lambda code, said, found: json.dumps({**found, "exit_code": code, "message": said}, indent=2)


def tell_github(code: int, text: str) -> None:
    """Write an annotation and the step summary, in a GitHub workflow."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    level = {PASS: "notice", PENDING: "warning"}.get(code, "error")
    print(f"::{level} title=Probity::{text.replace('%', '%25').replace(chr(10), '%0A')}", file=sys.stderr)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write("### Probity\n\n" + "".join(f"    {line}\n" for line in text.splitlines()) + "\n")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="probity", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def add(run: Callable[[argparse.Namespace], Result], *needed: str, about: str = "") -> argparse.ArgumentParser:
        one = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        one.set_defaults(run=run)
        one.add_argument("--format", choices=list(FORMATS), default="text")
        one.add_argument("--insecure", action="store_true", help="send the token over plain http to another machine")
        if about:
            one.add_argument(about, type=uuid.UUID, help="its id")
        elif needed:
            one.add_argument("--project", default="default")
        for name in needed:
            one.add_argument(f"--{name}", required=True)
        return one

    add(login).add_argument("--url")
    one = add(register, "model")
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--mlflow-run")
    source.add_argument("--predictions", type=Path, help="CSV or Parquet with a column score or prediction")
    one.add_argument("--trained-on", help="the id of the dataset version it was trained on")
    one.add_argument("--feature", action="append", help="a column that the model reads (default: all it learned from)")
    add(request, "model", "version", "environment").add_argument("--threshold", type=float, default=0.5)
    add(status, about="promotion")
    one = add(approve, "reason", about="promotion")
    one.add_argument("--acknowledge", nargs="*", metavar="KEY", help="items accepted, each by its key")
    one.add_argument("--evaluation", default="", help="(the beginning of) the digest of what you looked at")
    add(reject, "reason", about="promotion")
    add(rollback, "reason", about="deployment")
    for one in (add(release, about="promotion"), add(gate, "model", "version", "environment")):
        one.add_argument("--wait", action="store_true", help="wait while it is pending")
        one.add_argument("--timeout", type=float, default=600, help="seconds to wait (default: 600)")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; whatever goes wrong is never a pass."""
    args = parser().parse_args(arguments)
    try:
        result: Result = args.run(args)
        print(FORMATS[args.format](*result))
    except CliError as error:
        print(f"probity: {clean(error)}", file=sys.stderr)
        tell_github(error.code, clean(error))
        return error.code
    except (KeyError, TypeError, AttributeError):
        print("probity: the service answered in a way that this version does not understand", file=sys.stderr)
        return UNREACHABLE
    except (OSError, EOFError, KeyboardInterrupt) as error:
        print(f"probity: {clean(error) or 'interrupted'}", file=sys.stderr)
        return USAGE
    tell_github(result[0], as_text(*result))
    return result[0]


if __name__ == "__main__":
    sys.exit(main())
