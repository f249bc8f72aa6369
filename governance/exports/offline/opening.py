"""Open the logs of a record: the checkpoint of each is what is believed of it, once the trust policy accepts it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance.exports.offline.export import Export
from governance.exports.offline.outcome import Outcome
from registry.ledger.checkpoint import SignedCheckpoint
from registry.ledger.policy import LogPolicy
from registry.ledger.tiles import CHECKPOINT, StoredTileMissingError
from registry.ledger.tree import TreeHead
from registry.ledger.verify.finding import Finding, code_of
from registry.ledger.verify.layout import Layout
from registry.ledger.verify.stored import StoredLog


@dataclass(frozen=True, slots=True)
class OpenLog:
    """A log by its number, with the checkpoint that was accepted, and where its entries begin in the record's count."""

    number: int
    store: StoredLog
    signed: SignedCheckpoint
    base: int

    @property
    def origin(self) -> str:
        """Its name."""
        return self.signed.checkpoint.origin

    @property
    def head(self) -> TreeHead:
        """The size and root that were signed."""
        return self.signed.head


def told(signed: SignedCheckpoint) -> dict[str, Any]:
    """Return what a checkpoint says and who signed it."""
    times = {key.name: datetime.fromtimestamp(at, UTC).isoformat() for key, at in signed.cosigned.items()}
    return {
        "origin": signed.checkpoint.origin,
        "size": signed.head.size,
        "root": signed.head.root.hex(),
        "signed_by": str(signed.log),
        "cosigned_by": times,
    }


def open_logs(export: Export, policy: LogPolicy, outcome: Outcome) -> list[OpenLog]:
    """Return the logs, up to the first whose checkpoint is not accepted; failures and remarks go to the outcome."""
    try:
        stores = export.logs()
    except (LookupError, OSError) as error:
        outcome.failures.append(Finding(code_of(error), str(error)))
        return []
    outcome.failures += export.foreign()
    logs: list[OpenLog] = []
    for number, store in stores:
        try:
            signed = policy.open(store.get(CHECKPOINT))
        except StoredTileMissingError as error:
            outcome.failures.append(Finding("tile_missing", str(error), number, file=CHECKPOINT))
            break
        except (ValueError, OSError) as error:
            outcome.failures.append(Finding(code_of(error), str(error), number, file=CHECKPOINT))
            break
        base = logs[-1].base + logs[-1].head.size if logs else 0
        logs.append(OpenLog(number, store, signed, base))
    outcome.facts["logs"] = [told(one.signed) for one in logs]
    return logs


def check_layout(log: OpenLog, outcome: Outcome) -> None:
    """Look at the files of a log."""
    layout = Layout(log.store, log.head.size, log.number)
    try:
        outcome.failures += layout.faults()
    except OSError as error:
        outcome.failures.append(Finding("unreadable", str(error), log.number))
    outcome.remarks += layout.remarks
