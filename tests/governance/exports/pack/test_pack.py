"""A pack proves itself: whole and in part, byte for byte the same, and it says what came after an older one."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cryptography

from governance.exports.pack import html, pdf
from governance.exports.pack.page import Facts, Heading, Page, Paragraph, Table
from tests.governance.exports.offline.making import OTHER, verify
from tests.governance.exports.pack.conftest import SIGNER
from tests.governance.exports.pack.forging import forge, read_all
from tests.governance.stage import REASON

FINGERPRINT = SIGNER.key.fingerprint


def test_a_pack_is_valid_by_the_fingerprint_of_the_logs_key_alone(packed, capsys):
    told = verify(capsys, "pack", packed.released, "--key", FINGERPRINT)
    assert (told.code, told.document["failures"]) == (0, [])
    facts = told.document["facts"]
    assert facts["promotion"] == packed.promotion
    assert facts["state"] == "RELEASED"
    assert facts["logs"][0]["complete"] is True
    assert [one["verdict"] for one in facts["decisions"]][-1] == "AUTHORISED"


def test_part_of_a_log_proves_the_same_but_says_that_it_is_a_part(packed, capsys):
    told = verify(capsys, "pack", packed.part, "--key", str(SIGNER.key))
    assert (told.code, told.document["failures"]) == (0, [])
    [log] = told.document["facts"]["logs"]
    assert (log["complete"], 0 < log["entries_here"] < log["size"]) == (False, True)
    assert any("left out" in line for line in told.document["not_proven"])


def test_the_same_checkpoint_gives_the_same_bytes(packed):
    assert packed.released.read_bytes() == packed.again.read_bytes()


def test_a_later_pack_says_what_came_after_an_older_one(packed, capsys):
    told = verify(capsys, "pack", packed.released, "--key", FINGERPRINT, "--since", packed.waiting)
    after = told.document["facts"]["since"]
    assert told.code == 0
    assert {"kind": "promotion.advanced", "subject": f"promotion:{packed.promotion}"}.items() <= after[0].items()
    with zipfile.ZipFile(packed.waiting) as older:
        size = int(older.read("logs/1/checkpoint").split(b"\n")[1])
    assert [one["entry"] for one in after] == list(range(size, told.document["facts"]["logs"][0]["size"]))
    by_size = verify(capsys, "pack", packed.released, "--key", FINGERPRINT, "--since", size)
    assert by_size.document["facts"]["since"] == after
    backwards = verify(capsys, "pack", packed.waiting, "--key", FINGERPRINT, "--since", packed.released)
    assert (backwards.code, backwards.codes) == (6, ["not_consistent"])


def test_any_program_reads_the_zip_and_the_record_loads_nothing(packed):
    with zipfile.ZipFile(packed.released) as archive:
        assert archive.testzip() is None
        page, pdf = archive.read("record.html").decode(), archive.read("record.pdf")
    assert REASON in page
    assert not re.search(r"<(script|link|img|iframe)|https?:", page)
    assert REASON.encode() in pdf


def test_what_persons_wrote_stays_text(packed, tmp_path):
    text = "<script>alert(1)</script> & \u4e2d"
    page = Page(text, [Heading(text), Paragraph(text, quoted=True), Facts([(text, text)]), Table([text], [[text]])])
    assert b"<script>" not in html.render(page)
    assert pdf.render(page) == pdf.render(page)
    assert pdf.render(page).startswith(b"%PDF-")


def test_the_program_in_the_pack_verifies_it_where_there_is_only_cryptography(packed, tmp_path):
    with zipfile.ZipFile(packed.released) as archive:
        program = archive.extract("probity_verify.py", tmp_path)
    packages, own = tmp_path / "packages", Path(cryptography.__file__).parent
    packages.mkdir()
    for place in (own, *own.parent.glob("cffi"), *own.parent.glob("_cffi_backend*"), *own.parent.glob("pycparser")):
        (packages / place.name).symlink_to(place)
    start = f"import sys, runpy; sys.path.append({str(packages)!r}); sys.argv[:] = sys.argv[1:]; "
    start += "runpy.run_path(sys.argv[0], run_name='__main__')"

    def run(*arguments):
        command = [sys.executable, "-I", "-S", "-c", start, program, *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)

    done = run("pack", packed.released, "--key", FINGERPRINT, "--since", packed.waiting)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "VALID." in done.stdout
    changed = forge(read_all(packed.released), tmp_path / "changed.zip", {"openings.json": b"{}"})
    done = run("pack", changed, "--key", FINGERPRINT)
    assert (done.stderr, done.returncode) == ("", 1)
    assert "record.html is not what the evidence gives" in done.stdout


def test_who_names_another_key_is_told_so(packed, capsys):
    told = verify(capsys, "pack", packed.released, "--key", "0" * 64)
    assert (told.code, told.codes) == (4, ["key_unknown"])
    told = verify(capsys, "pack", packed.released, "--key", str(OTHER.key))
    assert (told.code, told.first["file"]) == (4, "logs/1/checkpoint")
    told = verify(capsys, "pack", packed.released.with_name("nowhere.zip"), "--key", FINGERPRINT)
    assert told.code == 3
