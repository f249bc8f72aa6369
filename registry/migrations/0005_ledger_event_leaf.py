"""An entry is found by its leaf hash: that is what a receipt, and the next entry of its subject, call it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_inference_asked")]
    operations = [
        migrations.AddIndex("ledgerevent", models.Index(fields=["leaf_hash"], name="ledger_event_leaf")),
    ]
