"""Read a pickle to its end without doing what it says: every name it asks for becomes an inert thing.

The machine is Python's own (``pickle._Unpickler``), so that what it would do is followed opcode by opcode, memo and
all: a list of opcodes alone misses names that are put together on the stack. Nothing is imported and nothing called.
The arrays that joblib puts between the opcodes are stepped over.
"""

import pickle
import pickletools
import re
from collections import Counter
from math import prod
from typing import Any, BinaryIO

MOST_OPCODES = 5_000_000
MOST_BYTES = 1 << 29
WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
ITEM = re.compile(r"[<>|=]?([?biufcmMSVU])(\d*)")
NAMES = {ord(one.code): one.name for one in pickletools.opcodes}
TELLING = {
    "GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "REDUCE", "BUILD", "PERSID", "BINPERSID",
    "EXT1", "EXT2", "EXT4",
}  # fmt: skip


class UnreadError(ValueError):
    """A file that is no pickle, or is not read to its end; the message says why."""

    code = "model_file_unread"


class Inert:
    """What stands for anything that a pickle names or makes: it can be called, filled and built, and does nothing."""

    name: str = ""
    given: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *_given: Any, **_named: Any) -> "Inert":  # noqa: PYI034 - the machine also hands over an instance
        """Make another; one that an inert class is asked for has its name."""
        made = object.__new__(Inert)
        made.name = cls.name
        return made

    def __init__(self, name: str = "", given: tuple[Any, ...] = ()) -> None:
        """Keep the name, and what it was called with."""
        self.name, self.given = name, given

    def __call__(self, *given: Any, **_named: Any) -> "Inert":
        return Inert(self.name, given)

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        """Take nothing."""

    def append(self, value: Any) -> None:
        """Take nothing."""

    extend = add = update = append


class Counted:
    """A file that is read up to a limit."""

    def __init__(self, file: BinaryIO) -> None:
        """Read nothing yet."""
        self.file, self.seen = file, 0

    def _count(self, data: bytes) -> bytes:
        self.seen += len(data)
        if self.seen > MOST_BYTES:
            raise UnreadError(f"it holds more than {MOST_BYTES} bytes")
        return data

    def read(self, size: int = -1) -> bytes:
        """Read bytes; raises UnreadError beyond the limit."""
        if size > MOST_BYTES:
            raise UnreadError(f"it speaks of {size} bytes at once; {MOST_BYTES} are read")
        return self._count(self.file.read(size))

    def readline(self) -> bytes:
        """Read a line; raises UnreadError beyond the limit."""
        return self._count(self.file.readline(MOST_BYTES + 1))

    def skip(self, size: int) -> None:
        """Read past bytes; raises UnreadError where they are missing."""
        while size > 0:
            data = self.read(min(size, 1 << 20))
            if not data:
                raise UnreadError("an array in it ends too early")
            size -= len(data)


_MACHINE: Any = pickle._Unpickler  # noqa: SLF001 - the one in Python can be followed
_UNFRAMER: Any = pickle._Unframer  # type: ignore[attr-defined] # noqa: SLF001 - as above
_STOP: Any = pickle._Stop  # type: ignore[attr-defined] # noqa: SLF001 - as above


class _Follower(_MACHINE):  # type: ignore[misc]
    """Follows one pickle and keeps the names that it asks for and how often each telling opcode occurs."""

    dispatch = dict(_MACHINE.dispatch)

    def __init__(self, file: Counted) -> None:
        super().__init__(file)
        self.file = file
        self.names: Counter[str] = Counter()
        self.opcodes: Counter[str] = Counter()
        self.steps = 0

    def find_class(self, module: str, name: str) -> Any:
        self.names[f"{module}.{name}"] += 1
        return Inert(f"{module}.{name}")

    def get_extension(self, code: int) -> None:
        self.names[f"copyreg extension {code}"] += 1
        self.append(Inert())

    def persistent_load(self, _pid: Any) -> Any:
        return Inert()

    def load_build(self) -> None:
        _MACHINE.load_build(self)
        made = self.stack[-1]
        if isinstance(made, Inert) and made.name == WRAPPER and isinstance(made.state, dict):
            self._step_over(made.state)

    def _step_over(self, array: dict[str, Any]) -> None:
        """Step over the bytes of an array; one of objects is a pickle of its own, which is followed."""
        kind = array["dtype"].given[0]
        if kind in {"O", "O8", "|O"}:
            self._merge(follow(self.file))
            return
        if array.get("numpy_array_alignment_bytes") is not None:
            self.file.skip(int.from_bytes(self.file.read(1), "little"))
        found = ITEM.fullmatch(kind)
        if found is None:
            raise UnreadError(f"it holds an array of an unknown kind, {kind[:20]!r}")
        width = int(found[2] or 1) * (4 if found[1] == "U" else 1)
        self.file.skip(prod(array["shape"]) * width)

    def _merge(self, other: "_Follower") -> None:
        self.names += other.names
        self.opcodes += other.opcodes
        self.steps += other.steps

    def step(self, key: int) -> None:
        """Follow one opcode; raises UnreadError for one that does not exist, or too many."""
        self.steps += 1
        if self.steps > MOST_OPCODES:
            raise UnreadError(f"it has more than {MOST_OPCODES} opcodes")
        if key not in self.dispatch:
            raise UnreadError(f"byte {key} is no opcode")
        if (name := NAMES[key]) in TELLING:
            self.opcodes[name] += 1
        self.dispatch[key](self)


_Follower.dispatch[pickle.BUILD[0]] = _Follower.load_build


def follow(file: Counted) -> _Follower:
    """Follow one pickle to its STOP; raises UnreadError when there is none, or on the way to it."""
    follower = _Follower(file)
    unframer = _UNFRAMER(file.read, file.readline)
    follower._unframer = unframer  # noqa: SLF001 - as above
    follower.read, follower.readinto, follower.readline = unframer.read, unframer.readinto, unframer.readline
    follower.metastack, follower.stack, follower.proto = [], [], 0
    follower.append = follower.stack.append
    try:
        while key := follower.read(1):
            follower.step(key[0])
    except _STOP:
        return follower
    except UnreadError:
        raise
    except Exception as error:
        raise UnreadError(f"it is not followed to its end ({type(error).__name__})") from error
    raise UnreadError("it ends before its STOP")


def names_in(file: BinaryIO) -> tuple[Counter[str], Counter[str]]:
    """Return the names that the pickles of a file ask for, and its telling opcodes; raises UnreadError.

    One pickle may follow another; what follows the last and is none leaves the file unread.
    """
    counted, names, opcodes = Counted(file), Counter[str](), Counter[str]()
    while True:
        found = follow(counted)
        names += found.names
        opcodes += found.opcodes
        more = file.peek(1) if hasattr(file, "peek") else b""
        if not more:
            return names, opcodes
