from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_channels"),
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="linkedinaccount",
            name="social_linkedin_accounts_audit_update",
        ),
        migrations.AddField(
            model_name="channelaccount",
            name="next_poll_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="next_poll_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="linkedinaccount",
            index=models.Index(fields=["provider", "unipile_account_id"], name="social_linkedin_provider"),
        ),
        migrations.AddConstraint(
            model_name="linkedinaccount",
            constraint=TableRule(
                name="social_linkedin_accounts_audit_update",
                create="""
                        CREATE TRIGGER "social_linkedin_accounts_audit_update" AFTER UPDATE ON "social_linkedin_accounts"
                        FOR EACH ROW WHEN (OLD."account_name" IS DISTINCT FROM NEW."account_name" OR OLD."user_id" IS DISTINCT FROM NEW."user_id" OR OLD."provider" IS DISTINCT FROM NEW."provider" OR OLD."unipile_account_id" IS DISTINCT FROM NEW."unipile_account_id" OR OLD."session_cookies" IS DISTINCT FROM NEW."session_cookies" OR OLD."access_token" IS DISTINCT FROM NEW."access_token" OR OLD."refresh_token" IS DISTINCT FROM NEW."refresh_token" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."min_gap_seconds" IS DISTINCT FROM NEW."min_gap_seconds" OR OLD."ramp_up_from" IS DISTINCT FROM NEW."ramp_up_from" OR OLD."action_limits" IS DISTINCT FROM NEW."action_limits" OR OLD."daily_action_limit" IS DISTINCT FROM NEW."daily_action_limit" OR OLD."default_weekly_limit" IS DISTINCT FROM NEW."default_weekly_limit" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'access_token', 'refresh_token', 'session_cookies')
                        """,
                remove='DROP TRIGGER IF EXISTS "social_linkedin_accounts_audit_update" ON "social_linkedin_accounts"',
            ),
        ),
    ]
