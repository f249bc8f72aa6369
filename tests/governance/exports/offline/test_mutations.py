"""Whatever is changed in a published record is found, and the place is named: bytes, entries, tiles, documents."""

import random
import shutil
from pathlib import Path

import pytest

from registry.ledger.note import Note
from registry.ledger.note import parse as parse_note
from registry.ledger.tiles import pack, unpack
from tests.governance.exports.offline.making import policy_file, verify

SAMPLE = 40
SEED = 20260303


def files(record: Path) -> list[str]:
    return sorted(str(one.relative_to(record)) for one in record.rglob("*") if one.is_file())


def needed(record: Path) -> list[str]:
    """The files without which a record is not whole: all but the forms that a publisher left behind."""
    from registry.ledger.folder import TileFolder
    from registry.ledger.tiles import published
    from registry.ledger.verify.layout import wanted

    found = [one for one in files(record) if "/tile/" not in one]
    for folder in (record / "logs").iterdir():
        size = published(TileFolder(folder)).size
        found += [f"logs/{folder.name}/{tile.path}" for tile in wanted(size)]
    return found


class Examined:
    """A record that is damaged and mended again and again, with a checkpoint of it that is kept elsewhere."""

    def __init__(self, record: Path, kept: Path, capsys):
        self.record, self.capsys, self.kept = record, capsys, kept
        kept.mkdir()
        self.since, self.full = [], ["--full"]
        for number in sorted(one.name for one in (record / "logs").iterdir()):
            shutil.copy(record / "logs" / number / "checkpoint", kept / number)
            self.since += ["--since", kept / number]
        self.policy = policy_file(kept)

    def verify(self):
        return verify(self.capsys, "log", self.record, "--policy", self.policy, *self.full, *self.since)

    def finds(self, path: str, data: bytes | None) -> None:
        """Demand that the verifier fails when a file holds other bytes, or is gone, and names the file or entry."""
        place = self.record / path
        before = place.read_bytes()
        assert data != before
        if data is None:
            place.unlink()
        else:
            place.write_bytes(data)
        told = self.verify()
        assert told.code != 0, path
        assert self.names(told, path), (path, told.document["failures"][:3])
        place.write_bytes(before)

    def names(self, told, path: str) -> bool:
        short = path.removeprefix("logs/1/").removeprefix("logs/2/")
        digest = path.rpartition("/")[2]
        for one in told.document["failures"]:
            in_log = one["log"] is None or path.startswith(f"logs/{one['log']}/")
            if in_log and (one["file"] == short or (one["entry"] is not None and "tile" in path)):
                return True
            if path.startswith("documents/") and digest in one["message"]:
                return True
            if "tile" in path and short.partition(".p/")[0] in str(one["file"]):
                return True
        return False


@pytest.fixture
def lived_record(lived, tmp_path, capsys) -> Examined:
    return Examined(lived / "record", tmp_path / "kept-lived", capsys)


@pytest.fixture
def plain_record(plain, tmp_path, capsys) -> Examined:
    return Examined(plain, tmp_path / "kept-plain", capsys)


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


def flips(record: Path) -> list[tuple[str, int]]:
    return [(path, at) for path in files(record) for at in range((record / path).stat().st_size)]


def test_a_sample_of_flipped_bits_is_found(lived_record):
    source = random.Random(SEED)  # noqa: S311 - a sample that is the same each time
    for path, at in source.sample(flips(lived_record.record), SAMPLE):
        lived_record.finds(path, flipped((lived_record.record / path).read_bytes(), at, source.randrange(8)))
    assert lived_record.verify().code == 0


def test_a_sample_of_flipped_bits_in_full_tiles_is_found(plain_record):
    source = random.Random(SEED)  # noqa: S311 - a sample that is the same each time
    for path, at in source.sample(flips(plain_record.record), SAMPLE // 2):
        plain_record.finds(path, flipped((plain_record.record / path).read_bytes(), at, source.randrange(8)))


def test_any_flipped_bit_of_a_checkpoint_is_found(plain_record):
    data = (plain_record.record / "logs/1/checkpoint").read_bytes()
    for at in range(0, len(data), 5):
        plain_record.finds("logs/1/checkpoint", flipped(data, at, at % 8))


@pytest.mark.long
@pytest.mark.parametrize("part", range(4))
def test_flipped_bytes_are_found_all_over_the_record(lived_record, part):
    """Every third byte of the logs by their trees, every seventh of the documents by what is judged from them."""
    for number, (path, at) in enumerate(flips(lived_record.record)):
        every = 7 if path.startswith("documents/") else 3
        if number % every == 0 and number // every % 4 == part:
            lived_record.full = ["--full"] if path.startswith("documents/") else []
            lived_record.finds(path, flipped((lived_record.record / path).read_bytes(), at, number % 8))


def test_whichever_file_is_gone_cut_short_doubled_or_empty_is_found(lived_record, plain_record):
    for examined in (lived_record, plain_record):
        for path in needed(examined.record):
            data = (examined.record / path).read_bytes()
            for changed in (None, data[:-1], data + data, b""):
                examined.finds(path, changed)
        assert examined.verify().code == 0


def test_what_a_publisher_left_behind_is_not_needed_but_must_not_lie(plain_record):
    left = sorted(set(files(plain_record.record)) - set(needed(plain_record.record)))
    assert left == ["logs/1/tile/0/002.p/48", "logs/1/tile/1/000.p/1", "logs/1/tile/entries/002.p/48"]
    for path in left:
        data = (plain_record.record / path).read_bytes()
        for changed in (flipped(data, len(data) // 2), data[:-1], data + data[:32], b""):
            plain_record.finds(path, changed)
        (plain_record.record / path).unlink()
    assert plain_record.verify().code == 0


def changed_rows(data: bytes, count: int, source: random.Random):
    rows = unpack(data, count)
    one, other = sorted(source.sample(range(count), 2))
    yield pack([*rows[:one], *rows[one + 1 :]])
    yield pack([*rows[:one], rows[one], *rows[one:]])
    yield pack([*rows[:one], rows[one], *rows[one : one + 1], *rows[one + 2 :]]) if one + 1 < count else pack(rows[1:])
    yield pack([*rows[:one], rows[other], *rows[one + 1 : other], rows[one], *rows[other + 1 :]])


def changed_hashes(data: bytes, source: random.Random):
    hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
    if len(hashes) > 1:
        one, other = sorted(source.sample(range(len(hashes)), 2))
        yield b"".join([*hashes[:one], hashes[other], *hashes[one + 1 : other], hashes[one], *hashes[other + 1 :]])
        yield b"".join([*hashes[:one], hashes[one], *hashes[one : one + 1], *hashes[one + 2 :]])
        yield b"".join([*hashes[:one], *hashes[one + 1 :]])
    yield b"".join([*hashes, hashes[-1]])


def test_entries_and_hashes_that_were_dropped_doubled_or_swapped_are_found(lived_record, plain_record):
    source = random.Random(SEED)  # noqa: S311 - a sample that is the same each time
    for examined in (lived_record, plain_record):
        for path in needed(examined.record):
            data, width = (examined.record / path).read_bytes(), int(path.partition(".p/")[2] or 256)
            if "/tile/entries/" in path:
                variants = list(changed_rows(data, width, source))
            else:
                variants = list(changed_hashes(data, source)) if "/tile/" in path else []
            for changed in variants:
                if changed != data:
                    examined.finds(path, changed)


def test_files_that_changed_places_are_found(plain_record):
    tiles = [one for one in needed(plain_record.record) if "/tile/" in one and ".p/" not in one]
    one, other = (plain_record.record / "logs/1/tile/entries" / name for name in ("000", "001"))
    assert len(tiles) == 4
    data = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(data)
    told = plain_record.verify()
    assert (told.code, told.first["entry"]) == (1, 0)


def test_each_signature_of_a_known_key_is_needed_and_must_be_its_own(lived_record):
    for number in ("1", "2"):
        place = lived_record.record / "logs" / number / "checkpoint"
        note = parse_note(place.read_bytes())
        log, witness = note.signatures
        stranger = type(log)("example.org/stranger", b"\x00" * 4, b"\x01" * 64)
        wrong = type(log)(log.name, log.key_id, witness.signature[:64])
        changes = {(witness,): 4, (log,): 5, (wrong, witness): 4, (log, witness, wrong): 4, (log, stranger): 5}
        for signatures, code in changes.items():
            place.write_bytes(Note(note.text, signatures).encode())
            told = lived_record.verify()
            assert (told.code, told.first["log"], told.first["file"]) == (code, int(number), "checkpoint")
        place.write_bytes(Note(note.text, (*note.signatures, stranger)).encode())
        assert lived_record.verify().code == 0  # the signature of an unknown key says nothing
        place.write_bytes(note.encode())


FOREIGN = [
    "readme.txt",
    "logs/notes",
    "logs/1/tile/0/0000",
    "logs/1/tile/0/000.p/256",
    "logs/1/tile/0/000.p/0",
    "logs/1/tile/64/000",
    "logs/1/tile/00/000",
    "logs/1/tile/0/x000/000",
    "logs/1/tile/entries/abc",
    "logs/1/checkpoint.bak",
]


@pytest.mark.parametrize("path", FOREIGN)
def test_a_file_that_does_not_belong_there_is_named(plain_record, path):
    place = plain_record.record / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"x")
    told = plain_record.verify()
    assert (told.code, told.first["code"]) == (1, "foreign_file")
    assert path.endswith(told.first["file"])


def test_what_lies_beyond_the_checkpoint_and_what_a_crash_left_is_remarked_on(plain_record):
    for path in ("logs/1/tile/0/003", "logs/1/tile/entries/.003.new"):
        (plain_record.record / path).write_bytes(b"x")
    told = plain_record.verify()
    assert told.code == 0
    assert {one["code"] for one in told.document["remarks"]} == {"ahead", "leftover"}
