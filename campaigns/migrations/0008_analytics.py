from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_receiving"),
        ("leads", "0006_outreach"),
        ("tenants", "0013_user_timezone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="campaignlead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["tenant", "campaign", "status", "reason", "next_action_at"],
                name="campaign_leads_reasons",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("campaign__isnull", False), ("state", "queued")),
                fields=["tenant", "campaign", "next_attempt_at"],
                name="messages_next",
            ),
        ),
    ]
