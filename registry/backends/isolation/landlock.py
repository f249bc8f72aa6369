"""Landlock: after ``restrict`` this process reads and writes only the paths it was given, and opens no TCP port."""

import ctypes
import os
import struct
from collections.abc import Iterable
from pathlib import Path

from registry.backends.isolation.kernel import syscall

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
ASK_VERSION = 1
PATH_BENEATH = 1
LEAST_VERSION = 3  # below it, a file outside could still be truncated

WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
MAKE_DIR, MAKE_FILE, REFER, TRUNCATE = 1 << 7, 1 << 8, 1 << 13, 1 << 14
READ = READ_FILE | READ_DIR
# Links, devices, pipes and sockets are never made: the parent reads this folder afterwards and must not be led astray.
WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_FILE | REFER | TRUNCATE
FOR_A_FILE = WRITE_FILE | READ_FILE | TRUNCATE
RIGHTS_BY_VERSION = {3: 15, 4: 15, 5: 16}
NO_TCP = 0b11
NO_ABSTRACT_SOCKETS_NO_SIGNALS = 0b11
NETWORK_VERSION, SCOPE_VERSION = 4, 6


def version() -> int:
    """Return the kernel's Landlock version; raises OSError when it has none."""
    return syscall(CREATE_RULESET, None, 0, ASK_VERSION, doing="asking for the Landlock version")


def _create(abi: int) -> int:
    rights = (1 << RIGHTS_BY_VERSION[min(abi, max(RIGHTS_BY_VERSION))]) - 1
    fields = [rights]
    if abi >= NETWORK_VERSION:
        fields.append(NO_TCP)
    if abi >= SCOPE_VERSION:
        fields.append(NO_ABSTRACT_SOCKETS_NO_SIGNALS)
    data = struct.pack(f"={len(fields)}Q", *fields)
    buffer = ctypes.create_string_buffer(data, len(data))
    return syscall(CREATE_RULESET, buffer, len(data), 0, doing="creating Landlock rules")


def _allow(ruleset: int, path: Path, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights if path.is_dir() else rights & FOR_A_FILE, handle)
        buffer = ctypes.create_string_buffer(rule, len(rule))
        syscall(ADD_RULE, ruleset, PATH_BENEATH, buffer, 0, doing=f"allowing {path}")
    finally:
        os.close(handle)


def restrict(*, readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Confine this process for good; every path must exist. Raises OSError when the kernel refuses."""
    abi = version()
    if abi < LEAST_VERSION:
        raise OSError(f"this kernel has Landlock version {abi}; the sandbox needs at least {LEAST_VERSION}")
    ruleset = _create(abi)
    try:
        for path in readable:
            _allow(ruleset, path, READ)
        for path in writable:
            _allow(ruleset, path, WRITE)
        syscall(RESTRICT_SELF, ruleset, 0, doing="entering Landlock")
    finally:
        os.close(ruleset)
