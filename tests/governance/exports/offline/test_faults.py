"""Receipts, and files that are no good: each mistake has its sentence and its exit code, and none a traceback."""

import json
import os
from pathlib import Path

import pytest

from governance.exports.offline.exits import EXIT_OF, MEANINGS, PRECEDENCE, Exit, exit_for
from governance.exports.offline.main import main
from registry.ledger.paths import Prover
from registry.ledger.proof import Proof
from registry.ledger.tree import leaf_hashes
from registry.ledger.verify.finding import Finding
from tests.governance.exports.offline.making import KEYS, NEXT, note_of, plain_entries, policy_file, verify

ENTRIES = plain_entries(20)


def receipt(number: int = 7, **changes) -> Proof:
    read = Prover(len(ENTRIES), lambda _level, _index, width: b"".join(leaf_hashes(ENTRIES)[:width]))
    facts = {"checkpoint": note_of(ENTRIES, at=1_800_000_000), "extra": ENTRIES[number]}
    return Proof(**{"index": number, "path": tuple(read.inclusion(number)), **facts, **changes})


def test_a_receipt_shows_its_entry(tmp_path, capsys):
    (tmp_path / "one.tlog-proof").write_bytes(receipt().encode())
    told = verify(capsys, "receipt", tmp_path / "one.tlog-proof", "--policy", policy_file(tmp_path))
    assert told.code == 0
    assert told.document["facts"]["entry"] == json.loads(ENTRIES[7])
    assert told.document["facts"]["checkpoint"]["size"] == 20
    (tmp_path / "bare").write_bytes(receipt(extra=None).encode())
    (tmp_path / "entry").write_bytes(ENTRIES[7])
    assert verify(capsys, "receipt", tmp_path / "bare", "--entry", tmp_path / "entry", *KEYS).code == 0


RECEIPTS = {
    "another entry": ({"extra": ENTRIES[8]}, 1, "not_included"),
    "another index": ({"index": 8}, 1, "not_included"),
    "an index outside": ({"index": 20}, 1, "outside_tree"),
    "no path": ({"path": ()}, 1, "not_included"),
    "no entry": ({"extra": None}, 1, "receipt_without_entry"),
    "a smaller tree's checkpoint": ({"checkpoint": note_of(ENTRIES[:19])}, 1, "not_included"),
    "a checkpoint of a stranger": ({"checkpoint": note_of(ENTRIES, NEXT).replace(b"next", b"text")}, 4, "note"),
    "no checkpoint": ({"checkpoint": b"nothing\n"}, 4, "note_malformed"),
}


@pytest.mark.parametrize("case", RECEIPTS)
def test_a_receipt_that_shows_nothing_is_refused(tmp_path, case, capsys):
    changes, code, said = RECEIPTS[case]
    (tmp_path / "receipt").write_bytes(receipt(**changes).encode())
    told = verify(capsys, "receipt", tmp_path / "receipt", *KEYS)
    assert told.code == code
    assert told.first["code"].startswith(said)


def test_a_receipt_without_the_witnesses_that_the_policy_asks_for_is_refused(tmp_path, capsys):
    (tmp_path / "receipt").write_bytes(receipt(checkpoint=note_of(ENTRIES)).encode())
    assert verify(capsys, "receipt", tmp_path / "receipt", "--policy", policy_file(tmp_path)).code == 5


def _huge(place: Path) -> None:
    with place.open("wb") as file:
        file.truncate(2**40)


def _pipe(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


BUNDLE, TILE, CHECKPOINT = "tile/entries/002.p/88", "tile/0/000", "checkpoint"
FAULTS = {
    "a bundle that is cut short": (BUNDLE, lambda place: place.write_bytes(place.read_bytes()[:-5]), 1, "entry_bundle"),
    "a length that goes beyond": (BUNDLE, lambda place: place.write_bytes(b"\xff\xff" * 9), 1, "entry_bundle"),
    "more entries than there are": (BUNDLE, lambda place: place.write_bytes(b"\0" * 514), 1, "entry_bundle"),
    "a bundle of a terabyte": (BUNDLE, _huge, 3, "file_oversized"),
    "a tile of a terabyte": (TILE, _huge, 3, "file_oversized"),
    "a checkpoint of a terabyte": (CHECKPOINT, _huge, 3, "file_oversized"),
    "a pipe for a bundle": (BUNDLE, _pipe, 3, "tile_missing"),
    "a folder for a checkpoint": (CHECKPOINT, lambda place: (place.unlink(), place.mkdir()), 3, "file_oversized"),
}


@pytest.mark.parametrize("case", FAULTS)
@pytest.mark.parametrize("command", ["log", "fsck"])
def test_a_file_that_is_no_good_is_a_clear_error(plain, command, case, capsys):
    path, damage, code, said = FAULTS[case]
    damage(plain / "logs/1" / path)
    told = verify(capsys, command, plain, *(KEYS if command == "log" else ()))
    assert told.code == code
    assert said in told.codes
    assert any(path.partition(".p")[0] in str(one["file"]) for one in told.document["failures"])


def test_documents_that_are_not_what_their_names_say_are_found(lived, capsys):
    documents = lived / "record/documents"
    one, other, *_ = sorted(documents.iterdir())
    one.write_bytes(other.read_bytes())
    (documents / "notes.txt").write_text("x")
    told = verify(capsys, "fsck", lived / "record")
    assert told.code == 1
    found = {(item["code"], item["file"]) for item in told.document["failures"]}
    assert found == {("document_differs", f"documents/{one.name}"), ("foreign_file", "documents/notes.txt")}


def test_every_kind_of_failure_has_its_exit_code_and_the_gravest_decides():
    assert [int(one) for one in MEANINGS] == list(range(8))
    assert set(EXIT_OF.values()) | {Exit.INVALID} == {Exit.USAGE, *PRECEDENCE}
    assert exit_for([]) == Exit.VALID
    assert exit_for([Finding("anything new", "")]) == Exit.INVALID
    assert exit_for([Finding("document_missing", ""), Finding("root", "")]) == Exit.INVALID
    assert (
        exit_for([Finding("root", ""), Finding("log_policy_quorum", ""), Finding("not_consistent", "")]) == Exit.QUORUM
    )


def test_the_exit_codes_are_told_by_the_help(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"  {int(code)}  {meaning}" in shown for code, meaning in MEANINGS.items())
    with pytest.raises(SystemExit) as ended:
        main(["log", "somewhere"])
    assert ended.value.code == 2
