"""The verifier on whole records: good ones pass, forged ones fail by what they say, even when signed with the key."""

import json

import pytest

from governance.exports.offline.main import main
from registry.canonical import parse
from tests.governance.exports.offline.making import (
    KEYS,
    NEXT,
    OTHER,
    SIGNER,
    chained,
    event,
    note_of,
    plain_entries,
    policy_file,
    read_entries,
    verify,
    write_log,
)


def test_a_good_record_is_valid_to_the_last_verdict(lived, capsys):
    told = verify(capsys, "log", lived / "record", "--policy", policy_file(lived), "--full", "--since", lived / "older")
    assert told.document["failures"] == []
    assert told.code == 0
    facts = told.document["facts"]
    assert [one["origin"] for one in facts["logs"]] == [SIGNER.key.name, NEXT.key.name]
    assert facts["entries"] == sum(one["size"] for one in facts["logs"]) > 80
    assert facts["continues"][0]["size"] == 40
    assert all("witness.example.org" in one["cosigned_by"] for one in facts["logs"])
    assert any("complete beyond the checkpoint" in line for line in told.document["not_proven"])
    assert main(["log", str(lived / "record"), *KEYS]) == 0
    assert "VALID." in capsys.readouterr().out


def test_what_was_out_of_the_ordinary_is_listed(lived, capsys):
    told = verify(capsys, "exceptions", lived / "record", *KEYS)
    assert told.code == 0
    found = {one["code"] for one in told.document["facts"]["exceptions"]}
    assert {"accepted", "one_person"} <= found


def test_the_files_of_a_good_record_are_in_order(lived, plain, capsys):
    for folder in (lived / "record", plain):
        told = verify(capsys, "fsck", folder)
        assert (told.code, told.document["failures"], told.document["remarks"]) == (0, [], [])


def _rewritten(lived, change):
    """The record of somebody who holds the key: other events, chained and signed again."""
    heads: dict[str, str] = {}
    for number, signer in ((1, SIGNER), (2, NEXT)):
        folder = lived / f"record/logs/{number}"
        events = [one for one in map(change, read_entries(folder)) if one is not None]
        if number == 2:
            _cite(events[0], lived)
        bodies = chained(events, heads)
        _remove(folder)
        write_log(folder, bodies, signer)
    return lived / "record"


def _cite(started, lived):
    from registry.ledger.checkpoint import Checkpoint
    from registry.ledger.note import parse as parse_note

    head = Checkpoint.parse(parse_note((lived / "record/logs/1/checkpoint").read_bytes()).text).head
    started["data"] |= {"size": head.size, "held": head.size, "root": head.root.hex()}


def _remove(folder):
    for place in sorted(folder.rglob("*"), reverse=True):
        place.rmdir() if place.is_dir() else place.unlink()


def _first_of(kind, change):
    seen: list[dict[str, object]] = []

    def changed(one):
        if one["kind"] == kind and not seen:
            seen.append(one)
            return change(one)
        return one

    return changed


def _requester(lived):
    events = read_entries(lived / "record/logs/1")
    return next(one["data"]["requester"] for one in events if one["kind"] == "promotion.requested")


def _by(who):
    return lambda one: one | {"actor": one["actor"] | {"principal": who}}


def _saying(**data):
    return lambda one: one | {"data": one["data"] | data}


FORGERIES = {
    "the requester approves": ("approval.given", lambda lived: _by(_requester(lived)), "replay_approval_given"),
    "another verdict": ("evaluation.recorded", lambda _: _saying(verdict="PASSED"), "replay_evaluation_recorded"),
    "another decision": ("decision.recorded", lambda _: _saying(verdict="AUTHORISED"), "replay_decision_recorded"),
    "no approval": ("approval.given", lambda _: lambda _one: None, "replay_decision_recorded"),
    "nobody registered": ("principal.registered", lambda _: lambda _one: None, "unknown_subject"),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_who_holds_the_key_can_sign_a_lie_but_it_does_not_follow_from_the_evidence(lived, case, capsys):
    kind, change, code = FORGERIES[case]
    record = _rewritten(lived, _first_of(kind, change(lived)))
    assert verify(capsys, "log", record, *KEYS).code == 0  # the trees are those that were signed
    told = verify(capsys, "log", record, *KEYS, "--full")
    assert told.code == 1
    assert code in told.codes
    assert told.first["entry"] is not None


def test_a_rewritten_record_is_found_by_a_checkpoint_that_was_kept(lived, capsys):
    record = _rewritten(lived, _first_of("project.created", _saying(slug="another")))
    assert verify(capsys, "log", record, *KEYS).code == 0
    rewritten_early = _rewritten(lived, _first_of("principal.registered", _saying(kind="service")))
    told = verify(capsys, "log", rewritten_early, *KEYS, "--since", lived / "older")
    assert (told.code, told.first["code"]) == (6, "not_consistent")


def test_a_record_that_lost_its_end_is_found_by_a_later_checkpoint(plain, tmp_path, capsys):
    later = tmp_path / "later"
    later.write_bytes((plain / "logs/1/checkpoint").read_bytes())
    write_log(tmp_path / "short/logs/1", plain_entries()[:500])
    assert verify(capsys, "log", tmp_path / "short", *KEYS).code == 0
    told = verify(capsys, "log", tmp_path / "short", *KEYS, "--since", later)
    assert (told.code, told.first["code"]) == (6, "not_consistent")
    assert "shrunk: 500 leaves now, 600 before" in told.first["message"]


def test_who_signs_is_decided_by_the_auditor_alone(plain, tmp_path, capsys):
    def run(*trust):
        told = verify(capsys, "log", plain, *trust)
        return told.code, told.codes[:1]

    witnessed = policy_file(tmp_path)
    assert run("--policy", witnessed) == (0, [])
    assert run("--key", OTHER.key) == (4, ["note_not_signed"])
    assert run("--key", NEXT.key) == (4, ["note_not_signed"])
    write_log(tmp_path / "alone/logs/1", plain_entries())
    told = verify(capsys, "log", tmp_path / "alone", "--policy", witnessed)
    assert (told.code, told.codes) == (5, ["log_policy_quorum"])
    assert verify(capsys, "log", plain, "--key", "nonsense").code == 2
    (tmp_path / "bad.policy").write_text("log nonsense\n")
    assert verify(capsys, "log", plain, "--policy", tmp_path / "bad.policy").code == 2
    assert verify(capsys, "log", plain, "--policy", tmp_path / "none.policy").code == 3
    assert verify(capsys, "log", tmp_path / "nothing", *KEYS).code == 3


def test_the_beginning_says_nothing_about_consistency(plain, tmp_path, capsys):
    (tmp_path / "empty").write_bytes(note_of([]))
    told = verify(capsys, "log", plain, *KEYS, "--since", tmp_path / "empty")
    assert (told.code, told.codes) == (6, ["consistency_from_empty"])


def test_one_checkpoint_continues_another_or_does_not(plain, tmp_path, capsys):
    entries = plain_entries()
    for size in (1, 255, 256, 257, 300, 599):
        (tmp_path / str(size)).write_bytes(note_of(entries[:size]))
    (tmp_path / "forked").write_bytes(note_of([*entries[:298], entries[0], entries[1]]))
    (tmp_path / "other").write_bytes(note_of(entries[:3], NEXT))

    def run(old, new):
        return verify(capsys, "consistency", tmp_path / old, tmp_path / new, "--log", plain, *KEYS).code

    pairs = [("1", "255"), ("255", "256"), ("256", "300"), ("257", "599"), ("300", "300")]
    assert [run(old, new) for old, new in pairs] == [0] * 5
    assert [run("forked", "300"), run("forked", "599"), run("599", "300"), run("other", "300")] == [6] * 4
    assert run("300", "missing") == 3


LOGS = {
    "nothing": ([], "log_not_continued"),
    "another size": ([{"size": 4}], "log_not_continued"),
    "another root": ([{"root": "0" * 64}], "log_not_continued"),
    "another log": ([{"predecessor": "example.org/other"}], "log_not_continued"),
    "more than there was": ([{"held": 6}], "log_not_continued"),
}


def _two_logs(folder, said, *, frozen_at=4):
    first = [event(at) for at in range(5)]
    first[frozen_at] = event(9, f"log:{SIGNER.key.name}", "log.frozen", reason="moved")
    write_log(folder / "logs/1", chained(first))
    truth = parse_head(folder / "logs/1")
    data = {"predecessor": SIGNER.key.name, "size": 5, "root": truth, "held": 5, "reason": "moved"}
    started = [event(10, f"log:{NEXT.key.name}", "log.started", **(data | one)) for one in said]
    write_log(folder / "logs/2", chained([*started, event(11, "run:2")]), NEXT)
    return folder


def parse_head(folder):
    from registry.ledger.folder import TileFolder
    from registry.ledger.tiles import published

    return published(TileFolder(folder)).root.hex()


@pytest.mark.parametrize("case", LOGS)
def test_a_successor_begins_with_where_the_log_before_it_ended(tmp_path, case, capsys):
    said, code = LOGS[case]
    told = verify(capsys, "log", _two_logs(tmp_path, said), *KEYS)
    assert (told.code, told.first["code"], told.first["log"], told.first["entry"]) == (6, code, 2, 0)


def test_nothing_follows_the_entry_that_freezes_a_log(tmp_path, capsys):
    assert verify(capsys, "log", _two_logs(tmp_path / "good", [{}]), *KEYS).code == 0
    told = verify(capsys, "log", _two_logs(tmp_path / "bad", [{}], frozen_at=2), *KEYS)
    assert (told.code, told.first["code"], told.first["entry"]) == (6, "log_not_ended", 2)


def test_entries_that_a_restored_database_had_forgotten_are_remarked_on_and_rest_on_nothing(tmp_path, capsys):
    told = verify(capsys, "log", _two_logs(tmp_path, [{"held": 3}]), *KEYS)
    assert told.code == 0
    assert [(one["code"], one["log"], one["entry"]) for one in told.document["remarks"]] == [("forgotten", 1, 3)]


def test_a_log_without_the_one_before_it_is_incomplete(tmp_path, capsys):
    folder = _two_logs(tmp_path, [{}])
    _remove(folder / "logs/1")
    (folder / "logs/1").rmdir()
    told = verify(capsys, "log", folder, *KEYS)
    assert (told.code, told.codes) == (3, ["predecessor_missing"])


def test_the_order_within_a_subject_and_the_form_of_each_entry_are_looked_at_in_full(tmp_path, capsys):
    entries = plain_entries(8)
    entries[7] = json.dumps(parse(entries[7])).encode()
    entries[3], entries[4] = entries[4], b"[1]"
    write_log(tmp_path / "logs/1", entries)
    assert verify(capsys, "log", tmp_path, *KEYS).code == 0
    told = verify(capsys, "log", tmp_path, *KEYS, "--full")
    assert told.code == 1
    assert {("not_an_event", 4), ("not_canonical", 7)} <= {
        (one["code"], one["entry"]) for one in told.document["failures"]
    }


def test_a_document_that_is_not_there_is_missing_evidence_unless_an_entry_says_that_it_was_purged(lived, capsys):
    events = read_entries(lived / "record/logs/1")
    report = next(one["evidence"][0] for one in events if one["kind"] == "report.recorded")
    (lived / "record/documents" / report).unlink()
    told = verify(capsys, "log", lived / "record", *KEYS, "--full")
    assert (told.code, told.first["code"]) == (7, "document_missing")
    assert report in told.first["message"]


def test_evidence_that_an_entry_says_was_purged_is_told_and_is_no_failure(lived, capsys):
    report = next(
        one["evidence"][0] for one in read_entries(lived / "record/logs/2") if one["kind"] == "report.recorded"
    )
    (lived / "record/documents" / report).unlink()
    heads: dict[str, str] = {}
    chained(read_entries(lived / "record/logs/1"), heads)
    events = read_entries(lived / "record/logs/2")
    system = next(one["actor"] for one in events if one["actor"]["role"] == "system")
    purged = event(0, f"artifact:{report}", "artifact.purged", reason="asked for") | {"actor": system}
    folder = lived / "record/logs/2"
    _remove(folder)
    write_log(folder, chained([*events, purged | {"at": events[-1]["at"]}], heads), NEXT)
    told = verify(capsys, "log", lived / "record", *KEYS, "--full")
    assert (told.code, told.document["failures"]) == (0, [])
    assert told.document["facts"]["purged evidence"] == [report]


def test_a_terminal_is_not_steered_by_what_is_read(tmp_path, capsys):
    write_log(tmp_path / "logs/1", [b"\x1b[2J\x07 no event"])
    assert main(["log", str(tmp_path), "--full", *map(str, KEYS)]) == 1
    assert not {"\x1b", "\x07"} & set(capsys.readouterr().out)
