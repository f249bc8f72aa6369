"""An instance for one trial: a folder of its own, in which this program runs again, and which is removed afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.conf import settings

from governance.management.trial.errors import HomeTakenError

INSIDE = "PROBITY_TRIAL_HOME"
OF_OTHERS = ("DATABASE_URL", "BROKER_URL", "MLFLOW_TRACKING_URI", "MLFLOW_ARTIFACT_ROOT")


def is_inside() -> bool:
    """Say whether this process runs in an instance that was made for its trial."""
    home = os.environ.get(INSIDE)
    return bool(home) and settings.PROBITY_DEMO and Path(str(home)).resolve() == Path(settings.PROBITY_HOME).resolve()


@contextmanager
def instance_home(wanted: str) -> Iterator[Path]:
    """Give an empty folder: the wanted one, which stays, or a temporary one, which does not.

    Raises HomeTakenError when the wanted one holds something.
    """
    if wanted:
        home = Path(wanted).resolve()
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise HomeTakenError(f"--home is {str(home)!r}, which holds something already; name an empty folder.")
        home.mkdir(parents=True, exist_ok=True)
        yield home
        return
    home = Path(tempfile.mkdtemp(prefix="probity-try-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def run_again(arguments: Sequence[str], home: Path) -> int:
    """Run this command again in the folder and return its exit status; an order to end is passed on."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    environment = {
        **kept,
        INSIDE: str(home),
        "PROBITY_HOME": str(home),
        "PROBITY_DEMO": "1",
        "PROBITY_LOG_LEVEL": "ERROR",
        "PROBITY_LOG_STREAM": "stderr",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
        "BROKER_URL": "memory://",  # nobody else works here: what is queued is done by this process itself
    }
    program = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "try", *arguments]
    child = subprocess.Popen(program, env=environment, process_group=0)  # Ctrl-C reaches it through us, once

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {order: signal.signal(order, pass_on) for order in (signal.SIGTERM, signal.SIGINT)}
    try:
        return child.wait()
    finally:
        for order, handler in before.items():
            signal.signal(order, handler)
