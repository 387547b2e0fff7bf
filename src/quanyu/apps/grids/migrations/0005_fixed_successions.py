"""The database itself keeps what replaced each old grid, once the plan that did so is put in force."""

from django.db import migrations

FIXED_PLAN = "a plan that is or was in force cannot be changed"
FIXED = "EXISTS (SELECT 1 FROM grids_plan WHERE id = {row}.plan_id AND in_force_from IS NOT NULL)"
ROWS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def protect(apps, schema_editor):
    for event, rows in ROWS.items():
        name = f"grids_keep_succession_{event.lower()}"
        condition = " OR ".join(FIXED.format(row=row) for row in rows)
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {condition} THEN RAISE EXCEPTION '{FIXED_PLAN}'; END IF; RETURN {rows[-1]}; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON grids_succession FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON grids_succession WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{FIXED_PLAN}'); END"
            )


def release(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for event in ROWS:
        name = f"grids_keep_succession_{event.lower()}"
        schema_editor.execute(f"DROP TRIGGER {name}{' ON grids_succession' if postgresql else ''}")
        if postgresql:
            schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("grids", "0004_fixed_plans")]
    operations = [migrations.RunPython(protect, release)]
