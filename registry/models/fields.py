"""Field shapes that every table here shares: UUID keys, digests, moments."""

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

DIGEST_LENGTH = 64
is_digest = RegexValidator(r"^[0-9a-f]{64}$", "A digest is 64 hexadecimal digits (SHA-256).", code="digest")


class Row(models.Model):
    """A row known to the outside by a UUID, with the moment it was recorded (UTC)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True


class DigestField(models.CharField):  # type: ignore[type-arg]
    """A SHA-256 digest in hexadecimal."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Fix length and validator."""
        kwargs.setdefault("max_length", DIGEST_LENGTH)
        kwargs.setdefault("validators", [is_digest])
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
