"""The entries that a promotion's replay needs are enough for it, whatever happened before and beside it."""

import pytest

from governance.exports.pack.archive import Reader
from governance.exports.pack.examine import Examination
from governance.promotion.approve import revoke, withdraw
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from registry.ledger.policy import NONE, LogPolicy, Party
from registry.ledger.succession import freeze, succeed
from registry.models import Actor, Project
from registry.register import Member, link_identity, pin_evaluation_set, register_model
from tests.governance.exports.pack.conftest import SIGNER, pack, signing
from tests.governance.exports.pack.forging import examine, forge, read_all
from tests.governance.stage import rows

NEXT = Ed25519Signer("example.org/next", b"\x02" * 32)


@pytest.fixture
def story(stage):
    """A release that was watched, words taken back, a withdrawn request, a stranger's name, another model beside."""
    first = stage.released()
    stage.post(first, rows(seed=9))
    other = register_model(
        project=stage.project, name="other", tier="limited", intended_use="Testing.", actor=stage.actor("engineer")
    )
    pin_evaluation_set(
        environment=stage.environment,
        model=other,
        dataset_version=stage.evaluation,
        actor=stage.actor("administrator"),
    )
    withdrawn = stage.assessed()
    withdraw(withdrawn, actor=stage.actor("requester"), reason="I asked for the wrong one.")
    version = stage.version(people=(Member("author", None, "email", "somebody@example.org"),))
    link_identity(stage.people["stranger"], kind="email", value="somebody@example.org", actor=Actor.system("command"))
    promotion = stage.assessed(version)
    revoke(stage.approve(promotion, "validator"), actor=stage.actor("validator"), reason="I had not seen all of it.")
    stage.approve(promotion, "validator")
    stage.approve(promotion, "officer")
    stage.release(promotion)
    stage.model, mine = other, stage.model
    beside = stage.assessed()
    stage.model = mine
    Project.objects.create(slug="another")
    return {"promotion": promotion, "withdrawn": withdrawn, "beside": beside}


def test_what_happened_before_is_there_and_what_is_beside_is_not(story, tmp_path):
    signing(tmp_path).catch_up()
    place = pack(story["promotion"], tmp_path / "pack.zip")
    assert examine(place) == []
    held = read_all(place)
    text = b"".join(data for name, data in held.items() if "/entries-" in name)
    assert str(story["beside"].pk).encode() not in text
    assert str(story["withdrawn"].pk).encode() in text
    assert "I had not seen all of it." in held["record.html"].decode()


def test_a_withdrawal_gives_its_reason(story, tmp_path):
    signing(tmp_path).catch_up()
    place = pack(story["withdrawn"], tmp_path / "pack.zip")
    assert examine(place) == []
    assert "I asked for the wrong one." in read_all(place)["record.html"].decode()


def test_an_entry_left_out_of_the_middle_of_a_subject_is_missed(story, tmp_path):
    signing(tmp_path).catch_up()
    held = read_all(pack(story["promotion"], tmp_path / "pack.zip"))
    name = next(name for name in held if "/entries-" in name)
    lines = held[name].splitlines(keepends=True)
    without = b"".join(line for line in lines if b'"kind":"approval.revoked"' not in line)
    assert without != held[name]
    assert examine(forge(held, tmp_path / "forged.zip", {name: without}))[0].file.startswith("logs/1")


def test_a_promotion_over_two_logs_is_verified_by_the_keys_of_both(stage, tmp_path):
    one, promotion = signing(tmp_path), stage.approved()
    one.catch_up()
    freeze(reason="moved", actor=Actor.system("command"))
    one.catch_up()
    succeed(NEXT.key.name, None, reason="moved", actor=Actor.system("command"))
    stage.release(promotion)
    signing(tmp_path, Keyring((NEXT,))).catch_up()
    place = pack(promotion, tmp_path / "pack.zip")
    with place.open("rb") as file:
        found = Examination(Reader(file), LogPolicy((Party(SIGNER.key), Party(NEXT.key)), {}, {}, NONE))
        found.run()
    assert found.findings == []
    assert [log.whole for log in found.logs] == [True, True]
    [finding] = examine(place)
    assert (finding.code, finding.file) == ("note_not_signed", "logs/2/checkpoint")
