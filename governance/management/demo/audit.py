"""Do what an auditor does: verify the published record with the one file, where only ``cryptography`` is at hand."""

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from governance.exports.build import build
from governance.exports.pack.build import write_pack
from governance.exports.pack.ready import await_ready
from governance.models import PromotionRequest
from registry.ledger import keyring, queue, read, rows
from registry.ledger.folder import TileFolder
from registry.ledger.tiles import published

PATIENCE_SECONDS = 60.0
NEEDED = ("cryptography", "cffi", "_cffi_backend", "pycparser")
START = (
    "import sys, runpy; sys.path.append(sys.argv[1]); sys.argv[:] = sys.argv[2:]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)


class NotSignedError(TimeoutError):
    """The sequencer did not sign and publish what was recorded."""

    code = "not_signed"


def wait_until_published(home: Path) -> int:
    """Return the size of the published log once it holds all that was recorded; raises NotSignedError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        log = rows.last_log()
        size = published(TileFolder(_export(home) / "logs" / str(log.number))).size if log else 0
        if size >= read.size() and not queue.waits():
            return size
        if time.monotonic() > deadline:
            raise NotSignedError(f"{read.size()} entries were recorded, and {size} of them are signed and published.")
        time.sleep(0.1)


def _export(home: Path) -> Path:
    return home / "ledger" / "export"


def _alone(folder: Path) -> Path:
    """Make a folder of packages that holds ``cryptography``, what that needs, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NEEDED:
        found = find_spec(name)
        if found is None or found.origin is None:
            continue  # pycparser is needed by some versions only
        place = Path(found.origin)
        place = place.parent if place.name == "__init__.py" else place
        link = folder / place.name
        link.unlink(missing_ok=True)
        link.symlink_to(place)
    return folder


def verify_outside(home: Path, *arguments: str) -> dict[str, Any]:
    """Build the verifier below the home, run it on the arguments in an empty environment, and return what it says.

    ``code`` is its exit code, 0 when all is valid.
    """
    folder = home / "audit"
    packages, program = _alone(folder / "packages"), folder / "probity_verify.py"
    program.write_text(build(), encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-c", START, str(packages), str(program), *arguments]
    done = subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {"problem": (done.stderr or done.stdout)[-2000:]}
    return {**said, "code": done.returncode}


def verify_pack(home: Path, promotion: PromotionRequest) -> tuple[Path, dict[str, Any]]:
    """Write the evidence pack of a promotion and verify it; return the file and what the verifier says."""
    place = home / "audit" / f"pack-{promotion.pk}.zip"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("wb") as file:
        write_pack(await_ready(promotion, PATIENCE_SECONDS), file)
    key = str(keyring.load(home).verifiers[0])
    return place, verify_outside(home, "pack", str(place), "--key", key, "--json")


def verify_record(home: Path) -> dict[str, Any]:
    """Verify the published record, every verdict in it, as ``verify_outside`` does."""
    key = str(keyring.load(home).verifiers[0])
    return verify_outside(home, "log", str(_export(home)), "--key", key, "--full", "--json")
