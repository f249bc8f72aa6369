"""Examine a published record: checkpoints, files, trees, how its logs follow one another, and what they say."""

from collections.abc import Iterator
from pathlib import Path

from governance.exports.offline.continuing import after_the_end, replayed_sizes
from governance.exports.offline.export import Export
from governance.exports.offline.judging import Events, Judging
from governance.exports.offline.opening import OpenLog, check_layout, open_logs
from governance.exports.offline.outcome import Outcome
from governance.exports.offline.trust import open_older
from registry.ledger.policy import LogPolicy
from registry.ledger.verify.extends import verify_extends
from registry.ledger.verify.finding import Finding, code_of
from registry.ledger.verify.rebuild import Bundle, Rebuilding


class OtherLogError(ValueError):
    """A checkpoint is of a log that is not the one it is compared with."""

    code = "other_log"


def examine(export: Export, policy: LogPolicy, *, full: bool, since: list[Path] | None = None) -> Outcome:
    """Return what was found out about a record; ``full`` judges again what its entries say, from the documents."""
    outcome = Outcome()
    logs = open_logs(export, policy, outcome)
    for log in logs:
        check_layout(log, outcome)
    sizes = replayed_sizes(logs, outcome)
    if full:
        judging = Judging(export, logs)
        judged = judging.findings(_events(judging, logs, sizes, outcome))
        outcome.failures += judged
        outcome.facts["purged evidence"] = judging.purged()
    else:
        for log in logs:
            for _ in _bundles(log, outcome):
                pass
    for file in since or []:
        _extends(file, logs, policy, outcome)
    outcome.facts["entries"] = sum(log.head.size for log in logs)
    outcome.facts["verified"] = "trees, and every verdict recomputed" if full else "trees; without --full no verdicts"
    return outcome


def _bundles(log: OpenLog, outcome: Outcome) -> Iterator[Bundle]:
    """Rebuild a log; what is wrong with its tree is in the outcome when it has been read to its end."""
    rebuilding = Rebuilding(log.store, log.head, log.number)
    for bundle in rebuilding.bundles():
        outcome.failures += after_the_end(log, bundle)
        yield bundle
    outcome.failures += rebuilding.findings


def _events(judging: Judging, logs: list[OpenLog], sizes: list[int], outcome: Outcome) -> Events:
    for log, size in zip(logs, sizes, strict=True):
        for bundle in _bundles(log, outcome):
            yield from judging.entries(log, bundle, size)


def _extends(file: Path, logs: list[OpenLog], policy: LogPolicy, outcome: Outcome) -> None:
    """Compare a checkpoint that was kept with the log of its name."""
    try:
        older = open_older(file, policy)
        log = next((one for one in logs if one.origin == older.checkpoint.origin), None)
        if log is None:
            raise OtherLogError(f"{file} is of the log {older.checkpoint.origin}, which is not in this record.")
        verify_extends(older.head, log.head, log.store, log.head.size)
    except (ValueError, LookupError, OSError) as error:
        outcome.failures.append(Finding(code_of(error), str(error), file=str(file)))
    else:
        outcome.facts.setdefault("continues", []).append({"file": str(file), "size": older.head.size})
