"""Whom to believe: a trust policy's file, or the verifier keys of logs; nothing that is examined has a say in it."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from registry.ledger.checkpoint import SignedCheckpoint, check_kind, open_checkpoint
from registry.ledger.keys import SignatureKind, VerifierKey
from registry.ledger.note import MOST_BYTES
from registry.ledger.policy import NONE, LogPolicy, Party, parse_policy
from registry.ledger.verify.stored import read_bounded


def add_trust(parser: ArgumentParser) -> None:
    """Add --policy and --key, one of which is needed."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--policy", type=Path, metavar="FILE", help="a tlog-policy file: logs, witnesses, quorum")
    group.add_argument(
        "--key", action="append", metavar="VKEY", help="a log's verifier key, name+id+base64; may be repeated"
    )


def trusted(options: Namespace) -> LogPolicy:
    """Return the policy of the options; keys alone ask for no witness.

    Raises PolicyFormatError, KeyFormatError, KeyKindError, OversizedFileError or OSError.
    """
    if options.policy:
        return parse_policy(read_bounded(options.policy, MOST_BYTES, str(options.policy)))
    keys = list(dict.fromkeys(VerifierKey.parse(one) for one in options.key))
    for key in keys:
        check_kind(key, SignatureKind.NOTE, "log")
    return LogPolicy(tuple(Party(key) for key in keys), {}, {}, NONE)


def open_older(file: Path, policy: LogPolicy) -> SignedCheckpoint:
    """Read a checkpoint that was kept: signed by a known log; whoever kept it needs no witness for it.

    Raises what ``open_checkpoint`` raises, OversizedFileError or OSError.
    """
    data = read_bounded(file, MOST_BYTES, str(file))
    return open_checkpoint(data, [one.key for one in policy.logs], [one.key for one in policy.witnesses.values()])
