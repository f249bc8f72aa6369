"""The keys of a log over time, its end and its successor, by the commands that an operator types."""

import io
import stat

import pytest
from django.core.management import CommandError, call_command

from registry.ledger import keyring, rows
from registry.ledger.append import append
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.keys import VerifierKey
from registry.ledger.read import entries
from registry.models import Actor


@pytest.fixture(autouse=True)
def home(settings, tmp_path, db):
    append("log.key_added", actor=Actor.system("test"), subject="log:x", data={"key": "k"})
    settings.PROBITY_HOME = tmp_path
    settings.PROBITY_LEDGER_EXPORT = str(tmp_path / "export")
    return tmp_path


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip().splitlines()


def last_note():
    return rows.last_checkpoint(rows.last_log()).note.encode()


def test_the_first_start_makes_a_key_that_only_its_owner_can_read_and_shows_the_public_half(home):
    key = VerifierKey.parse(run("sequence", "--once", "--make-key")[-1].strip())
    assert run("ledger_key", "show") == [str(key)]
    assert stat.S_IMODE(keyring.place(home).stat().st_mode) == 0o600
    assert open_checkpoint(last_note(), [key]).head.size == rows.last_checkpoint(rows.last_log()).head.size
    assert keyring.place(home).read_text().strip().startswith("PRIVATE+KEY+")
    assert not any("PRIVATE" in entry.body for entry in entries())


def test_without_a_key_nothing_is_signed_and_a_key_is_not_made_for_a_log_that_exists(home):
    with pytest.raises(CommandError, match="make one with"):
        run("sequence", "--once")
    run("sequence", "--once", "--make-key")
    keyring.place(home).unlink()
    with pytest.raises(CommandError, match="No key in"):
        run("sequence", "--once", "--make-key")


def test_a_key_that_others_can_read_is_not_used(home):
    run("ledger_key", "new", "--origin", "example.org/log")
    keyring.place(home).chmod(0o640)
    with pytest.raises(CommandError, match="mode 0640; others can read it"):
        run("sequence", "--once")


def test_a_second_key_does_not_replace_the_first():
    run("ledger_key", "new", "--origin", "example.org/log")
    with pytest.raises(CommandError, match="it is not replaced"):
        run("ledger_key", "new")


@pytest.mark.parametrize("origin", ["two words", "a+b", ""])
def test_a_name_that_no_log_can_have(origin):
    with pytest.raises(CommandError, match="name"):
        run("ledger_key", "new", f"--origin={origin}" if origin else "--origin= ")


def test_the_key_of_the_environment_comes_first(home, monkeypatch):
    run("ledger_key", "new", "--origin", "example.org/file")
    text = keyring.place(home).read_text()
    keyring.place(home).unlink()
    run("ledger_key", "new", "--origin", "example.org/other")
    monkeypatch.setenv("PROBITY_LEDGER_KEY", text)
    assert run("ledger_key", "show")[0].startswith("example.org/file+")


def test_keys_change_one_after_the_other_and_each_change_is_an_entry_under_the_keys_before():
    run("ledger_key", "new", "--origin", "example.org/log")
    run("sequence", "--once")
    (old,) = map(VerifierKey.parse, run("ledger_key", "show"))
    run("ledger_key", "add")
    run("sequence", "--once")
    both = [VerifierKey.parse(line) for line in run("ledger_key", "show")]
    for key in both:
        open_checkpoint(last_note(), [key])
    run("ledger_key", "drop", old.key_id.hex())
    run("sequence", "--once")
    assert run("ledger_key", "show") == [str(both[0])]
    open_checkpoint(last_note(), [both[0]])
    told = [(one.kind, one.document()["data"]["key"]) for one in entries() if one.kind.startswith("log.")][1:]
    assert told == [("log.key_added", str(both[0])), ("log.key_dropped", str(old))]


def test_the_only_key_and_an_unknown_one_cannot_be_dropped():
    run("ledger_key", "new", "--origin", "example.org/log")
    own = VerifierKey.parse(run("ledger_key", "show")[0]).key_id.hex()
    for key_id in (own, "00000000"):
        with pytest.raises(CommandError, match="the only one"):
            run("ledger_key", "drop", key_id)


def test_a_frozen_log_is_succeeded_by_one_whose_first_entry_cites_its_last_checkpoint(home):
    run("ledger_key", "new", "--origin", "example.org/log")
    run("sequence", "--once")
    run("ledger_key", "freeze", "--reason", "the key may be known")
    run("sequence", "--once")
    final = rows.last_checkpoint(rows.last_log())
    run("ledger_key", "succeed", "--origin", "example.org/next", "--reason", "a new key")
    run("sequence", "--once")
    log = rows.last_log()
    assert (log.number, log.origin) == (2, "example.org/next")
    first = next(one for one in entries() if one.kind == "log.started").document()["data"]
    assert (first["predecessor"], first["size"], first["root"]) == (
        "example.org/log", final.head.size, final.head.root.hex(),
    )  # fmt: skip
    assert list((home / "ledger").glob("key-of-*"))
    assert (home / "export/logs/2/checkpoint").read_text().startswith("example.org/next\n1\n")


def test_an_older_copy_refuses_and_a_successor_citing_the_checkpoint_seen_outside_goes_on(home):
    run("ledger_key", "new", "--origin", "example.org/log")
    run("sequence", "--once")
    outside = home / "seen"
    newer = rows.last_checkpoint(rows.last_log()).head.size + 7
    root = "A" * 43 + "="
    note = last_note().split(b"\n\n")[1]
    outside.write_bytes(f"example.org/log\n{newer}\n{root}\n\n".encode() + note)
    (home / "ledger/checkpoint").write_bytes(outside.read_bytes())
    with pytest.raises(CommandError, match=r"NOTHING IS SIGNED.*it is an older copy") as caught:
        run("sequence", "--once")
    assert caught.value.returncode == 3
    run("ledger_key", "succeed", "--origin", "example.org/next", "--reason", "restored", "--checkpoint", str(outside))
    run("sequence", "--once")
    told = next(one for one in entries() if one.kind == "log.started").document()["data"]
    assert (told["size"], told["held"]) == (newer, newer - 7)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("freeze", "--reason", "x"), "There is no log yet"),
        (("succeed", "--origin", "a/b", "--reason", "x"), "There is no log yet"),
        (("drop", "00000000"), "No key in"),
    ],
)
def test_what_cannot_be_done_before_there_is_a_log(arguments, why):
    with pytest.raises(CommandError, match=why):
        run("ledger_key", *arguments)


def test_a_successor_has_a_name_of_its_own():
    run("ledger_key", "new", "--origin", "example.org/log")
    run("sequence", "--once")
    with pytest.raises(CommandError, match="names a log of this database already"):
        run("ledger_key", "succeed", "--origin", "example.org/log", "--reason", "x")
