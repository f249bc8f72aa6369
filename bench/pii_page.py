"""A scan asked for on the page, by two workers of which one is killed half-way: its report beside an undisturbed one.

Two installations of their own, each with its server, broker and workers, hold the same file under the same secret. In
the first, a worker is killed when half is scanned. ``same`` says whether both reports have one digest.
"""

import argparse
import contextlib
import http.cookiejar
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from measuring import Row, show
from pii_tables import WORDS

ROOT = Path(__file__).resolve().parent.parent
ROWS, PART = 5_000_000, 50_000
HALF = 50
PAUSE = 0.5
LONGEST = 3 * 3600
ADMIN = "bench"
SCHEMA = {
    "target": "outcome",
    "positive": "1",
    "features": [{"name": "f1", "kind": "numeric"}],
    "identifiers": ["email"],
    "text": ["note"],
    "sensitive": [],
    "ignore": [],
}
Environment = dict[str, str]


def part(number: int) -> Any:
    """Return rows of features, each with an address, of a thousand, and a text; every fiftieth text has an address."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = {f"f{index}": pc.random(PART, initializer=number * 10 + index) for index in range(4)}
    mails = pa.array([f"reader{(number + index) % 1000}@example.org" for index in range(PART)])
    kinds = pa.array([f"{one}_{index}" for one in WORDS for index in range(64)])
    words = kinds.take(pc.cast(pc.multiply(numbers["f0"], len(kinds) - 1), pa.int32(), safe=False))
    noted = pc.binary_join_element_wise("Please write to ", mails, " about ", words, "")
    fiftieth = pa.array([index % 50 == 0 for index in range(PART)])
    return pa.table(
        {
            "row_id": pa.array(range(number * PART, (number + 1) * PART)),
            **numbers,
            "category": words,
            "email": mails,
            "note": pc.if_else(fiftieth, noted, words),
            "outcome": pa.array([index % 2 for index in range(PART)]),
        }
    )


def write(rows: int, file: Path) -> None:
    """Write a Parquet file of so many rows, a row group for each part."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, part(0).schema) as writer:
        for number in range(-(-rows // PART)):
            writer.write_table(part(number).slice(0, min(PART, rows - number * PART)))


@contextlib.contextmanager
def installation(
    secret: str, workers: int, *, like: Path | None = None, keep: Path | None = None, **settings: str
) -> Iterator[tuple[str, Environment, int]]:
    """Run a whole service in a folder of its own; give its address, its environment and the process.

    The folder is filled with what ``like`` holds, and copied to ``keep`` when the service has ended.
    """
    with tempfile.TemporaryDirectory(prefix="probity-bench-") as home:
        if like is not None:
            shutil.copytree(like, home, dirs_exist_ok=True)
        environment = {
            **os.environ,
            **settings,
            "PROBITY_HOME": home,
            "PROBITY_SECRET_KEY": secret,
            "PROBITY_ADMIN_USERNAME": ADMIN,
            "PROBITY_ADMIN_PASSWORD": secret,
            "DJANGO_SETTINGS_MODULE": "governance.settings",
        }
        environment.pop("DATABASE_URL", None)
        command = [sys.executable, "manage.py", "up", "--port", "0", "--workers", str(workers)]
        log = Path(home) / "service.log"  # a pipe that nobody reads would stop the service
        with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out) as service:
            try:
                yield _address(service, log), environment, service.pid
            finally:
                service.send_signal(signal.SIGINT)
                service.wait(timeout=120)
                if keep is not None:
                    shutil.copytree(home, keep)


def _address(service: "subprocess.Popen[bytes]", log: Path) -> str:
    while service.poll() is None:
        if found := re.search(r"answers at (http://\S+)/ ", log.read_text()):
            return found[1]
        time.sleep(PAUSE)
    raise RuntimeError(f"The service ended before it answered: {log.read_text()[-2000:]}")


class Browser:
    """A signed-in person's browser."""

    def __init__(self, address: str, password: str) -> None:
        """Sign in."""
        self.address = address
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.get("/login/")
        self.post("/login/", username=ADMIN, password=password)

    def get(self, path: str) -> str:
        """Return a page."""
        with self.opener.open(self.address + path, timeout=60) as answer:
            return str(answer.read().decode())

    def post(self, path: str, **values: str) -> str:
        """Send a form, and return the page that it leads to."""
        token = next(str(one.value) for one in self.cookies if "csrf" in one.name)
        body = urllib.parse.urlencode({**values, "csrfmiddlewaretoken": token}).encode()
        asked = urllib.request.Request(self.address + path, body, {"Referer": self.address + path})  # noqa: S310
        with self.opener.open(asked, timeout=60) as answer:
            return str(answer.read().decode())


def scan(file: Path, secret: str, workers: int, *, kill: bool) -> tuple[dict[str, Any], list[str]]:
    """Scan the file from the page; return the facts of the scan with its seconds, and what the page told meanwhile."""
    with installation(secret, workers) as (address, environment, service):
        version = ask(environment, "--register", str(file))["version"]
        browser, told = Browser(address, secret), []
        began, killed, quarters = time.perf_counter(), not kill, 0
        browser.post(f"/datasets/{version}/scan/")
        while True:
            far = json.loads(browser.get(f"/datasets/{version}/progress"))
            if far["state"] not in {"QUEUED", "RUNNING", "WAITING"}:
                break
            if time.perf_counter() - began > LONGEST:
                raise RuntimeError(f"The scan did not end in {LONGEST} s; the page says {far}.")
            if far["percent"] >= 25 * (quarters + 1):
                quarters = far["percent"] // 25
                told.append(f"{far['percent']} %: {far['message']}")
            if not killed and far["percent"] >= HALF:
                killed, pid = True, pool(service)[0]
                os.kill(pid, signal.SIGKILL)
                told.append(f"{far['percent']} %: one of the {workers} workers was killed")
            time.sleep(PAUSE)
        if not killed:
            raise RuntimeError("The scan was over before a worker could be killed; take more --rows.")
        facts = ask(environment, "--told", version) | {"seconds": time.perf_counter() - began, "killed": kill}
        page = browser.get(f"/datasets/{version}/")
        facts["shown"] = facts["report"][:12] in page and "reader7@" not in page
        return facts, told


def pool(service: int) -> list[int]:
    """Return the processes that do a service's tasks: the children of its worker."""
    parents: dict[int, list[int]] = {}
    names: dict[int, str] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            number = int(place.name)
            parents.setdefault(int((place / "stat").read_text().rpartition(")")[2].split()[1]), []).append(number)
            names[number] = (place / "cmdline").read_text()
    workers = [pid for pid in parents.get(service, []) if "celery" in names[pid] and "worker" in names[pid]]
    return sorted(parents.get(workers[0], []))


def ask(environment: Environment, *arguments: str, script: Path = Path(__file__)) -> dict[str, Any]:
    """Return what a script of these says in an installation."""
    command = [sys.executable, str(script.resolve()), *arguments]
    said = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, Any] = json.loads(said)
    return found


def register(file: str) -> dict[str, Any]:
    """Register the file in the installation of the environment."""
    import django

    django.setup()
    from registry.models import Actor, Project
    from registry.register import register_dataset_version

    version = register_dataset_version(
        project=Project.default(), name="bench", file=Path(file), schema=SCHEMA, actor=Actor.system("command")
    )
    return {"version": str(version.pk)}


def facts_of(version: str) -> dict[str, Any]:
    """Return how the scan of a version ended."""
    import django

    django.setup()
    from privacy.models import DatasetScan
    from registry.artifacts import read_document
    from registry.models import Run

    run = Run.objects.filter(subject=f"dataset_version:{version}").latest("created_at")
    if run.status != "SUCCEEDED":
        raise SystemExit(f"The scan ended as {run.status}: {run.error}")
    found = DatasetScan.objects.get(dataset_version__pk=version)
    document = read_document(found.report_id)
    verdicts = {one["name"]: one["verdict"] for one in document["columns"]}
    facts = {"report": found.report_id, "complete": found.complete, "rows": document["rows"], "attempt": run.attempt}
    return {**facts, "verdicts": verdicts}


def main() -> int:
    """Scan twice and print the row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--register", help=argparse.SUPPRESS)
    parser.add_argument("--told", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.register or given.told:
        print(json.dumps(register(given.register) if given.register else facts_of(given.told)))
        return 0
    secret = secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory(prefix="probity-bench-rows-") as folder:
        file = Path(folder) / "rows.parquet"
        write(given.rows, file)
        size = file.stat().st_size / 1e6
        killed, told = scan(file, secret, given.workers, kill=True)
        whole, _ = scan(file, secret, given.workers, kill=False)
    same = killed["report"] == whole["report"] and killed["complete"] and killed["rows"] == given.rows
    ours, peer = (given.rows / one["seconds"] for one in (killed, whole))
    row = Row("page", ours, peer, "rows/s", ours / peer, same and killed["shown"], "nobody killed")
    notes = [f"page: {given.rows:,} rows, {size:,.0f} MB; report {killed['report'][:12]}, attempt {killed['attempt']}"]
    show([row], as_json=given.json, notes=[*notes, f"page: {killed['verdicts']}", *(f"page: {one}" for one in told)])
    return 0 if row.same else 1


if __name__ == "__main__":
    sys.exit(main())
