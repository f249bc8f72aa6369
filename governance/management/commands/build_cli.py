"""Write the command line for pipelines: one file to copy anywhere, which needs Python alone."""

import shutil
import tempfile
import zipapp
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from governance import cli

FOLDER = Path(cli.__file__).parent


class Command(BaseCommand):
    help = "Write probity.pyz, the command line for pipelines in one file; it needs Python alone."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="where to write it")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="probity-cli-") as folder:
            package = Path(folder) / "governance"
            shutil.copytree(FOLDER, package / "cli", ignore=lambda _place, names: {"__pycache__"} & {*names})
            (package / "__init__.py").touch()
            main = "import sys\n\nfrom governance.cli.program import main\n\nsys.exit(main())\n"
            (Path(folder) / "__main__.py").write_text(main)
            zipapp.create_archive(folder, options["output"], interpreter="/usr/bin/env python3")
        self.stdout.write(f"Wrote {options['output']}.")
