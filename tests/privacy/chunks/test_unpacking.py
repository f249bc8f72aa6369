"""Gzip is unpacked forwards once, from wherever a chunk begins; what is cut, damaged or endless is an error."""

import gzip
import io
import random
import zlib

import pytest

from privacy.chunks import unpacking
from privacy.chunks.unpacking import Stream, unpacked

PLAIN = b"".join(f"{n},{n * n % 977},row {n}\n".encode() for n in range(4000))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(unpacking, "BLOCK", 997)
    unpacking._kept.last = None


@pytest.fixture
def fed(monkeypatch):
    """How many packed bytes were given to a decompressor."""
    sizes, real = [], Stream._fed

    def noted(stream, *, ended):
        before = len(stream.pending)
        found = real(stream, ended=ended)
        sizes.append(before - len(stream.pending))
        return found

    monkeypatch.setattr(Stream, "_fed", noted)
    return sizes


def taken(packed, start, size, identity="one"):
    found = b""
    stream = unpacked(identity, io.BytesIO(packed), start)
    for block in stream:
        found += block
        if len(found) >= size:
            break
    stream.close()
    return found[:size]


FORMS = {
    "one member": gzip.compress(PLAIN),
    "members": gzip.compress(PLAIN[:9000]) + gzip.compress(PLAIN[9000:]),
    "padded": gzip.compress(PLAIN[:9000]) + b"\0" * 40 + gzip.compress(PLAIN[9000:]) + b"\0" * 512,
    "stored": gzip.compress(PLAIN, 0),
    "an empty member": gzip.compress(b"") + gzip.compress(PLAIN),
}


@pytest.mark.parametrize("packed", FORMS.values(), ids=list(FORMS))
def test_every_stretch_is_that_of_the_whole_in_whatever_order(packed):
    chance = random.Random(7)  # noqa: S311
    places = [(chance.randrange(len(PLAIN)), chance.randrange(1, 5000)) for _ in range(60)]
    for start, size in [*places, *sorted(places)]:
        assert taken(packed, start, size) == PLAIN[start : start + size]
    assert b"".join(unpacked("x", io.BytesIO(packed), 0)) == PLAIN == gzip.decompress(packed)


def test_chunks_one_after_the_other_unpack_the_file_once(fed):
    packed = gzip.compress(PLAIN)
    for start in range(5000, len(PLAIN), 5000):
        assert taken(packed, start, 5000) == PLAIN[start : start + 5000]
        assert taken(packed, 0, 20) == PLAIN[:20], "the header, which is read for each chunk"
    headers = len(range(5000, len(PLAIN), 5000)) * 1000
    assert sum(fed) <= len(packed) + headers


def test_another_file_or_an_earlier_place_begins_anew():
    other = bytes(reversed(PLAIN))
    assert taken(gzip.compress(PLAIN), 30_000, 100) == PLAIN[30_000:30_100]
    assert taken(gzip.compress(other), 40_000, 100, "two") == other[40_000:40_100]
    assert taken(gzip.compress(other), 10, 100, "two") == other[10:110]


@pytest.mark.parametrize("cut", [1, 9, 300])
def test_a_stream_that_ends_before_its_end_is_told(cut):
    with pytest.raises(EOFError):
        list(unpacked("x", io.BytesIO(gzip.compress(PLAIN)[:-cut]), 0))


@pytest.mark.parametrize("damage", ["checksum", "middle", "rubbish behind"])
def test_a_damaged_stream_is_told(damage):
    packed = bytearray(gzip.compress(PLAIN))
    if damage == "rubbish behind":
        packed += b"rubbish"
    else:
        packed[-8 if damage == "checksum" else len(packed) // 2] ^= 255
    with pytest.raises(zlib.error):
        list(unpacked("x", io.BytesIO(bytes(packed)), 0))
