"""The peer's side of ledger_proving.py: runs in pymerkle's own environment, reads what is wanted, prints rates."""

import json
import sys
import time

from pymerkle import InmemoryTree, verify_inclusion


def main() -> None:
    """Build the same tree, then make and check the same proofs; seconds are CPU time of this process."""
    asked = json.load(sys.stdin)
    tree = InmemoryTree(algorithm="sha256")
    for number in range(asked["count"]):
        tree.append_entry(f"entry {number}".encode())
    root = tree.get_root()
    made, checked, lengths = [], [], []
    for indices in asked["wanted"]:
        began = time.process_time()
        proofs = [tree.prove_inclusion(index + 1) for index in indices]
        made.append(len(indices) / (time.process_time() - began))
        leaves = [tree.get_leaf(index + 1) for index in indices]
        began = time.process_time()
        for leaf, proof in zip(leaves, proofs, strict=True):
            verify_inclusion(leaf, root, proof)
        checked.append(len(indices) / (time.process_time() - began))
        lengths.append([len(proof.path) - 1 for proof in proofs])  # its path begins with the leaf itself
    json.dump({"made": made, "checked": checked, "root": root.hex(), "lengths": lengths}, sys.stdout)


main()
