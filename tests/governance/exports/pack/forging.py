"""Make packs that are whole in themselves but lie: members are changed, and the zip and the manifest made again."""

import io
from collections.abc import Mapping
from pathlib import Path

from governance.exports.pack import members
from governance.exports.pack.archive import MANIFEST, Reader, Writer
from governance.exports.pack.examine import Examination
from registry.ledger.policy import NONE, LogPolicy, Party
from registry.ledger.verify.finding import Finding, code_of
from tests.governance.exports.pack.conftest import SIGNER

POLICY = LogPolicy((Party(SIGNER.key),), {}, {}, NONE)


def read_all(pack: Path) -> dict[str, bytes]:
    with pack.open("rb") as file:
        reader = Reader(file)
        return {name: reader.read(name) for name in reader.members}


def forge(held: Mapping[str, bytes], place: Path, changes: Mapping[str, bytes | None]) -> Path:
    """Write a pack with other members (None: without one), and a manifest that says so."""
    found = dict(held)
    promotion = members.read_json(found.pop(MANIFEST), MANIFEST)["promotion"]
    found |= {name: data for name, data in changes.items() if data is not None}
    with place.open("wb") as file:
        writer = Writer(file)
        for name in sorted(name for name in found if changes.get(name, b"") is not None):
            writer.add(name, found[name])
        writer.add(MANIFEST, members.manifest(promotion, writer.members))
        writer.close()
    return place


def examine(pack: Path | bytes) -> list[Finding]:
    """Return what is wrong with a pack, as the verifier tells it."""
    try:
        found = Examination(Reader(io.BytesIO(pack if isinstance(pack, bytes) else pack.read_bytes())), POLICY)
        found.run()
    except (ValueError, LookupError) as error:
        return [Finding(code_of(error), str(error))]
    return found.findings


def says(findings: list[Finding], name: str) -> bool:
    """Say whether a finding names the member."""
    return any(name in (one.file or "") or name in one.message for one in findings)
