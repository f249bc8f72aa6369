"""Read every file of a model's folder without loading it, into one document that a check counts and a person reads."""

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import yaml

from registry.backends.model_files.names import Purpose, purpose_of
from registry.backends.model_files.pickles import MOST_BYTES, UnreadError, names_in

MOST_FILES = 2000
MOST_NAMES = 100
MOST_TEXT = 8 << 20
PICKLES = {".pkl", ".pickle", ".joblib", ".p", ".pck", ".pt", ".pth", ".ckpt", ".sav", ".z", ".gz", ".dill"}
CODE = {".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".ipynb", ".sh", ".jar", ".exe", ".r", ".js", ".pth"}
PLAIN = {
    ".json", ".txt", ".yaml", ".yml", ".md", ".csv", ".toml", ".cfg", ".ini", ".onnx", ".ubj", ".parquet", ".arrow",
    ".f64", ".lock", ".svg", ".png",
}  # fmt: skip
PLAIN_NAMES = {"MLmodel", "LICENSE", "README"}
ZIP, GZIP, BZIP, XZ = b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ"
ZLIB = {bytes((0x78, second)) for second in (0x01, 0x5E, 0x9C, 0xDA)}
NOTHING: dict[str, Any] = {"loaders": [], "trusted_types": [], "strange_types": [], "code": [], "unread": ""}
PICKLED = {bytes((0x80, protocol)) for protocol in range(2, 6)}


class _Zlib(io.RawIOBase):
    """A zlib stream as a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._more = file, zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._more.eof:
            data = self._more.unconsumed_tail or self._file.read(1 << 16)
            if not data:
                return 0
            made = self._more.decompress(data, len(buffer))
            if made:
                buffer[: len(made)] = made
                return len(made)
        return 0


def _opened(file: BinaryIO) -> BinaryIO:
    """Return the file unpacked, when it begins as something packed does."""
    head = file.read(6)
    file.seek(0)
    if head[:2] == GZIP:
        return cast("BinaryIO", io.BufferedReader(gzip.GzipFile(fileobj=file)))
    if head[:3] == BZIP:
        return cast("BinaryIO", io.BufferedReader(bz2.BZ2File(file)))
    if head[:5] == XZ:
        return cast("BinaryIO", io.BufferedReader(lzma.LZMAFile(file)))
    if head[:2] in ZLIB:
        return cast("BinaryIO", io.BufferedReader(_Zlib(file)))
    return file


def _by_purpose(names: Counter[str]) -> dict[str, list[str]]:
    """Return the names that are not plainly known, by purpose, a bounded number of each."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        if (purpose := purpose_of(name)) != Purpose.KNOWN:
            found.setdefault(str(purpose), []).append(name[:200])
    return {purpose: listed[:MOST_NAMES] for purpose, listed in found.items()}


def _pickled(file: BinaryIO) -> dict[str, Any]:
    names, opcodes = names_in(_opened(file))
    return {"kind": "pickle", "names": _by_purpose(names), "known": sum(names.values()), "opcodes": dict(opcodes)}


def _skops_names(node: Any) -> Iterator[str]:
    """Yield each type that a skops schema names, and each function."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if isinstance(one.get("__class__"), str) and isinstance(one.get("__module__"), str):
                yield f"{one['__module__']}.{one['__class__']}"
            if isinstance(one.get("module_path"), str) and isinstance(one.get("function"), str):
                yield f"{one['module_path']}.{one['function']}"
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _array(data: bytes) -> None:
    """Raise UnreadError for an array of objects, which is a pickle in another coat."""
    header = data[:4096].partition(b"}")[0]
    if b"|O" in header or b"'O'" in header:
        raise UnreadError("an array in it holds objects")


def _zipped(file: BinaryIO) -> dict[str, Any]:
    """Read an archive: one of skops by its schema, any other by the pickles among its members."""
    names: Counter[str] = Counter()
    opcodes: Counter[str] = Counter()
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if sum(one.file_size for one in members) > MOST_BYTES or len(members) > MOST_FILES:
            raise UnreadError(f"it unpacks to more than {MOST_BYTES} bytes or {MOST_FILES} files")
        kind = "skops" if "schema.json" in archive.namelist() else "archive"
        for one in members:
            data = archive.read(one)
            if one.filename == "schema.json":
                names.update(_skops_names(json.loads(data)))
            elif one.filename.endswith(".npy"):
                _array(data)
            elif data[:2] in PICKLED or Path(one.filename).suffix in PICKLES:
                found = names_in(cast("BinaryIO", io.BufferedReader(io.BytesIO(data))))
                names, opcodes = names + found[0], opcodes + found[1]
            elif Path(one.filename).suffix in CODE:
                names[f"types.{Path(one.filename).name}"] += 1
            elif data[:4] == ZIP:
                raise UnreadError("an archive in it is not opened")
    return {"kind": kind, "names": _by_purpose(names), "known": sum(names.values()), "opcodes": dict(opcodes)}


def _file(path: Path) -> dict[str, Any]:
    """Return what one file is; raises UnreadError for what may be a pickle and cannot be followed."""
    suffix = path.suffix.lower()
    if suffix in CODE - PICKLES:
        return {"kind": "code"}
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head == ZIP:
            return _zipped(file)
        if suffix == ".npy":
            _array(file.read(4096))
            return {"kind": "plain"}
        packed = head[:2] == GZIP or head[:3] == BZIP or head[:2] in ZLIB
        if suffix in PICKLES or head[:2] in PICKLED or (packed and suffix not in PLAIN):
            return _pickled(file)
    if suffix in PLAIN or path.name in PLAIN_NAMES:
        return {"kind": "plain"}
    raise UnreadError("nobody knows its format")


def _entry(path: Path, name: str) -> dict[str, Any]:
    try:
        return {"path": name, "unread": "", **_file(path)}
    except (UnreadError, ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError) as error:
        reason = str(error) if isinstance(error, UnreadError) else f"it cannot be read ({type(error).__name__})"
        return {"path": name, "kind": "unread", "unread": reason}


def _texts(value: Any, key: str) -> Iterator[str]:
    """Yield every text, or text in a list, under a key anywhere in a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield from [inner] if isinstance(inner, str) else [one for one in inner or () if isinstance(one, str)]
            elif isinstance(inner, dict | list):
                yield from _texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, key)


def _declared(folder: Path) -> dict[str, Any]:
    """Return what an MLmodel says will be run and trusted; an MLmodel that cannot be read is said to be so."""
    file = folder / "MLmodel"
    if not file.is_file():
        return dict(NOTHING)
    try:
        document = yaml.safe_load(file.read_bytes()[:MOST_TEXT])
        trusted = sorted(set(_texts(document, "skops_trusted_types")))
        return {
            "loaders": sorted(set(_texts(document, "loader_module"))),
            "trusted_types": trusted,
            "strange_types": [name for name in trusted if purpose_of(name) != Purpose.KNOWN],
            "code": sorted({*_texts(document, "code"), *_texts(document, "model_code_path")}),
            "unread": "",
        }
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        reason = f"MLmodel cannot be read ({type(error).__name__})"
        return NOTHING | {"unread": reason}


def scan_folder(folder: Path) -> dict[str, Any]:
    """Return {"files", "declared"}: an entry per file, by path, and what MLmodel declares. Nothing is imported."""
    entries = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place, name)
            entries.append(_entry(path, path.relative_to(folder).as_posix()))
            if len(entries) > MOST_FILES:
                entries.append({"path": "", "kind": "unread", "unread": f"more than {MOST_FILES} files"})
                return {"files": entries, "declared": _declared(folder)}
    return {"files": entries, "declared": _declared(folder)}
