"""The trail is append-only: the database itself refuses to change or delete an entry. The chain gets its first end."""

from django.db import migrations

SQLITE_TRIGGER = """CREATE TRIGGER audit_entry_no_{verb} BEFORE {VERB} ON audit_entry
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"""
POSTGRESQL_FUNCTION = """CREATE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"""


def protect(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_FUNCTION)
    for verb in ("update", "delete"):
        if vendor == "postgresql":
            schema_editor.execute(
                f"CREATE TRIGGER audit_entry_no_{verb} BEFORE {verb.upper()} ON audit_entry "
                "FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()"
            )
        else:
            schema_editor.execute(SQLITE_TRIGGER.format(verb=verb, VERB=verb.upper()))


def release(apps, schema_editor):
    on_table = " ON audit_entry" if schema_editor.connection.vendor == "postgresql" else ""
    for verb in ("update", "delete"):
        schema_editor.execute(f"DROP TRIGGER audit_entry_no_{verb}{on_table}")
    if on_table:
        schema_editor.execute("DROP FUNCTION audit_entry_refuse()")


def first_head(apps, schema_editor):
    apps.get_model("audit", "Head").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunPython(protect, release),
        migrations.RunPython(first_head, migrations.RunPython.noop),
    ]
