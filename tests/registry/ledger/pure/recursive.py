"""RFC 6962, section 2.1, word for word: the recursive definitions that everything faster is compared with."""

import hashlib


def sha256(data):
    return hashlib.sha256(data).digest()


def k_of(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d):
    """MTH(D[n])."""
    if not d:
        return sha256(b"")
    if len(d) == 1:
        return sha256(b"\x00" + d[0])
    k = k_of(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m, d):
    """PATH(m, D[n])."""
    if len(d) == 1:
        return []
    k = k_of(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m, d, *, whole):
    """SUBPROOF(m, D[n], b)."""
    if m == len(d):
        return [] if whole else [mth(d)]
    k = k_of(len(d))
    if m <= k:
        return [*subproof(m, d[:k], whole=whole), mth(d[k:])]
    return [*subproof(m - k, d[k:], whole=False), mth(d[:k])]


def proof(m, d):
    """PROOF(m, D[n])."""
    return subproof(m, d, whole=True)


def tile_hashes(entries, level, index, width):
    """The ``tlog-tiles`` definition: MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])."""
    span = 256**level
    first = index * 256
    return b"".join(mth(entries[(first + i) * span : (first + i + 1) * span]) for i in range(width))
