"""The offline verifier's command line: subcommands, exit codes, output for people or programs."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter

from governance.exports.offline.consistency import CONSISTENCY
from governance.exports.offline.exceptions import EXCEPTIONS
from governance.exports.offline.exits import MEANINGS
from governance.exports.offline.fsck import FSCK
from governance.exports.offline.log import LOG
from governance.exports.offline.outcome import Outcome
from governance.exports.offline.pack import PACK
from governance.exports.offline.receipt import RECEIPT
from registry.ledger.verify.finding import Finding, code_of

COMMANDS = (RECEIPT, LOG, CONSISTENCY, FSCK, EXCEPTIONS, PACK)
PROGRAM = "probity_verify.py"


def _parser() -> ArgumentParser:
    codes = "\n".join(f"  {int(code)}  {meaning}" for code, meaning in MEANINGS.items())
    parser = ArgumentParser(
        PROGRAM,
        description="Verify what a Probity installation published, offline, trusting only the keys you give.",
        epilog=f"exit codes (of several failures, the first of 4 5 6 3 1 7 decides):\n{codes}",
        formatter_class=RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        command.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object")
        sub.set_defaults(run=command.run)
    return parser


def main(arguments: list[str]) -> int:
    """Run a subcommand, print what it found, and return the exit code; bad arguments end the process with 2."""
    options = _parser().parse_args(arguments)
    try:
        outcome: Outcome = options.run(options)
    except (ValueError, LookupError, OSError) as error:
        outcome = Outcome(failures=[Finding(code_of(error), str(error))])
    return outcome.tell(as_json=options.json)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
