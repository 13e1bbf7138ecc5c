from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="client_address",
            field=models.CharField(db_default="", max_length=45),
        ),
        migrations.AddField(
            model_name="auditentry",
            name="client_agent",
            field=models.CharField(db_default="", max_length=255),
        ),
    ]
