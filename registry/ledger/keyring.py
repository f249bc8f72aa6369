"""The log's private keys: a file of mode 0600 or the environment, opened by the sequencer and by nobody else."""

import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.ledger.keys import Ed25519Signer, KeyFormatError, VerifierKey

ENVIRONMENT = "PROBITY_LEDGER_KEY"
FILE = Path("ledger") / "key"
PRIVATE_MODE = 0o600


class KeyMissingError(LookupError):
    """No key is kept where it was looked for."""

    code = "ledger_key_missing"


class KeyExposedError(PermissionError):
    """Others than the owner can read the file of the key."""

    code = "ledger_key_exposed"


class KeyThereError(FileExistsError):
    """A key is there already: making another in its place would lose it."""

    code = "ledger_key_exists"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one log, all of them in its origin's name: each signs, so that an old one can be laid down later."""

    signers: tuple[Ed25519Signer, ...]

    def __post_init__(self) -> None:
        """Refuse an empty ring, and keys of more than one name."""
        names = sorted({signer.key.name for signer in self.signers})
        if len(names) != 1:
            raise KeyFormatError(f"A ring holds the keys of one log; this one names {', '.join(names) or 'none'}.")

    @property
    def origin(self) -> str:
        """The log that they sign for."""
        return self.signers[0].key.name

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """The public halves: what an auditor is given."""
        return tuple(signer.key for signer in self.signers)


def place(home: Path) -> Path:
    """Return where an installation keeps its keys."""
    return home / FILE


def load(home: Path) -> Keyring:
    """Return the keys of the environment, else of the file; raises KeyMissingError, KeyExposedError, KeyFormatError."""
    if text := os.environ.get(ENVIRONMENT, "").strip():
        return _parse(text)
    return _parse(_read(place(home), f"No ledger key in {ENVIRONMENT}: make one with `manage.py ledger_key new`."))


def load_one(file: Path) -> Ed25519Signer:
    """Return the one key of a file; raises as ``load`` does."""
    return _parse(_read(file, "Make a key first.")).signers[0]


def keep_one(file: Path, signer: Ed25519Signer) -> None:
    """Put a key into a new file of mode 0600; raises KeyThereError."""
    try:
        _write(file, (signer,), replace=False)
    except FileExistsError:
        raise KeyThereError(f"There is a key in {file}; it is not replaced.") from None


def _read(file: Path, hint: str) -> str:
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        raise KeyMissingError(f"No key in {file}. {hint}") from None
    if mode & ~PRIVATE_MODE:
        raise KeyExposedError(f"The key {file} has mode {mode:04o}; others can read it: chmod 600 {file}")
    return text


def _parse(text: str) -> Keyring:
    return Keyring(tuple(Ed25519Signer.parse(line.strip()) for line in text.splitlines() if line.strip()))


def create(home: Path, origin: str) -> Keyring:
    """Make the first key of a log; raises KeyThereError rather than replacing one, KeyFormatError for a bad name."""
    signer = Ed25519Signer.generate(origin)
    keep_one(place(home), signer)
    return Keyring((signer,))


def keep(home: Path, signers: Sequence[Ed25519Signer]) -> Keyring:
    """Put these keys into the file, whole or not at all, instead of what it held."""
    ring = Keyring(tuple(signers))
    _write(place(home), ring.signers, replace=True)
    return ring


def _write(file: Path, signers: Sequence[Ed25519Signer], *, replace: bool) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".key-", dir=file.parent)
    try:
        with os.fdopen(handle, "w") as writing:
            writing.write("".join(f"{signer.encode()}\n" for signer in signers))
            writing.flush()
            os.fsync(writing.fileno())
        (os.replace if replace else os.link)(temporary, file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        Path(temporary).unlink(missing_ok=True)
