"""The command line of Probity for pipelines and people, on the standard library alone.

Exit codes: 0 pass, 1 denied, 2 usage or configuration, 3 service unreachable, 4 pending (at the timeout).
The address and the token come from PROBITY_URL and PROBITY_TOKEN, or from ``probity login``; never from an argument.
"""

import argparse
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from governance.cli.answers import UNREACHABLE, USAGE, CliError, Result, clean
from governance.cli.credentials import login
from governance.cli.formats import FORMATS, as_text, tell_github
from governance.cli.local import check
from governance.cli.privacy import anonymise
from governance.cli.releases import approve, gate, register, reject, release, request, rollback, status


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="probity", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def add(run: Callable[[argparse.Namespace], Result], *needed: str, about: str = "") -> argparse.ArgumentParser:
        one = commands.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        one.set_defaults(run=run)
        one.add_argument("--format", choices=list(FORMATS), default="text")
        one.add_argument("--insecure", action="store_true", help="send the token over plain http to another machine")
        if about:
            one.add_argument(about, type=uuid.UUID, help="its id")
        elif needed:
            one.add_argument("--project", default="default")
        for name in needed:
            one.add_argument(f"--{name}", required=True)
        return one

    commands.add_parser("check", help=check.__doc__, add_help=False)
    add(login).add_argument("--url")
    one = add(register, "model")
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--mlflow-run")
    source.add_argument("--predictions", type=Path, help="CSV or Parquet with a column score or prediction")
    one.add_argument("--trained-on", help="the id of the dataset version it was trained on")
    one.add_argument("--feature", action="append", help="a column that the model reads (default: all it learned from)")
    add(request, "model", "version", "environment").add_argument("--threshold", type=float, default=0.5)
    add(status, about="promotion")
    one = add(approve, "reason", about="promotion")
    one.add_argument("--acknowledge", nargs="*", metavar="KEY", help="items accepted, each by its key")
    one.add_argument("--evaluation", default="", help="(the beginning of) the digest of what you looked at")
    add(reject, "reason", about="promotion")
    add(rollback, "reason", about="deployment")
    waiting = [add(release, about="promotion"), add(gate, "model", "version", "environment"), add(anonymise)]
    _add_anonymising(waiting[-1])
    for one in waiting:
        one.add_argument("--wait", action="store_true", help="wait while it is pending")
        one.add_argument("--timeout", type=float, default=600, help="seconds to wait (default: 600)")
    for name in ("approve", "reject", "release"):
        _add_receipt(commands.choices[name])
    return top


def _add_anonymising(one: argparse.ArgumentParser) -> None:
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("--dataset-version", type=uuid.UUID, help="its id")
    which.add_argument("--dataset", help="its name; the newest version is taken")
    one.add_argument("--project", default="default")
    one.add_argument("--recipe", type=Path, metavar="FILE", help="YAML (default: what the findings propose)")
    one.add_argument("--utility", action="store_true", help="compare a baseline model before and after")


def _add_receipt(one: argparse.ArgumentParser) -> None:
    one.add_argument("--receipt", type=Path, metavar="FILE", help="write the receipt (a C2SP tlog-proof) to this file")
    one.add_argument("--receipt-timeout", type=float, default=60, help="seconds to wait for it (default: 60)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; whatever goes wrong is never a pass."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    args = parser().parse_args(given[:1] if given[:1] == ["check"] else given)
    try:
        if args.command == "check":  # it has options and answers of its own
            return check(given[1:])
        result: Result = args.run(args)
        print(FORMATS[args.format](*result))
    except CliError as error:
        print(f"probity: {clean(error)}", file=sys.stderr)
        tell_github(error.code, clean(error))
        return error.code
    except (KeyError, TypeError, AttributeError):
        print("probity: the service answered in a way that this version does not understand", file=sys.stderr)
        return UNREACHABLE
    except (OSError, EOFError, KeyboardInterrupt) as error:
        print(f"probity: {clean(error) or 'interrupted'}", file=sys.stderr)
        return USAGE
    tell_github(result[0], as_text(*result))
    return result[0]
