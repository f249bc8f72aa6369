"""Keys are kept in a file that nobody else reads, or in the environment; numbers are never used twice."""

import stat
import uuid

import pytest

from privacy import keys

PROJECT, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv(keys.ENVIRONMENT, raising=False)


def test_a_project_has_no_key_then_one_then_a_newer_one(tmp_path):
    assert keys.load(tmp_path, PROJECT).keys == {}
    first, second = keys.rotate(tmp_path, PROJECT), keys.rotate(tmp_path, PROJECT)
    assert [first.number, second.number] == [1, 2]
    ring = keys.load(tmp_path, PROJECT)
    assert (ring.current, ring.key(1)) == (second, first)
    assert keys.load(tmp_path, OTHER).keys == {}
    assert stat.S_IMODE(keys.place(tmp_path, PROJECT).stat().st_mode) == 0o600


def test_a_shredded_key_is_gone_and_its_number_is_not_given_again(tmp_path):
    gone = keys.rotate(tmp_path, PROJECT)
    assert keys.shred(tmp_path, PROJECT, 1) == gone
    assert gone.secret.hex() not in keys.place(tmp_path, PROJECT).read_text()
    ring = keys.load(tmp_path, PROJECT)
    for look in (lambda: ring.current, lambda: ring.key(1), lambda: keys.shred(tmp_path, PROJECT, 1)):
        with pytest.raises(keys.PrivacyKeyMissingError, match="was shredded"):
            look()
    with pytest.raises(keys.PrivacyKeyMissingError, match="is not kept here"):
        ring.key(9)
    assert keys.rotate(tmp_path, PROJECT).number == 2


def test_a_file_that_others_can_read_is_refused(tmp_path):
    keys.rotate(tmp_path, PROJECT)
    keys.place(tmp_path, PROJECT).chmod(0o640)
    with pytest.raises(keys.PrivacyKeyExposedError, match="0640"):
        keys.load(tmp_path, PROJECT)


def test_the_environment_comes_first_and_is_not_changed(tmp_path, monkeypatch):
    keys.rotate(tmp_path, PROJECT)
    secret = "ab" * 32
    monkeypatch.setenv(keys.ENVIRONMENT, f"{PROJECT} 3 {secret}, {PROJECT} 4 shredded\n{OTHER} 1 {secret}")
    ring = keys.load(tmp_path, PROJECT)
    assert ring.key(3).secret.hex() == secret
    with pytest.raises(keys.PrivacyKeyMissingError):
        assert ring.current
    for change in (lambda: keys.rotate(tmp_path, PROJECT), lambda: keys.shred(tmp_path, PROJECT, 3)):
        with pytest.raises(keys.PrivacyKeyFixedError):
            change()


@pytest.mark.parametrize("text", ["x", "1", "1 zz", "1 abcd", "0 " + "ab" * 32, f"1 {'ab' * 32}\n1 {'cd' * 32}"])
def test_what_is_no_key_is_refused_by_its_place_alone(tmp_path, text):
    file = keys.place(tmp_path, PROJECT)
    file.parent.mkdir()
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(keys.PrivacyKeyFormatError) as caught:
        keys.load(tmp_path, PROJECT)
    assert "ab" * 32 not in str(caught.value)
