"""Build the pack of a promotion: the same checkpoint and cosignatures give the same bytes."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby, islice
from typing import IO, Any, BinaryIO

from governance.exports import build as verifier
from governance.exports.documents import NoDocumentError, document
from governance.exports.pack import html, members, pdf
from governance.exports.pack.archive import MANIFEST, Writer
from governance.exports.pack.evidence import Evidence, LogHead, Opening, PlacedEvent, commitments
from governance.exports.pack.needed import needed_subjects
from governance.exports.pack.readme import readme
from governance.exports.pack.ready import Covered, Decided, Ready
from governance.exports.pack.record import record
from governance.rules.replay.citations import documents_cited
from governance.rules.replay.library import Library
from registry.canonical import canonical, parse
from registry.ledger import envelopes, rows, selection
from registry.ledger import note as notes
from registry.ledger.dsse import Envelope
from registry.ledger.keys import VerifierKey
from registry.ledger.proof import Proof
from registry.ledger.pruned import prune
from registry.ledger.tree import leaf_hash
from registry.models import Commitment, Environment, Model, Principal, Project

MEDIA_TYPE = "application/zip"
LARGEST_WHOLE = 20_000
FORGED = (LookupError, TypeError, ValueError, AttributeError)


def write_pack(found: Ready, file: BinaryIO) -> None:
    """Write the pack of what is ready; raises ArchiveTooLargeError, or BlobDamagedError and OSError of the store."""
    writer = Writer(file)
    for name, data in _members(found):
        writer.add(name, data)
    writer.add(MANIFEST, members.manifest(str(found.promotion.pk), writer.members))
    writer.close()


def packed(found: Ready) -> IO[bytes]:
    """Return the pack as a file that goes when it is closed; raises as ``write_pack`` does."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever is given it closes it
    try:
        write_pack(found, file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def file_name(found: Ready) -> str:
    """Return what the file is called: the promotion, and up to which entry it is complete."""
    return f"promotion-{found.promotion.pk}-{found.logs[-1].head.size}.zip"


@cache
def _verifier() -> bytes:
    return verifier.build().encode()


def _members(found: Ready) -> Iterator[tuple[str, bytes]]:
    """Yield the members in the order of their names."""
    entries = _Entries(found)
    evidence = _evidence(found)
    page = record(evidence)
    yield members.README, readme(evidence.promotion)
    yield from sorted(_attestations(found.decisions))
    yield from entries.documents()
    yield from ((members.key_name(one.fingerprint), f"{one}\n".encode()) for one in _keys(found))
    for covered in sorted(found.logs, key=lambda one: str(one.log.number)):
        yield from entries.of_log(covered)
    yield members.NAMES, canonical(dict(evidence.names))
    yield members.OPENINGS, _openings(evidence)
    yield members.VERIFIER, _verifier()
    yield from sorted(_receipts(found))
    yield members.HTML, html.render(page)
    yield members.PDF, pdf.render(page)


class _Entries:
    """The entries that are carried: all of a small log that speaks of one project alone, else those that are needed."""

    def __init__(self, found: Ready) -> None:
        total = sum(one.head.size for one in found.logs)
        others = Project.objects.exclude(pk=found.promotion.project_id).exists()
        whole = total <= LARGEST_WHOLE and not others
        self._found = found
        self._subjects = None if whole else needed_subjects(found.promotion, found.sized)

    def _of(self, covered: Covered) -> Iterator[tuple[int, bytes]]:
        log, size = covered.log, covered.head.size
        if self._subjects is not None:
            yield from ((one.seq, one.body) for one in selection.about(log, size, self._subjects))
            return
        for start in range(0, size, members.ENTRIES_EACH):
            yield from enumerate(rows.bodies(log, start, min(members.ENTRIES_EACH, size - start)), start)

    def of_log(self, covered: Covered) -> Iterator[tuple[str, bytes]]:
        """Yield a log's members."""
        number, places, carried = covered.log.number, list[int](), self._of(covered)
        yield f"logs/{number}/checkpoint", covered.note
        while some := list(islice(carried, members.ENTRIES_EACH)):
            places += [seq for seq, _ in some]
            yield members.entries_name(number, some[0][0]), members.write_entries(some)
        hashes = prune(rows.prover(covered.log, covered.head.size), places)
        if hashes:
            yield f"logs/{number}/pruned", members.write_hashes(hashes)

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Yield the documents that the entries cite, without those that were purged."""
        cited: set[str] = set()
        for covered in self._found.logs:
            for _, body in self._of(covered):
                cited |= set(_cited(body))
        for digest in sorted(cited):
            try:
                yield members.document_name(digest), canonical(document(digest))
            except NoDocumentError:
                continue  # a replay says whether that is in order


def _cited(body: bytes) -> list[str]:
    try:
        return list(documents_cited(parse(body)))
    except FORGED:
        return []  # the verification names the entry


def _evidence(found: Ready) -> Evidence:
    events = [
        PlacedEvent(log.number, one.seq, leaf_hash(one.body).hex(), parse(one.body)) for log, one in found.entries
    ]
    committed = {digest for one in events for digest in commitments(one.event)}
    opened = Commitment.objects.filter(pk__in=committed, erased_at__isnull=True)
    return Evidence(
        promotion=str(found.promotion.pk),
        logs=[LogHead(one.log.number, one.log.origin, one.head) for one in found.logs],
        events=events,
        document=Library(document).read,
        openings={one.pk: Opening(one.salt, one.text) for one in opened if one.holds()},
        names=_names(found, events),
    )


def _names(found: Ready, events: Sequence[PlacedEvent]) -> dict[str, str]:
    """Return what those are called whom the promotion's entries name."""
    asked = [one.event["data"] for one in events if one.event["kind"] == "promotion.requested"]
    people = {one.event["actor"]["principal"] for one in events}
    people |= {one[name] for one in asked for name in ("requester", "on_behalf_of") if one[name]}
    promotion = found.promotion
    named: list[tuple[Any, Any]] = [
        *Principal.objects.filter(pk__in=people).values_list("pk", "name"),
        *Model.objects.filter(pk=promotion.model_id).values_list("pk", "name"),
        *Environment.objects.filter(pk=promotion.environment_id).values_list("pk", "name"),
    ]
    return {str(key): name for key, name in named}


def _openings(evidence: Evidence) -> bytes:
    return canonical({key: {"salt": one.salt, "text": one.text} for key, one in evidence.openings.items()})


def _attestations(decisions: Sequence[Decided]) -> Iterator[tuple[str, bytes]]:
    for one in decisions:
        statements = groupby(one.signed, key=lambda signed: (signed.about, signed.payload))
        for number, ((about, payload), signed) in enumerate(statements):
            envelope = Envelope(payload, tuple((each.key.fingerprint, each.signature) for each in signed))
            yield members.attestation_name(one.log.number, one.entry.seq, number, about), envelope.encode()


def _keys(found: Ready) -> list[VerifierKey]:
    """Return the public keys of the checkpoints and the attestations, by fingerprint."""
    lines = {(one.name, one.key_id) for covered in found.logs for one in notes.parse(covered.note).signatures}
    signed = {one.key for decided in found.decisions for one in decided.signed}
    known = {one for one in envelopes.keys([one.log.origin for one in found.logs]) if (one.name, one.key_id) in lines}
    return sorted(known | signed, key=lambda one: one.fingerprint)


def _receipts(found: Ready) -> Iterator[tuple[str, bytes]]:
    covered = {one.log: one for one in found.logs}
    for one in found.decisions:
        path = rows.prover(one.log, covered[one.log].head.size).inclusion(one.entry.seq)
        proof = Proof(one.entry.seq, tuple(path), covered[one.log].note, extra=one.entry.body)
        yield members.receipt_name(one.log.number, one.entry.seq), proof.encode()
