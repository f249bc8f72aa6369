"""Signed statements about events: made by the sequencer, which alone has the key."""

import django.db.models.deletion
from django.db import migrations, models

from registry.ledger.triggers import append_only

EVENT = {"on_delete": django.db.models.deletion.PROTECT, "related_name": "+", "to": "registry.ledgerevent"}


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_ledger_event_leaf")]
    operations = [
        migrations.CreateModel(
            name="LedgerEnvelope",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "digest", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=300)),
                ("event", models.ForeignKey(**EVENT, db_constraint=False)),
                ("about", models.CharField(max_length=120)),
                ("payload", models.TextField()),
                ("signature", models.BinaryField()),
            ],
            options={"db_table": "ledger_envelope"},
        ),
        append_only("ledger_envelope", ""),
    ]
