"""Examine a pack: documents, verdicts, reasons, receipts, attestations, the readable record, all against its logs."""

import hashlib
from collections.abc import Mapping
from typing import Any

from governance.exports.attest import DECIDED, Statement, statements
from governance.exports.pack import html, members
from governance.exports.pack.archive import Reader
from governance.exports.pack.carried import ANOTHER, Carried
from governance.exports.pack.evidence import Evidence, LogHead, Opening, PlacedEvent, commitments
from governance.exports.pack.readme import readme
from governance.exports.pack.record import record
from governance.rules.replay.citations import documents_cited
from governance.rules.replay.history import History
from governance.rules.replay.library import Library
from governance.rules.replay.replaying import FORGED, replay
from registry.ledger.dsse import Envelope
from registry.ledger.policy import LogPolicy
from registry.ledger.proof import Proof
from registry.ledger.tree import leaf_hash
from registry.ledger.verify.entries import Chains, Fault, read_document
from registry.ledger.verify.finding import Finding, code_of

UNCHECKED = frozenset({members.NAMES, members.PDF, members.VERIFIER})
Place = tuple[int, int]


class Examination(Carried):
    """One pack, examined step by step; ``findings`` say what is wrong with it."""

    def __init__(self, reader: Reader, policy: LogPolicy) -> None:
        """Examine the members of an archive, believing the keys of a policy."""
        super().__init__(reader, policy)
        self.events: dict[Place, dict[str, Any]] = {}
        self.history = History(Library(self.document))
        self._cited: dict[str, Place] = {}

    def run(self) -> None:
        """Examine everything; what cannot be gone on from ends it."""
        self.check_manifest()
        if not self.findings:
            self.check_logs()
        if self.findings:
            return
        self._check_documents()
        self._judge()
        self._scrub()
        for check in (self._check_promotion, self._check_receipts, self._check_attestations, self._check_keys):
            check()
        for name in sorted(self.left - UNCHECKED):
            self.add("pack_member_foreign", f"The member {name} is none that this pack has.", name)

    def _check_documents(self) -> None:
        """Parse the entries, and look at each document: of the digest that names it, and cited by an entry."""
        for log in self.logs:
            for seq, text in log.entries.items():
                found = read_document(seq, text)
                if isinstance(found, Fault):
                    self.findings.append(Finding(found.code, found.message, log.number, seq))
                    continue
                self.events[log.number, seq] = found
                self._cite(log.number, seq)
        for name, match in self.names(members.DOCUMENT):
            data = self.take(name)
            if hashlib.sha256(data).hexdigest() != match[1]:
                self.add(ANOTHER, f"{name} does not have the SHA-256 that names it.", name)
            elif match[1] not in self._cited:
                self.add("pack_member_foreign", f"No entry cites {name}.", name)

    def _cite(self, log: int, seq: int) -> None:
        try:
            for digest in documents_cited(self.events[log, seq]):
                self._cited.setdefault(str(digest), (log, seq))
        except FORGED:
            return  # the replay says what is wrong with the event

    def _scrub(self) -> None:
        """Miss documents that are cited, but that nothing is judged by; evidence may have been purged."""
        excused = (self.history.purged & self.history.evidence) | set(self.history.missing)
        for digest, (log, seq) in self._cited.items():
            name = members.document_name(digest)
            if digest not in excused and name not in self.reader.members:
                message = f"Entry {seq} cites {digest}, which is not in the pack."
                self.findings.append(Finding("document_missing", message, log, seq, name))

    def _judge(self) -> None:
        """Follow each subject, and judge everything again."""
        chains, places, faults = Chains(), list(self.events), list[Fault]()
        for number, (log, seq) in enumerate(places):
            leaf = leaf_hash(self.logs[log - 1].entries[seq])
            if unfollowed := chains.follow(number, self.events[log, seq], leaf):
                faults.append(unfollowed)
        faults += replay(enumerate(self.events.values()), self.document, self.history)
        for fault in sorted(faults, key=lambda one: one.number):
            log, seq = places[fault.number]
            message = fault.message.replace(f"entry {fault.number}", f"entry {seq}", 1)
            self.findings.append(Finding(fault.code, message, log, seq))

    # --- what is about the promotion ---

    def of_promotion(self) -> list[PlacedEvent]:
        """Return the entries about the promotion, in their order."""
        subject = f"promotion:{self.promotion}"
        return [
            PlacedEvent(log, seq, leaf_hash(self.logs[log - 1].entries[seq]).hex(), event)
            for (log, seq), event in self.events.items()
            if event.get("subject") == subject
        ]

    def _decisions(self) -> list[PlacedEvent]:
        return [one for one in self.of_promotion() if one.event.get("kind") == DECIDED]

    def _check_promotion(self) -> None:
        """Open the reasons, and make the readable record and the instructions again."""
        name = members.OPENINGS
        try:
            openings = self._openings()
            name = members.NAMES
            names = members.read_json(self.take(name), name)
            if not isinstance(names, dict) or not all(isinstance(one, str) for one in names.values()):
                raise members.PackFormError(f"{name} holds something else than names.")
            name = members.HTML
            heads = [LogHead(one.number, one.signed.checkpoint.origin, one.signed.head) for one in self.logs]
            read = self.history.library.read
            page = record(Evidence(self.promotion, heads, self.of_promotion(), read, openings, names))
            self._compare(name, html.render(page))
            name = members.README
            self._compare(name, readme(self.promotion))
        except (*FORGED, StopIteration, RuntimeError) as error:
            self.findings.append(Finding(getattr(error, "code", "pack_record"), f"{name}: {error}", file=name))

    def _compare(self, name: str, wanted: bytes) -> None:
        if self.take(name) != wanted:
            self.add(ANOTHER, f"{name} is not what the evidence gives.", name)

    def _openings(self) -> Mapping[str, Opening]:
        found = members.read_json(self.take(members.OPENINGS), members.OPENINGS)
        openings = {digest: Opening(str(one["salt"]), str(one["text"])) for digest, one in found.items()}
        committed = {digest for one in self.of_promotion() for digest in commitments(one.event)}
        for digest, opening in openings.items():
            if opening.digest() != digest or digest not in committed:
                message = f"What is given for the commitment {digest} does not open it, or no entry holds that."
                self.add("pack_opening", message, members.OPENINGS)
        return openings

    def _check_receipts(self) -> None:
        for one in self._decisions():
            name, log = members.receipt_name(one.log, one.seq), self.logs[one.log - 1]
            try:
                proof = Proof.parse(self.take(name))
                proof.verify(leaf_hash(log.entries[one.seq]), self.policy)
                same = (one.seq, log.entries[one.seq], self.reader.read(f"logs/{one.log}/checkpoint"))
                if (proof.index, proof.extra, proof.checkpoint) != same:
                    self.add(ANOTHER, f"{name} is of another entry or checkpoint than it is named by.", name)
            except (ValueError, LookupError) as error:
                self.findings.append(Finding(code_of(error), f"{name}: {error}", file=name))

    def _check_attestations(self) -> None:
        """Make every statement again; each is there, signed by a trusted key, and there is no other."""
        for one in self._decisions():
            origin = self.logs[one.log - 1].signed.checkpoint.origin
            try:
                made = statements(one.event, origin, self.history.library.read)
            except FORGED as error:
                name = members.attestation_name(one.log, one.seq, 0, "decision")
                self.add(code_of(error), f"{name} cannot be made again: {error}", name)
                continue
            for number, statement in enumerate(sorted(made, key=lambda each: (each.about, each.payload))):
                self._check_attestation(members.attestation_name(one.log, one.seq, number, statement.about), statement)

    def _check_attestation(self, name: str, statement: Statement) -> None:
        try:
            envelope = Envelope.parse(self.take(name))
            envelope.verify(one.key for one in self.policy.logs)
            if envelope.payload != statement.payload:
                self.add(ANOTHER, f"{name} states something else than the decision gives.", name)
        except (ValueError, LookupError) as error:
            self.add(code_of(error), f"{name}: {error}", name)

    def _check_keys(self) -> None:
        for name, match in self.names(members.KEY):
            if hashlib.sha256(self.take(name).removesuffix(b"\n")).hexdigest() != match[1]:
                self.add(ANOTHER, f"{name} holds another key than it is named by.", name)
