"""An anonymisation by two workers, each of which is killed once on the way, beside one that nobody disturbed.

One installation registers and scans a file and makes the project's key; two copies of it anonymise the same rows by
the same recipe, under the same key. ``same`` says whether both made a version of one digest, with one report, and left
nothing else behind.
"""

import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from measuring import Row, show
from pii_page import LONGEST, Browser, Environment, ask, installation, pool, register, write

ROWS = 500_000
WORKERS = 2
KILLED_AT = (40, 60)
LEASE = {"PROBITY_RUN_LEASE_SECONDS": "5"}
PAUSE = 0.2
RECIPE = {
    "columns": [{"name": "email", "operator": "pseudonym"}],
    "entities": {"EMAIL_ADDRESS": {"operator": "pseudonym"}},
}


def prepared(file: Path, secret: str, home: Path) -> str:
    """Fill a home with the scanned file and a key; return the dataset version."""
    with installation(secret, WORKERS, keep=home) as (address, environment, _service):
        version: str = asked(environment, "--register", str(file))["version"]
        browser = Browser(address, secret)
        browser.post(f"/datasets/{version}/scan/")
        until_ended(browser, f"/datasets/{version}/progress")
        asked(environment, "--key")
    return version


def asked(environment: Environment, *arguments: str) -> dict[str, Any]:
    """Return what this script says in an installation."""
    return ask(environment, *arguments, script=Path(__file__))


def until_ended(browser: Browser, path: str, *, killing: int = 0) -> list[str]:
    """Wait for the end of what a page tells the progress of; kill each worker of a service on the way."""
    began, left, told = time.perf_counter(), list(KILLED_AT if killing else ()), list[str]()
    victims = pool(killing) if killing else []  # one of them holds the run: with it all that was decided
    while (far := json.loads(browser.get(path)))["state"] in {"QUEUED", "RUNNING", "WAITING"}:
        if time.perf_counter() - began > LONGEST:
            raise RuntimeError(f"It did not end in {LONGEST} s; the page says {far}.")
        if left and far["percent"] >= left[0]:
            victim = victims.pop()
            os.kill(victim, signal.SIGKILL)
            told.append(f"{far['percent']} %: worker {victim} was killed at {left.pop(0)} %; {far['message']}")
        time.sleep(PAUSE)
    if left:
        raise RuntimeError(f"It was over before a worker could be killed at {left} %; take more --rows.")
    return told


def anonymised(home: Path, version: str, secret: str, *, kill: bool) -> dict[str, Any]:
    """Anonymise in a copy of the home; return the facts of what was made with the seconds that it took."""
    with installation(secret, WORKERS, like=home, **LEASE) as (address, environment, service):
        browser, began = Browser(address, secret), time.perf_counter()
        run = asked(environment, "--begin", version)["run"]
        told = until_ended(browser, f"/anonymizations/{run}/progress", killing=service if kill else 0)
        seconds = time.perf_counter() - began
        return asked(environment, "--told", run) | {"seconds": seconds, "told": told}


def make_key() -> dict[str, Any]:
    """Make the key of the project in the installation of the environment."""
    from privacy.key_changes import rotate_key
    from registry.models import Actor, Project

    return {"key": rotate_key(Project.default(), actor=Actor.system("command")).number}


def begin(version: str) -> dict[str, Any]:
    """Queue the anonymisation of a version."""
    from privacy.anonymize import start_anonymizing
    from registry.models import Actor, DatasetVersion

    source = DatasetVersion.objects.get(pk=version)
    return {"run": str(start_anonymizing(source, actor=Actor.system("command"), recipe=RECIPE).pk)}


def facts_of(run_id: str) -> dict[str, Any]:
    """Return what a run made, and what it left behind."""
    from django.conf import settings

    from privacy.models import Anonymization, DatasetScan, ScanChunk
    from registry.models import Run

    run = Run.objects.get(pk=run_id)
    if run.status != "SUCCEEDED":
        raise SystemExit(f"The anonymisation ended as {run.status}: {run.error}")
    made = Anonymization.objects.select_related("result").get(run=run)
    folder = Path(settings.PROBITY_HOME) / "anonymizing"
    left = [str(one.relative_to(folder)) for one in folder.rglob("*")] if folder.exists() else []
    return {
        "version": made.result.digest,
        "rows": made.result.rows,
        "grade": made.grade,
        "report": made.report_id,
        "scan": DatasetScan.objects.get(dataset_version=made.result).report_id,
        "left": left + [str(one) for one in ScanChunk.objects.filter(done_at__isnull=True)],
        "attempt": run.attempt,
    }


def inside(given: argparse.Namespace) -> dict[str, Any] | None:
    """Do what was asked of an installation, if anything."""
    if given.register:
        return register(given.register)
    import django

    django.setup()
    if given.key:
        return make_key()
    return begin(given.begin) if given.begin else facts_of(given.told) if given.told else None


def main() -> int:
    """Anonymise twice and print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--json", action="store_true")
    for name in ("--register", "--begin", "--told"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--key", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.register or given.begin or given.told or given.key:
        print(json.dumps(inside(given)))
        return 0
    secret = secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory(prefix="probity-bench-rows-") as folder:
        file, home = Path(folder) / "rows.parquet", Path(folder) / "home"
        write(given.rows, file)
        version = prepared(file, secret, home)
        killed, whole = (anonymised(home, version, secret, kill=one) for one in (True, False))
    facts = ("version", "rows", "grade", "report", "scan")
    same = all(killed[one] == whole[one] for one in facts) and killed["rows"] == given.rows
    same = same and not killed["left"] and not whole["left"]
    ours, peer = (given.rows / one["seconds"] for one in (killed, whole))
    row = Row("anonymise_killed", ours, peer, "rows/s", ours / peer, same, "nobody killed")
    said = [f"anonymise_killed: {one}" for one in killed["told"]]
    facts_told = [f"anonymise_killed: {name} {killed[name]} / {whole[name]}" for name in (*facts, "left", "attempt")]
    show([row], as_json=given.json, notes=[*said, *facts_told])
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
