"""PostgreSQL moves a subject's head by one statement: it locks the head, hashes the text with it and tells what it was."""

from django.db import migrations, models

# It runs with the rights of who calls it, and does what registry/ledger/append.py does on SQLite.
APPEND = """
CREATE OR REPLACE FUNCTION ledger_append(text_before text, text_after text, its_kind text, its_subject text, its_actor text, its_at text)
RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    was bytea;
    leaf bytea;
BEGIN
    LOOP
        UPDATE ledger_head SET previous = leaf_hash, leaf_hash = sha256('\\x00'::bytea || convert_to(
            text_before || CASE octet_length(leaf_hash) WHEN 0 THEN 'null' ELSE '"' || encode(leaf_hash, 'hex') || '"' END
            || text_after, 'UTF8'))
        WHERE subject = its_subject RETURNING previous, leaf_hash INTO was, leaf;
        EXIT WHEN FOUND;
        INSERT INTO ledger_head (subject, leaf_hash) VALUES (its_subject, '') ON CONFLICT DO NOTHING;
    END LOOP;
    INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at) VALUES (
        text_before || CASE octet_length(was) WHEN 0 THEN 'null' ELSE '"' || encode(was, 'hex') || '"' END || text_after,
        leaf, its_kind, its_subject, its_actor, its_at);
    RETURN leaf;
END $$;
"""


def replace(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(APPEND, params=None)


class Migration(migrations.Migration):
    dependencies = [("registry", "0009_run_registers")]
    operations = [
        migrations.AddField("ledgerhead", "previous", models.BinaryField(default=b"", db_default=b"")),
        migrations.RunPython(replace),  # not undone: without the column the function that it made could add nothing
    ]
