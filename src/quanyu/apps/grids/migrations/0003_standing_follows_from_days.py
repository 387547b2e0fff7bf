"""What a plan is on a day follows from its days: "superseded" is no longer stored, and one plan has no last day."""

from django.db import migrations, models
from django.db.models import Q


def forget_superseded(apps, schema_editor):
    apps.get_model("grids", "Plan").objects.filter(status="superseded").update(status="in_force")


def remember_superseded(apps, schema_editor):
    apps.get_model("grids", "Plan").objects.filter(in_force_to__isnull=False).update(status="superseded")


class Migration(migrations.Migration):
    dependencies = [("grids", "0002_hand_edits")]
    operations = [
        migrations.RemoveConstraint("plan", "plan_one_in_force_per_network"),
        migrations.RemoveConstraint("plan", "plan_in_force_has_a_day"),
        migrations.RunPython(forget_superseded, remember_superseded),
        migrations.AlterField(
            "plan",
            "status",
            models.CharField(
                choices=[("draft", "draft"), ("reviewed", "reviewed"), ("in_force", "put in force")],
                default="draft",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            "plan",
            models.UniqueConstraint(
                fields=["network"],
                condition=Q(in_force_from__isnull=False, in_force_to__isnull=True),
                name="plan_one_without_end_per_network",
            ),
        ),
        migrations.AddConstraint(
            "plan",
            models.CheckConstraint(
                condition=Q(status__in=["draft", "reviewed"], in_force_from__isnull=True, in_force_to__isnull=True)
                | Q(status="in_force", in_force_from__isnull=False),
                name="plan_in_force_has_a_day",
            ),
        ),
    ]
