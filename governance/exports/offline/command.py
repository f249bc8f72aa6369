"""What a subcommand is: a name, a line of help, its arguments, and a function that returns what it found out."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

from governance.exports.offline.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand. ``run`` may raise any of our errors, or OSError: the program names it and ends by its code."""

    name: str
    help: str
    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], Outcome]
