"""Receipts (C2SP ``tlog-proof@v1``): one entry's index and audit path with a signed checkpoint, verifiable offline."""

from dataclasses import dataclass
from typing import Self

from registry.ledger.checkpoint import SignedCheckpoint
from registry.ledger.note import MOST_BYTES as MOST_NOTE_BYTES
from registry.ledger.paths import verify_inclusion
from registry.ledger.policy import LogPolicy
from registry.ledger.texts import TextFormError, from_base64, from_decimal, to_base64
from registry.ledger.tree import LARGEST_SIZE, TreeError, check_hash

HEADER = "c2sp.org/tlog-proof@v1"
MOST_BYTES = 2 * MOST_NOTE_BYTES
MOST_HASHES = LARGEST_SIZE.bit_length()


class ProofFormatError(ValueError):
    """The bytes are not a proof."""

    code = "proof_malformed"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof as it was read: nothing of it is verified.

    ``index`` counts from 0; ``path`` has 32 bytes each, the leaf's sibling first; ``checkpoint`` is the signed note,
    verbatim; ``extra`` is not authenticated by anything, and is never empty (None when there is none).
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the proof's file (``.tlog-proof``). Raises ProofFormatError when it would not be read back."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {to_base64(self.extra)}")
        lines += [f"index {self.index}", *map(to_base64, self.path), ""]
        data = "".join(f"{line}\n" for line in lines).encode() + self.checkpoint
        if self.parse(data) != self:
            raise ProofFormatError("The proof would not be read back as it is.")
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof; its checkpoint stays bytes. Raises ProofFormatError."""
        if len(data) > MOST_BYTES:
            raise ProofFormatError(f"The proof has {len(data)} bytes; {MOST_BYTES} are the most that are read.")
        head, found, checkpoint = data.partition(b"\n\n")
        if not found or not checkpoint:
            raise ProofFormatError("The proof has no empty line with a checkpoint after it.")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise ProofFormatError(f"Byte {error.start} of the proof, before its checkpoint, is not ASCII.") from error
        if first != HEADER:
            raise ProofFormatError(f"The proof does not begin with the line {HEADER}.")
        try:
            extra = _extra(lines)
            index, path = _index_and_path(lines)
        except (TextFormError, TreeError) as error:
            raise ProofFormatError(str(error)) from error
        return cls(index, path, checkpoint, extra)

    def verify(self, leaf: bytes, policy: LogPolicy) -> SignedCheckpoint:
        """Return the verified checkpoint of a tree that holds ``leaf`` (a leaf hash) at the index.

        Size and root are those of the checkpoint that the policy accepts. Raises what ``LogPolicy.open`` raises, and
        InclusionError or OutsideTreeError when the path does not bind the leaf to that root.
        """
        signed = policy.open(self.checkpoint)
        verify_inclusion(signed.head, self.index, leaf, self.path)
        return signed


def _extra(lines: list[str]) -> bytes | None:
    """Take the extra line, if there is one, from the front."""
    if not lines or not lines[0].startswith("extra "):
        return None
    extra = from_base64(lines.pop(0).removeprefix("extra "), "The extra data of the proof")
    if not extra:
        raise ProofFormatError("The proof has an extra line without data.")
    return extra


def _index_and_path(lines: list[str]) -> tuple[int, tuple[bytes, ...]]:
    if not lines or not lines[0].startswith("index "):
        raise ProofFormatError("The proof has no line with its index where that belongs.")
    index = from_decimal(lines[0].removeprefix("index "), "The index of the proof")
    if len(lines) - 1 > MOST_HASHES:
        raise ProofFormatError(f"The proof has {len(lines) - 1} hashes; no tree is higher than {MOST_HASHES}.")
    path = []
    for number, line in enumerate(lines[1:]):
        value = from_base64(line, f"Hash {number} of the proof")
        check_hash(value, f"hash {number} of the proof")
        path.append(value)
    return index, tuple(path)
