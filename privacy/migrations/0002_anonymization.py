"""What a recipe made of a dataset version, once."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def reference(to, related_name="+"):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to)


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_initial"), ("registry", "0002_ledger_triggers")]
    operations = [
        migrations.CreateModel(
            name="Anonymization",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("grade", models.CharField(max_length=20)),
                ("recipe", reference("privacy.recipe", "anonymizations")),
                ("result", reference("registry.datasetversion")),
                ("run", reference("registry.run")),
                ("source", reference("registry.datasetversion", "anonymizations")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("source", "recipe"), name="privacy_a_recipe_makes_one_version")
                ],
            },
        ),
    ]
