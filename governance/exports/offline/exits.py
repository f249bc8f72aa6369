"""How the program ends: one stable exit code for each kind of failure, and which kind each finding is."""

from collections.abc import Iterable
from enum import IntEnum

from registry.ledger.verify.finding import Finding


class Exit(IntEnum):
    """The exit codes. When several kinds of failure are found, the first in the order of PRECEDENCE decides."""

    VALID = 0
    INVALID = 1
    USAGE = 2
    UNREADABLE = 3
    SIGNATURE = 4
    QUORUM = 5
    INCONSISTENT = 6
    MISSING_EVIDENCE = 7


MEANINGS = {
    Exit.VALID: "valid",
    Exit.INVALID: "an entry, a tile, the tree, or what was judged is not as it should be",
    Exit.USAGE: "the program was not called as it should be, or the trust policy or a key given to it is malformed",
    Exit.UNREADABLE: "a file is missing or cannot be read",
    Exit.SIGNATURE: "a checkpoint is malformed, or its signature is missing or not that of a known key",
    Exit.QUORUM: "too few of the trust policy's witnesses cosigned",
    Exit.INCONSISTENT: "the log does not continue an older checkpoint, or one log does not continue the other",
    Exit.MISSING_EVIDENCE: "a document that an entry cites is not there, and no entry says that it was purged",
}
PRECEDENCE = (
    Exit.SIGNATURE,
    Exit.QUORUM,
    Exit.INCONSISTENT,
    Exit.UNREADABLE,
    Exit.INVALID,
    Exit.MISSING_EVIDENCE,
)
KINDS = {
    Exit.USAGE: {"log_policy_malformed", "key_malformed", "key_kind"},
    Exit.UNREADABLE: {"unreadable", "tile_missing", "file_oversized", "no_log", "predecessor_missing"},
    Exit.SIGNATURE: {
        "note_malformed",
        "note_too_large",
        "note_bad_signature",
        "note_not_signed",
        "checkpoint_malformed",
        "cosignature_time",
        "envelope_signature",
        "key_unknown",
    },
    Exit.QUORUM: {"log_policy_quorum"},
    Exit.INCONSISTENT: {
        "not_consistent",
        "consistency_from_empty",
        "other_log",
        "log_not_continued",
        "log_not_ended",
    },
    Exit.MISSING_EVIDENCE: {"document_missing"},
}
EXIT_OF = {code: exit_code for exit_code, codes in KINDS.items() for code in codes}


def exit_for(findings: Iterable[Finding]) -> Exit:
    """Return how to end after these failures; a code that has no kind of its own is INVALID."""
    found = {EXIT_OF.get(one.code, Exit.INVALID) for one in findings}
    return next((one for one in (Exit.USAGE, *PRECEDENCE) if one in found), Exit.VALID)
