"""The main job on real data: one model's way through the gate, in an instance of its own that is marked as a demo."""

import os
import shutil
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from governance.management.children import adopt, end_detached, plan
from governance.management.commands.up import obey_signals
from governance.management.supervisor import AlreadyRunningError, exclusively, stack
from governance.management.trial.instance import OF_OTHERS
from registry.backends.sandbox import available as unavailable

MARK = ".probity-demo"


class Command(BaseCommand):
    help = "Walk a model through the gate on real data. At a terminal it stays up; --auto asks nothing and exits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--auto", action="store_true", help="ask nothing, and exit when the story is told")
        parser.add_argument("--json", action="store_true", help="print one JSON object per step")
        parser.add_argument("--seed", type=int, default=7, help="of the split, the made-up identities and the training")
        parser.add_argument("--home", default="", help="folder of the demo instance, made anew (default: var/demo)")
        parser.add_argument("--port", type=int, default=0, help="of the page; 0 takes a free one")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        home = Path(options["home"] or settings.BASE_DIR / "var" / "demo").resolve()
        if not settings.PROBITY_DEMO or settings.PROBITY_HOME.resolve() != home:
            self._start_over(home)
        try:
            self._run(options)
        except AlreadyRunningError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stderr.write("The demonstration has stopped.")

    def _start_over(self, home: Path) -> None:
        """Empty the demo's own folder and run again in it: settings are read once, at start."""
        if home.exists() and any(home.iterdir()) and not (home / MARK).exists():
            raise CommandError(f"{home} is not a demo instance; it is not touched. Give another --home.")
        try:
            with exclusively(home):
                for place in home.iterdir():
                    if place.name != "run":
                        shutil.rmtree(place) if place.is_dir() else place.unlink()
                (home / MARK).touch()
        except AlreadyRunningError as error:
            raise CommandError(str(error)) from error
        environment = environment_of(home)
        if why := unavailable():
            environment["PROBITY_SANDBOX"] = "none"
            self.stderr.write(f"Models are NOT isolated in this demonstration, and every report says so: {why}")
        os.execve(sys.executable, [sys.executable, *sys.argv], environment)  # noqa: S606 - this same program

    def _run(self, options: dict[str, Any]) -> None:
        from governance.management.demo.teller import tell_story

        obey_signals()
        stay = sys.stdout.isatty() and not options["auto"]
        todo = plan(port=options["port"])
        log = (Path(settings.PROBITY_HOME) / "service.log").open("a", encoding="utf-8")
        with (
            log,
            stack(
                todo.children,
                home=settings.PROBITY_HOME,
                files=todo.files,
                prepare=prepare,
                clean_up=end_detached,
                output=lambda name, line: print(f"{name}: {line}", file=log, flush=True),
            ) as running,
        ):
            adopt(todo)
            ok = tell_story(
                self.stdout.write, seed=options["seed"], as_json=options["json"], address=todo.address, stay=stay
            )
            if stay:
                running.wait()
        if not ok:
            sys.exit(1)


def environment_of(home: Path) -> dict[str, str]:
    """Return the environment of the demo instance: all that it stores is in its home, nothing in what others use."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    return {
        **kept,
        "PROBITY_HOME": str(home),
        "PROBITY_DEMO": "1",
        "PROBITY_LOG_LEVEL": "WARNING",
        "PROBITY_LOG_STREAM": "stderr",
    }


def prepare() -> None:
    """Make the tables of the demo instance."""
    call_command("migrate", interactive=False, verbosity=0)
    connections.close_all()
