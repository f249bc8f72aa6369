"""``probity check``: the checks on local files; it needs the whole package, not this command line alone."""

from collections.abc import Sequence

from governance.cli.answers import USAGE, CliError

WHOLE = "'probity check' measures here, which needs the whole package: pip install 'probity[check]'"


def check(arguments: Sequence[str]) -> int:
    """Measure local files by a policy, without a service."""
    try:
        from governance.local_check.command import main
    except ImportError as error:
        raise CliError(f"{WHOLE} ({error.name} is not installed)", USAGE) from error
    return main(arguments)
