"""Artifacts: bytes and trees of bytes, known by digest."""

from django.db import models

from registry.models.fields import DigestField


class ArtifactKind(models.TextChoices):
    """One run of bytes, or a sorted list of paths with the digest of each."""

    BLOB = "blob"
    TREE = "tree"


class Artifact(models.Model):
    """What is kept in the artifact store. The bytes can be purged, by an event; the digest stays."""

    digest = DigestField(primary_key=True)
    kind = models.CharField(max_length=4, choices=ArtifactKind.choices)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    purged_at = models.DateTimeField(null=True, blank=True)
    purge_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="registry_artifact_size_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.digest[:12]}"
