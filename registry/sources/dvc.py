"""What DVC tracks in a git repository: the files behind a path at a revision, from a cache or remote on this machine.

DVC itself is not needed. A path is found in ``PATH.dvc``, in the ``.dvc`` file of a folder above it, or in a
``dvc.lock``, read from the commit and not from the work tree. The bytes lie under their MD5 as DVC keeps them
(``files/md5/ab/cdef…``, or ``ab/cdef…`` before DVC 3), the list of a tracked folder under ``….dir``: see "Internal
directories and files" in DVC's user guide.
"""

import configparser
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from registry.sources.folders import Located, SourceError, allowed

SECONDS = 30
CHUNK = 1 << 20
LONGEST = 64 << 20
LOOKED_AT = 512
_ALONE = {"GIT_ALLOW_PROTOCOL": "", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_TEXT = frozenset(bytes(range(32, 127)) + b"\n\r\t\f\b")


@dataclass(frozen=True, slots=True)
class Tracked:
    """An output as DVC describes it: its path in the repository, its MD5, and whether line ends were made alike."""

    path: PurePosixPath
    md5: str
    legacy: bool
    remote: str


def tracked_by_dvc(repository: str, path: str, revision: str = "HEAD") -> Located:
    """Return the files that a revision tracks under a path, each at hand in the cache or in a remote on this machine.

    Raises SourceError; that the bytes have their MD5 is for the reader to check, by ``has_md5``.
    """
    root = allowed(repository)
    wanted = PurePosixPath(path)
    if wanted.is_absolute() or ".." in wanted.parts or not wanted.parts:
        raise SourceError("The path of a tracked file is relative to its repository and stays inside it.")
    commit = (
        _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    )
    out = _output(root, commit, wanted)
    stores = _stores(root, commit, out.remote)
    origin = {"kind": "dvc", "repository": str(root), "revision": commit, "path": wanted.as_posix(), "md5": out.md5}
    if not out.md5.endswith(".dir"):
        found = {wanted.name: _object(stores, out.md5)}
        return Located(found, origin | _form(out), tree=False, md5={wanted.name: out.md5})
    inside = wanted.relative_to(out.path).parts
    listed = {name: md5 for name, md5 in _listed(stores, out.md5) if PurePosixPath(name).parts[: len(inside)] == inside}
    if not listed:
        raise SourceError(f"The folder {out.path} does not hold {wanted} at this revision.", "source_missing")
    single = list(listed) == ["/".join(inside)]
    kept = {("/".join(PurePosixPath(one).parts[len(inside) :]) or wanted.name): md5 for one, md5 in listed.items()}
    return Located(
        {one: _object(stores, md5) for one, md5 in kept.items()}, origin | _form(out), tree=not single, md5=kept
    )


def has_md5(place: Path, expected: str, *, legacy: bool) -> bool:
    """Say whether a file has its MD5; before DVC 3 that of a text is of the text with Unix line ends."""
    plain, unix, text = hashlib.md5(usedforsecurity=False), hashlib.md5(usedforsecurity=False), legacy
    with place.open("rb") as file:
        text = text and _is_text(file.read(LOOKED_AT))
        file.seek(0)
        while block := file.read(CHUNK):
            plain.update(block)
            if text:
                unix.update(block.replace(b"\r\n", b"\n"))
    return expected in {plain.hexdigest(), unix.hexdigest() if text else ""}


def _is_text(start: bytes) -> bool:
    """Decide as DVC did: few bytes of the first block are no ASCII text."""
    if b"\x00" in start:
        return False
    return not start or sum(one not in _TEXT for one in start) / len(start) <= 0.3  # noqa: PLR2004 - DVC's own share


def _form(out: Tracked) -> dict[str, Any]:
    return {"legacy": True} if out.legacy else {}


def _git(root: Path, *arguments: str) -> bytes:
    """Ask git for what it has recorded; nothing that the repository's own configuration names is run or fetched."""
    command = ["git", "-C", str(root), "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ALONE
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SourceError(f"git did not answer ({type(error).__name__}).", "source_unavailable") from error
    if done.returncode:
        raise SourceError("The repository has no such revision, or git may not read it.", "source_missing")
    return done.stdout


def _file(root: Path, commit: str, path: PurePosixPath) -> bytes | None:
    """Return a file of a commit, None when there is none."""
    try:
        found = _git(root, "cat-file", "blob", f"{commit}:{path.as_posix()}")
    except SourceError as error:
        if error.code == "source_missing":
            return None
        raise
    if len(found) > LONGEST:
        raise SourceError(f"{path} has {len(found)} bytes; the limit is {LONGEST}.")
    return found


def _output(root: Path, commit: str, wanted: PurePosixPath) -> Tracked:
    """Return the output that is the path or holds it: the nearest first."""
    for above in (wanted, *wanted.parents):
        if not above.parts:
            continue
        for out in _declared(root, commit, above):
            if out.path == above and (above == wanted or out.md5.endswith(".dir")):
                return out
    raise SourceError(f"DVC does not track {wanted} at this revision.", "source_missing")


def _declared(root: Path, commit: str, path: PurePosixPath) -> Iterator[Tracked]:
    """Yield the outputs of ``PATH.dvc`` and of the ``dvc.lock`` beside the path and above it."""
    one = path.with_name(f"{path.name}.dvc")
    text = _file(root, commit, one)
    if text is not None:
        document = _yaml(one, text)
        yield from _outs(one.parent / str(document.get("wdir", "")), document.get("outs"), one)
    for folder in path.parents:
        lock = folder / "dvc.lock"
        text = _file(root, commit, lock)
        stages = _yaml(lock, text).get("stages") if text is not None else None
        for stage in stages.values() if isinstance(stages, Mapping) else ():
            yield from _outs(folder, stage.get("outs") if isinstance(stage, Mapping) else None, lock)


def _yaml(place: PurePosixPath, text: bytes) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SourceError(f"{place} is no YAML.") from error
    if not isinstance(found, Mapping):
        raise SourceError(f"{place} is not what DVC writes.")
    return found


def _outs(folder: PurePosixPath, outs: Any, place: PurePosixPath) -> Iterator[Tracked]:
    for one in outs if isinstance(outs, list) else ():
        if not isinstance(one, Mapping) or "path" not in one:
            raise SourceError(f"{place} holds an output without a path.")
        md5 = one.get("md5")
        if not isinstance(md5, str) or not _MD5.fullmatch(md5):
            continue
        yield Tracked(_joined(folder, str(one["path"])), md5, one.get("hash") != "md5", str(one.get("remote") or ""))


def _joined(folder: PurePosixPath, path: str) -> PurePosixPath:
    parts: list[str] = []
    for part in (folder / path).parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _stores(root: Path, commit: str, remote: str) -> list[Path]:
    """Return where objects may lie: the cache, then the remote that the output or the configuration names."""
    config = configparser.ConfigParser(interpolation=None)
    local = root / ".dvc" / "config.local"
    for text in (_file(root, commit, PurePosixPath(".dvc/config")), local.read_bytes() if local.is_file() else None):
        try:
            config.read_string((text or b"").decode())
        except (configparser.Error, UnicodeDecodeError) as error:
            raise SourceError("The configuration of DVC in the repository cannot be read.") from error
    name = remote or config.get("core", "remote", fallback="")
    urls = [config.get("cache", "dir", fallback="cache")]
    urls += [config.get(section, "url", fallback="") for section in (f"'remote \"{name}\"'", f'remote "{name}"')]
    places = [_store(root, url) for url in urls if url and "://" not in url.removeprefix("file://")]
    return [place for place in places if place.is_dir()]


def _store(root: Path, url: str) -> Path:
    place = Path(url.removeprefix("file://"))
    return allowed(str(place if place.is_absolute() else root / ".dvc" / place))


def _object(stores: list[Path], md5: str) -> Path:
    name = Path(md5[:2], md5[2:])
    for store in stores:
        for place in (store / "files" / "md5" / name, store / name):
            if place.is_file():
                return allowed(str(place))
    raise SourceError(
        f"The object {md5} lies neither in the cache of the repository nor in a remote on this machine; dvc fetch "
        "brings it there.",
        "source_missing",
    )


def _listed(stores: list[Path], md5: str) -> Iterator[tuple[str, str]]:
    """Yield (path, MD5) of the files of a tracked folder."""
    place = _object(stores, md5)
    if place.stat().st_size > LONGEST or not has_md5(place, md5.removesuffix(".dir"), legacy=False):
        raise SourceError(f"The list {md5} of the tracked folder is damaged.", "source_damaged")
    try:
        entries = [(str(one["relpath"]), str(one["md5"])) for one in json.loads(place.read_bytes())]
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"The list {md5} of the tracked folder is damaged.", "source_damaged") from error
    for name, one in sorted(entries):
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or not _MD5.fullmatch(one):
            raise SourceError(f"The list {md5} of the tracked folder names a file outside it.", "source_damaged")
        yield PurePosixPath(name).as_posix(), one
