"""The command line of Probity for pipelines and people; ``manage.py build_cli`` makes it one file to copy anywhere."""

from governance.cli.program import main

__all__ = ["main"]
