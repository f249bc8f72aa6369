"""seccomp: after ``restrict`` this process makes no sockets, starts and touches no other process, mounts nothing.

The filter lists what is refused, by x86-64 number, and what the tables do not know (later than ``NEWEST``) does
not exist for it. Threads are allowed; processes are not.
"""

import ctypes
import os
import struct
from collections.abc import Iterator

from registry.backends.isolation.kernel import SET_SECCOMP, prctl

MACHINE = "x86_64"
NEWEST = 466
X32 = 0x40000000
ARCHITECTURE = 0xC000003E
CLONE_THREAD = 0x00010000

KILL, ALLOW, FAIL = 0x80000000, 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
AT_NUMBER, AT_ARCHITECTURE, AT_ARGUMENTS = 0, 4, 16

# fmt: off
REFUSED = {
    "network": (41, 42, 43, 44, 46, 49, 50, 53, 288, 299, 307),  # socket connect accept send* bind listen socketpair
    "processes": (57, 58, 59, 322),  # fork vfork execve execveat
    "other processes": (101, 200, 310, 311, 312, 424, 434, 438, 440, 448, 274, 256, 279),
    "scheduling": (141, 142, 144, 203, 251, 314),  # setpriority sched_set* ioprio_set
    "shared memory": (29, 30, 31, 64, 65, 66, 68, 69, 70, 71, 220, 240, 241, 242, 243, 244, 245, 319, 447),
    "mounts and roots": (155, 161, 165, 166, 272, 308, 304, 428, 429, 430, 431, 432, 433, 442),
    "the machine": (
        103, 135, 153, 154, 159, 163, 164, 167, 168, 169, 170, 171, 172, 173, 174, 175, 176, 177, 179, 180, 212, 227,
        246, 305, 313, 320, 443,
    ),  # syslog clocks swap reboot host names io ports modules kexec quotas
    "kernel surface": (248, 249, 250, 298, 300, 321, 323),  # keys perf fanotify bpf userfaultfd
    "identities": (105, 106, 113, 114, 116, 117, 119, 122, 123, 126),  # set*id setgroups capset
    "metadata": (  # chmod chown utime setxattr removexattr, which Landlock does not cover
        90, 91, 92, 93, 94, 132, 188, 189, 190, 197, 198, 199, 235, 260, 261, 268, 280, 452, 463, 466,
    ),
    "special files": (88, 133, 259, 266),  # symlink mknod mknodat symlinkat
}
MISSING = (425, 426, 427, 435)  # io_uring, and clone3, for which the C library falls back to clone
ONLY_TO_ITSELF = (62, 129, 234, 297)  # kill, rt_sigqueueinfo, tgkill, rt_tgsigqueueinfo
PRLIMIT, PRCTL, FCNTL, IOCTL, CLONE = 302, 157, 72, 16, 56
REFUSED_VALUES = (
    (PRCTL, 0, (1,)),  # PR_SET_PDEATHSIG: it cannot outlive its parent
    (FCNTL, 1, (8, 10, 15)),  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to others by way of a file
    (IOCTL, 1, (0x5412, 0x541C)),  # TIOCSTI, TIOCLINUX: typing into a terminal
)
# fmt: on

Instruction = tuple[int, int, int, int]


def _answer(error: int) -> Instruction:
    return (RETURN, 0, 0, FAIL | error)


def _when(number: int, body: list[Instruction]) -> Iterator[Instruction]:
    yield (JUMP_EQUAL, 0, len(body), number)
    yield from body


def _argument_is_one_of(index: int, values: tuple[int, ...], *, then: int, otherwise: int) -> list[Instruction]:
    body: list[Instruction] = [(LOAD, 0, 0, AT_ARGUMENTS + 8 * index)]
    for value in values:
        body += [(JUMP_EQUAL, 0, 1, value), (RETURN, 0, 0, then)]
    return [*body, (RETURN, 0, 0, otherwise)]


def _by_argument(own: int) -> Iterator[Instruction]:
    refuse = FAIL | EPERM
    for number in ONLY_TO_ITSELF:
        yield from _when(number, _argument_is_one_of(0, (own,), then=ALLOW, otherwise=refuse))
    yield from _when(PRLIMIT, _argument_is_one_of(0, (0, own), then=ALLOW, otherwise=refuse))
    for number, index, values in REFUSED_VALUES:
        yield from _when(number, _argument_is_one_of(index, values, then=refuse, otherwise=ALLOW))
    thread = [(LOAD, 0, 0, AT_ARGUMENTS), (JUMP_ANY_BIT, 0, 1, CLONE_THREAD), (RETURN, 0, 0, ALLOW), _answer(EPERM)]
    yield from _when(CLONE, thread)


def instructions(own: int) -> list[Instruction]:
    """Return the filter for the process whose id is ``own``."""
    program: list[Instruction] = [
        (LOAD, 0, 0, AT_ARCHITECTURE),
        (JUMP_EQUAL, 1, 0, ARCHITECTURE),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, AT_NUMBER),
        (JUMP_AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
    ]
    for numbers in REFUSED.values():
        for number in numbers:
            program += _when(number, [_answer(EPERM)])
    for number in MISSING:
        program += _when(number, [_answer(ENOSYS)])
    program += _by_argument(own)
    return [*program, (JUMP_AT_LEAST, 0, 1, NEWEST + 1), _answer(ENOSYS), (RETURN, 0, 0, ALLOW)]


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("program", ctypes.c_void_p))


def restrict() -> None:
    """Confine this process, and the threads that it will start, for good."""
    program = instructions(os.getpid())
    data = b"".join(struct.pack("HBBI", *item) for item in program)
    buffer = ctypes.create_string_buffer(data, len(data))
    bound = _Filter(len(program), ctypes.addressof(buffer))
    prctl(SET_SECCOMP, 2, ctypes.addressof(bound), doing="entering seccomp")
