"""Who acts: principals, the identities by which they are known, and the roles they hold."""

from dataclasses import dataclass
from uuid import UUID

from django.db import models
from django.db.models import Q

from registry.models.fields import Row
from registry.models.project import Project


class PrincipalKind(models.TextChoices):
    """A person, or a service that acts under an accountable owner."""

    PERSON = "person"
    SERVICE = "service"


class IdentityKind(models.TextChoices):
    """The systems in which a principal is known."""

    DJANGO = "django"
    EMAIL = "email"
    MLFLOW = "mlflow"
    OIDC = "oidc"


class Role(models.TextChoices):
    """The roles of a project; holding one is a fact with a beginning and an end."""

    REQUESTER = "requester"
    ENGINEER = "engineer"
    VALIDATOR = "validator"
    COMPLIANCE_OFFICER = "compliance_officer"
    RISK_OFFICER = "risk_officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Principal(Row):
    """A person or a service; never deleted. The name is for people to read and never enters the ledger."""

    SYSTEM = "probity"

    kind = models.CharField(max_length=10, choices=PrincipalKind.choices)
    name = models.CharField(max_length=200)
    owner = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="services")
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="service") | Q(owner__isnull=True), name="registry_only_services_have_owners"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def system(cls) -> "Principal":
        """Return the service principal under which workers act, made by the first migration."""
        return cls.objects.get(kind=PrincipalKind.SERVICE, name=cls.SYSTEM, owner__isnull=True)

    @classmethod
    def lock_names(cls) -> None:
        """Hold, until the transaction ends, that a name gets one commitment and is linked before or after its use."""
        cls.objects.select_for_update(no_key=True).get(pk=cls.system().pk)

    def accountable(self) -> "Principal":
        """Return the person who answers for this principal (a service's owner, or itself)."""
        return self.owner.accountable() if self.owner else self

    def roles(self, project: Project) -> frozenset[str]:
        """Return the roles held in the project now."""
        held = self.assignments.filter(project=project, revoked_at__isnull=True)
        return frozenset(held.values_list("role", flat=True))

    def keep_roles(self) -> None:
        """Keep the roles as they are until the transaction ends: what is revoked meanwhile is revoked after it."""
        list(self.assignments.select_for_update().filter(revoked_at__isnull=True).order_by("pk"))


class Identity(Row):
    """One name of a principal in one system; a name belongs to one principal."""

    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="identities")
    kind = models.CharField(max_length=10, choices=IdentityKind.choices)
    value = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="registry_identity_is_one_principals")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class RoleAssignment(Row):
    """That a principal holds a role in a project, from ``created_at`` until ``revoked_at``."""

    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="assignments")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=30, choices=Role.choices)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["principal", "project", "role"],
                condition=Q(revoked_at__isnull=True),
                name="registry_a_role_is_held_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.principal} as {self.role} in {self.project}"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, in which role, and how they proved who they are (session, token, command, task)."""

    principal: Principal
    role: str
    auth: str
    on_behalf_of: UUID | None = None

    @classmethod
    def system(cls, auth: str = "task") -> "Actor":
        """Return the actor of Probity's own workers."""
        return cls(principal=Principal.system(), role="system", auth=auth)

    def document(self) -> dict[str, str | None]:
        """Return what the ledger keeps: opaque ids only."""
        return {
            "principal": str(self.principal.pk),
            "role": self.role,
            "auth": self.auth,
            "on_behalf_of": str(self.on_behalf_of) if self.on_behalf_of else None,
        }
