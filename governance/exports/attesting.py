"""Sign what the log's decisions come to, in the sequencer's process: it signs nothing that it did not derive itself."""

from governance.exports.attest import DECIDED, statements
from governance.exports.documents import document
from governance.rules.replay.library import Library
from registry.canonical import parse
from registry.ledger import envelopes, rows
from registry.ledger.envelopes import Placed
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Signer
from registry.ledger.rows import Log

BATCH = 200
NOT_DERIVED = (LookupError, TypeError, ValueError)


class NotAttestedError(OSError):
    """Decisions of which no statement can be made now: a document that they cite is missing or another one."""

    code = "not_attested"


class Attesting:
    """Follows the sequencer: signs statements about every decision that has its place in the present log."""

    name = "attestations"

    def __init__(self, ring: Keyring) -> None:
        """Sign with each of the log's keys, so that an old one can be laid down later."""
        self._signers, self._origin = ring.signers, ring.origin
        self._done = [0] * len(ring.signers)

    def follow(self) -> None:
        """Sign what is not signed yet; raises NotAttestedError, after all others, for what cannot be."""
        log = rows.last_log()
        if log is None or log.origin != self._origin:
            return
        problems: list[str] = []
        for at, signer in enumerate(self._signers):
            self._done[at] = self._follow(log, signer, self._done[at], problems)
        if problems:
            raise NotAttestedError(f"{len(problems)} decisions are not attested, the first: {problems[0]}")

    def _follow(self, log: Log, signer: Signer, start: int, problems: list[str]) -> int:
        """Sign from a place of the log on, and return where to begin the next time."""
        bad: list[int] = []
        while found := envelopes.unsigned(log, DECIDED, signer.key, start=start, most=BATCH):
            for one in found:
                try:
                    self._sign(one, signer)
                except NOT_DERIVED as error:
                    problems.append(f"entry {one.seq}: {type(error).__name__}: {error}")
                    bad.append(one.seq)
            start = found[-1].seq + 1
        return bad[0] if bad else start

    def _sign(self, event: Placed, signer: Signer) -> None:
        made = statements(parse(event.body), self._origin, Library(document).read)
        envelopes.keep(event.number, [(one.about, one.payload) for one in made], signer)
