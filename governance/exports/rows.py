"""Compare rows with what the events said: forged or missing rows, documents of another digest, states that differ."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Model

from governance.exports.documents import DIGEST_FORM
from governance.models import Approval, Decision, Evaluation, Policy, PromotionRequest, Revocation, Waiver
from governance.rules.replay.history import History, RecordedVersion
from registry.canonical import CanonicalError, digest
from registry.ledger.append import moment
from registry.ledger.verify.entries import Fault
from registry.models import Deployment, ModelVersion, ReleaseManifest, RoleAssignment

SPOKEN_OF: Mapping[str, tuple[type[Model], str]] = {
    "policy": (Policy, "digest"),
    "promotion": (PromotionRequest, "pk"),
    "evaluation": (Evaluation, "digest"),
    "approval": (Approval, "pk"),
    "revocation": (Revocation, "approval_id"),
    "waiver": (Waiver, "pk"),
    "decision": (Decision, "digest"),
    "deployment": (Deployment, "pk"),
}


def row_faults(history: History) -> Iterator[Fault]:
    """Yield rows that no event speaks of or that are gone, and what in the others is not as the events said."""
    for kind, (rows, key) in SPOKEN_OF.items():
        yield from _unspoken(kind, rows, key, history)
    for model in (Evaluation, Decision, Policy):
        for row in model._default_manager.iterator():  # noqa: SLF001 - Django's documented name
            yield from _document_faults(row)
    for manifest in ReleaseManifest.objects.select_related("champion").iterator():
        yield from _manifest_faults(manifest)
    for version in ModelVersion.objects.prefetch_related("people"):
        yield from _version_faults(version, history)
    for promotion in PromotionRequest.objects.select_related("version").iterator():
        yield from _promotion_faults(promotion, history)
    for approval in Approval.objects.iterator():
        yield from _approval_faults(approval, history)
    for waiver in Waiver.objects.iterator():
        yield from _waiver_faults(waiver, history)
    for deployment in Deployment.objects.iterator():
        yield from _deployment_faults(deployment, history)
    yield from _role_faults(history)


def _differing(what: str, kept: Mapping[str, Any], told: Mapping[str, Any], code: str) -> Iterator[Fault]:
    for name, value in kept.items():
        if value != told[name]:
            yield Fault(0, code, f"{what} has another {name} in the database than the record says")


def _promotion_faults(promotion: PromotionRequest, history: History) -> Iterator[Fault]:
    asked = history.promotions.get(str(promotion.pk))
    if asked is None:
        return  # it is forged, which is said of it already
    if promotion.state != asked.state:
        yield Fault(0, "row_state", f"promotion {promotion.pk} is {promotion.state}, the record says {asked.state}")
    if (promotion.evaluation_digest or None) != asked.evaluation:
        yield Fault(0, "row_state", f"promotion {promotion.pk} rests on another evaluation than the record says")
    kept = {
        "manifest": promotion.manifest_id,
        "version": promotion.version.digest,
        "environment": str(promotion.environment_id),
        "model": str(promotion.model_id),
        "requester": str(promotion.requester_id),
        "on_behalf_of": str(promotion.on_behalf_of_id) if promotion.on_behalf_of_id else None,
    }
    yield from _differing(
        f"promotion {promotion.pk}", kept, {name: getattr(asked, name) for name in kept}, "row_request"
    )


def _approval_faults(row: Approval, history: History) -> Iterator[Fault]:
    promotion = history.promotions.get(str(row.promotion_id))
    told = promotion.approvals.get(str(row.pk)) if promotion else None
    if told is None:
        if str(row.pk) in history.said.get("approval", set()):
            yield Fault(0, "row_approval", f"approval {row.pk} is of another promotion than the record says")
        return
    kept = {
        "principal": str(row.principal_id),
        "action": row.action,
        "stage": row.stage,
        "roles_held": frozenset(row.roles_held),
        "acknowledged": frozenset(row.acknowledged),
        "manifest": row.manifest_digest,
        "policy": row.policy_digest,
        "evaluation": row.evaluation_digest,
        "at": row.created_at,
    }
    yield from _differing(f"approval {row.pk}", kept, {name: getattr(told, name) for name in kept}, "row_approval")
    if row.reason_id != history.reasons.get(str(row.pk)):
        yield Fault(0, "row_approval", f"approval {row.pk} has another reason in the database than the record says")


def _waiver_faults(row: Waiver, history: History) -> Iterator[Fault]:
    told = history.asked_waivers.get(str(row.pk))
    if told is None:
        return
    granted = {one["id"]: one for one in history.waivers.get(told.manifest, [])}.get(str(row.pk))
    kept = {
        "promotion": str(row.promotion_id),
        "manifest": row.manifest_digest,
        "key": row.key,
        "ends_at": moment(row.ends_at),
        "asker": str(row.requested_by_id),
    }
    told_of = {name: getattr(told, name) for name in kept}
    kept["granter"] = str(row.granted_by_id) if row.granted_by_id else None
    told_of["granter"] = granted["granted_by"] if granted else None
    yield from _differing(f"waiver {row.pk}", kept, told_of, "row_waiver")


def _version_faults(version: ModelVersion, history: History) -> Iterator[Fault]:
    told = history.versions.get(version.digest)
    if told is None:
        yield Fault(0, "forged_row", f"model version {version.pk} is in the database, but no event recorded it")
    elif (str(version.model_id), version.content_id, version.assurance) != (told.model, told.content, told.assurance):
        yield Fault(0, "row_version", f"model version {version.pk} is another one than the record says")
    elif _people_kept(version) != _people_told(told):
        yield Fault(0, "row_version", f"model version {version.pk} was made by others than the record says")


def _people_kept(version: ModelVersion) -> tuple[set[tuple[str, str]], int]:
    """Return who is known by (part, id), and how many are known by a name alone, which the record only commits to."""
    members = list(version.people.all())
    names = {(one.part, one.identity.casefold()) for one in members if one.principal_id is None}
    return {(one.part, str(one.principal_id)) for one in members if one.principal_id is not None}, len(names)


def _people_told(version: RecordedVersion) -> tuple[set[tuple[str, str]], int]:
    names = {(part, who) for part, who in version.people if DIGEST_FORM.fullmatch(who)}
    return set(version.people) - names, len(names)


def _deployment_faults(deployment: Deployment, history: History) -> Iterator[Fault]:
    told = history.deployments.get(str(deployment.pk))
    if told is None:
        return
    if deployment.state != told.state:
        message = f"deployment {deployment.pk} is {deployment.state}, the record says {told.state}"
        yield Fault(0, "row_state", message)
    kept = {
        "desired": deployment.desired,
        "manifest": deployment.manifest_id,
        "promotion": str(deployment.promotion_id),
        "environment": str(deployment.environment_id),
        "model": str(deployment.model_id),
        "policy": deployment.policy_digest,
        "evaluation": deployment.evaluation_digest,
    }
    yield from _differing(
        f"deployment {deployment.pk}", kept, {name: getattr(told, name) for name in kept}, "row_state"
    )


def _role_faults(history: History) -> Iterator[Fault]:
    held = RoleAssignment.objects.filter(revoked_at__isnull=True).values_list("principal_id", "project_id", "role")
    kept = {(str(who), str(where), role) for who, where, role in held}
    for who, _, role in sorted(kept - history.roles):
        yield Fault(0, "forged_row", f"{who} holds the role {role} in the database, but no event gave it")
    for who, _, role in sorted(history.roles - kept):
        yield Fault(0, "missing_row", f"{who} was given the role {role}, but does not hold it in the database")


def _manifest_faults(manifest: ReleaseManifest) -> Iterator[Fault]:
    try:
        document = manifest.document
        members = [one["version"] for one in document["members"]]
        same = digest(document) == manifest.pk
    except (CanonicalError, LookupError, TypeError) as error:
        yield Fault(0, "row_digest", f"the manifest {manifest.pk} holds no manifest: {type(error).__name__}")
        return
    champion = manifest.champion
    if not same or (champion is not None and champion.digest not in members):
        yield Fault(0, "row_digest", f"the manifest {manifest.pk} holds another document or champion than it names")


def _document_faults(row: Evaluation | Decision | Policy) -> Iterator[Fault]:
    name = f"{type(row).__name__} {row.pk}"
    try:
        found = digest(row.document)
    except CanonicalError as error:
        yield Fault(0, "row_digest", f"{name} holds no canonical document: {error}")
        return
    if found != row.digest:
        yield Fault(0, "row_digest", f"{name} holds another document than its digest says")


def _unspoken(kind: str, rows: type[Model], key: str, history: History) -> Iterator[Fault]:
    known = history.said.get(kind, set())
    there = {str(identity) for identity in rows._default_manager.values_list(key, flat=True)}  # noqa: SLF001 - as above
    for identity in sorted(there - known):
        yield Fault(0, "forged_row", f"{kind} {identity} is in the database, but no event recorded it")
    for identity in sorted(known - there):
        yield Fault(0, "missing_row", f"{kind} {identity} was recorded, but it is not in the database")
