from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("voice", "0005_batch_lines"),
    ]

    operations = [
        migrations.AddField(
            model_name="dialingpolicy",
            name="stage_rules",
            field=models.JSONField(null=True),
        ),
    ]
