"""Reveals of sealed values; what a recipe makes is made once under each key, with a report."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import registry.models.fields


def reference(to, related_name="+", *, optional=False):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to, null=optional, blank=optional
    )


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_anonymization"), ("registry", "0002_ledger_triggers")]
    operations = [
        migrations.AddField("anonymization", "report", reference("registry.artifact", optional=True)),
        migrations.AddField("anonymization", "key_number", models.PositiveIntegerField(default=0)),
        migrations.RemoveConstraint("anonymization", "privacy_a_recipe_makes_one_version"),
        migrations.AddConstraint(
            "anonymization",
            models.UniqueConstraint(
                fields=("source", "recipe", "key_number"), name="privacy_a_recipe_makes_one_version_under_a_key"
            ),
        ),
        migrations.CreateModel(
            name="Reveal",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("tokens", registry.models.fields.DigestField()),
                ("count", models.PositiveIntegerField()),
                ("entities", models.JSONField()),
                ("granted_at", models.DateTimeField(blank=True, null=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("granted_by", reference("registry.principal", optional=True)),
                ("project", reference("registry.project", "reveals")),
                ("reason", reference("registry.commitment")),
                ("requested_by", reference("registry.principal")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("granted_by__isnull", True))
                        | models.Q(("granted_by", models.F("requested_by")), _negated=True),
                        name="privacy_reveal_takes_two",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("opened_at__isnull", True)) | models.Q(("granted_at__isnull", False)),
                        name="privacy_reveal_is_granted_first",
                    ),
                ],
            },
        ),
    ]
