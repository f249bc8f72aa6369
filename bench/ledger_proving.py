"""Inclusion proofs in a log of a million entries, made and checked, beside pymerkle in memory (its own environment)."""

import json
import random
import subprocess
from pathlib import Path

from measuring import Row, cpu, peer_python, row

from registry.ledger.paths import Prover, verify_inclusion
from registry.ledger.tree import Edge, leaf_hashes, with_partials

PEER = Path(__file__).resolve().parent / "peers" / "pymerkle_proofs.py"
PROOFS = 2000


def prove(names: list[str], count: int, runs: int) -> list[Row]:
    """Compare making and checking proofs of random entries; the peer does the same runs in a process of its own."""
    entries = [f"entry {number}".encode() for number in range(count)]
    leaves = leaf_hashes(entries)
    edge = Edge()
    full = {(tile.level, tile.index): tile.hashes for tile in edge.extend(leaves)}
    read = with_partials(lambda level, index: full[level, index], lambda start, some: leaves[start : start + some])
    head, chance = edge.head(), random.Random(7)  # noqa: S311 - the same proofs each time
    wanted = [[chance.randrange(count) for _ in range(PROOFS)] for _ in range(runs)]
    made, checked, paths = [], [], []
    for indices in wanted:
        prover = Prover(count, read)
        seconds, found = cpu(lambda indices=indices, prover=prover: [prover.inclusion(index) for index in indices])
        made.append(PROOFS / seconds)
        paths.append([len(path) for path in found])
        pairs = list(zip(indices, found, strict=True))
        seconds, _ = cpu(lambda pairs=pairs: [verify_inclusion(head, one, leaves[one], path) for one, path in pairs])
        checked.append(PROOFS / seconds)
    asked = json.dumps({"count": count, "wanted": wanted})
    said = subprocess.run([peer_python("pymerkle"), PEER], input=asked, capture_output=True, text=True, check=True)
    peer = json.loads(said.stdout)
    same = peer["root"] == head.root.hex() and peer["lengths"] == paths
    rows = {
        "prove": row("prove", made, peer["made"], unit="proofs/s", same=same, peer_name="pymerkle in memory"),
        "check": row("check", checked, peer["checked"], unit="proofs/s", same=same, peer_name="pymerkle in memory"),
    }
    return [rows[name] for name in rows if name in names]
