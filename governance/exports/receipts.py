"""Receipts of decisions: which entry records one, the receipt of it, and how long somebody who decides waits for it."""

from pathlib import Path

from django.conf import settings

from registry.ledger import read
from registry.ledger.policy import LogPolicy, PolicyFormatError, parse_policy
from registry.ledger.proof import Proof
from registry.ledger.receipt import await_receipt, receipt

MEDIA_TYPE = "application/octet-stream"  # C2SP names an extension and no type


def witnesses() -> LogPolicy | None:
    """Return the tlog-policy of the settings, which names witnesses and their quorum; None where none is set.

    Raises PolicyFormatError or OSError.
    """
    file = settings.PROBITY_LEDGER_POLICY
    return parse_policy(Path(file).read_bytes()) if file else None


def entry_of(subject: str, kind: str, **data: str) -> read.Entry | None:
    """Return the newest entry of a kind about a subject whose data has these values."""
    found = None
    for entry in read.entries(subject=subject, kind=kind):
        said = entry.document()["data"]
        if all(said.get(name) == value for name, value in data.items()):
            found = entry
    return found


def receipt_of(entry: read.Entry, *, wait: float = 0) -> Proof | None:
    """Return the receipt of an entry, if its place and the policy's cosignatures are there within so many seconds.

    Raises PolicyFormatError or OSError. To wait within a transaction would be to wait for nothing.
    """
    policy = witnesses()
    return await_receipt(entry.number, wait, policy) if wait else receipt(entry.number, policy)


def has_receipt(entry: read.Entry) -> bool:
    """Say whether the receipt of an entry can be given now; a trust policy that cannot be read gives none."""
    try:
        return receipt_of(entry) is not None
    except (OSError, PolicyFormatError):
        return False


def file_name(entry: read.Entry) -> str:
    """Return what the file of an entry's receipt is called."""
    return f"{entry.kind}-{entry.leaf_hash[:12]}.tlog-proof"
