"""``receipt``: verify that an entry is in a log, by a proof that somebody kept; and show the entry."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from governance.exports.offline.command import Command
from governance.exports.offline.opening import told
from governance.exports.offline.outcome import UNPROVEN, Outcome
from governance.exports.offline.trust import add_trust, trusted
from registry.ledger.proof import MOST_BYTES, Proof
from registry.ledger.tiles import LARGEST_ENTRY
from registry.ledger.tree import leaf_hash
from registry.ledger.verify.entries import Fault, read_document
from registry.ledger.verify.finding import Finding
from registry.ledger.verify.stored import read_bounded

UNPROVEN_BY_ONE = (
    "that what the entry says follows from policy and evidence: see `log --full`",
    "that no later entry takes it back",
    *UNPROVEN,
)


class NoEntryError(ValueError):
    """The receipt does not hold the entry that it is of."""

    code = "receipt_without_entry"


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a receipt (.tlog-proof); its extra data is the entry")
    add_trust(parser)
    parser.add_argument("--entry", type=Path, help="a file with the entry, for a receipt without it")


def _run(options: Namespace) -> Outcome:
    policy = trusted(options)
    proof = Proof.parse(read_bounded(options.file, MOST_BYTES, str(options.file)))
    entry = read_bounded(options.entry, LARGEST_ENTRY, str(options.entry)) if options.entry else proof.extra
    if entry is None:
        raise NoEntryError(f"{options.file} holds no entry; give it with --entry.")
    signed = proof.verify(leaf_hash(entry), policy)
    outcome = Outcome({"checkpoint": told(signed), "entry number": proof.index}, unproven=UNPROVEN_BY_ONE)
    found = read_document(proof.index, entry)
    if isinstance(found, Fault):
        outcome.failures.append(Finding(found.code, found.message, entry=proof.index, file=str(options.file)))
    else:
        outcome.facts["entry"] = found
    return outcome


RECEIPT = Command("receipt", "verify a receipt, and show the entry that it is of", _arguments, _run)
