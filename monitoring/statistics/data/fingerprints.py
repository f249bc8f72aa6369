"""Rows as 64-bit fingerprints of their values, by which equal rows are found among millions without comparing them.

Each column's value gives a hash, mixed into the row's as SplitMix64 does (Steele, Lea and Flood 2014); missing values
are equal to one another, and so are 1, 1.0 and -0.0 to 0.0. Among ten million rows two different ones share a
fingerprint by chance with a probability of three in a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitoring.statistics.columns import column, is_numeric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Prints = NDArray[np.uint64]

_STEP, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def fingerprints(table: Any, columns: Sequence[str]) -> Prints:
    """Return one fingerprint per row over these columns; without columns all rows are equal."""
    import numpy as np

    found = np.zeros(table.num_rows, dtype=np.uint64)
    for name in columns:
        found = _mixed(found ^ _mixed(_of_column(table, name)))
    return found


def _mixed(values: Prints) -> Prints:
    import numpy as np

    with np.errstate(over="ignore"):
        mixed = values + np.uint64(_STEP)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _of_column(table: Any, name: str) -> Prints:
    import numpy as np

    if is_numeric(table, name):
        values = np.asarray(column(table, name).cast("float64").to_numpy(zero_copy_only=False), dtype=np.float64) + 0.0
        return np.where(np.isnan(values), np.uint64(1), values.view(np.uint64))
    return _of_texts(column(table, name))


def _of_texts(found: Any) -> Prints:
    """Hash each distinct text once."""
    import hashlib

    import numpy as np
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(found, null_encoding="encode")
    encoded = encoded.combine_chunks() if hasattr(encoded, "combine_chunks") else encoded
    hashes = [
        1 if value is None else int.from_bytes(hashlib.blake2b(str(value).encode(), digest_size=8).digest(), "big")
        for value in encoded.dictionary.to_pylist()
    ]
    places = encoded.indices.fill_null(len(hashes)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*hashes, 1], dtype=np.uint64)[places])


def repeated(prints: Prints) -> int:
    """Count the rows that are equal to another one that is counted before them."""
    import numpy as np

    return len(prints) - len(np.unique(prints))


def within(prints: Prints, others: Prints) -> int:
    """Count the rows that are equal to one of the others."""
    import numpy as np

    return int(np.isin(prints, np.unique(others)).sum())


def conflicting(features: Prints, whole: Prints) -> int:
    """Count the rows whose features are equal to those of a row that has another target."""
    import numpy as np

    _, first = np.unique(whole, return_index=True)
    of_features, counts = np.unique(features[first], return_counts=True)
    return int(np.isin(features, of_features[counts > 1]).sum())
