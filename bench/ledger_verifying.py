"""Verifying a published log offline, beside SHA-256 of the same entries, and beside reading them as JSON."""

import contextlib
import gc
import hashlib
import io
import json
import resource
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from measuring import Row, cpu, row

from governance.exports.offline.main import main as offline
from registry.canonical import canonical
from registry.ledger.checkpoint import Checkpoint, sign
from registry.ledger.folder import TileFolder
from registry.ledger.keys import Ed25519Signer
from registry.ledger.tiles import CHECKPOINT, entries_path, pack, tile_path, unpack
from registry.ledger.tree import TILE_WIDTH, Edge, leaf_hash, leaf_hashes

SUBJECTS = 1000
SIGNER = Ed25519Signer("bench/log", b"\x01" * 32)
WORKER = str(uuid.UUID(int=1))
AT = "2026-03-03T12:00:00.000000Z"


def events(count: int) -> Iterator[bytes]:
    """Yield the entries of a log: a worker is known, then runs end, each after the last one of its subject."""
    heads: dict[str, str] = {}
    for number in range(count):
        first = number == 0
        subject = f"principal:{WORKER}" if first else f"run:{uuid.UUID(int=number % SUBJECTS)}"
        data = {"kind": "service", "owner": None}
        ended = {"kind": "assess", "status": "SUCCEEDED", "attempt": number, "error_code": ""}
        body = canonical(
            {
                "format": 1,
                "schema": 1,
                "id": str(uuid.UUID(int=number)),
                "kind": "principal.registered" if first else "run.ended",
                "at": AT,
                "actor": {"principal": WORKER, "role": "system", "auth": "task", "on_behalf_of": None},
                "subject": subject,
                "subject_digest": None,
                "policy": None,
                "evidence": [],
                "prev": heads.get(subject),
                "data": data if first else ended,
            }
        )
        heads[subject] = leaf_hash(body).hex()
        yield body


class Quick(TileFolder):
    """A folder that is written without waiting for the disk: what is measured is reading."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def write_log(folder: Path, count: int) -> int:
    """Publish a log of ``count`` entries; return how many bytes they have."""
    store, edge, block, size = Quick(folder / "logs" / "1"), Edge(), [], 0

    def flush() -> None:
        store.put(entries_path(edge.size // TILE_WIDTH, len(block)), pack(block))
        for tile in edge.extend(leaf_hashes(block)):
            store.put(tile_path(tile.level, tile.index), tile.hashes)

    for body in events(count):
        size += len(body)
        block.append(body)
        if len(block) == TILE_WIDTH:
            flush()
            block = []
    if block:
        flush()
    for tile in edge.partials():
        store.put(tile_path(tile.level, tile.index, tile.width), tile.hashes)
    store.put(CHECKPOINT, sign(Checkpoint("bench/log", edge.head()), SIGNER).encode())
    (folder / "documents").mkdir(exist_ok=True)
    return size


def _bundles(folder: Path) -> list[Path]:
    names = sorted((folder / "logs/1/tile/entries").rglob("*"), key=str)
    return [place for place in names if place.is_file()]


def _entries(bundles: list[Path]) -> Iterator[bytes]:
    for place in bundles:
        width = int(place.name) if place.parent.suffix == ".p" else TILE_WIDTH
        yield from unpack(place.read_bytes(), width)


def _hashed(bundles: list[Path]) -> None:
    sha256 = hashlib.sha256
    for entry in _entries(bundles):
        sha256(entry).digest()


def _parsed(bundles: list[Path]) -> None:
    loads = json.loads
    for entry in _entries(bundles):
        loads(entry)


def _verified(folder: Path, *arguments: str) -> int:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = offline(["log", str(folder), "--key", str(SIGNER.key), *arguments])
    if code:
        raise RuntimeError(f"the log of the bench does not verify: {said.getvalue()[:2000]}")
    return code


def verify(names: list[str], count: int, runs: int) -> list[Row]:
    """Compare both ways of verifying; ``same`` says that the log was found valid."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_log(folder, count)
        bundles, found = _bundles(folder), []
        sides = {
            "verify": ((), _hashed, "SHA-256 of each entry"),
            "verify-full": (("--full",), _parsed, "json.loads of the entries"),
        }
        for name, (arguments, peer_of, peer_name) in sides.items():
            if name not in names:
                continue
            ours, peer = [], []
            for _ in range(runs):
                gc.collect()
                ours.append(count / cpu(partial(_verified, folder, *arguments))[0])
                peer.append(count / cpu(partial(peer_of, bundles))[0])
            found.append(row(name, ours, peer, unit="entries/s", same=True, peer_name=peer_name))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stderr.write(f"verify: at most {peak} MiB resident in this process\n")
    return found
