"""The identity of a folder: the sorted list of its files by path, size and SHA-256, and the digest of that list."""

import hashlib
import os
import shutil
import stat
from pathlib import Path, PurePosixPath
from typing import Any

from registry.backends.base import BackendError
from registry.canonical import CanonicalError, digest

CHUNK = 1 << 20


class TreeError(BackendError):
    """A folder that has no identity: a link, a special file, a path that escapes, or nothing at all."""

    code = "tree"

    def __init__(self, message: str) -> None:
        """Carry the code of the class."""
        super().__init__(message, code=self.code)


class TreeMismatchError(TreeError):
    """A folder that is not the tree it should be."""

    code = "tree_mismatch"


def safe_path(root: Path, path: str) -> Path:
    """Return where a path of a tree lies below ``root``; raises TreeError when it would lie elsewhere."""
    parts = PurePosixPath(path).parts
    if (
        not parts
        or path.startswith("/")
        or "\\" in path
        or "\x00" in path
        or any(part in {"..", "."} for part in parts)
    ):
        raise TreeError(f"the path {path!r} does not stay inside its folder")
    return root.joinpath(*parts)


def _entry(path: Path, name: str) -> dict[str, Any]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    hasher, size = hashlib.sha256(), 0
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise TreeError(f"{name!r} is not a regular file")
        while data := file.read(CHUNK):
            hasher.update(data)
            size += len(data)
    return {"path": name, "size": size, "sha256": hasher.hexdigest()}


def _refuse(error: OSError) -> None:
    raise TreeError(f"the folder {error.filename!r} cannot be listed ({error.strerror})") from error


def tree_entries(folder: Path) -> list[dict[str, Any]]:
    """Return {"path", "size", "sha256"} of every file, sorted by path; refuses links and whatever is not a file."""
    if folder.is_symlink() or not folder.is_dir():
        raise TreeError(f"{str(folder)!r} is not a folder")
    found = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        for name in [*folders, *names]:
            path = Path(place, name)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink():
                raise TreeError(f"{relative!r} is a symbolic link; a tree holds files only")
            if name in names:
                safe_path(folder, relative)
                try:
                    found.append(_entry(path, relative))
                except OSError as error:
                    raise TreeError(f"{relative!r} cannot be read ({error.strerror})") from error
    if not found:
        raise TreeError(f"the folder {str(folder)!r} holds no files")
    return sorted(found, key=lambda item: str(item["path"]))


def tree_digest(folder: Path) -> str:
    """Return the SHA-256 of the canonical list of a folder's files."""
    try:
        return digest(tree_entries(folder))
    except (CanonicalError, UnicodeEncodeError) as error:
        raise TreeError(f"a file name of {str(folder)!r} has no canonical form: {error}") from error


def check_tree(folder: Path, expected: str) -> None:
    """Raise TreeMismatchError unless the folder is the tree of that digest."""
    found = tree_digest(folder)
    if found != expected:
        raise TreeMismatchError(f"the folder {str(folder)!r} is the tree {found}, not {expected}; it is not loaded")


def copy_tree(source: Path, target: Path, expected: str) -> None:
    """Make ``target`` a private, verified copy, so that what was verified is what is loaded."""
    check_tree(source, expected)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    check_tree(target, expected)
