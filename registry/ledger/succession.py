"""How a log begins, ends and is followed: its name, its keys over time, freezing it, and a new one in its place."""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.db import transaction

from registry.ledger import keyring, rows
from registry.ledger.append import append
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer, VerifierKey
from registry.models.principal import Actor


class SuccessionError(ValueError):
    """What was asked for does not fit the log as it is."""

    code = "log_succession"


def default_origin(public_url: str) -> str:
    """Return a name for a new log: the host that people know, and something that no other log is called."""
    return f"{urlsplit(public_url).hostname}/{secrets.token_hex(4)}"


def _present() -> rows.Log:
    log = rows.last_log()
    if log is None:
        raise SuccessionError("There is no log yet: the sequencer begins it with its first step.")
    return log


@transaction.atomic
def freeze(*, reason: str, actor: Actor) -> rows.Log:
    """Append the last entry of the present log; the sequencer signs a final checkpoint over it, and no more."""
    log = _present()
    append("log.frozen", actor=actor, subject=log.subject, data={"reason": reason})
    return log


@transaction.atomic
def succeed(origin: str, last: Checkpoint | None, *, reason: str, actor: Actor) -> None:
    """Append the first entry of a new log, which cites the last known checkpoint of the present one.

    ``last`` is the newest checkpoint that anybody outside holds, when the database is older than that; None cites the
    database's own. Raises SuccessionError when the origin is used already or the checkpoint is of another log.
    """
    log = _present()
    if origin in {one.origin for one in rows.logs()}:
        raise SuccessionError(f"{origin} names a log of this database already; a successor has a name of its own.")
    kept = rows.last_checkpoint(log)
    last = last or (Checkpoint.parse(kept.text) if kept else None)
    if last is None or last.origin != log.origin:
        raise SuccessionError(f"The checkpoint to succeed is of {last.origin if last else 'no log'}, not {log.origin}.")
    data = {
        "predecessor": log.origin,
        "size": last.head.size,
        "root": last.head.root.hex(),
        "held": kept.head.size if kept else 0,
        "reason": reason,
    }
    append("log.started", actor=actor, subject=f"log:{origin}", data=data)


@transaction.atomic
def add_key(home: Path, *, actor: Actor) -> VerifierKey:
    """Make one more key for the log, which signs beside the others from the sequencer's next start on."""
    ring = keyring.load(home)
    signer = Ed25519Signer.generate(ring.origin)
    append("log.key_added", actor=actor, subject=f"log:{ring.origin}", data={"key": str(signer.key)})
    keyring.keep(home, (signer, *ring.signers))
    return signer.key


@transaction.atomic
def drop_key(home: Path, key_id: str, *, actor: Actor) -> VerifierKey:
    """Lay down a key by its id (8 hexadecimal digits). Raises SuccessionError for an unknown or the only one."""
    ring = keyring.load(home)
    dropped = [signer for signer in ring.signers if signer.key.key_id.hex() == key_id]
    kept = [signer for signer in ring.signers if signer not in dropped]
    if not dropped or not kept:
        known = ", ".join(signer.key.key_id.hex() for signer in ring.signers)
        raise SuccessionError(f"{key_id} is none of the keys ({known}), or the only one of them.")
    append("log.key_dropped", actor=actor, subject=f"log:{ring.origin}", data={"key": str(dropped[0].key)})
    keyring.keep(home, kept)
    return dropped[0].key


def replace_keys(home: Path, origin: str) -> Keyring:
    """Put the first key of a new log in the place of the old log's keys, which are kept beside it."""
    old = keyring.place(home)
    old.rename(old.with_name(f"key-of-{keyring.load(home).verifiers[0].key_id.hex()}"))
    return keyring.create(home, origin)
