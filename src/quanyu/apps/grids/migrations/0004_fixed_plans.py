"""The database itself keeps what is or was in force: its grids and places, its days, and every code ever used."""

from django.db import migrations

# What may never change of a plan once it is put in force; its last day is written once.
FIXED = (
    "network_id", "number", "status", "norms", "metrics", "fabric_id", "based_on_id", "made_by_id", "made_at",
    "reviewed_by_id", "reviewed_at", "in_force_from",
)  # fmt: skip
FIXED_PLAN = "a plan that is or was in force cannot be changed"
OVERLAP = "two plans of a network cannot be in force on one day"
CODE = "a code that has been in force is never forgotten"


def _triggers(differs):
    """Return (name, table, events, condition, message); ``differs`` is the operator that tells values and NULLs apart."""
    changed = " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in FIXED)
    changed += f" OR (OLD.in_force_to IS NOT NULL AND OLD.in_force_to {differs} NEW.in_force_to)"
    overlapping = (
        "NEW.in_force_from IS NOT NULL AND EXISTS (SELECT 1 FROM grids_plan other WHERE other.network_id = "
        "NEW.network_id AND other.id <> NEW.id AND other.in_force_from IS NOT NULL "
        "AND (NEW.in_force_to IS NULL OR other.in_force_from < NEW.in_force_to) "
        "AND (other.in_force_to IS NULL OR NEW.in_force_from < other.in_force_to))"
    )
    fixed = "EXISTS (SELECT 1 FROM grids_plan WHERE id = {row}.plan_id AND in_force_from IS NOT NULL)"
    member = (
        "EXISTS (SELECT 1 FROM grids_plan JOIN grids_grid ON grids_grid.plan_id = grids_plan.id "
        "WHERE grids_grid.id = {row}.grid_id AND grids_plan.in_force_from IS NOT NULL)"
    )
    yield "plan_update", "grids_plan", "UPDATE", f"OLD.in_force_from IS NOT NULL AND ({changed})", FIXED_PLAN
    yield "plan_delete", "grids_plan", "DELETE", "OLD.in_force_from IS NOT NULL", FIXED_PLAN
    yield "plan_days_insert", "grids_plan", "INSERT", overlapping, OVERLAP
    yield "plan_days_update", "grids_plan", "UPDATE", overlapping, OVERLAP
    for name, table, condition in (("grid", "grids_grid", fixed), ("member", "grids_membership", member)):
        yield f"{name}_insert", table, "INSERT", condition.format(row="NEW"), FIXED_PLAN
        both = f"{condition.format(row='OLD')} OR {condition.format(row='NEW')}"
        yield f"{name}_update", table, "UPDATE", both, FIXED_PLAN
        yield f"{name}_delete", table, "DELETE", condition.format(row="OLD"), FIXED_PLAN
    yield "code_delete", "grids_codeuse", "DELETE", "1 = 1", CODE
    same = f"OLD.code {differs} NEW.code OR OLD.network_id {differs} NEW.network_id"
    yield "code_update", "grids_codeuse", "UPDATE", same, CODE


def protect(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for name, table, event, condition, message in _triggers("IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"):
        if vendor == "postgresql":
            row = "OLD" if event == "DELETE" else "NEW"
            schema_editor.execute(
                f"CREATE FUNCTION grids_keep_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER grids_keep_{name} BEFORE {event} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION grids_keep_{name}()"
            )
        else:
            schema_editor.execute(
                f"CREATE TRIGGER grids_keep_{name} BEFORE {event} ON {table} WHEN {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            )


def release(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name, table, *_ in _triggers("IS NOT"):
        schema_editor.execute(f"DROP TRIGGER grids_keep_{name}{f' ON {table}' if postgresql else ''}")
        if postgresql:
            schema_editor.execute(f"DROP FUNCTION grids_keep_{name}()")


class Migration(migrations.Migration):
    dependencies = [("grids", "0003_standing_follows_from_days")]
    operations = [migrations.RunPython(protect, release)]
