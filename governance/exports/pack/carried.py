"""What a pack carries: its members against its manifest, and the entries of each log against its signed checkpoint.

Nothing of a pack is believed but what follows from a checkpoint that a trusted key signed. Findings name the member.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from governance.exports.pack import members
from governance.exports.pack.archive import MANIFEST, Reader
from registry.ledger.checkpoint import SignedCheckpoint
from registry.ledger.policy import LogPolicy
from registry.ledger.pruned import rebuild
from registry.ledger.tree import leaf_hash
from registry.ledger.verify.finding import Finding, code_of

ANOTHER = "pack_member_differs"


@dataclass(slots=True)
class CarriedLog:
    """A log as the pack carries it: its accepted checkpoint, and the texts of the entries that are here, by place."""

    number: int
    signed: SignedCheckpoint
    entries: dict[int, bytes] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether no entry is left out."""
        return len(self.entries) == self.signed.head.size


class Carried:
    """The members of an archive; ``findings`` say what is wrong, ``left`` is what nothing has accounted for yet."""

    def __init__(self, reader: Reader, policy: LogPolicy) -> None:
        """Look at an archive, believing the keys of a policy."""
        self.reader, self.policy = reader, policy
        self.left = set(reader.members) - {MANIFEST}
        self.promotion = ""
        self.logs: list[CarriedLog] = []
        self.findings: list[Finding] = []

    def add(self, code: str, message: str, name: str | None = None) -> None:
        """Find something wrong with a member."""
        self.findings.append(Finding(code, message, file=name))

    def take(self, name: str) -> bytes:
        """Return a member that is accounted for by this; raises ArchiveError when it is missing."""
        self.left.discard(name)
        return self.reader.read(name)

    def names(self, pattern: Any) -> Iterator[tuple[str, Any]]:
        """Yield the names of a form that nothing has accounted for yet, each with its match."""
        for name in sorted(self.left):
            if match := pattern.fullmatch(name):
                yield name, match

    def document(self, digest: str) -> Any:
        """Return the document under a digest; raises LookupError, or PackFormError for what is not canonical."""
        name = members.document_name(digest)
        if name not in self.reader.members:
            raise LookupError(f"{name} is not in the pack")
        return members.read_json(self.reader.read(name), name)

    def check_manifest(self) -> None:
        """Compare each member with the manifest, and that with what it would be. Raises PackFormError, ArchiveError."""
        data = self.reader.read(MANIFEST)
        found = members.read_json(data, MANIFEST)
        listed = found.get("members") if isinstance(found, dict) else None
        if not isinstance(listed, list) or not isinstance(found.get("promotion"), str):
            raise members.PackFormError(f"{MANIFEST} does not say what the pack holds.")
        self.promotion = found["promotion"]
        told = {str(one.get("name")): one for one in listed if isinstance(one, dict)}
        for name, member in self.reader.members.items():
            wanted = {"name": name, "size": member.size, "sha256": member.sha256}
            if name != MANIFEST and told.get(name) != wanted:
                message = f"The member {name} is not what {MANIFEST} says of it: one of the two was changed."
                self.add(ANOTHER, message, name)
        for name in sorted(told.keys() - self.reader.members.keys()):
            self.add("pack_member_missing", f"The member {name}, which {MANIFEST} lists, is missing.", name)
        if not self.findings and data != members.manifest(self.promotion, self.reader.members.values()):
            self.add(ANOTHER, f"{MANIFEST} is not what the members give.", MANIFEST)

    def check_logs(self) -> None:
        """Open the checkpoint of each log, and rebuild its root from the entries and hashes that are here."""
        found: dict[int, list[str]] = {}
        for name, match in self.names(members.LOG):
            found.setdefault(int(match[1]), []).append(name)
        if sorted(found) != list(range(1, len(found) + 1)) or not found:
            self.add("pack_log_missing", f"The pack has the logs {sorted(found)}; they count from 1.", "logs/1")
            return
        for number in sorted(found):
            self._check_log(number, sorted(found[number]))

    def _check_log(self, number: int, names: list[str]) -> None:
        name = f"logs/{number}/checkpoint"
        try:
            log = CarriedLog(number, self.policy.open(self.take(name)))
            for name in names:
                if "/entries-" in name:
                    self._read_entries(log, name)
            name = f"logs/{number}/pruned"
            pruned = members.read_hashes(self.take(name), name) if name in names else []
            leaves = {seq: leaf_hash(text) for seq, text in log.entries.items()}
            root = rebuild(log.signed.head.size, leaves, pruned)
        except (ValueError, LookupError) as error:
            self.findings.append(Finding(code_of(error), str(error), number, file=name))
            return
        if root != log.signed.head.root:
            message = f"The entries and hashes of log {number} do not give the root that its checkpoint states."
            self.add("root", message, f"logs/{number}")
        self.logs.append(log)

    def _read_entries(self, log: CarriedLog, name: str) -> None:
        entries = dict(members.read_entries(self.take(name), name))
        if min(entries) <= max(log.entries, default=-1) or name != members.entries_name(log.number, min(entries)):
            raise members.PackFormError(f"{name} does not begin with the entry that it is named by, or repeats one.")
        log.entries |= entries
