"""Ask witnesses for their cosignatures of the newest checkpoint, each with a proof from what it cosigned last."""

import http.client
import ssl
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from registry.ledger import note as notes
from registry.ledger import rows
from registry.ledger.checkpoint import CheckpointFormatError, open_checkpoint
from registry.ledger.keys import VerifierKey
from registry.ledger.note import BadSignatureError, NoteFormatError, NotSignedError
from registry.ledger.policy import LogPolicy, Party
from registry.ledger.rows import Log
from registry.ledger.texts import TextFormError, from_decimal, to_base64

SECONDS = 10.0
MOST_BYTES = 64 << 10
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class WitnessError(OSError):
    """A witness that did not cosign: away, refusing, or answering something else."""

    code = "witness"


class WitnessAddressError(ValueError):
    """A witness's address that is not asked: plain HTTP to another machine, or no address."""

    code = "witness_address"


def check_address(url: str) -> SplitResult:
    """Return the parts of a witness's address: https, or http on this machine; raises WitnessAddressError."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or not (parts.scheme == "https" or plain) or parts.username or parts.query:
        raise WitnessAddressError(f"The witness address {url!r} is not https://host/… (or http on this machine).")
    return parts


def _post(url: str, body: bytes) -> tuple[int, bytes]:
    """Send one request, following nobody elsewhere; raises WitnessError."""
    parts = check_address(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", body)
        response = connection.getresponse()
        return response.status, response.read(MOST_BYTES)
    except (OSError, http.client.HTTPException, ssl.SSLError) as error:
        raise WitnessError(f"the witness at {parts.hostname} cannot be reached: {type(error).__name__}") from error
    finally:
        connection.close()


class Cosigning:
    """Follows the log by collecting the cosignatures of a policy's witnesses."""

    name = "witnesses"

    def __init__(self, policy: LogPolicy, verifiers: Sequence[VerifierKey]) -> None:
        """Ask those witnesses of the policy that have an address; raises WitnessAddressError."""
        self._witnesses = [party for party in policy.witnesses.values() if party.url]
        self._verifiers = tuple(verifiers)
        self._sizes: dict[VerifierKey, int] = {}
        for party in self._witnesses:
            check_address(party.url)

    def follow(self) -> None:
        """Collect what is missing for the newest checkpoint; raises WitnessError naming those that did not sign."""
        log = rows.last_log()
        stored = rows.last_checkpoint(log) if log else None
        if log is None or stored is None:
            return
        missing, problems = rows.missing_cosignatures(log, stored.head.size, self._names()), []
        for party in self._witnesses:
            if str(party.key) in missing:
                try:
                    self._ask(log, stored.head.size, stored.note.encode(), party)
                except WitnessError as error:
                    problems.append(str(error))
        if problems:
            raise WitnessError("; ".join(problems))

    def _names(self) -> list[str]:
        return [str(party.key) for party in self._witnesses]

    def _ask(self, log: Log, size: int, note: bytes, party: Party) -> None:
        old = self._sizes.get(party.key, 0)
        status, answer = self._submit(log, old, size, note, party)
        if status == HTTPStatus.CONFLICT:
            old = _stated_size(answer, party)
            if old > size:
                raise WitnessError(f"{party.key.name} cosigned size {old} before, and ours is {size}: an older copy?")
            status, answer = self._submit(log, old, size, note, party)
        if status != HTTPStatus.OK:
            said = answer.decode("utf-8", errors="replace").strip()[:200]
            raise WitnessError(f"{party.key.name} answered {status}: {said}")
        rows.add_cosignature(log, size, str(party.key), self._line(note, answer, party))
        self._sizes[party.key] = size

    def _submit(self, log: Log, old: int, size: int, note: bytes, party: Party) -> tuple[int, bytes]:
        proof = rows.prover(log, size).consistency(old) if 0 < old < size else []
        head = "".join(f"{line}\n" for line in (f"old {old}", *map(to_base64, proof), ""))
        return _post(party.url, head.encode() + note)

    def _line(self, note: bytes, answer: bytes, party: Party) -> str:
        """Return the one signature line that is the witness's; raises WitnessError unless it verifies."""
        try:
            signed = open_checkpoint(note + answer, self._verifiers, [party.key])
            lines = notes.parse(note + answer).signatures
        except (NoteFormatError, CheckpointFormatError, BadSignatureError, NotSignedError) as error:
            raise WitnessError(f"{party.key.name} answered something that is no cosignature: {error}") from error
        own = [one for one in lines if (one.name, one.key_id) == (party.key.name, party.key.key_id)]
        if party.key not in signed.cosigned or not own:
            raise WitnessError(f"{party.key.name} answered without a cosignature of its key.")
        return own[-1].line().removesuffix("\n")


def _stated_size(answer: bytes, party: Party) -> int:
    try:
        return from_decimal(answer.decode("ascii").removesuffix("\n"), "The size")
    except (TextFormError, UnicodeDecodeError) as error:
        raise WitnessError(f"{party.key.name} refused the old size without stating its own.") from error
