"""The verification of entries: sound ones pass, and each kind of tampering is named at the first bad entry."""

import hashlib
import json
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.canonical import canonical
from registry.ledger.verify.entries import entry_faults, heads


@dataclass(frozen=True)
class Stored:
    number: int
    body: str
    leaf_hash: str
    kind: str
    subject: str
    actor: str
    at: str


def leaf(body: str) -> str:
    return hashlib.sha256(b"\x00" + body.encode()).hexdigest()


def entry(number: int, subject: str, prev: str | None, note: str = "") -> Stored:
    at = f"2026-01-01T00:00:{number:02}.000000Z"
    document = {"kind": "test.said", "subject": subject, "actor": {"principal": "p"}, "at": at, "prev": prev, "n": note}
    body = canonical(document).decode()
    return Stored(number, body, leaf(body), "test.said", subject, "p", at)


def chain(subjects: str) -> list[Stored]:
    newest: dict[str, str] = {}
    made = []
    for number, subject in enumerate(subjects, 1):
        made.append(entry(number, subject, newest.get(subject)))
        newest[subject] = made[-1].leaf_hash
    return made


SOUND = chain("abaabbcab")


def faults(entries) -> list[tuple[int, str]]:
    return [(fault.number, fault.code) for fault in entry_faults(entries)]


def rewritten(index: int, *, leaf_too: bool, **changes) -> list[Stored]:
    old = SOUND[index]
    body = canonical({**json.loads(old.body), **changes}).decode()
    return [
        *SOUND[:index],
        replace(old, body=body, leaf_hash=leaf(body) if leaf_too else old.leaf_hash),
        *SOUND[index + 1 :],
    ]


def swapped(one: int, other: int) -> list[Stored]:
    rows = list(SOUND)
    rows[one], rows[other] = replace(rows[other], number=one + 1), replace(rows[one], number=other + 1)
    return rows


def with_column(index: int, **changes) -> list[Stored]:
    return [*SOUND[:index], replace(SOUND[index], **changes), *SOUND[index + 1 :]]


def test_sound_entries_have_no_fault_and_give_the_heads():
    assert faults(SOUND) == []
    assert faults([]) == []
    assert heads(SOUND) == {"a": SOUND[7].leaf_hash, "b": SOUND[8].leaf_hash, "c": SOUND[6].leaf_hash}


@pytest.mark.parametrize(
    ("entries", "first"),
    [
        (rewritten(2, leaf_too=False, n="other"), (3, "leaf_hash")),
        (rewritten(2, leaf_too=True, n="other"), (4, "prev")),
        (rewritten(2, leaf_too=True, kind="test.lied"), (3, "projection")),
        (rewritten(0, leaf_too=True, prev="0" * 64), (1, "prev")),
        (rewritten(2, leaf_too=True, prev=None), (3, "prev")),
        (with_column(3, kind="other"), (4, "projection")),
        (with_column(3, subject="b"), (4, "projection")),
        (with_column(3, actor="q"), (4, "projection")),
        (with_column(3, at="2027-01-01T00:00:00.000000Z"), (4, "projection")),
        (with_column(3, leaf_hash="0" * 64), (4, "leaf_hash")),
        (with_column(3, body=SOUND[3].body + " "), (4, "leaf_hash")),
        (with_column(3, body=SOUND[3].body + " ", leaf_hash=leaf(SOUND[3].body + " ")), (4, "not_canonical")),
        (with_column(3, body="[]", leaf_hash=leaf("[]")), (4, "not_an_event")),
        (with_column(3, body="", leaf_hash=leaf("")), (4, "not_canonical")),
        (SOUND[1:], (3, "prev")),
        ([*SOUND[:2], *SOUND[3:]], (4, "prev")),
        (swapped(2, 3), (3, "prev")),
        (swapped(0, 8), (1, "prev")),
        ([*SOUND[:3], SOUND[2], *SOUND[3:]], (3, "prev")),
        ([*SOUND, entry(10, "c", None)], (10, "prev")),
    ],
)
def test_the_first_bad_entry_is_named(entries, first):
    assert faults(entries)[0] == first


@given(st.integers(0, len(SOUND) - 1), st.data())
def test_no_changed_character_of_a_body_goes_unnoticed(index, data):
    body = SOUND[index].body
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda character: character != body[place]))
    damaged = with_column(index, body=body[:place] + other + body[place + 1 :])
    assert (index + 1, "leaf_hash") == faults(damaged)[0]


def test_what_only_a_checkpoint_kept_elsewhere_sees_is_not_claimed_to_be_seen():
    assert faults(SOUND[:-1]) == []
