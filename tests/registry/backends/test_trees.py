"""The identity of a folder."""

import hashlib
import os

import pytest

from registry.backends.trees import (
    TreeError,
    TreeMismatchError,
    check_tree,
    copy_tree,
    safe_path,
    tree_digest,
    tree_entries,
)
from registry.canonical import digest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tree" / "b").mkdir(parents=True)
    (tmp_path / "tree" / "b" / "two").write_bytes(b"22")
    (tmp_path / "tree" / "a").write_bytes(b"1")
    return tmp_path / "tree"


def test_the_entries_are_sorted_and_the_digest_is_theirs(folder):
    expected = [
        {"path": "a", "size": 1, "sha256": hashlib.sha256(b"1").hexdigest()},
        {"path": "b/two", "size": 2, "sha256": hashlib.sha256(b"22").hexdigest()},
    ]
    assert tree_entries(folder) == expected
    assert tree_digest(folder) == digest(expected)


SPOILED = {
    "a link to a file": lambda folder: (folder / "link").symlink_to("/etc/hostname"),
    "a link to a folder": lambda folder: (folder / "link").symlink_to("/etc"),
    "a dead link": lambda folder: (folder / "link").symlink_to("nowhere"),
    "a pipe": lambda folder: os.mkfifo(folder / "pipe"),
    "a name with a backslash": lambda folder: (folder / "a\\b").write_text("x"),
    "a name that is not text": lambda folder: open(os.fsencode(folder) + b"/\xff", "w").close(),  # noqa: PTH123
    "nothing": lambda folder: [path.unlink() for path in (folder / "a", folder / "b" / "two")],
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=list(SPOILED))
def test_a_folder_without_an_identity_is_refused(spoil, folder):
    spoil(folder)
    with pytest.raises(TreeError):
        tree_digest(folder)


CHANGES = {
    "a byte": lambda folder: (folder / "a").write_bytes(b"2"),
    "one more file": lambda folder: (folder / "c").write_bytes(b""),
    "one file less": lambda folder: (folder / "a").unlink(),
    "another name": lambda folder: (folder / "a").rename(folder / "z"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_any_change_makes_another_tree(change, folder):
    known = tree_digest(folder)
    check_tree(folder, known)
    change(folder)
    with pytest.raises(TreeMismatchError, match=known):
        check_tree(folder, known)


def test_a_copy_is_verified_and_replaces_what_was_there(folder, tmp_path):
    copy_tree(folder, tmp_path / "copy", tree_digest(folder))
    (tmp_path / "copy" / "more").write_text("x")
    copy_tree(folder, tmp_path / "copy", tree_digest(folder))
    assert tree_entries(tmp_path / "copy") == tree_entries(folder)
    with pytest.raises(TreeMismatchError):
        copy_tree(folder, tmp_path / "other", "0" * 64)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("path", ["", "/etc/passwd", "..", "a/../../b", "a\\b", "a/\x00"])
def test_a_path_that_escapes_is_refused(path, tmp_path):
    with pytest.raises(TreeError, match="does not stay inside"):
        safe_path(tmp_path, path)


def test_a_path_inside_is_joined(tmp_path):
    assert safe_path(tmp_path, "a/b") == tmp_path / "a" / "b"
