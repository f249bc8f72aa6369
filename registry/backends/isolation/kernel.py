"""The few system calls that confine a process, by ctypes: each raises OSError with what was being done."""

import ctypes
import os

SET_PARENT_DEATH_SIGNAL = 1
SET_SECCOMP = 22
DROP_BOUNDING_CAPABILITY = 24
SET_NO_NEW_PRIVILEGES = 38
CAPSET = 126
CAPABILITY_VERSION = 0x20080522
KILL = 9

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, doing: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{doing}: {os.strerror(number)}")
    return result


def syscall(number: int, *arguments: ctypes.c_void_p | ctypes.Array[ctypes.c_char] | int | None, doing: str) -> int:
    """Make a system call; integers are passed as 64 bits."""
    wide = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    return _checked(int(_libc.syscall(ctypes.c_long(number), *wide)), doing)


def prctl(option: int, first: int, second: int = 0, *, doing: str) -> int:
    """Ask the kernel for something about this process."""
    wide = [ctypes.c_ulong(item) for item in (first, second, 0, 0)]
    return _checked(int(_libc.prctl(ctypes.c_int(option), *wide)), doing)


def forbid_new_privileges() -> None:
    """No set-user-id program can raise this process any more; Landlock and seccomp both require it."""
    prctl(SET_NO_NEW_PRIVILEGES, 1, doing="forbidding new privileges")


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; raises when it has already ended."""
    prctl(SET_PARENT_DEATH_SIGNAL, KILL, doing="tying the life of the process to its parent's")
    if os.getppid() != parent:
        raise ProcessLookupError(f"the parent process {parent} has already ended")


def drop_capabilities() -> None:
    """Give up every capability, so that root inside is only an owner of files."""
    header = ctypes.create_string_buffer(CAPABILITY_VERSION.to_bytes(4, "little") + bytes(4), 8)
    nothing = ctypes.create_string_buffer(bytes(24), 24)
    syscall(CAPSET, header, nothing, doing="dropping capabilities")
