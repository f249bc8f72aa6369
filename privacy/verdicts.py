"""Use cases: confirm or raise the verdict on a column; one person asks that it be lowered, another grants it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from privacy import verdict_rules as rules
from privacy.models import ColumnVerdict, DatasetScan, VerdictAction
from privacy.scan.columns import CLEAN
from privacy.scan.entities import ENTITIES
from registry.artifacts import read_document
from registry.ledger.append import append, moment
from registry.models import Actor, Commitment, DatasetVersion, PrincipalKind, Role

REVIEWERS = frozenset({Role.VALIDATOR, Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER})
ASKERS = REVIEWERS | {Role.REQUESTER, Role.ENGINEER}
GRANTERS = frozenset({Role.COMPLIANCE_OFFICER, Role.RISK_OFFICER})
SHORTEST_REASON = 10
LONGEST_DAYS = 90
_BY_A_PERSON = frozenset({"session", "token"})


class VerdictRefusedError(ValueError):
    """A word on a column that cannot be given as it is; ``code`` says why."""

    def __init__(self, message: str, code: str = "verdict_refused") -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


class VerdictNotPermittedError(PermissionError):
    """This person may not give this word; ``code`` says why."""

    def __init__(self, message: str, code: str = "not_permitted") -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


def newest_scan(dataset_version: DatasetVersion) -> DatasetScan | None:
    """Return the newest scan of a version, by whichever engine."""
    return dataset_version.scans.select_related("report").order_by("-created_at").first()


def words_on(dataset_version: DatasetVersion) -> list[rules.Word]:
    """Return every word on the columns of a version, as the rules take them."""
    return [_word(row) for row in dataset_version.column_verdicts.order_by("created_at", "pk")]


def judged_report(scan: DatasetScan, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the report of a scan with the verdicts that count now; without words, the report itself."""
    report = read_document(scan.report_id)
    return rules.with_words(report, words_on(scan.dataset_version), now or timezone.now())


@transaction.atomic
def give_word(scan: DatasetScan, *, column: str, verdict: str, label: str, reason: str, actor: Actor) -> ColumnVerdict:
    """Confirm or raise the verdict on a column, at once. Without a label it stays the one there is.

    Raises VerdictNotPermittedError, and VerdictRefusedError for a verdict below the present one, an unknown column or
    entity, or a reason that is too short.
    """
    version = _locked(scan)
    _require(actor, version, REVIEWERS, "confirm or raise a verdict")
    present = _column(judged_report(scan), column)
    label = label or (present["label"] if verdict != CLEAN else "")
    _check_verdict(verdict, label)
    level = rules.LEVELS[verdict] - rules.LEVELS[present["verdict"]]
    if level < 0:
        raise VerdictRefusedError(
            f"The verdict on this column is {present['verdict']}; to lower it to {verdict} is a waiver, which another "
            "person grants."
        )
    same = level == 0 and label == present["label"]
    action = VerdictAction.CONFIRM if same else VerdictAction.RAISE
    row = _kept(scan, column, action, actor, reason, verdict=verdict, label=label)
    _append("column_verdict.given", row, actor, {"action": str(row.action), "label": label})
    return row


@transaction.atomic
def request_lowering(
    scan: DatasetScan, *, column: str, verdict: str, reason: str, ends_at: datetime, actor: Actor
) -> ColumnVerdict:
    """Ask that a verdict be lowered until an end, at most 90 days from now. It counts when a second person grants it.

    Raises VerdictNotPermittedError, VerdictRefusedError.
    """
    version = _locked(scan)
    _require(actor, version, ASKERS, "ask that a verdict be lowered")
    report = read_document(scan.report_id)
    found, present = _column(report, column), _column(judged_report(scan), column)
    if verdict not in rules.LEVELS or rules.LEVELS[verdict] >= rules.LEVELS[present["verdict"]]:
        raise VerdictRefusedError(f"The verdict on this column is {present['verdict']}; {verdict} is not below it.")
    now = timezone.now()
    if not now < ends_at <= now + timedelta(days=LONGEST_DAYS):
        raise VerdictRefusedError(
            f"A lowering ends within {LONGEST_DAYS} days, in the future; {ends_at:%Y-%m-%d} is not.", "waiver_refused"
        )
    label = present["label"] if verdict != CLEAN else ""
    scope = {"verdict": verdict, "label": label, "entities": sorted(found["entities"]), "ends_at": ends_at}
    row = _kept(scan, column, VerdictAction.LOWER, actor, reason, **scope)
    _append("column_verdict.lowering_requested", row, actor, {"entities": row.entities, "ends_at": moment(ends_at)})
    return row


@transaction.atomic
def grant_lowering(word: ColumnVerdict, *, actor: Actor) -> ColumnVerdict:
    """Grant a lowering: an officer who neither asked for it nor registered the data.

    Raises VerdictNotPermittedError, VerdictRefusedError.
    """
    version = _locked(word.scan)
    row = ColumnVerdict.objects.select_for_update().select_related("scan").get(pk=word.pk)
    _require(actor, version, GRANTERS, "grant that a verdict is lowered")
    person = actor.principal
    if person.pk in {row.given_by.accountable().pk, version.registered_by.accountable().pk}:
        raise VerdictNotPermittedError(
            "A lowering is granted by another person than who asked for it or registered the data.", "own_request"
        )
    if row.action != VerdictAction.LOWER or row.granted_by_id is not None:
        raise VerdictRefusedError("There is nothing to grant: it is granted already, or does not lower.")
    if row.ends_at is None or row.ends_at <= timezone.now():
        raise VerdictRefusedError("The end that was asked for has passed; ask for another one.", "waiver_refused")
    row.granted_by, row.granted_at = person, timezone.now()
    row.full_clean()
    row.save()
    append(
        "column_verdict.lowering_granted",
        actor=actor,
        subject=f"dataset_version:{version.pk}",
        data={
            "word": str(row.pk),
            "dataset_digest": row.dataset_digest,
            "ends_at": moment(row.ends_at),
            "granted_at": moment(row.granted_at),
        },
    )
    return row


def _locked(scan: DatasetScan) -> DatasetVersion:
    """Lock the version, so that words on it come one after the other."""
    found = DatasetVersion.objects.select_for_update(of=("self",)).select_related("dataset__project", "registered_by")
    return found.get(pk=scan.dataset_version_id)


def _require(actor: Actor, version: DatasetVersion, allowed: frozenset[Any], what: str) -> None:
    if actor.auth not in _BY_A_PERSON or actor.principal.kind != PrincipalKind.PERSON:
        raise VerdictNotPermittedError(f"To {what} takes a signed-in person.", "not_a_person")
    actor.principal.keep_roles()
    if not actor.principal.roles(version.dataset.project) & {str(role) for role in allowed}:
        wanted = ", ".join(sorted(map(str, allowed)))
        raise VerdictNotPermittedError(f"To {what} takes one of the roles {wanted}.")


def _column(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = next((one for one in report["columns"] if one["name"] == name), None)
    if found is None:
        raise VerdictRefusedError("The report of the scan has no such column.", "column_unknown")
    return dict(found)


def _check_verdict(verdict: str, label: str) -> None:
    if verdict not in rules.LEVELS:
        raise VerdictRefusedError(f"A verdict is one of {', '.join(rules.LEVELS)}.")
    if (verdict == CLEAN) != (label == "") or (label and label not in ENTITIES):
        raise VerdictRefusedError(
            "A column that is not clean takes an entity the scanner knows; a clean one takes none."
        )


def _kept(
    scan: DatasetScan, column: str, action: VerdictAction, actor: Actor, reason: str, **said: Any
) -> ColumnVerdict:
    if len(reason.strip()) < SHORTEST_REASON:
        raise VerdictRefusedError(f"It needs a reason of at least {SHORTEST_REASON} characters.", "reason_missing")
    row = ColumnVerdict(
        dataset_version=scan.dataset_version,
        dataset_digest=scan.dataset_version.digest,
        scan=scan,
        column=column,
        action=action,
        given_by=actor.principal,
        reason=Commitment.of(reason.strip()),
        **said,
    )
    row.full_clean()
    row.save()
    return row


def _append(kind: str, row: ColumnVerdict, actor: Actor, more: Mapping[str, Any]) -> None:
    names = [one["name"] for one in read_document(row.scan.report_id)["columns"]]
    append(
        kind,
        actor=actor,
        subject=f"dataset_version:{row.dataset_version_id}",
        evidence=[row.scan.report_id],
        data={
            "word": str(row.pk),
            "dataset_digest": row.dataset_digest,
            "report": row.scan.report_id,
            "column": names.index(row.column),
            "verdict": row.verdict,
            "reason": row.reason_id,
            **more,
        },
    )


def _word(row: ColumnVerdict) -> rules.Word:
    return rules.Word(
        id=str(row.pk),
        dataset=row.dataset_digest,
        column=row.column,
        action=row.action,
        verdict=row.verdict,
        label=row.label,
        entities=frozenset(row.entities),
        since=row.granted_at if row.action == VerdictAction.LOWER else row.created_at,
        until=row.ends_at,
    )
