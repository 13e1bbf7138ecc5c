from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0006_webhooks"),
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="emailaccount",
            name="email_accounts_audit_update",
        ),
        migrations.RemoveConstraint(
            model_name="emailaccount",
            name="email_accounts_status_valid",
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="health",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="health_window",
            field=models.PositiveIntegerField(db_default=200),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="max_bounces",
            field=models.PositiveIntegerField(db_default=10),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="max_complaints",
            field=models.PositiveIntegerField(db_default=1),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="messages_sent",
            field=models.PositiveBigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="token_lease_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["untested", "connected", "sign_in_failed", "revoked", "unreachable", "paused", "halted"],
                    )
                ),
                name="email_accounts_status_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=TableRule(
                name="email_accounts_audit_update",
                create="""
                        CREATE TRIGGER "email_accounts_audit_update" AFTER UPDATE ON "email_accounts"
                        FOR EACH ROW WHEN (OLD."email" IS DISTINCT FROM NEW."email" OR OLD."user_id" IS DISTINCT FROM NEW."user_id" OR OLD."sign_in" IS DISTINCT FROM NEW."sign_in" OR OLD."smtp_host" IS DISTINCT FROM NEW."smtp_host" OR OLD."smtp_port" IS DISTINCT FROM NEW."smtp_port" OR OLD."smtp_username" IS DISTINCT FROM NEW."smtp_username" OR OLD."smtp_password" IS DISTINCT FROM NEW."smtp_password" OR OLD."smtp_secure" IS DISTINCT FROM NEW."smtp_secure" OR OLD."imap_host" IS DISTINCT FROM NEW."imap_host" OR OLD."imap_port" IS DISTINCT FROM NEW."imap_port" OR OLD."imap_username" IS DISTINCT FROM NEW."imap_username" OR OLD."imap_password" IS DISTINCT FROM NEW."imap_password" OR OLD."imap_secure" IS DISTINCT FROM NEW."imap_secure" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."daily_send_limit" IS DISTINCT FROM NEW."daily_send_limit" OR OLD."min_gap_seconds" IS DISTINCT FROM NEW."min_gap_seconds" OR OLD."ramp_up_from" IS DISTINCT FROM NEW."ramp_up_from" OR OLD."tracking_domain" IS DISTINCT FROM NEW."tracking_domain" OR OLD."health_window" IS DISTINCT FROM NEW."health_window" OR OLD."max_bounces" IS DISTINCT FROM NEW."max_bounces" OR OLD."max_complaints" IS DISTINCT FROM NEW."max_complaints" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'access_token', 'imap_password', 'refresh_token', 'smtp_password')
                        """,
                remove='DROP TRIGGER IF EXISTS "email_accounts_audit_update" ON "email_accounts"',
            ),
        ),
    ]
