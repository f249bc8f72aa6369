"""Append-only tables, the sequencer's queue, the default project and the service principal of the workers."""

import uuid

from django.db import migrations
from django.utils import timezone

from registry.ledger.triggers import append_only, queue_events

APPEND_ONLY = [
    ("registry_releasemanifest", "digest"),
    ("registry_modelversion", "id"),
    ("registry_datasetversion", "id"),
    ("registry_versiondataset", "id"),
    ("registry_versionfact", "id"),
    ("registry_versionperson", "id"),
    ("registry_inference", "id"),
    ("registry_retirement", "id"),
    ("registry_evaluationset", "id"),
]


def first_rows(apps, schema_editor):
    now = timezone.now()
    apps.get_model("registry", "Project").objects.create(id=uuid.uuid4(), slug="default", name="Default", created_at=now)
    apps.get_model("registry", "Principal").objects.create(id=uuid.uuid4(), kind="service", name="probity", created_at=now)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [
        append_only("ledger_event"),
        append_only("ledger_leaf", "seq"),
        append_only("ledger_tile"),
        append_only("ledger_checkpoint", "size"),
        append_only("ledger_cosignature"),
        queue_events(),
        *[append_only(table, key) for table, key in APPEND_ONLY],
        migrations.RunPython(first_rows, migrations.RunPython.noop),
    ]
