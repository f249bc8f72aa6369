"""Commands about versions and their way out: register, request, decide, release, roll back, and ask the gate."""

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from governance.cli.answers import DENIED, PASS, PENDING, USAGE, CliError, Result, clean
from governance.cli.credentials import connect
from governance.cli.waiting import wait, with_receipt

STATES = dict.fromkeys(("APPROVED", "RELEASING", "RELEASED"), PASS)
STATES |= dict.fromkeys(("OPEN", "COLLECTING", "MEASURING", "AWAITING_DECISION"), PENDING)


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
    return with_receipt(service, (PASS, f"approved; promotion {made['id']} is {made['state']}", made), args)


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
    return with_receipt(service, (PASS, f"promotion {made['id']} is {made['state']}", made), args)


def release(args: argparse.Namespace) -> Result:
    """Begin the release of an approved promotion; with --wait, until it went out."""
    service = connect(args)
    run = service.post(f"promotions/{args.promotion}/release")
    begun = with_receipt(service, (PASS, f"the release has begun, in run {run['id']}", run), args)

    def ask() -> Result:
        _, headline, found = status(args)
        return {"RELEASED": PASS, "RELEASING": PENDING}.get(found["state"], DENIED), headline, found

    if not args.wait:
        return begun
    out = wait(ask, args)
    return (*begun[:2], out[2]) if out[0] == PASS and begun[0] != PASS else out


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
