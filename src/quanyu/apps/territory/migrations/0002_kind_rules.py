"""The first table of kinds, from kinds.csv beside the app; the district changes it on the page."""

import csv
from pathlib import Path

from django.db import migrations

TABLE = Path(__file__).resolve().parent.parent / "kinds.csv"


def fill(apps, schema_editor):
    rule = apps.get_model("territory", "KindRule")
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rule.objects.bulk_create(
            rule(rank=rank, column=row["column"], value=row["value"], kind=row["kind"])
            for rank, row in enumerate(csv.DictReader(lines), start=1)
        )


class Migration(migrations.Migration):
    dependencies = [("territory", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
