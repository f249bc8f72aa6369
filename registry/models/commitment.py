"""Salted commitments: the ledger holds the digest; the salt and the text live here and can be erased."""

import hashlib
import secrets

from django.db import models

from registry.models.fields import DigestField


class Commitment(models.Model):
    """A text (a reason, a name) committed to by sha256(salt ‖ text). Erasing both leaves every proof valid."""

    digest = DigestField(primary_key=True)
    salt = models.CharField(max_length=64, blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.digest)[:12]

    @classmethod
    def of(cls, text: str) -> "Commitment":
        """Record a commitment to the text under a fresh 256-bit salt."""
        salt = secrets.token_hex(32)
        return cls.objects.create(digest=hashlib.sha256((salt + text).encode()).hexdigest(), salt=salt, text=text)

    @classmethod
    def of_name(cls, name: str) -> "Commitment":
        """Return the one commitment to a name: whoever reads the ledger sees that two are the same, not which.

        Call it under ``Principal.lock_names()``, or two who come at once each make their own.
        """
        return cls.objects.filter(text=name, erased_at__isnull=True).order_by("created_at").first() or cls.of(name)

    def holds(self) -> bool:
        """Say whether salt and text still open the commitment."""
        return bool(hashlib.sha256((self.salt + self.text).encode()).hexdigest() == self.digest)
