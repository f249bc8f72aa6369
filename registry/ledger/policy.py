"""Trust policies (C2SP ``tlog-policy``): which logs are believed, which witnesses are known, and how many must agree.

Names are octets and are compared as such; a file is read strictly, and what is not understood refuses it.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from registry.ledger.checkpoint import SignedCheckpoint, check_kind, open_checkpoint
from registry.ledger.keys import KeyFormatError, SignatureKind, VerifierKey

MOST_BYTES = 1_000_000
NONE = b"none"
FORBIDDEN = re.compile(rb"[^\x09\x0a\x20-\x7e\x80-\xff]")
DECIMAL = re.compile(rb"[1-9][0-9]{0,8}")
WHITESPACE = re.compile(rb"[ \t]+")
MEMBERS_AT = 3


class PolicyFormatError(ValueError):
    """The file is not a trust policy; the message names the line."""

    code = "log_policy_malformed"


class QuorumError(ValueError):
    """Too few of the policy's witnesses cosigned the checkpoint."""

    code = "log_policy_quorum"


@dataclass(frozen=True, slots=True)
class Party:
    """A log or a witness: its key, and where it is reached (empty when the policy does not say)."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Members by name, and how many of them must have witnessed."""

    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LogPolicy:
    """A parsed policy. Groups are in the order of the file, so that members come before their groups."""

    logs: tuple[Party, ...]
    witnesses: dict[bytes, Party]
    groups: dict[bytes, Group]
    quorum: bytes

    def satisfied_by(self, keys: Collection[VerifierKey]) -> bool:
        """Say whether verified cosignatures of these keys make the quorum."""
        if self.quorum == NONE:
            return True
        agreed = {name for name, witness in self.witnesses.items() if witness.key in keys}
        for name, group in self.groups.items():
            if len(agreed.intersection(group.members)) >= group.threshold:
                agreed.add(name)
        return self.quorum in agreed

    def open(self, data: bytes) -> SignedCheckpoint:
        """Read a signed checkpoint that the policy accepts.

        Raises what ``open_checkpoint`` raises, and QuorumError when too few witnesses cosigned.
        """
        witnesses = [witness.key for witness in self.witnesses.values()]
        signed = open_checkpoint(data, [log.key for log in self.logs], witnesses)
        if not self.satisfied_by(signed.cosigned):
            names = (
                ", ".join(sorted(_shown(name) for name in self._present(signed.cosigned))) or "none of its witnesses"
            )
            raise QuorumError(f"The policy's quorum is {_shown(self.quorum)}; cosigned have {names}.")
        return signed

    def _present(self, keys: Collection[VerifierKey]) -> Iterable[bytes]:
        return (name for name, witness in self.witnesses.items() if witness.key in keys)


def _shown(name: bytes) -> str:
    return name.decode("utf-8", errors="backslashreplace")


@dataclass(slots=True)
class _Reading:
    """What has been read of a policy file so far."""

    logs: list[Party] = field(default_factory=list)
    witnesses: dict[bytes, Party] = field(default_factory=dict)
    groups: dict[bytes, Group] = field(default_factory=dict)
    taken: set[bytes] = field(default_factory=set)
    quorum: bytes | None = None

    def line(self, words: list[bytes]) -> None:
        """Read one line; nothing to do when it is empty or a comment."""
        if not words or words[0].startswith(b"#"):
            return
        forms: dict[bytes, Callable[[list[bytes]], None]] = {
            b"log": self.log,
            b"witness": self.witness,
            b"group": self.group,
            b"quorum": self.quorum_of,
        }
        if words[0] not in forms:
            raise PolicyFormatError(f"{_shown(words[0])} begins no line of a policy")
        forms[words[0]](words)

    def log(self, words: list[bytes]) -> None:
        """Read ``log <vkey> [<url>]``."""
        _count(words, 2, 3, "log <vkey> [<url>]")
        self.logs.append(self._party(words[1:], SignatureKind.NOTE, self.logs))

    def witness(self, words: list[bytes]) -> None:
        """Read ``witness <name> <vkey> [<url>]``."""
        _count(words, 3, 4, "witness <name> <vkey> [<url>]")
        self._new(words[1])
        self.witnesses[words[1]] = self._party(words[2:], SignatureKind.COSIGNATURE, self.witnesses.values())

    def group(self, words: list[bytes]) -> None:
        """Read ``group <name> all|any|<k> <name>...``."""
        _count(words, 4, None, "group <name> all|any|<k> <name>...")
        name, rule, members = words[1], words[2], words[MEMBERS_AT:]
        self._new(name)
        for member in members:
            self._defined(member)
            if member in self.taken:
                raise PolicyFormatError(f"{_shown(member)} is a member of a group already")
            self.taken.add(member)
        self.groups[name] = Group(_threshold(rule, len(members)), tuple(members))

    def quorum_of(self, words: list[bytes]) -> None:
        """Read ``quorum <name>``."""
        _count(words, 2, 2, "quorum <name>")
        if self.quorum is not None:
            raise PolicyFormatError("the quorum is defined a second time")
        if words[1] != NONE:
            self._defined(words[1])
        self.quorum = words[1]

    def _new(self, name: bytes) -> None:
        if name == NONE:
            raise PolicyFormatError("the name none is predefined")
        if name in self.witnesses or name in self.groups:
            raise PolicyFormatError(f"the name {_shown(name)} is defined already")

    def _defined(self, name: bytes) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise PolicyFormatError(f"the name {_shown(name)} is not defined on a line before")

    @staticmethod
    def _party(words: list[bytes], kind: SignatureKind, others: Iterable[Party]) -> Party:
        try:
            key = VerifierKey.parse(words[0].decode())
            check_kind(key, kind, "log" if kind == SignatureKind.NOTE else "witness")
        except UnicodeDecodeError as error:
            raise PolicyFormatError("the verifier key is not UTF-8") from error
        except KeyFormatError as error:
            raise PolicyFormatError(str(error).removesuffix(".")) from error
        if any(other.key.public == key.public for other in others):
            raise PolicyFormatError(f"the public key of {key.name} is listed already")
        return Party(key, _shown(words[1]) if len(words) > 1 else "")


def _count(words: list[bytes], least: int, most: int | None, form: str) -> None:
    if len(words) < least or (most is not None and len(words) > most):
        raise PolicyFormatError(f"{len(words)} words do not make a line of the form {form}")


def _threshold(rule: bytes, members: int) -> int:
    if rule in {b"any", b"all"}:
        return 1 if rule == b"any" else members
    if not DECIMAL.fullmatch(rule) or int(rule) > members:
        raise PolicyFormatError(f"the threshold {_shown(rule)} is not any, all or a number of 1 to {members}")
    return int(rule)


def parse_policy(data: bytes) -> LogPolicy:
    """Read a policy file. Raises PolicyFormatError with the number of the line and what is wrong there."""
    if len(data) > MOST_BYTES:
        raise PolicyFormatError(f"The policy has {len(data)} bytes; {MOST_BYTES} are the most that are read.")
    if data and not data.endswith(b"\n"):
        raise PolicyFormatError("The policy's last line does not end in a newline: it may be cut short.")
    if found := FORBIDDEN.search(data):
        line = data.count(b"\n", 0, found.start()) + 1
        raise PolicyFormatError(f"Line {line} of the policy holds the forbidden octet 0x{found[0].hex()}.")
    reading = _Reading()
    for number, text in enumerate(data.split(b"\n")[:-1], start=1):
        try:
            reading.line([word for word in WHITESPACE.split(text) if word])
        except PolicyFormatError as error:
            raise PolicyFormatError(f"Line {number} of the policy: {error}.") from error
    if reading.quorum is None:
        raise PolicyFormatError("The policy defines no quorum; write «quorum none» to ask for no witness.")
    return LogPolicy(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum)
