"""A zip file with exactly one form: what is in it gives every byte of it.

Members are stored as they are (nothing unpacks to more than it is), in ascending order of plain names, the manifest
last; times, flags and attributes are fixed; no comments, no extra fields, nothing before, between or after. A reader
that makes the structure again and compares thus refuses every other zip. No zip64: 65 535 members, 4 GiB.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MANIFEST = "MANIFEST.json"
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
LONGEST_NAME = 200
LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
VERSION, DATE = 20, 0x21  # 2.0; 1 January 1980, midnight
UNIX, MODE = 3 << 8, 0o100644 << 16
MOST_MEMBERS, MOST_BYTES = 2**16 - 1, 2**32 - 1
CHUNK = 1 << 20


class ArchiveError(ValueError):
    """The file is not a zip of the one form; the message names the member or the place."""

    code = "pack_structure"


class ArchiveTooLargeError(ValueError):
    """More members, or more bytes, than the form holds."""

    code = "pack_too_large"


@dataclass(frozen=True, slots=True)
class Member:
    """A member: where its bytes begin in the file, how many they are, their CRC-32 and their SHA-256."""

    name: str
    start: int
    size: int
    crc: int
    sha256: str

    def local(self) -> bytes:
        """Return what stands before its bytes."""
        name = self.name.encode()
        return LOCAL.pack(b"PK\3\4", VERSION, 0, 0, 0, DATE, self.crc, self.size, self.size, len(name), 0) + name

    def central(self) -> bytes:
        """Return its entry in the directory at the end."""
        name = self.name.encode()
        fixed = (b"PK\1\2", UNIX | VERSION, VERSION, 0, 0, 0, DATE, self.crc, self.size, self.size, len(name))
        return CENTRAL.pack(*fixed, 0, 0, 0, 0, MODE, self.start - LOCAL.size - len(name)) + name


def _end(members: list[Member]) -> Iterator[bytes]:
    at = members[-1].start + members[-1].size if members else 0
    size = 0
    for one in members:
        entry = one.central()
        size += len(entry)
        yield entry
    yield END.pack(b"PK\5\6", 0, 0, len(members), len(members), size, at, 0)


def _check_name(name: str, members: list[Member]) -> None:
    """Raise ArchiveError for a name that is no plain path, is there already or comes out of order."""
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise ArchiveError(f"{name[:LONGEST_NAME]!r} is no name of a member: a plain relative path is.")
    if members and (members[-1].name == MANIFEST or (name <= members[-1].name and name != MANIFEST)):
        raise ArchiveError(f"The member {name} is doubled or out of order: it stands after {members[-1].name}.")


class Writer:
    """Writes members as they come. Raises ArchiveError for a name out of order, ArchiveTooLargeError."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to a file from its beginning."""
        self._file, self._at = file, 0
        self.members: list[Member] = []

    def add(self, name: str, data: bytes) -> None:
        """Write a member."""
        _check_name(name, self.members)
        start = self._at + LOCAL.size + len(name.encode())
        if len(self.members) == MOST_MEMBERS or start + len(data) > MOST_BYTES:
            raise ArchiveTooLargeError(f"A pack holds {MOST_MEMBERS} members and {MOST_BYTES} bytes; {name} is beyond.")
        member = Member(name, start, len(data), zlib.crc32(data), hashlib.sha256(data).hexdigest())
        self._file.write(member.local())
        self._file.write(data)
        self._at = start + len(data)
        self.members.append(member)

    def close(self) -> None:
        """Write the directory; the file itself stays open."""
        for part in _end(self.members):
            self._file.write(part)


class Reader:
    """Reads an archive strictly: ``members`` by name, in their order; nothing is ever written anywhere."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the whole structure. Raises ArchiveError naming where the file has another form, or OSError."""
        self._file = file
        self._file.seek(0)
        found: list[Member] = []
        at, head = 0, self._file.read(LOCAL.size)
        while head.startswith(b"PK\3\4"):
            found.append(self._member(head, at, found))
            at = found[-1].start + found[-1].size
            self._file.seek(at)
            head = self._file.read(LOCAL.size)
        self._file.seek(at)
        for number, part in enumerate(_end(found)):
            if self._file.read(len(part)) != part:
                what = f"the directory's entry of {found[number].name}" if number < len(found) else "the zip's end"
                raise ArchiveError(f"From byte {at} on, {what} is not what the members give: the zip was changed.")
        if self._file.read(1):
            raise ArchiveError("Something stands behind the end of the zip.")
        self.members = {one.name: one for one in found}

    def _member(self, head: bytes, at: int, before: list[Member]) -> Member:
        after = before[-1].name if before else "the beginning"
        if len(head) < LOCAL.size:
            raise ArchiveError(f"The zip is cut short at byte {at}, after {after}.")
        *_, crc, size, _, name_length, _ = LOCAL.unpack(head)
        encoded = self._file.read(min(name_length, LONGEST_NAME))
        name = encoded.decode("ascii", errors="replace")
        _check_name(name, before)
        start = at + LOCAL.size + len(encoded)
        found_crc, digest, left = 0, hashlib.sha256(), size
        while left and (data := self._file.read(min(left, CHUNK))):
            found_crc, left = zlib.crc32(data, found_crc), left - len(data)
            digest.update(data)
        member = Member(name, start, size, found_crc, digest.hexdigest())
        if left:
            raise ArchiveError(f"The member {name} is cut short: {left} of its {size} bytes are not there.")
        if crc != found_crc:
            raise ArchiveError(f"The member {name} does not have the checksum that stands before it: it was changed.")
        if member.local() != head + encoded:
            raise ArchiveError(f"What stands before the member {name}, after {after}, is not of the one form.")
        return member

    def read(self, name: str) -> bytes:
        """Return a member's bytes; raises ArchiveError when there is none of that name."""
        if (member := self.members.get(name)) is None:
            raise ArchiveError(f"The member {name} is missing.")
        self._file.seek(member.start)
        return self._file.read(member.size)
