"""Write records as a publisher would, and as somebody with the key could: any entries, chained, in tiles, signed."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.exports.offline.main import main
from registry.canonical import canonical, parse
from registry.ledger.checkpoint import Checkpoint, cosign, sign
from registry.ledger.folder import TileFolder
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.note import parse as parse_note
from registry.ledger.tiles import publish
from registry.ledger.tree import Edge, leaf_hash, leaf_hashes, with_partials

SIGNER = Ed25519Signer("example.org/log", b"\x01" * 32)
NEXT = Ed25519Signer("example.org/next", b"\x02" * 32)
WITNESS = Ed25519Signer("witness.example.org", b"\x03" * 32, SignatureKind.COSIGNATURE)
OTHER = Ed25519Signer("example.org/log", b"\x04" * 32)
KEYS = ("--key", str(SIGNER.key), "--key", str(NEXT.key))
PERSON = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Told:
    code: int
    document: dict[str, Any]

    @property
    def first(self) -> dict[str, Any]:
        return self.document["failures"][0]

    @property
    def codes(self) -> list[str]:
        return [one["code"] for one in self.document["failures"]]


def verify(capsys, *arguments: object) -> Told:
    """Run the verifier in this process and return its code and what it told."""
    code = main([*map(str, arguments), "--json"])
    return Told(code, json.loads(capsys.readouterr().out))


def event(number: int, subject: str = "run:1", kind: str = "run.queued", **data: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "schema": 1,
        "id": f"{number:08d}",
        "kind": kind,
        "at": "2026-03-03T12:00:00.000000Z",
        "actor": {"principal": PERSON, "role": "system", "auth": "command"},
        "subject": subject,
        "subject_digest": None,
        "policy": None,
        "evidence": [],
        "prev": None,
        "data": {"number": number, **data},
    }


def chained(events: Iterable[dict[str, Any]], heads: dict[str, str] | None = None) -> list[bytes]:
    """Return the bytes of events that each follow the one before of their subject."""
    newest, made = {} if heads is None else heads, []
    for one in events:
        body = canonical({**one, "prev": newest.get(one["subject"])})
        newest[one["subject"]] = leaf_hash(body).hex()
        made.append(body)
    return made


def note_of(entries: Sequence[bytes], signer: Ed25519Signer = SIGNER, *, at: int = 0) -> bytes:
    """Return the signed checkpoint over entries; cosigned when there is a time for it."""
    edge = Edge()
    edge.extend(leaf_hashes(entries))
    note = sign(Checkpoint(signer.key.name, edge.head()), signer)
    return (note.add(cosign(note, WITNESS, at=at)) if at else note).encode()


def write_log(folder: Path, entries: Sequence[bytes], signer: Ed25519Signer = SIGNER, *, sizes=(), at: int = 0) -> None:
    """Publish entries into a folder, first at each of ``sizes`` and then all of them."""
    edge = Edge()
    tiles = {(tile.level, tile.index): tile.hashes for tile in edge.extend(leaf_hashes(entries))}

    def leaves(start: int, count: int) -> list[bytes]:
        return leaf_hashes(entries[start : start + count])

    read = with_partials(lambda level, index: tiles[level, index], leaves)
    for size in (*sizes, len(entries)):
        note = note_of(entries[:size], signer, at=at)
        publish(TileFolder(folder), note, entries=lambda start, count: entries[start : start + count], tiles=read)


def plain_entries(count: int = 600) -> list[bytes]:
    return chained(event(number, f"run:{number % 7}") for number in range(count))


def read_entries(folder: Path) -> list[dict[str, Any]]:
    """Return the events of a log of fewer than 257 entries."""
    from registry.ledger.tiles import published, read_entries

    store = TileFolder(folder)
    return [parse(one) for bundle in read_entries(store, published(store).size) for one in bundle]


def policy_file(folder: Path, *, quorum: str = "w") -> Path:
    place = folder / "trust.policy"
    place.write_text(f"log {SIGNER.key}\nlog {NEXT.key}\nwitness w {WITNESS.key}\nquorum {quorum}\n")
    return place


def cosign_file(place: Path, at: int = 1_800_000_000) -> None:
    note = parse_note(place.read_bytes())
    place.write_bytes(note.add(cosign(note, WITNESS, at=at)).encode())
