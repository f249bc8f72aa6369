"""``pack``: verify the evidence pack of one promotion, and tell what came after an older one."""

import re
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any, BinaryIO

from governance.exports.offline.command import Command
from governance.exports.offline.opening import told
from governance.exports.offline.outcome import UNPROVEN, Outcome
from governance.exports.pack import members
from governance.exports.pack.archive import Reader
from governance.exports.pack.carried import CarriedLog
from governance.exports.pack.examine import Examination
from registry.ledger.checkpoint import check_kind
from registry.ledger.keys import SignatureKind, VerifierKey
from registry.ledger.note import MOST_BYTES
from registry.ledger.policy import NONE, LogPolicy, Party, parse_policy
from registry.ledger.texts import from_decimal
from registry.ledger.tree import leaf_hashes, root_of
from registry.ledger.verify.finding import Finding
from registry.ledger.verify.stored import read_bounded

FINGERPRINT = re.compile(r"[0-9a-f]{64}")
UNPROVEN_BY_PACK = (
    "the names of persons and things (names.json): the log holds ids",
    "record.pdf, which is record.html for print, and the copy of this program in the pack",
    *UNPROVEN,
)
PARTLY = "that nothing was left out: of a log that is carried in part, the newest entries of a subject could be missing"


class UnknownKeyError(LookupError):
    """The pack has no key of a fingerprint that was given."""

    code = "key_unknown"


class OtherPackError(ValueError):
    """Two packs that are not of one promotion, or not of one log."""

    code = "other_log"


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="the pack, a zip file")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--policy", type=Path, metavar="FILE", help="a tlog-policy file: logs, witnesses, quorum")
    what = "a log's key: the SHA-256 of its text (64 hexadecimal digits), or the text, name+id+base64; may be repeated"
    group.add_argument("--key", action="append", metavar="FINGERPRINT|VKEY", help=what)
    parser.add_argument("--since", metavar="PACK|SIZE", help="tell what came after an older pack, or SIZE entries")


def _trusted(options: Namespace, reader: Reader) -> LogPolicy:
    """Return whom to believe; a fingerprint picks a key out of the pack, which cannot pick one for itself."""
    if options.policy:
        return parse_policy(read_bounded(options.policy, MOST_BYTES, str(options.policy)))
    keys = list(dict.fromkeys(_key(one, reader) for one in options.key))
    for key in keys:
        check_kind(key, SignatureKind.NOTE, "log")
    return LogPolicy(tuple(Party(key) for key in keys), {}, {}, NONE)


def _key(given: str, reader: Reader) -> VerifierKey:
    if not FINGERPRINT.fullmatch(given.lower()):
        return VerifierKey.parse(given)
    name = members.key_name(given.lower())
    if name not in reader.members:
        raise UnknownKeyError(f"No key of the fingerprint {given} is in the pack: is it another log's?")
    key = VerifierKey.parse(reader.read(name).decode("utf-8", errors="replace").removesuffix("\n"))
    if key.fingerprint != given.lower():
        raise UnknownKeyError(f"The key in {name} does not have that fingerprint: it was changed.")
    return key


def _examined(file: BinaryIO, options: Namespace) -> Examination:
    reader = Reader(file)
    examination = Examination(reader, _trusted(options, reader))
    examination.run()
    return examination


def _run(options: Namespace) -> Outcome:
    with options.file.open("rb") as file:
        found = _examined(file, options)
    outcome = Outcome(failures=found.findings, unproven=UNPROVEN_BY_PACK)
    outcome.facts |= {"promotion": found.promotion, "logs": [_log(one) for one in found.logs]}
    if any(not one.whole for one in found.logs):
        outcome.unproven = (PARTLY, *UNPROVEN_BY_PACK)
    if outcome.failures:
        return outcome
    outcome.facts["decisions"] = [
        {"entry": one.seq, "verdict": one.event["data"]["verdict"], "judged_at": one.event["data"]["judged_at"]}
        for one in found.of_promotion()
        if one.event["kind"] == "decision.recorded"
    ]
    outcome.facts["state"] = found.history.promotions[found.promotion].state
    if options.since:
        _tell_since(found, options, outcome)
    return outcome


def _log(log: CarriedLog) -> dict[str, Any]:
    return {**told(log.signed), "entries_here": len(log.entries), "complete": log.whole}


def _tell_since(found: Examination, options: Namespace, outcome: Outcome) -> None:
    """Say which entries came after an older pack, of which every entry must still be there, or after a size."""
    newest = found.logs[-1]
    if options.since.isdecimal():
        sizes = {newest.number: from_decimal(options.since, "The size after --since")}
    else:
        with Path(options.since).open("rb") as file:
            older = _examined(file, options)
        if older.findings:
            first = older.findings[0]
            raise OtherPackError(f"{options.since} is not valid itself: {first.message}")
        if older.promotion != found.promotion or len(older.logs) > len(found.logs):
            raise OtherPackError(f"{options.since} is of the promotion {older.promotion}, or of more logs than this.")
        for before, now in zip(older.logs, found.logs, strict=False):
            outcome.failures += _grown(before, now)
        sizes = {one.number: one.signed.head.size for one in older.logs}
    outcome.facts["since"] = [
        {"log": log, "entry": seq, "at": event["at"], "kind": event["kind"], "subject": event["subject"]}
        for (log, seq), event in found.events.items()
        if seq >= sizes.get(log, newest.signed.head.size if log < newest.number else 0)
    ]


def _grown(before: CarriedLog, now: CarriedLog) -> list[Finding]:
    """Say how a log does not continue what an older pack holds of it."""
    name, head = f"logs/{now.number}/checkpoint", before.signed.head
    if before.signed.checkpoint.origin != now.signed.checkpoint.origin:
        return [Finding("other_log", f"Log {now.number} has another name than in the older pack.", file=name)]
    if head.size > now.signed.head.size:
        message = f"Log {now.number} has shrunk from {head.size} entries: this is the older pack, or the log was cut."
        return [Finding("not_consistent", message, now.number, file=name)]
    narrower = before.whole and not now.whole  # the log has outgrown a whole copy: this one has what is needed
    for seq in sorted(before.entries.keys() & now.entries.keys() if narrower else before.entries):
        if now.entries.get(seq) != before.entries[seq]:
            message = f"Entry {seq} of log {now.number} is missing, or another one than in the older pack."
            return [Finding("not_consistent", message, now.number, seq)]
    if now.whole and root_of(leaf_hashes(now.entries[seq] for seq in range(head.size))) != head.root:
        message = f"The first {head.size} entries of log {now.number} do not give the root that was signed then."
        return [Finding("not_consistent", message, now.number, file=name)]
    return []


HELP = "verify the evidence pack of a promotion, and tell what came after an older one"
PACK = Command("pack", HELP, _arguments, _run)
