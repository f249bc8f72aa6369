"""The tree's tables, empty until now, with the log that they belong to: a database may hold more than one, in order."""

import django.db.models.deletion
from django.db import migrations, models

from registry.ledger.triggers import append_only

LOG = {
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
    "to": "registry.ledgerlog",
    "db_index": False,
    "db_constraint": False,
}
TABLES = {
    "LedgerLeaf": (
        ("log", "seq"),
        [
            ("seq", models.BigIntegerField()),
            (
                "event",
                models.OneToOneField(
                    db_constraint=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="leaf",
                    to="registry.ledgerevent",
                ),
            ),
        ],
        "ledger_leaf",
    ),
    "LedgerTile": (
        ("log", "level", "idx"),
        [
            ("level", models.PositiveSmallIntegerField()),
            ("idx", models.BigIntegerField()),
            ("hashes", models.BinaryField()),
        ],
        "ledger_tile",
    ),
    "LedgerCheckpoint": (
        ("log", "size"),
        [("size", models.BigIntegerField()), ("root", models.BinaryField()), ("note", models.TextField())],
        "ledger_checkpoint",
    ),
    "LedgerCosignature": (
        ("log", "size", "witness"),
        [
            ("size", models.BigIntegerField()),
            ("witness", models.CharField(max_length=200)),
            ("line", models.TextField()),
        ],
        "ledger_cosignature",
    ),
}


def table(name):
    key, fields, db_table = TABLES[name]
    log = ("log", models.ForeignKey(**LOG))
    pk = ("pk", models.CompositePrimaryKey(*key, blank=True, editable=False, primary_key=True, serialize=False))
    return migrations.CreateModel(name=name, fields=[pk, log, *fields], options={"db_table": db_table})


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_ledger_triggers")]
    operations = [
        migrations.CreateModel(
            name="LedgerLog",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("origin", models.CharField(max_length=200, unique=True)),
            ],
            options={"db_table": "ledger_log"},
        ),
        *[migrations.DeleteModel(name=name) for name in TABLES],
        *[table(name) for name in TABLES],
        append_only("ledger_log"),
        *[append_only(TABLES[name][2], "") for name in TABLES],
    ]
