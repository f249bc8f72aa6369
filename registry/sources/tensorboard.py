"""TensorBoard: the scalars in event files, read as they are written, without TensorBoard or TensorFlow.

An event file is a row of TFRecords (length, checksum, bytes, checksum; CRC-32C, masked), each a protocol buffer
``Event`` with a step and a summary. Scalars lie in ``simple_value`` (TF1, PyTorch) or in a tensor of one number (TF2).
All points are kept. A file that ends within a record is one whose writer was cut off: what comes before it counts, and
the file is told to be incomplete; a checksum that does not hold refuses the file.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_BYTES = 256 * 2**20
MOST_POINTS = 1_000_000
_POLYNOMIAL = 0x82F63B78
_MASK = 0xA282EAD8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_STEP, _SUMMARY, _SESSION = 2, 5, 7
_VALUE, _TAG, _SIMPLE, _TENSOR = 1, 1, 2, 8
_FLOATS, _DOUBLES, _CONTENT, _DTYPE = 5, 6, 4, 1
_FORMATS = {1: ("<f", 4), 2: ("<d", 8), 3: ("<i", 4), 9: ("<q", 8)}
_STOP = 2


class EventFileError(ValueError):
    """An event file that cannot be read; the message names the place."""

    code = "event_file"


@dataclass(slots=True)
class Events:
    """The scalars of one file: (step, value) by tag in the order written; whether it is whole, and says it stopped."""

    scalars: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    complete: bool = True
    stopped: bool = False


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)


_CRC = _table()


def masked_crc(data: bytes) -> int:
    """Return the checksum of a TFRecord: CRC-32C, rotated and shifted, so that a checksum of checksums stays good."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC[(value ^ byte) & 0xFF] ^ (value >> 8)
    value ^= 0xFFFFFFFF
    return (((value >> 15) | (value << 17)) + _MASK) & 0xFFFFFFFF


def read_events(data: bytes) -> Events:
    """Return the scalars of an event file; raises EventFileError."""
    if len(data) > MOST_BYTES:
        raise EventFileError(f"The event file has {len(data)} bytes; at most {MOST_BYTES} are read.")
    found, points = Events(), 0
    for at, record in _records(data, found):
        try:
            step, values, stopped = _event(record)
        except (EventFileError, IndexError, struct.error, UnicodeDecodeError) as error:
            raise EventFileError(f"The record at byte {at} is no event of TensorBoard: {error}.") from error
        found.stopped = found.stopped or stopped
        points += len(values)
        if points > MOST_POINTS:
            raise EventFileError(f"The event file has more than {MOST_POINTS} points.")
        for tag, value in values:
            found.scalars.setdefault(tag, []).append((step, value))
    return found


def _records(data: bytes, found: Events) -> Iterator[tuple[int, bytes]]:
    """Give each record with its place; note where the file ends within one."""
    at = 0
    while at < len(data):
        header = data[at : at + 12]
        if len(header) < 12:  # noqa: PLR2004 - a length and its checksum
            found.complete = False
            return
        length, checksum = struct.unpack("<QI", header)
        if masked_crc(header[:8]) != checksum:
            raise EventFileError(f"The checksum of the length at byte {at} does not hold; the file is damaged.")
        record, tail = data[at + 12 : at + 12 + length], data[at + 12 + length : at + 16 + length]
        if len(record) < length or len(tail) < 4:  # noqa: PLR2004 - a checksum
            found.complete = False
            return
        if masked_crc(record) != struct.unpack("<I", tail)[0]:
            raise EventFileError(f"The checksum of the record at byte {at} does not hold; the file is damaged.")
        yield at, record
        at += 16 + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
        if shift > 63:  # noqa: PLR2004 - bits of the largest number
            raise EventFileError("a number is longer than 64 bits")


def _fields(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Give the fields of a message: (number, wire type, whole number, bytes)."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, kind, value, b""
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        else:
            raise EventFileError(f"a field has the wire type {kind}")
        part = data[at : at + size]
        if len(part) < size:
            raise EventFileError("a field ends behind its message")
        at += size
        yield number, kind, 0, part


def _event(record: bytes) -> tuple[int, list[tuple[str, float]], bool]:
    """Return the step, the scalars by tag, and whether the writer says that it stopped."""
    step, values, stopped = 0, [], False
    for number, kind, whole, part in _fields(record):
        if number == _STEP and kind == _VARINT:
            step = whole - 2**64 if whole >= 2**63 else whole
        elif number == _SUMMARY and kind == _BYTES:
            for inner, inner_kind, _, value in _fields(part):
                if inner == _VALUE and inner_kind == _BYTES:
                    values += _scalar(value)
        elif number == _SESSION and kind == _BYTES:
            stopped = any(inner == 1 and status == _STOP for inner, _, status, _ in _fields(part))
    return step, values, stopped


def _scalar(value: bytes) -> list[tuple[str, float]]:
    """Return [(tag, number)], or nothing where the value is no scalar."""
    tag, found = "", None
    for number, kind, _, part in _fields(value):
        if number == _TAG and kind == _BYTES:
            tag = part.decode("utf-8")
        elif number == _SIMPLE and kind == _FIXED32:
            found = float(struct.unpack("<f", part)[0])
        elif number == _TENSOR and kind == _BYTES:
            found = _of_tensor(part)
    return [] if found is None else [(tag, found)]


def _of_tensor(tensor: bytes) -> float | None:
    """Return the only number of a tensor; None for any other tensor."""
    dtype, found = 0, None
    for number, kind, whole, part in _fields(tensor):
        if number == _DTYPE and kind == _VARINT:
            dtype = whole
        elif number == _FLOATS and len(part) == 4:  # noqa: PLR2004 - one float
            found = float(struct.unpack("<f", part)[0])
        elif number == _DOUBLES and len(part) == 8:  # noqa: PLR2004 - one double
            found = float(struct.unpack("<d", part)[0])
        elif number == _CONTENT and kind == _BYTES and dtype in _FORMATS and len(part) == _FORMATS[dtype][1]:
            found = float(struct.unpack(_FORMATS[dtype][0], part)[0])
    return found
