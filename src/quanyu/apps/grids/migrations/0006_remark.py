from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("grids", "0005_fixed_successions")]
    operations = [
        migrations.AddField(
            model_name="plan",
            name="remark",
            field=models.CharField(blank=True, max_length=1000, null=True, verbose_name="what is to be changed"),
        ),
    ]
