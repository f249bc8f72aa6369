"""The keys of a project's pseudonyms and sealed values: a file of mode 0600 or the environment, never the database.

A line is a number and a key in hexadecimal. The key with the highest number makes what is new; the older ones open what
they sealed. A key that was shredded leaves its number behind, so that no other key is taken for it.
"""

import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from privacy.scan.keyed import ProjectKey

ENVIRONMENT = "PROBITY_PRIVACY_KEYS"
FOLDER = "keys"
PRIVATE_MODE = 0o600
KEY_BYTES = 32
SHREDDED = "shredded"


class PrivacyKeyMissingError(RuntimeError):
    """The key that is needed is not kept, or was shredded."""

    code = "privacy_key_missing"


class PrivacyKeyExposedError(RuntimeError):
    """Others than the owner can read the file of the keys."""

    code = "privacy_key_exposed"


class PrivacyKeyFormatError(RuntimeError):
    """The text of the keys is not what it should be."""

    code = "privacy_key_format"


class PrivacyKeyFixedError(RuntimeError):
    """The keys come from the environment: there they are added and taken away."""

    code = "privacy_key_fixed"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of one project by their number, None for one that was shredded."""

    keys: Mapping[int, ProjectKey | None]

    @property
    def current(self) -> ProjectKey:
        """The key for what is new; raises PrivacyKeyMissingError when the last one was shredded and none made since."""
        if not self.keys:
            raise PrivacyKeyMissingError("The project has no key.")
        return self.key(max(self.keys))

    def key(self, number: int) -> ProjectKey:
        """Return a key by its number; raises PrivacyKeyMissingError for one that is not kept any more."""
        found = self.keys.get(number)
        if found is None:
            why = "was shredded: what it sealed cannot be opened again" if number in self.keys else "is not kept here"
            raise PrivacyKeyMissingError(f"Key {number} of the project {why}.")
        return found


def place(home: Path, project: UUID) -> Path:
    """Return the file of a project's keys."""
    return home / FOLDER / f"privacy-{project}"


def load(home: Path, project: UUID) -> Keyring:
    """Return the keys of a project: those of the environment, else those of its file, none where there is none.

    Raises PrivacyKeyFormatError or PrivacyKeyExposedError.
    """
    given = _environment()
    if given is not None:
        return given.get(project, Keyring({}))
    file = place(home, project)
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return Keyring({})
    if mode & ~PRIVATE_MODE:
        raise PrivacyKeyExposedError(f"The keys {file} have mode {mode:04o}; others can read them: chmod 600 {file}")
    return _parsed(text.splitlines(), str(file))


def rotate(home: Path, project: UUID) -> ProjectKey:
    """Make a new key: tokens from now on join with no earlier ones, which the older keys still open."""
    with _changing(home, project) as (kept, write):
        made = _fresh(max(kept.keys, default=0) + 1)
        write({**kept.keys, made.number: made})
    return made


def shred(home: Path, project: UUID, number: int) -> ProjectKey:
    """Take a key away for good and return it, for its fingerprint; copies of the file elsewhere are not reached."""
    with _changing(home, project) as (kept, write):
        gone = kept.key(number)
        write({**kept.keys, number: None})
    return gone


def _fresh(number: int) -> ProjectKey:
    return ProjectKey(number, secrets.token_bytes(KEY_BYTES))


def _environment() -> Mapping[UUID, Keyring] | None:
    """Return the keys by project in the environment: "PROJECT NUMBER KEY" separated by commas or lines."""
    text = os.environ.get(ENVIRONMENT, "").strip()
    if not text:
        return None
    lines: dict[UUID, list[str]] = {}
    for line in text.replace(",", "\n").splitlines():
        project, _, rest = line.strip().partition(" ")
        try:
            lines.setdefault(UUID(project), []).append(rest)
        except ValueError:
            raise PrivacyKeyFormatError(f"{ENVIRONMENT}: an entry begins with the id of a project.") from None
    return {project: _parsed(found, ENVIRONMENT) for project, found in lines.items()}


def _parsed(lines: list[str], where: str) -> Keyring:
    keys: dict[int, ProjectKey | None] = {}
    for index, line in enumerate(lines, 1):
        try:
            number, secret = line.split()
            if int(number) in keys:
                raise PrivacyKeyFormatError(f"{where}: key {int(number)} is there more than once.")
            keys[int(number)] = None if secret == SHREDDED else ProjectKey(int(number), bytes.fromhex(secret))
        except ValueError:
            raise PrivacyKeyFormatError(f"{where}: entry {index} is no number and key in hexadecimal.") from None
    return Keyring(keys)


@contextmanager
def _changing(home: Path, project: UUID) -> Iterator[tuple[Keyring, "_Writer"]]:
    """Give the keys that are kept and what writes others in their place, whole; of two who come at once, one waits."""
    if _environment() is not None:
        raise PrivacyKeyFixedError(f"The keys of this installation are in {ENVIRONMENT}: change them there.")
    file = place(home, project)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.with_name(f".{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield load(home, project), _Writer(file)


@dataclass(frozen=True, slots=True)
class _Writer:
    file: Path

    def __call__(self, keys: Mapping[int, ProjectKey | None]) -> None:
        handle, temporary = tempfile.mkstemp(prefix=".privacy-", dir=self.file.parent)
        try:
            with os.fdopen(handle, "w") as writing:
                for number, key in sorted(keys.items()):
                    writing.write(f"{number} {key.secret.hex() if key else SHREDDED}\n")
                writing.flush()
                os.fsync(writing.fileno())
            Path(temporary).replace(self.file)
            folder = os.open(self.file.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        finally:
            Path(temporary).unlink(missing_ok=True)
