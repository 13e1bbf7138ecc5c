from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0009_prospecting"),
    ]

    operations = [
        migrations.AddField(
            model_name="employeecache",
            name="matched_at",
            field=models.DateTimeField(null=True),
        ),
    ]
