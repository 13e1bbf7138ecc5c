from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_gateway"),
        ("leads", "0011_follow_ups"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="channelaccount",
            name="channel_accounts_key",
        ),
        migrations.RemoveConstraint(
            model_name="linkedinaccount",
            name="social_linkedin_accounts_key",
        ),
        migrations.AlterField(
            model_name="channelaccount",
            name="provider_account_id",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AlterField(
            model_name="linkedinaccount",
            name="unipile_account_id",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(
                    ("direction", "outbound"), ("linkedin_account__isnull", False), ("occurred_at__isnull", False)
                ),
                fields=["tenant", "linkedin_account", "-occurred_at"],
                name="messages_of_linkedin",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(
                    ("channel_account__isnull", False), ("direction", "outbound"), ("occurred_at__isnull", False)
                ),
                fields=["tenant", "channel_account", "-occurred_at"],
                name="messages_of_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="channelaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("provider_account_id", ""), _negated=True)),
                fields=("tenant", "provider", "provider_account_id", "channel"),
                name="channel_accounts_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="linkedinaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True), models.Q(("unipile_account_id", ""), _negated=True)),
                fields=("tenant", "provider", "unipile_account_id"),
                name="social_linkedin_accounts_key",
            ),
        ),
    ]
