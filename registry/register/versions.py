"""Register model versions: an immutable identity document, with its datasets, facts and people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from registry.canonical import canonical, digest
from registry.ledger.append import append
from registry.models import (
    Actor,
    Artifact,
    Assurance,
    Commitment,
    DatasetVersion,
    Identity,
    Model,
    ModelVersion,
    Principal,
    VersionDataset,
    VersionFact,
    VersionKind,
    VersionPerson,
)


class VersionRegistrationError(ValueError):
    """A version that does not say what its kind must say."""

    code = "version_incomplete"


@dataclass(frozen=True, slots=True)
class Member:
    """Someone who had a hand in a version: a principal, or an identity that may be nobody's yet ("email", value)."""

    part: str
    principal: Principal | None = None
    identity_kind: str = ""
    identity: str = ""

    def resolve(self) -> Principal | None:
        """Return the principal, looking up the identity when only that is known."""
        if self.principal or not self.identity:
            return self.principal
        known = Identity.objects.filter(kind=self.identity_kind, value=self.identity.casefold()).first()
        return known.principal if known else None


def identity_document(
    *,
    model: Model,
    kind: str,
    content: Artifact | None,
    datasets: Sequence[tuple[str, DatasetVersion]],
    commit: str,
    details: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the document whose digest is the version's."""
    return {
        "model": str(model.pk),
        "kind": kind,
        "content": content.digest if content else None,
        "datasets": sorted([role, version.digest] for role, version in datasets),
        "commit": commit,
        "details": dict(details),
    }


@transaction.atomic
def register_model_version(
    *,
    model: Model,
    kind: str,
    actor: Actor,
    content: Artifact | None = None,
    datasets: Sequence[tuple[str, DatasetVersion]] = (),
    commit: str = "",
    assurance: str = Assurance.DECLARED,
    details: Mapping[str, Any] | None = None,
    facts: Sequence[tuple[str, str, str]] = (),
    people: Sequence[Member] = (),
    source: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Register a version; the same identity returns the version there is.

    ``facts`` are (kind, name, value); ``details`` are part of the identity (entry point, parameters, image, contract).
    Raises VersionRegistrationError when a tree, blob or predictions version has no content, an image no digest, an
    endpoint no contract.
    """
    _check_kind(kind, content, details or {})
    Model.objects.select_for_update().get(pk=model.pk)
    document = identity_document(
        model=model, kind=kind, content=content, datasets=datasets, commit=commit, details=details or {}
    )
    identity = digest(document)
    if known := ModelVersion.objects.filter(model=model, digest=identity).first():
        return known
    version = ModelVersion(
        model=model,
        number=(model.versions.aggregate(Max("number"))["number__max"] or 0) + 1,
        kind=kind,
        digest=identity,
        document=canonical(document).decode(),
        content=content,
        commit=commit,
        assurance=assurance,
        source=dict(source or {}),
        registered_by=actor.principal,
    )
    version.full_clean()
    version.save()
    involved = _attach(version, datasets=datasets, facts=facts, people=(*people, Member("registrar", actor.principal)))
    _append_registered(version, actor, [dataset.digest for _, dataset in datasets], involved)
    return version


def _check_kind(kind: str, content: Artifact | None, details: Mapping[str, Any]) -> None:
    required = {VersionKind.IMAGE.value: "image_digest", VersionKind.ENDPOINT.value: "contract"}
    if kind in required:
        if required[kind] not in details:
            raise VersionRegistrationError(f"a version of kind {kind} must state its {required[kind]!r} in its details")
    elif content is None:
        raise VersionRegistrationError(f"a version of kind {kind} must come with its content")


def _attach(
    version: ModelVersion,
    *,
    datasets: Sequence[tuple[str, DatasetVersion]],
    facts: Sequence[tuple[str, str, str]],
    people: Sequence[Member],
) -> list[VersionPerson]:
    for role, dataset_version in datasets:
        VersionDataset.objects.create(
            version=version, dataset_version=dataset_version, role=role, assurance=version.assurance
        )
    VersionFact.objects.bulk_create(
        VersionFact(version=version, kind=kind, name=name, value=value, assurance=version.assurance)
        for kind, name, value in facts
    )
    if any(member.principal is None for member in people):
        Principal.lock_names()
    return [
        VersionPerson.objects.create(
            version=version, part=member.part, principal=member.resolve(), identity=member.identity
        )
        for member in people
    ]


def _told(member: VersionPerson) -> str:
    """Return what the ledger keeps of somebody: the part, and a principal or a commitment to a name nobody has yet."""
    known = member.principal_id
    return f"{member.part}:{known or Commitment.of_name(member.identity.casefold()).digest}"


def _append_registered(
    version: ModelVersion, actor: Actor, datasets: list[str], involved: Sequence[VersionPerson]
) -> None:
    append(
        "model_version.registered",
        actor=actor,
        subject=f"model_version:{version.pk}",
        subject_digest=version.digest,
        data={
            "model": str(version.model_id),
            "number": version.number,
            "kind": version.kind,
            "content": version.content_id,
            "assurance": version.assurance,
            "commit": version.commit,
            "datasets": sorted(datasets),
            "people": sorted({_told(member) for member in involved}),
            "tracked": str(version.source.get("mlflow_digest", "")),
        },
    )
