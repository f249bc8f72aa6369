"""Files are found where they lie: in folders that may be read, and behind a path that DVC tracks; nothing else is."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from registry.sources.dvc import has_md5, tracked_by_dvc
from registry.sources.folders import Located, SourceError, allowed, in_folder

ROWS = b"a,y\n1,0\n2,1\n"


@pytest.fixture
def readable(settings: Any, tmp_path: Path) -> Path:
    settings.PROBITY_DATA_FOLDERS = [str(tmp_path)]
    return tmp_path


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def git(place: Path, *arguments: str) -> None:
    command = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@localhost", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def kept(store: Path, data: bytes, ending: str = "", *, layout: str = "files/md5") -> str:
    name = md5(data) + ending
    place = store / layout / name[:2] / name[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
    return name


@pytest.fixture
def repository(readable: Path) -> Path:
    """A repository of which DVC tracks a file, a folder and the output of a stage; all in a remote beside it."""
    place, remote = readable / "work", readable / "remote"
    place.mkdir()
    git(place, "init", "-q")
    (place / ".dvc").mkdir()
    (place / ".dvc/config").write_text("[core]\n    remote = near\n['remote \"near\"']\n    url = ../../remote\n")
    (place / "data").mkdir()
    one = kept(remote, ROWS)
    (place / "data/rows.csv.dvc").write_text(f"outs:\n- md5: {one}\n  size: 12\n  hash: md5\n  path: rows.csv\n")
    parts = {"part-0.csv": ROWS, "more/part-1.csv": b"a,y\n3,1\n"}
    entries = [{"md5": kept(remote, data), "relpath": name} for name, data in parts.items()]
    listed = kept(remote, json.dumps(entries).encode(), ".dir")
    (place / "data/parts.dvc").write_text(f"outs:\n- md5: {listed}\n  nfiles: 2\n  hash: md5\n  path: parts\n")
    made = kept(remote, b"a,y\n9,1\n")
    stage = f"stages:\n  make:\n    cmd: x\n    outs:\n    - path: out/made.csv\n      md5: {made}\n      hash: md5\n"
    (place / "dvc.lock").write_text(f"schema: '2.0'\n{stage}")
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", "first")
    return place


def contents(found: Located) -> dict[str, bytes]:
    return {name: place.read_bytes() for name, place in found.files.items()}


@pytest.mark.parametrize(
    ("path", "expected", "tree"),
    [
        ("data/rows.csv", {"rows.csv": ROWS}, False),
        ("data/parts", {"part-0.csv": ROWS, "more/part-1.csv": b"a,y\n3,1\n"}, True),
        ("data/parts/more", {"part-1.csv": b"a,y\n3,1\n"}, True),
        ("data/parts/part-0.csv", {"part-0.csv": ROWS}, False),
        ("out/made.csv", {"made.csv": b"a,y\n9,1\n"}, False),
    ],
)
def test_what_dvc_tracks_is_found_by_its_path(repository, path, expected, tree):
    found = tracked_by_dvc(str(repository), path)
    assert (contents(found), found.tree) == (expected, tree)
    assert found.md5 == {name: md5(data) for name, data in expected.items()}
    assert found.origin["kind"] == "dvc"
    assert len(found.origin["revision"]) == 40


def test_a_revision_is_read_from_its_commit_and_not_from_the_work_tree(repository):
    new = kept(repository.parent / "remote", b"a,y\n5,1\n")
    (repository / "data/rows.csv.dvc").write_text(f"outs:\n- md5: {new}\n  hash: md5\n  path: rows.csv\n")
    assert contents(tracked_by_dvc(str(repository), "data/rows.csv")) == {"rows.csv": ROWS}
    git(repository, "commit", "-q", "-a", "-m", "second")
    assert contents(tracked_by_dvc(str(repository), "data/rows.csv")) == {"rows.csv": b"a,y\n5,1\n"}
    assert contents(tracked_by_dvc(str(repository), "data/rows.csv", "HEAD~1")) == {"rows.csv": ROWS}


def test_the_cache_and_the_layout_before_dvc_3_are_known(repository):
    data = b"a,y\r\n7,1\r\n"
    name = md5(data.replace(b"\r\n", b"\n"))
    place = repository / ".dvc/cache" / name[:2] / name[2:]
    place.parent.mkdir(parents=True)
    place.write_bytes(data)
    (repository / "old.csv.dvc").write_text(f"outs:\n- md5: {name}\n  path: old.csv\n")
    git(repository, "add", "old.csv.dvc")
    git(repository, "commit", "-q", "-m", "old")
    found = tracked_by_dvc(str(repository), "old.csv")
    assert contents(found) == {"old.csv": data}
    assert found.origin["legacy"] is True
    assert has_md5(place, name, legacy=True)
    assert not has_md5(place, name, legacy=False)


REFUSED = {
    "no such revision": ("data/rows.csv", "v9", "source_missing"),
    "a revision that is an option": ("data/rows.csv", "--all", "source_missing"),
    "not tracked": ("data/none.csv", "HEAD", "source_missing"),
    "not in the folder": ("data/parts/none.csv", "HEAD", "source_missing"),
    "outside": ("../rows.csv", "HEAD", "source_refused"),
    "absolute": ("/etc/passwd", "HEAD", "source_refused"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_tracked_is_refused(repository, case):
    path, revision, code = case
    with pytest.raises(SourceError) as refused:
        tracked_by_dvc(str(repository), path, revision)
    assert refused.value.code == code


def test_an_object_that_is_nowhere_and_a_damaged_list_are_told(repository):
    remote = repository.parent / "remote"
    (remote / "files/md5" / md5(ROWS)[:2] / md5(ROWS)[2:]).unlink()
    with pytest.raises(SourceError, match="dvc fetch"):
        tracked_by_dvc(str(repository), "data/rows.csv")
    [listed] = remote.rglob("*.dir")
    listed.write_text(json.dumps([{"md5": md5(ROWS), "relpath": "../../escape"}]))
    with pytest.raises(SourceError) as refused:
        tracked_by_dvc(str(repository), "data/parts")
    assert refused.value.code == "source_damaged"


def test_nothing_that_the_configuration_of_a_repository_names_is_run(repository):
    """A missing object of a partial clone would be fetched, by a command that the repository names."""
    ran = repository.parent / "ran"
    object_ = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD:data/rows.csv.dvc"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (repository / ".git/objects" / object_[:2] / object_[2:]).unlink()
    for name, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "far",
        "remote.far.promisor": "true",
        "remote.far.url": "ssh://nowhere/x",
        "core.sshCommand": f"touch {ran}; false",
    }.items():
        git(repository, "config", name, value)
    with pytest.raises(SourceError):
        tracked_by_dvc(str(repository), "data/rows.csv")
    assert not ran.exists()


def test_a_list_of_a_folder_that_leads_outside_is_refused(repository):
    escaping = json.dumps([{"md5": md5(ROWS), "relpath": "../../escape"}]).encode()
    name = kept(repository.parent / "remote", escaping, ".dir")
    (repository / "bad.dvc").write_text(f"outs:\n- md5: {name}\n  hash: md5\n  path: bad\n")
    git(repository, "add", "bad.dvc")
    git(repository, "commit", "-q", "-m", "bad")
    with pytest.raises(SourceError, match="outside it"):
        tracked_by_dvc(str(repository), "bad")


def test_a_remote_outside_the_folders_that_may_be_read_is_not_read(repository, settings):
    settings.PROBITY_DATA_FOLDERS = [str(repository)]
    with pytest.raises(SourceError) as refused:
        tracked_by_dvc(str(repository), "data/rows.csv")
    assert refused.value.code == "source_closed"


def test_partitions_are_the_files_of_rows_in_a_folder(readable):
    for name in ("b.csv", "a/x.parquet", "c.jsonl.gz", "_SUCCESS", ".hidden.csv", "_tmp/d.csv"):
        (readable / name).parent.mkdir(exist_ok=True)
        (readable / name).write_bytes(b"x")
    found = in_folder(str(readable))
    assert (list(found.files), found.tree) == (["a/x.parquet", "b.csv", "c.jsonl.gz"], True)
    alone = in_folder(str(readable / "b.csv"))
    assert (list(alone.files), alone.tree) == (["b.csv"], False)


@pytest.mark.parametrize("name", ["readme.md", "link.csv"])
def test_a_folder_with_anything_else_is_refused(readable, name):
    (readable / "a.csv").write_bytes(b"x")
    if name.startswith("link"):
        (readable / name).symlink_to("/etc/passwd")
    else:
        (readable / name).write_bytes(b"x")
    with pytest.raises(SourceError, match=name):
        in_folder(str(readable))


@pytest.mark.parametrize("path", ["/etc", "relative", "{root}/../..", "{root}/out"])
def test_only_the_named_folders_are_read_however_one_gets_out_of_them(readable, path):
    (readable / "out").symlink_to("/etc")
    with pytest.raises(SourceError):
        allowed(path.format(root=readable))


def test_without_a_named_folder_nothing_is_read(settings, tmp_path):
    settings.PROBITY_DATA_FOLDERS = []
    with pytest.raises(SourceError, match="names none"):
        in_folder(str(tmp_path))


def test_an_empty_folder_and_a_missing_one_are_told(readable):
    for path in (str(readable), str(readable / "none")):
        with pytest.raises(SourceError) as refused:
            in_folder(path)
        assert refused.value.code == "source_missing"
