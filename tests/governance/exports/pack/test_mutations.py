"""Whatever of a pack is changed is found, and the member named: any byte, the zip's structure, consistent forgeries."""

import io
import json
import random
import struct
import zipfile

import pytest

from governance.exports.pack.archive import END, LOCAL, MANIFEST, ArchiveError, ArchiveTooLargeError, Reader, Writer
from governance.exports.pack.examine import UNCHECKED
from governance.exports.pack.members import VERIFIER
from registry.canonical import canonical, parse
from registry.ledger.dsse import Envelope, sign
from registry.ledger.keys import Ed25519Signer
from tests.governance.exports.pack.conftest import SIGNER
from tests.governance.exports.pack.forging import examine, forge, read_all, says

STRANGER = Ed25519Signer("example.org/log", b"\x09" * 32)


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


def _places(pack):
    """Return where each member's bytes lie, but not those of the verifier's copy, and the rest as structure."""
    with pack.open("rb") as file:
        members = Reader(file).members.values()
    found, end = [], 0
    for one in members:
        found.append((one.name, range(end, one.start)))
        if one.name != VERIFIER:
            found.append((one.name, range(one.start, one.start + one.size)))
        end = one.start + one.size
    return [*found, ("the zip", range(end, pack.stat().st_size))]


def _check_flips(pack, cases):
    data = pack.read_bytes()
    for name, at, bit in cases:
        findings = examine(flipped(data, at, bit))
        assert findings, (name, at)
        assert name == "the zip" or findings[0].code == "pack_structure" or says(findings, name), (name, at, findings)


def test_a_changed_byte_anywhere_is_found(packed):
    source = random.Random(7)  # noqa: S311 - a seeded choice of cases
    cases = [(name, source.choice(list(places)), source.randrange(8)) for name, places in _places(packed.released)]
    _check_flips(packed.released, cases)


@pytest.mark.long
def test_every_changed_byte_is_found(packed):
    source = random.Random(8)  # noqa: S311 - a seeded choice of cases
    cases = [(name, at, source.randrange(8)) for name, places in _places(packed.released) for at in places]
    _check_flips(packed.released, cases)


def test_a_changed_member_names_itself(packed, tmp_path):
    """The member's checksum in the zip is made good, and the manifest is not."""
    held = read_all(packed.released)
    for name, data in held.items():
        if name in {VERIFIER, MANIFEST}:
            continue
        place = forge(held, tmp_path / "forged.zip", {name: flipped(data, len(data) // 2)})
        changed = read_all(place) | {MANIFEST: held[MANIFEST]}
        with place.open("wb") as file:
            writer = Writer(file)
            for each, bytes_of in changed.items():
                writer.add(each, bytes_of)
            writer.close()
        assert [one.file for one in examine(place)] == [name]


def _checked(held):
    return [name for name in held if name not in {*UNCHECKED, MANIFEST}]


@pytest.mark.parametrize("which", ["released", "part"])
def test_a_changed_member_is_found_even_where_the_manifest_was_made_again(packed, tmp_path, which):
    held, source = read_all(getattr(packed, which)), random.Random(9)  # noqa: S311 - a seeded choice of cases
    names = _checked(held) if which == "released" else [name for name in held if name.startswith("logs/")]
    for name in names:
        data = held[name]
        for at in (len(data) - 1, source.randrange(len(data))):
            findings = examine(forge(held, tmp_path / "forged.zip", {name: flipped(data, at)}))
            where = name.rpartition("/")[0] if name.startswith("logs/") else name
            assert says(findings, where), (name, at, findings)


def test_a_member_that_is_missing_or_foreign_is_named(packed, tmp_path):
    held = read_all(packed.released)
    for name in [*_checked(held), "names.json"]:
        if name.startswith("keys/"):
            continue  # a key that is not there is only missed by who names its fingerprint
        findings = examine(forge(held, tmp_path / "forged.zip", {name: None}))
        known = name.removeprefix("documents/").removesuffix(".json") if name.startswith("documents/") else name
        assert says(findings, known.rpartition("/")[0] if name.startswith("logs/") else known), (name, findings)
    for name in ("extra.txt", "documents/" + "0" * 64 + ".json", "logs/1/entries-000000900", "attestations/more"):
        findings = examine(forge(held, tmp_path / "forged.zip", {name: b"900 {}\n"}))
        assert says(findings, name.rpartition("/")[0] if name.startswith("logs/") else name), findings


def test_an_attestation_that_says_something_else_or_is_somebody_elses_is_refused(packed, tmp_path):
    held = read_all(packed.released)
    name = next(one for one in held if one.endswith("decision.dsse.json"))
    truth = Envelope.parse(held[name]).payload
    payload = parse(truth)
    payload["predicate"]["verificationResult"] = "FAILED"
    lie = canonical(payload)
    signed = Envelope(lie, ((SIGNER.key.fingerprint, sign(lie, SIGNER)),))
    strange = Envelope(truth, ((STRANGER.key.fingerprint, sign(truth, STRANGER)),))
    for envelope, code in ((signed, "pack_member_differs"), (strange, "envelope_signature")):
        [finding] = examine(forge(held, tmp_path / "forged.zip", {name: envelope.encode()}))
        assert (finding.code, finding.file) == (code, name)


def test_another_reason_does_not_open_the_commitment(packed, tmp_path):
    held = read_all(packed.released)
    openings = json.loads(held["openings.json"])
    digest = min(openings)
    openings[digest]["text"] = "I never looked at it."
    findings = examine(forge(held, tmp_path / "forged.zip", {"openings.json": canonical(openings)}))
    assert [one.code for one in findings] == ["pack_opening", "pack_member_differs"]
    assert says(findings, digest)


def test_names_are_not_proven_and_change_the_record_that_is(packed, tmp_path):
    findings = examine(forge(read_all(packed.released), tmp_path / "forged.zip", {"names.json": b"{}"}))
    assert [one.file for one in findings] == ["record.html"]


STRUCTURES = {
    "a comment": lambda data: data[:-2] + struct.pack("<H", 2) + b"hi",
    "something before": lambda data: b"x" + data,
    "something behind": lambda data: data + b"x",
    "cut short": lambda data: data[: len(data) // 2],
    "no directory": lambda data: data[: -END.size],
    "empty": lambda _: b"",
    "no zip": lambda _: b"PK\3\4",
    "doubled": lambda data: data + data,
}


@pytest.mark.parametrize("case", STRUCTURES)
def test_another_structure_is_refused(packed, case):
    [finding] = examine(STRUCTURES[case](packed.released.read_bytes()))
    assert finding.code in {"pack_structure", "pack_form"}


def _zip(members, **options):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data)
    return file


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "members",
    [
        [("../evil", b"")],
        [("/etc/passwd", b"")],
        [("a\\b", b"")],
        [("a/../b", b"")],
        [("a//b", b"")],
        [(".hidden", b"")],
        [("a/", b"")],
        [("b", b""), ("a", b"")],
        [("a", b""), ("a", b"")],
        [("MANIFEST.json", b"{}"), ("a", b"")],
        [("é", b"")],
        [("x" * 300, b"")],
    ],
)
def test_names_that_lead_elsewhere_are_doubled_or_out_of_order_are_refused(members):
    with pytest.raises(ArchiveError):
        Reader(_zip(members))


def test_compression_is_refused_so_that_nothing_unpacks_to_more_than_it_is():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("bomb"), b"\0" * 10_000_000, compress_type=zipfile.ZIP_DEFLATED)
    with pytest.raises(ArchiveError):
        Reader(file)


def test_a_size_beyond_the_file_is_a_member_cut_short():
    head = LOCAL.pack(b"PK\3\4", 20, 0, 0, 0, 0x21, 0, 2**32 - 1, 2**32 - 1, 1, 0) + b"a"
    with pytest.raises(ArchiveError, match="member a is cut short"):
        Reader(io.BytesIO(head))


def test_a_writer_refuses_names_out_of_order_and_what_is_too_large(monkeypatch):
    writer = Writer(io.BytesIO())
    writer.add("b", b"")
    for name in ("a", "b", "../c"):
        with pytest.raises(ArchiveError):
            writer.add(name, b"")
    monkeypatch.setattr("governance.exports.pack.archive.MOST_MEMBERS", 1)
    with pytest.raises(ArchiveTooLargeError):
        writer.add("c", b"")
