"""What a version answered on a set of rows, once: scores and attributions by digest, and how it was isolated."""

from django.db import models

from registry.models.artifact import Artifact
from registry.models.fields import DigestField, Row
from registry.models.model import ModelVersion


class Inference(Row):
    """One sandboxed process per version and rows does all that needs the model; everything else reads this.

    ``asked`` is the digest of what else the answer depends on: the features, and the label whose score it is.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="inferences")
    data_digest = DigestField()
    asked = DigestField()
    scores = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    attributions = models.ForeignKey(Artifact, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    meta = models.JSONField(default=dict)
    isolation = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "data_digest", "asked", "isolation"], name="registry_inference_is_made_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.data_digest[:12]}"
