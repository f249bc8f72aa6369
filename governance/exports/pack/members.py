"""What a pack holds, by the names of its members, and the one form of the manifest, of entries and of pruned trees."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from governance.exports.pack.archive import MANIFEST, Member
from registry.canonical import CanonicalError, canonical, parse
from registry.ledger.texts import TextFormError, from_base64, from_decimal, to_base64

FORMAT = 1
README, HTML, PDF = "README.txt", "record.html", "record.pdf"
VERIFIER = "probity_verify.py"
NAMES, OPENINGS = "names.json", "openings.json"
DOCUMENT = re.compile(r"documents/([0-9a-f]{64})\.json")
KEY = re.compile(r"keys/([0-9a-f]{64})\.txt")
LOG = re.compile(r"logs/([1-9][0-9]{0,4})/(checkpoint|pruned|entries-[0-9]{9})")
RECEIPT = re.compile(r"receipts/([1-9][0-9]{0,4})-([0-9]{9})\.tlog-proof")
ATTESTATION = re.compile(r"attestations/([1-9][0-9]{0,4})-([0-9]{9})-[0-9]{3}-[a-z0-9_-]{1,60}\.dsse\.json")
ENTRIES_EACH = 1000


class PackFormError(ValueError):
    """A member that is not in its one form; the message names it."""

    code = "pack_form"


def document_name(digest: str) -> str:
    """Return where a document lies."""
    return f"documents/{digest}.json"


def key_name(fingerprint: str) -> str:
    """Return where a key of a log lies."""
    return f"keys/{fingerprint}.txt"


def entries_name(log: int, seq: int) -> str:
    """Return where the entries from a place of a log on lie."""
    return f"logs/{log}/entries-{seq:09}"


def receipt_name(log: int, seq: int) -> str:
    """Return where the receipt of an entry lies."""
    return f"receipts/{log}-{seq:09}.tlog-proof"


def attestation_name(log: int, seq: int, number: int, about: str) -> str:
    """Return where the so-many-eth statement about an entry lies."""
    plain = re.sub(r"[^a-z0-9_-]", "_", about.lower())[:60] or "_"
    return f"attestations/{log}-{seq:09}-{number:03}-{plain}.dsse.json"


def manifest(promotion: str, members: Iterable[Member]) -> bytes:
    """Return the manifest: the promotion, and each other member with its size and SHA-256, in order."""
    listed = [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in members if one.name != MANIFEST]
    return canonical({"format": FORMAT, "promotion": promotion, "members": listed})


def write_entries(entries: Iterable[tuple[int, bytes]]) -> bytes:
    """Return entries by their places, ascending: one line each, the place, a space, and the entry's exact text."""
    return b"".join(b"%d %b\n" % entry for entry in entries)


def read_entries(data: bytes, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield (place, text) of each entry. Raises PackFormError."""
    if not data.endswith(b"\n"):
        raise PackFormError(f"{name} does not end with a line.")
    last = -1
    for line in data[:-1].split(b"\n"):
        place, _, text = line.partition(b" ")
        try:
            seq = from_decimal(place.decode("ascii"), f"A place in {name}")
        except (TextFormError, UnicodeDecodeError) as error:
            raise PackFormError(f"A line of {name} does not begin with the place of an entry.") from error
        if seq <= last:
            raise PackFormError(f"{name} has entry {seq} after entry {last}.")
        last = seq
        yield seq, text


def write_hashes(hashes: Sequence[bytes]) -> bytes:
    """Return the hashes of a pruned tree: one line of base64 each."""
    return "".join(f"{to_base64(one)}\n" for one in hashes).encode()


def read_hashes(data: bytes, name: str) -> list[bytes]:
    """Return the hashes. Raises PackFormError."""
    try:
        lines = data.decode("ascii").split("\n")
        if lines.pop():
            raise PackFormError(f"{name} does not end with a line.")
        return [from_base64(line, f"A hash in {name}") for line in lines]
    except (TextFormError, UnicodeDecodeError) as error:
        raise PackFormError(f"{name} holds something else than hashes: {error}") from error


def read_json(data: bytes, name: str) -> Any:
    """Return the value of canonical JSON. Raises PackFormError."""
    try:
        return parse(data)
    except CanonicalError as error:
        raise PackFormError(f"{name} is not canonical JSON: {error}") from error
