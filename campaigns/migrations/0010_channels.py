import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_counted_days"),
        ("lad", "0003_search"),
        ("leads", "0011_follow_ups"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ActionCount",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("account_id", models.UUIDField()),
                ("action", models.CharField(max_length=30)),
                ("day", models.DateField()),
                ("taken", models.PositiveIntegerField(db_default=0)),
            ],
            options={
                "db_table": "account_action_counts",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="account_action_counts_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "account_id", "action", "day"), name="account_action_counts_key"
                    ),
                    TableRule(
                        name="account_action_counts_row_security",
                        create="""
                        ALTER TABLE "account_action_counts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "account_action_counts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "account_action_counts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "account_action_counts" TO lad_platform;
                        CREATE POLICY "platform" ON "account_action_counts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "account_action_counts" TO lad_app;
                        CREATE POLICY "tenant" ON "account_action_counts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "account_action_counts";
                        DROP POLICY IF EXISTS "tenant" ON "account_action_counts";
                        REVOKE ALL ON "account_action_counts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="account_action_counts_tenant_fkey",
                        create="""
                        ALTER TABLE "account_action_counts" ADD CONSTRAINT "account_action_counts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "account_action_counts" DROP CONSTRAINT IF EXISTS "account_action_counts_tenant_fkey"',
                    ),
                    TableRule(
                        name="account_action_counts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "account_action_counts_touch_updated_at" BEFORE UPDATE ON "account_action_counts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "account_action_counts_touch_updated_at" ON "account_action_counts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChannelAccount",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("status", models.CharField(db_default="active", max_length=30)),
                ("status_reason", models.TextField(db_default="")),
                ("checkpoint", models.JSONField(db_default={})),
                ("is_active", models.BooleanField(db_default=True)),
                ("min_gap_seconds", models.PositiveIntegerField(db_default=60)),
                ("ramp_up_from", models.DateField(null=True)),
                ("action_limits", models.JSONField(db_default={})),
                ("learned_limits", models.JSONField(db_default={})),
                ("paused_until", models.DateTimeField(null=True)),
                ("next_send_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveSmallIntegerField(db_default=0)),
                ("messages_sent", models.PositiveBigIntegerField(db_default=0)),
                ("health", models.JSONField(db_default={})),
                ("heard_at", models.DateTimeField(null=True)),
                ("caught_up_at", models.DateTimeField(null=True)),
                ("last_verified_at", models.DateTimeField(null=True)),
                ("metadata", models.JSONField(db_default={})),
                ("account_name", models.CharField(max_length=255)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("channel", models.CharField(max_length=20)),
                ("provider", models.CharField(db_default="unipile", max_length=50)),
                ("provider_account_id", models.CharField(max_length=255)),
                ("provider_parent_id", models.CharField(db_default="", max_length=255)),
                ("address", models.CharField(db_default="", max_length=255)),
                ("base_url", models.CharField(db_default="", max_length=500)),
                ("secret", models.TextField(db_default="")),
                ("webhook_secret", models.TextField(db_default="")),
            ],
            options={
                "db_table": "channel_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="channel_accounts_newest"),
                    models.Index(fields=["tenant", "channel", "status", "-created_at"], name="channel_accounts_status"),
                    models.Index(fields=["provider", "provider_account_id"], name="channel_accounts_provider"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "provider", "provider_account_id", "channel"),
                        name="channel_accounts_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="channel_accounts_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["whatsapp", "sms", "web"])),
                        name="channel_accounts_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["active", "pending", "checkpoint", "expired", "revoked", "disconnected", "error"],
                            )
                        ),
                        name="channel_accounts_status_valid",
                    ),
                    TableRule(
                        name="channel_accounts_row_security",
                        create="""
                        ALTER TABLE "channel_accounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "channel_accounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "channel_accounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "channel_accounts" TO lad_platform;
                        CREATE POLICY "platform" ON "channel_accounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "channel_accounts" TO lad_app;
                        CREATE POLICY "tenant" ON "channel_accounts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "channel_accounts";
                        DROP POLICY IF EXISTS "tenant" ON "channel_accounts";
                        REVOKE ALL ON "channel_accounts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="channel_accounts_user_fkey",
                        create="""
                        ALTER TABLE "channel_accounts" ADD CONSTRAINT "channel_accounts_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "channel_accounts" DROP CONSTRAINT IF EXISTS "channel_accounts_user_fkey"',
                    ),
                    TableRule(
                        name="channel_accounts_user_same_tenant",
                        create="""
                        ALTER TABLE "channel_accounts" ADD CONSTRAINT "channel_accounts_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE SET NULL ("user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "channel_accounts" DROP CONSTRAINT IF EXISTS "channel_accounts_user_same_tenant"',
                    ),
                    TableRule(
                        name="channel_accounts_tenant_fkey",
                        create="""
                        ALTER TABLE "channel_accounts" ADD CONSTRAINT "channel_accounts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "channel_accounts" DROP CONSTRAINT IF EXISTS "channel_accounts_tenant_fkey"',
                    ),
                    TableRule(
                        name="channel_accounts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "channel_accounts_touch_updated_at" BEFORE UPDATE ON "channel_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "channel_accounts_touch_updated_at" ON "channel_accounts"',
                    ),
                    TableRule(
                        name="channel_accounts_audit_update",
                        create="""
                        CREATE TRIGGER "channel_accounts_audit_update" AFTER UPDATE ON "channel_accounts"
                        FOR EACH ROW WHEN (OLD."account_name" IS DISTINCT FROM NEW."account_name" OR OLD."user_id" IS DISTINCT FROM NEW."user_id" OR OLD."channel" IS DISTINCT FROM NEW."channel" OR OLD."provider" IS DISTINCT FROM NEW."provider" OR OLD."provider_account_id" IS DISTINCT FROM NEW."provider_account_id" OR OLD."provider_parent_id" IS DISTINCT FROM NEW."provider_parent_id" OR OLD."address" IS DISTINCT FROM NEW."address" OR OLD."base_url" IS DISTINCT FROM NEW."base_url" OR OLD."secret" IS DISTINCT FROM NEW."secret" OR OLD."webhook_secret" IS DISTINCT FROM NEW."webhook_secret" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."min_gap_seconds" IS DISTINCT FROM NEW."min_gap_seconds" OR OLD."ramp_up_from" IS DISTINCT FROM NEW."ramp_up_from" OR OLD."action_limits" IS DISTINCT FROM NEW."action_limits" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'secret', 'webhook_secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "channel_accounts_audit_update" ON "channel_accounts"',
                    ),
                    TableRule(
                        name="channel_accounts_audit_insert",
                        create="""
                        CREATE TRIGGER "channel_accounts_audit_insert" AFTER INSERT ON "channel_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret', 'webhook_secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "channel_accounts_audit_insert" ON "channel_accounts"',
                    ),
                    TableRule(
                        name="channel_accounts_audit_delete",
                        create="""
                        CREATE TRIGGER "channel_accounts_audit_delete" AFTER DELETE ON "channel_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret', 'webhook_secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "channel_accounts_audit_delete" ON "channel_accounts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NetworkContact",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("channel", models.CharField(max_length=20)),
                (
                    "linkedin_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.linkedinaccount",
                    ),
                ),
                (
                    "channel_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.channelaccount",
                    ),
                ),
                ("provider_id", models.CharField(db_default="", max_length=255)),
                ("chat_id", models.CharField(db_default="", max_length=255)),
                ("relation", models.CharField(db_default="none", max_length=20)),
                ("invitation_id", models.CharField(db_default="", max_length=255)),
                ("invited_at", models.DateTimeField(null=True)),
                ("connected_at", models.DateTimeField(null=True)),
                ("last_inbound_at", models.DateTimeField(null=True)),
                ("profile", models.JSONField(db_default={})),
                ("looked_up_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "network_contacts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="network_contacts_newest"),
                    models.Index(
                        condition=models.Q(("linkedin_account__isnull", False)),
                        fields=["tenant", "linkedin_account", "provider_id"],
                        name="network_contacts_linkedin",
                    ),
                    models.Index(
                        condition=models.Q(("channel_account__isnull", False)),
                        fields=["tenant", "channel_account", "provider_id"],
                        name="network_contacts_channel",
                    ),
                    models.Index(
                        condition=models.Q(("relation", "invited")),
                        fields=["tenant", "linkedin_account", "invited_at"],
                        name="network_contacts_invited",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "lead", "linkedin_account", "channel_account"),
                        name="network_contacts_key",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("linkedin_account__isnull", True), ("channel_account__isnull", True), _connector="XOR"
                        ),
                        name="network_contacts_one_account",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="network_contacts_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("relation__in", ["none", "invited", "connected", "withdrawn", "blocked"])),
                        name="network_contacts_relation_valid",
                    ),
                    TableRule(
                        name="network_contacts_row_security",
                        create="""
                        ALTER TABLE "network_contacts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "network_contacts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "network_contacts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "network_contacts" TO lad_platform;
                        CREATE POLICY "platform" ON "network_contacts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "network_contacts" TO lad_app;
                        CREATE POLICY "tenant" ON "network_contacts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "network_contacts";
                        DROP POLICY IF EXISTS "tenant" ON "network_contacts";
                        REVOKE ALL ON "network_contacts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="network_contacts_lead_same_tenant",
                        create="""
                        ALTER TABLE "network_contacts" ADD CONSTRAINT "network_contacts_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "network_contacts" DROP CONSTRAINT IF EXISTS "network_contacts_lead_same_tenant"',
                    ),
                    TableRule(
                        name="network_contacts_linkedin_account_same_tenant",
                        create="""
                        ALTER TABLE "network_contacts" ADD CONSTRAINT "network_contacts_linkedin_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "linkedin_account_id") REFERENCES "social_linkedin_accounts" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "network_contacts" DROP CONSTRAINT IF EXISTS "network_contacts_linkedin_account_same_tenant"',
                    ),
                    TableRule(
                        name="network_contacts_channel_account_same_tenant",
                        create="""
                        ALTER TABLE "network_contacts" ADD CONSTRAINT "network_contacts_channel_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "channel_account_id") REFERENCES "channel_accounts" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "network_contacts" DROP CONSTRAINT IF EXISTS "network_contacts_channel_account_same_tenant"',
                    ),
                    TableRule(
                        name="network_contacts_tenant_fkey",
                        create="""
                        ALTER TABLE "network_contacts" ADD CONSTRAINT "network_contacts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "network_contacts" DROP CONSTRAINT IF EXISTS "network_contacts_tenant_fkey"',
                    ),
                    TableRule(
                        name="network_contacts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "network_contacts_touch_updated_at" BEFORE UPDATE ON "network_contacts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "network_contacts_touch_updated_at" ON "network_contacts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderReport",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("error", models.TextField(db_default="")),
                ("provider", models.CharField(max_length=50)),
                ("account_id", models.UUIDField()),
                ("kind", models.CharField(max_length=50)),
                ("key", models.CharField(max_length=255)),
                ("state", models.CharField(db_default="waiting", max_length=20)),
                ("content", models.JSONField(db_default={})),
                ("happened_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "provider_reports",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="provider_reports_newest"),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["next_attempt_at"],
                        name="provider_reports_waiting",
                    ),
                    models.Index(fields=["created_at"], name="provider_reports_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "provider", "account_id", "key"), name="provider_reports_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["waiting", "done", "failed"])),
                        name="provider_reports_state_valid",
                    ),
                    TableRule(
                        name="provider_reports_row_security",
                        create="""
                        ALTER TABLE "provider_reports" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "provider_reports" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "provider_reports" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "provider_reports" TO lad_platform;
                        CREATE POLICY "platform" ON "provider_reports" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "provider_reports" TO lad_app;
                        CREATE POLICY "tenant" ON "provider_reports" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "provider_reports";
                        DROP POLICY IF EXISTS "tenant" ON "provider_reports";
                        REVOKE ALL ON "provider_reports" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="provider_reports_tenant_fkey",
                        create="""
                        ALTER TABLE "provider_reports" ADD CONSTRAINT "provider_reports_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "provider_reports" DROP CONSTRAINT IF EXISTS "provider_reports_tenant_fkey"',
                    ),
                    TableRule(
                        name="provider_reports_touch_updated_at",
                        create="""
                        CREATE TRIGGER "provider_reports_touch_updated_at" BEFORE UPDATE ON "provider_reports"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "provider_reports_touch_updated_at" ON "provider_reports"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WhatsappTemplate",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "channel_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.channelaccount",
                    ),
                ),
                ("name", models.CharField(max_length=512)),
                ("language", models.CharField(max_length=20)),
                ("category", models.CharField(db_default="", max_length=50)),
                ("status", models.CharField(max_length=20)),
                ("status_reason", models.CharField(db_default="", max_length=500)),
                ("body", models.TextField()),
                ("components", models.JSONField(db_default=[])),
                ("variables", models.PositiveSmallIntegerField(db_default=0)),
                ("provider_id", models.CharField(db_default="", max_length=255)),
                ("synced_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "whatsapp_templates",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="whatsapp_templates_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "channel_account", "name", "language"), name="whatsapp_templates_key"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="whatsapp_templates_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["approved", "pending", "rejected", "paused", "disabled"])),
                        name="whatsapp_templates_status_valid",
                    ),
                    TableRule(
                        name="whatsapp_templates_row_security",
                        create="""
                        ALTER TABLE "whatsapp_templates" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "whatsapp_templates" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "whatsapp_templates" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "whatsapp_templates" TO lad_platform;
                        CREATE POLICY "platform" ON "whatsapp_templates" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "whatsapp_templates" TO lad_app;
                        CREATE POLICY "tenant" ON "whatsapp_templates" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "whatsapp_templates";
                        DROP POLICY IF EXISTS "tenant" ON "whatsapp_templates";
                        REVOKE ALL ON "whatsapp_templates" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="whatsapp_templates_channel_account_same_tenant",
                        create="""
                        ALTER TABLE "whatsapp_templates" ADD CONSTRAINT "whatsapp_templates_channel_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "channel_account_id") REFERENCES "channel_accounts" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "whatsapp_templates" DROP CONSTRAINT IF EXISTS "whatsapp_templates_channel_account_same_tenant"',
                    ),
                    TableRule(
                        name="whatsapp_templates_tenant_fkey",
                        create="""
                        ALTER TABLE "whatsapp_templates" ADD CONSTRAINT "whatsapp_templates_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "whatsapp_templates" DROP CONSTRAINT IF EXISTS "whatsapp_templates_tenant_fkey"',
                    ),
                    TableRule(
                        name="whatsapp_templates_touch_updated_at",
                        create="""
                        CREATE TRIGGER "whatsapp_templates_touch_updated_at" BEFORE UPDATE ON "whatsapp_templates"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "whatsapp_templates_touch_updated_at" ON "whatsapp_templates"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="action_limits",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="caught_up_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="checkpoint",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="failures",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="health",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="heard_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="learned_limits",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="messages_sent",
            field=models.PositiveBigIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="min_gap_seconds",
            field=models.PositiveIntegerField(db_default=60),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="next_send_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="paused_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="ramp_up_from",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="linkedinaccount",
            name="status_reason",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="message",
            name="action",
            field=models.CharField(db_default="message", max_length=20),
        ),
        migrations.AddField(
            model_name="message",
            name="linkedin_account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="campaigns.linkedinaccount",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="provider_id",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="message",
            name="channel_account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="campaigns.channelaccount",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("linkedin_account__isnull", False), ("state", "queued")),
                fields=["tenant", "linkedin_account", "campaign", "next_attempt_at"],
                name="messages_queued_linkedin",
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("channel_account__isnull", False), ("state", "queued")),
                fields=["tenant", "channel_account", "campaign", "next_attempt_at"],
                name="messages_queued_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=("tenant", "provider_id", "linkedin_account", "channel_account"),
                name="messages_provider_id_key",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "action__in",
                        [
                            "message",
                            "invitation",
                            "visit",
                            "follow",
                            "like",
                            "comment",
                            "story_view",
                            "withdrawal",
                            "profile",
                            "post",
                        ],
                    )
                ),
                name="messages_action_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=TableRule(
                name="messages_linkedin_account_same_tenant",
                create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_linkedin_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "linkedin_account_id") REFERENCES "social_linkedin_accounts" ("tenant_id", "id")
                        ON DELETE SET NULL ("linkedin_account_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_linkedin_account_same_tenant"',
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=TableRule(
                name="messages_channel_account_same_tenant",
                create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_channel_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "channel_account_id") REFERENCES "channel_accounts" ("tenant_id", "id")
                        ON DELETE SET NULL ("channel_account_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_channel_account_same_tenant"',
            ),
        ),
    ]
