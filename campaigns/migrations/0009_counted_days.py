from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0008_lead_generation"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="counted_day",
            field=models.DateField(null=True),
        ),
    ]
