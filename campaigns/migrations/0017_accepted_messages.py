from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0016_search_and_figures"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="accepted_at",
            field=models.DateTimeField(null=True),
        ),
    ]
