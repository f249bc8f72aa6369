"""Show from the tiles of a published log that one signed tree is the beginning of another."""

from registry.ledger.paths import Prover, verify_consistency
from registry.ledger.tree import TreeHead
from registry.ledger.verify.stored import StoredLog, reader_at


def verify_extends(old: TreeHead, new: TreeHead, store: StoredLog, published: int) -> None:
    """Check that the tree of ``new`` begins with that of ``old``; ``published`` is the size of the stored log.

    Both heads come from verified checkpoints; tiles serve for the path alone. Raises EmptyBeginningError,
    ConsistencyError, TileError or StoredTileMissingError.
    """
    path: list[bytes] = []
    if 0 < old.size < new.size:
        path = Prover(new.size, reader_at(store, published)).consistency(old.size)
    verify_consistency(old, new, path)
