"""Commands about data: an anonymised version of a dataset, by a recipe or by what the findings propose."""

import argparse
from typing import Any

from governance.cli.answers import DENIED, PASS, PENDING, Result
from governance.cli.credentials import connect
from governance.cli.service import Service
from governance.cli.waiting import wait

ENDED = {"SUCCEEDED": PASS, "FAILED": DENIED, "CANCELLED": DENIED}


def anonymise(args: argparse.Namespace) -> Result:
    """Make an anonymised version of a dataset by a recipe in YAML, or by what the findings propose."""
    service = connect(args)
    body = {"model": args.utility} | ({"recipe_yaml": args.recipe.read_text("utf-8")} if args.recipe else {})
    run = service.post(f"dataset-versions/{_source(service, args)}/anonymize", body)

    def ask() -> Result:
        found = service.get(f"runs/{run['id']}")
        code = ENDED.get(found["state"], PENDING)
        if code == PASS:
            return _made(service, found)
        words = f"run {found['id']} is {found['state']}"
        return code, words, {**found, "reasons": [one for one in (found["error"] or found["message"],) if one]}

    return wait(ask, args) if args.wait else (PASS, f"anonymising has begun, in run {run['id']}", run)


def _source(service: Service, args: argparse.Namespace) -> str:
    """Return the id of the dataset version: the one that is named, or the newest of a dataset."""
    if args.dataset_version:
        return str(args.dataset_version)
    dataset = service.first("datasets", project=args.project, name=args.dataset)
    return str(service.first("dataset-versions", dataset=dataset["id"])["id"])


def _made(service: Service, run: dict[str, Any]) -> Result:
    """Return the version that a run made, with its report: what it may be called, and what that leaves open."""
    version = service.get(f"dataset-versions/{run['result']['dataset_version']}")
    report: dict[str, Any] = {}
    for one in service.get("anonymizations", result=version["id"])["results"]:
        if one["recipe"] == run["result"]["recipe"]:
            report = service.get(f"anonymizations/{one['id']}")["document"]
    headline = f"{version['name']} version {version['number']} is {run['result']['grade']}: {version['id']}"
    caveats = report.get("caveats", [])
    return PASS, headline, {**run, "dataset_version": version, "report": report, "reasons": caveats}
