from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0002_storage"),
        ("tenants", "0010_joined_grants"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="campaignleadactivity",
            name="campaign_activities_progress",
        ),
        migrations.AddIndex(
            model_name="campaignleadactivity",
            index=models.Index(
                fields=["tenant", "campaign", "status", "-created_at"],
                include=("step_type",),
                name="campaign_activities_states",
            ),
        ),
    ]
