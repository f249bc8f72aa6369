"""An inference is known also by what was asked of the version: those that were made before are made again."""

import django.core.validators
from django.db import migrations, models

import registry.models.fields
from registry.ledger.triggers import append_only


def guard_again(apps, schema_editor):
    """Put the triggers back that SQLite lost with the table that it rebuilt."""
    if schema_editor.connection.vendor == "sqlite":
        append_only("registry_inference").code(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_ledger_logs")]
    operations = [
        migrations.RemoveConstraint("inference", "registry_inference_is_made_once"),
        migrations.AddField(
            "inference",
            "asked",
            registry.models.fields.DigestField(
                default="0" * 64,
                max_length=64,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[0-9a-f]{64}$", "A digest is 64 hexadecimal digits (SHA-256).", code="digest"
                    )
                ],
            ),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            "inference",
            models.UniqueConstraint(
                fields=("version", "data_digest", "asked", "isolation"), name="registry_inference_is_made_once"
            ),
        ),
        migrations.RunPython(guard_again, migrations.RunPython.noop),
    ]
