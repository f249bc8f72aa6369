"""How programs get in: hashed, scoped, expiring tokens with an accountable owner; and idempotent calls remembered."""

from django.db import models

from registry.models import Principal, Project
from registry.models.fields import DigestField, Row


class ApiToken(Row):
    """A token of a service principal. Only a prefix and the SHA-256 of 256 random bits are kept."""

    SCOPES = ("read", "register", "request", "decide", "operate", "administer")

    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="tokens")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)
    secret_digest = DigestField(unique=True)
    scopes = models.JSONField(default=list)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AttemptCount(models.Model):
    """How often something was tried since a moment, under a keyed digest of who tried: no name and no address."""

    key = DigestField(primary_key=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.count} since {self.since.isoformat()}"


class IdempotencyRecord(Row):
    """The answer to a POST under an Idempotency-Key: the same request gets the same answer, another is refused."""

    principal = models.ForeignKey(Principal, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = DigestField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "key"], name="governance_idempotency_key_is_one_request"),
        ]

    def __str__(self) -> str:
        return self.key
