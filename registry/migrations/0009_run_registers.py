"""A run may register a dataset version from files where they lie."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0008_ledger_queue_leaf"),
    ]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="kind",
            field=models.CharField(
                choices=[
                    ("register", "Register"),
                    ("scan", "Scan"),
                    ("anonymize", "Anonymize"),
                    ("train", "Train"),
                    ("infer", "Infer"),
                    ("assess", "Assess"),
                    ("release", "Release"),
                    ("watch", "Watch"),
                ],
                max_length=12,
            ),
        ),
    ]
