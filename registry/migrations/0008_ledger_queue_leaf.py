"""The queue holds the leaf hash of each event, as it was when the event was inserted: the sequencer need not look it up."""

from django.db import migrations, models

from registry.ledger.triggers import queue_leaves

FILL = "UPDATE ledger_pending SET leaf_hash = (SELECT leaf_hash FROM ledger_event WHERE id = event_id)"
ADD = {
    "postgresql": "ALTER TABLE ledger_pending ADD COLUMN leaf_hash bytea NOT NULL DEFAULT ''",
    "sqlite": "ALTER TABLE ledger_pending ADD COLUMN leaf_hash BLOB NOT NULL DEFAULT x''",
}


def add(_apps, schema_editor):
    """Add the column in place: SQLite would remake the table, which the trigger on the events speaks of."""
    schema_editor.execute(ADD[schema_editor.connection.vendor], params=None)
    schema_editor.execute(FILL, params=None)


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_ledger_append")]
    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(add, migrations.RunPython.noop)],
            [migrations.AddField("ledgerpending", "leaf_hash", models.BinaryField(default=b""))],
        ),
        queue_leaves(),
    ]
