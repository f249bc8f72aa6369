"""PostgreSQL appends an event by a function of its own: one round trip, and statements that are planned once."""

from django.db import migrations

# It runs with the rights of who calls it, and does what registry/ledger/append.py does on SQLite.
APPEND = """
CREATE FUNCTION ledger_append(text_before text, text_after text, its_kind text, its_subject text, its_actor text, its_at text)
RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
    previous bytea;
    whole text;
    leaf bytea;
BEGIN
    SELECT leaf_hash INTO previous FROM ledger_head WHERE subject = its_subject FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO ledger_head (subject, leaf_hash) VALUES (its_subject, '') ON CONFLICT DO NOTHING;
        SELECT leaf_hash INTO previous FROM ledger_head WHERE subject = its_subject FOR UPDATE;
    END IF;
    whole := text_before || CASE octet_length(previous) WHEN 0 THEN 'null' ELSE '"' || encode(previous, 'hex') || '"' END
             || text_after;
    leaf := sha256('\\x00'::bytea || convert_to(whole, 'UTF8'));
    INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at)
    VALUES (whole, leaf, its_kind, its_subject, its_actor, its_at);
    UPDATE ledger_head SET leaf_hash = leaf WHERE subject = its_subject;
    RETURN leaf;
END $$;
"""
DROP = "DROP FUNCTION ledger_append(text, text, text, text, text, text);"


def run(statement):
    def apply(_apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement, params=None)

    return apply


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_ledger_envelope")]
    operations = [migrations.RunPython(run(APPEND), run(DROP))]
