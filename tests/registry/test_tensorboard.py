"""Event files made by TensorBoard's and tensorboardX's own writers are read whole; damaged ones are refused."""

import base64
import math
import struct

import pytest

from registry.sources.tensorboard import EventFileError, masked_crc, read_events

# Three points of a tensor scalar's writer (TensorBoard 2): 0.25 as float_val, 0.5 as tensor_content, then STOP.
TENSORS = base64.b64decode(
    "SAAAAAAAAAD+kkidCZKMhVQcwdpBGg1icmFpbi5FdmVudDoyUi4KLHRlbnNvcmJvYXJkLnN1bW1hcnkud3JpdGVyLmV2ZW50X2ZpbGVfd3JpdGVy"
    "aarfYzQAAAAAAAAAXjMXXAkAAAAAAADwPxABKicKJQoKZXBvY2hfbG9zc0IKCAESACoEAACAPkoLCgkKB3NjYWxhcnOudFytNAAAAAAAAABeMxdc"
    "CQAAAAAAAPA/EAIqJwolCgplcG9jaF9sb3NzQgoIARIAIgQAAAA/SgsKCQoHc2NhbGFyc9HMDT4PAAAAAAAAAG1TKwkJAAAAAAAA8D8QAzoCCAKb"
    "KVZa"
)
# Four points of tensorboardX: 1, 1/2, 1/3 and NaN.
SIMPLE = base64.b64decode(
    "GAAAAAAAAACjf0siCZhOe1QcwdpBGg1icmFpbi5FdmVudDoynrLZux4AAAAAAAAA2dwSMgm+WntUHMHaQSoTChEKCnRyYWluL2xvc3MVAACAP9gm"
    "dsIgAAAAAAAAACntqVAJ1JN7VBzB2kEQASoTChEKCnRyYWluL2xvc3MVAAAAP/80VK4gAAAAAAAAACntqVAJBtJ7VBzB2kEQAioTChEKCnRyYWlu"
    "L2xvc3MVq6qqPoB3nZQgAAAAAAAAACntqVAJNdh7VBzB2kEQAyoTChEKCnRyYWluL2xvc3MVAADAfxUusb0="
)


def _record(data):
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def test_the_checksum_is_crc_32c_masked():
    assert masked_crc(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_scalars_as_tensors_and_the_stop_are_read():
    found = read_events(TENSORS)
    assert found.scalars == {"epoch_loss": [(1, 0.25), (2, 0.5)]}
    assert (found.complete, found.stopped) == (True, True)


def test_simple_scalars_are_read_with_every_point_also_nan():
    found = read_events(SIMPLE)
    steps, values = zip(*found.scalars["train/loss"], strict=True)
    assert steps == (0, 1, 2, 3)
    assert values[:3] == (1.0, 0.5, pytest.approx(1 / 3))
    assert math.isnan(values[3])
    assert (found.complete, found.stopped) == (True, False)


@pytest.mark.parametrize("left", [1, 5, 30, 100])
def test_a_file_that_breaks_off_keeps_what_came_before_and_says_so(left):
    found = read_events(SIMPLE[:-left])
    assert not found.complete
    assert len(found.scalars["train/loss"]) == (3 if left < 48 else 1)


@pytest.mark.parametrize("at", [0, 3, 9, 15, 40, len(SIMPLE) - 1])
def test_a_changed_byte_is_refused(at):
    changed = bytearray(SIMPLE)
    changed[at] ^= 0xFF
    with pytest.raises(EventFileError, match="damaged"):
        read_events(bytes(changed))


@pytest.mark.parametrize(
    "record",
    [b"\x10", b"\x2a\xff", b"\x0b", b"\x2a\x05\x0a\x03\x0a\x01\xff\x00", b"\x10" + b"\xff" * 11 + b"\x00"],
)
def test_a_record_that_is_no_event_is_refused_with_its_place(record):
    with pytest.raises(EventFileError, match="byte 0"):
        read_events(_record(record))


def test_what_is_no_scalar_is_left_out():
    tensor = b"\x08\x01\x22\x08" + b"\0" * 8  # two floats
    value = b"\x0a\x01t" + b"\x42" + bytes([len(tensor)]) + tensor
    summary = b"\x0a" + bytes([len(value)]) + value
    assert read_events(_record(b"\x2a" + bytes([len(summary)]) + summary)).scalars == {}
    assert read_events(b"").scalars == {}
