import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0003_step_types_of_activities"),
        ("lad", "0003_search"),
        ("leads", "0005_outcomes"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="campaignlead",
            name="campaign_leads_audit_update",
        ),
        migrations.RemoveConstraint(
            model_name="emailaccount",
            name="email_accounts_audit_insert",
        ),
        migrations.RemoveConstraint(
            model_name="emailaccount",
            name="email_accounts_audit_update",
        ),
        migrations.RemoveConstraint(
            model_name="emailaccount",
            name="email_accounts_audit_delete",
        ),
        migrations.CreateModel(
            name="DailyCount",
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
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=20)),
                ("taken", models.PositiveIntegerField(db_default=0)),
            ],
            options={
                "db_table": "campaign_daily_counts",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="campaign_daily_counts_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "campaign", "kind", "day"), name="campaign_daily_counts_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["messages", "intake"])),
                        name="campaign_daily_counts_kind_valid",
                    ),
                    TableRule(
                        name="campaign_daily_counts_row_security",
                        create="""
                        ALTER TABLE "campaign_daily_counts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_daily_counts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_daily_counts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_daily_counts" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_daily_counts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_daily_counts" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_daily_counts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_daily_counts";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_daily_counts";
                        REVOKE ALL ON "campaign_daily_counts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_daily_counts_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_daily_counts" ADD CONSTRAINT "campaign_daily_counts_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_daily_counts" DROP CONSTRAINT IF EXISTS "campaign_daily_counts_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_daily_counts_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_daily_counts" ADD CONSTRAINT "campaign_daily_counts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_daily_counts" DROP CONSTRAINT IF EXISTS "campaign_daily_counts_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_daily_counts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_daily_counts_touch_updated_at" BEFORE UPDATE ON "campaign_daily_counts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_daily_counts_touch_updated_at" ON "campaign_daily_counts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
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
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "campaign_lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaignlead",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaignstep",
                    ),
                ),
                ("activity_id", models.UUIDField(null=True)),
                (
                    "email_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.emailaccount",
                    ),
                ),
                (
                    "thread",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.message",
                    ),
                ),
                ("channel", models.CharField(max_length=20)),
                ("direction", models.CharField(max_length=20)),
                ("kind", models.CharField(db_default="outreach", max_length=20)),
                ("purpose", models.CharField(db_default="outreach", max_length=20)),
                ("state", models.CharField(max_length=20)),
                ("from_address", models.CharField(db_default="", max_length=320)),
                ("to_address", models.CharField(db_default="", max_length=320)),
                ("subject", models.CharField(db_default="", max_length=500)),
                ("body", models.TextField(db_default="")),
                ("html", models.TextField(db_default="")),
                ("attachment_ids", models.JSONField(db_default=[])),
                ("message_id", models.CharField(db_default="", max_length=255)),
                ("in_reply_to", models.CharField(db_default="", max_length=255)),
                ("metadata", models.JSONField(db_default={})),
                ("decision", models.JSONField(db_default={})),
                ("hold_id", models.UUIDField(null=True)),
                ("begun_at", models.DateTimeField(null=True)),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("looks", models.PositiveSmallIntegerField(db_default=0)),
                ("copy_due_at", models.DateTimeField(null=True)),
                ("occurred_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(null=True)),
                ("clicked_at", models.DateTimeField(null=True)),
                ("replied_at", models.DateTimeField(null=True)),
                (
                    "created_by_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "messages",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="messages_newest"),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="messages_lead"),
                    models.Index(
                        condition=models.Q(("to_address", ""), _negated=True),
                        fields=["tenant", "to_address", "-created_at"],
                        name="messages_recipient",
                    ),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False)),
                        fields=["tenant", "campaign", "state", "-created_at"],
                        name="messages_campaign",
                    ),
                    models.Index(
                        condition=models.Q(("campaign_lead__isnull", False)),
                        fields=["tenant", "campaign_lead"],
                        name="messages_enrolment",
                    ),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["tenant", "email_account", "campaign", "next_attempt_at"],
                        name="messages_queued",
                    ),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False), ("state", "queued")),
                        fields=["tenant", "campaign", "next_attempt_at"],
                        name="messages_next",
                    ),
                    models.Index(fields=["tenant", "state", "-created_at"], name="messages_state"),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["lease_until"], name="messages_leased"
                    ),
                    models.Index(
                        condition=models.Q(("state", "unknown")), fields=["next_attempt_at"], name="messages_unknown"
                    ),
                    models.Index(
                        condition=models.Q(("copy_due_at__isnull", False)),
                        fields=["copy_due_at"],
                        name="messages_copy_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=("tenant", "message_id", "direction", "email_account"),
                        name="messages_message_id_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="messages_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="messages_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["outbound", "inbound"])), name="messages_direction_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "outreach",
                                    "reply",
                                    "out_of_office",
                                    "auto_reply",
                                    "bounce",
                                    "complaint",
                                    "unsubscribe",
                                    "own_copy",
                                    "noise",
                                ],
                            )
                        ),
                        name="messages_kind_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["outreach", "service"])), name="messages_purpose_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["draft", "queued", "sending", "sent", "unknown", "failed", "cancelled", "received"],
                            )
                        ),
                        name="messages_state_valid",
                    ),
                    TableRule(
                        name="messages_storage",
                        create='ALTER TABLE "messages" SET (fillfactor = 85)',
                        remove='ALTER TABLE "messages" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="messages_row_security",
                        create="""
                        ALTER TABLE "messages" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "messages" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "messages" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "messages" TO lad_platform;
                        CREATE POLICY "platform" ON "messages" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "messages" TO lad_app;
                        CREATE POLICY "tenant" ON "messages" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "messages";
                        DROP POLICY IF EXISTS "tenant" ON "messages";
                        REVOKE ALL ON "messages" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="messages_lead_same_tenant",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_lead_same_tenant"',
                    ),
                    TableRule(
                        name="messages_campaign_same_tenant",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE SET NULL ("campaign_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="messages_campaign_lead_same_tenant",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_campaign_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_lead_id") REFERENCES "campaign_leads" ("tenant_id", "id")
                        ON DELETE SET NULL ("campaign_lead_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_campaign_lead_same_tenant"',
                    ),
                    TableRule(
                        name="messages_step_same_tenant",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE SET NULL ("step_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_step_same_tenant"',
                    ),
                    TableRule(
                        name="messages_email_account_same_tenant",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_email_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "email_account_id") REFERENCES "email_accounts" ("tenant_id", "id")
                        ON DELETE SET NULL ("email_account_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_email_account_same_tenant"',
                    ),
                    TableRule(
                        name="messages_thread_same_tenant",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_thread_same_tenant"
                        FOREIGN KEY ("tenant_id", "thread_id") REFERENCES "messages" ("tenant_id", "id")
                        ON DELETE SET NULL ("thread_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_thread_same_tenant"',
                    ),
                    TableRule(
                        name="messages_created_by_user_fkey",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="messages_tenant_fkey",
                        create="""
                        ALTER TABLE "messages" ADD CONSTRAINT "messages_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "messages" DROP CONSTRAINT IF EXISTS "messages_tenant_fkey"',
                    ),
                    TableRule(
                        name="messages_touch_updated_at",
                        create="""
                        CREATE TRIGGER "messages_touch_updated_at" BEFORE UPDATE ON "messages"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "messages_touch_updated_at" ON "messages"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageEvent",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                    "message",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.message",
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("occurred_at", models.DateTimeField()),
                ("is_machine", models.BooleanField(db_default=False)),
                ("detail", models.JSONField(db_default={})),
                ("source_key", models.CharField(db_default="", max_length=255)),
            ],
            options={
                "db_table": "message_events",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="message_events_newest"),
                    models.Index(fields=["tenant", "message", "-occurred_at"], name="message_events_message"),
                    models.Index(fields=["tenant", "kind", "-occurred_at"], name="message_events_kind"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("source_key", ""), _negated=True),
                        fields=("tenant", "message", "kind", "source_key"),
                        name="message_events_source_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                ["delivered", "opened", "clicked", "replied", "bounced", "complained", "unsubscribed"],
                            )
                        ),
                        name="message_events_kind_valid",
                    ),
                    TableRule(
                        name="message_events_row_security",
                        create="""
                        ALTER TABLE "message_events" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "message_events" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "message_events" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "message_events" TO lad_platform;
                        CREATE POLICY "platform" ON "message_events" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "message_events" TO lad_app;
                        CREATE POLICY "tenant" ON "message_events" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "message_events";
                        DROP POLICY IF EXISTS "tenant" ON "message_events";
                        REVOKE ALL ON "message_events" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="message_events_message_same_tenant",
                        create="""
                        ALTER TABLE "message_events" ADD CONSTRAINT "message_events_message_same_tenant"
                        FOREIGN KEY ("tenant_id", "message_id") REFERENCES "messages" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "message_events" DROP CONSTRAINT IF EXISTS "message_events_message_same_tenant"',
                    ),
                    TableRule(
                        name="message_events_tenant_fkey",
                        create="""
                        ALTER TABLE "message_events" ADD CONSTRAINT "message_events_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "message_events" DROP CONSTRAINT IF EXISTS "message_events_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StepLink",
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
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaignstep",
                    ),
                ),
                ("outcome", models.CharField(max_length=30)),
                (
                    "target",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaignstep",
                    ),
                ),
            ],
            options={
                "db_table": "campaign_step_links",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_step_links_newest"),
                    models.Index(fields=["tenant", "campaign"], name="campaign_step_links_campaign"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "step", "outcome"), name="campaign_step_links_outcome"),
                    TableRule(
                        name="campaign_step_links_step_same_campaign",
                        create="""
                        ALTER TABLE "campaign_step_links" ADD CONSTRAINT "campaign_step_links_step_same_campaign"
                        FOREIGN KEY ("tenant_id", "campaign_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "campaign_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_step_links" DROP CONSTRAINT IF EXISTS "campaign_step_links_step_same_campaign"',
                    ),
                    TableRule(
                        name="campaign_step_links_target_same_campaign",
                        create="""
                        ALTER TABLE "campaign_step_links" ADD CONSTRAINT "campaign_step_links_target_same_campaign"
                        FOREIGN KEY ("tenant_id", "campaign_id", "target_id") REFERENCES "campaign_steps" ("tenant_id", "campaign_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_step_links" DROP CONSTRAINT IF EXISTS "campaign_step_links_target_same_campaign"',
                    ),
                    TableRule(
                        name="campaign_step_links_row_security",
                        create="""
                        ALTER TABLE "campaign_step_links" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_step_links" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_step_links" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_step_links" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_step_links" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_step_links" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_step_links" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_step_links";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_step_links";
                        REVOKE ALL ON "campaign_step_links" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_step_links_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_step_links" ADD CONSTRAINT "campaign_step_links_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_step_links" DROP CONSTRAINT IF EXISTS "campaign_step_links_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_step_links_step_same_tenant",
                        create="""
                        ALTER TABLE "campaign_step_links" ADD CONSTRAINT "campaign_step_links_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_step_links" DROP CONSTRAINT IF EXISTS "campaign_step_links_step_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_step_links_target_same_tenant",
                        create="""
                        ALTER TABLE "campaign_step_links" ADD CONSTRAINT "campaign_step_links_target_same_tenant"
                        FOREIGN KEY ("tenant_id", "target_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_step_links" DROP CONSTRAINT IF EXISTS "campaign_step_links_target_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_step_links_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_step_links" ADD CONSTRAINT "campaign_step_links_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_step_links" DROP CONSTRAINT IF EXISTS "campaign_step_links_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_step_links_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_step_links_touch_updated_at" BEFORE UPDATE ON "campaign_step_links"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_step_links_touch_updated_at" ON "campaign_step_links"',
                    ),
                    TableRule(
                        name="campaign_step_links_audit_insert",
                        create="""
                        CREATE TRIGGER "campaign_step_links_audit_insert" AFTER INSERT ON "campaign_step_links" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_step_links_audit_insert" ON "campaign_step_links"',
                    ),
                    TableRule(
                        name="campaign_step_links_audit_update",
                        create="""
                        CREATE TRIGGER "campaign_step_links_audit_update" AFTER UPDATE ON "campaign_step_links" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_step_links_audit_update" ON "campaign_step_links"',
                    ),
                    TableRule(
                        name="campaign_step_links_audit_delete",
                        create="""
                        CREATE TRIGGER "campaign_step_links_audit_delete" AFTER DELETE ON "campaign_step_links" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_step_links_audit_delete" ON "campaign_step_links"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="campaign",
            name="health_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="priority",
            field=models.SmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="campaignlead",
            name="next_action_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="campaignlead",
            name="next_step",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="campaigns.campaignstep",
            ),
        ),
        migrations.AddField(
            model_name="campaignlead",
            name="reason",
            field=models.CharField(db_default="", max_length=40),
        ),
        migrations.AddField(
            model_name="campaignlead",
            name="reason_detail",
            field=models.CharField(db_default="", max_length=500),
        ),
        migrations.AddField(
            model_name="campaignlead",
            name="step_entered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="access_token",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="dns_checked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="dns_report",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="failures",
            field=models.PositiveSmallIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="from_name",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="imap_host",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="imap_password",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="imap_port",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="imap_secure",
            field=models.BooleanField(db_default=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="imap_username",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="mailbox_state",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="min_gap_seconds",
            field=models.PositiveIntegerField(db_default=60),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="next_poll_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="next_send_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="ramp_up_from",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="refresh_token",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="saves_sent",
            field=models.BooleanField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="sent_folder",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="sign_in",
            field=models.CharField(db_default="password", max_length=20),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="signature",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="status",
            field=models.CharField(db_default="untested", max_length=20),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="status_reason",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="token_expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="tracking_domain",
            field=models.CharField(db_default="", max_length=255),
        ),
        migrations.AddField(
            model_name="emailaccount",
            name="user",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="campaignlead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["tenant", "campaign", "status", "reason", "next_action_at"],
                name="campaign_leads_reasons",
            ),
        ),
        migrations.AddIndex(
            model_name="campaignlead",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("next_action_at__isnull", False)),
                fields=["tenant", "campaign", "next_action_at"],
                name="campaign_leads_due",
            ),
        ),
        migrations.AddIndex(
            model_name="campaignlead",
            index=models.Index(
                condition=models.Q(("next_step__isnull", False)),
                fields=["tenant", "next_step"],
                name="campaign_leads_at_step",
            ),
        ),
        migrations.AddIndex(
            model_name="campaignlead",
            index=models.Index(
                condition=models.Q(
                    ("deleted_at__isnull", True), ("next_action_at__isnull", True), ("status", "pending")
                ),
                fields=["tenant", "campaign", "id"],
                name="campaign_leads_intake",
            ),
        ),
        migrations.AddIndex(
            model_name="emailaccount",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("next_poll_at__isnull", False)),
                fields=["next_poll_at"],
                name="email_accounts_poll",
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("sign_in__in", ["password", "google", "microsoft"])),
                name="email_accounts_sign_in_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["untested", "connected", "sign_in_failed", "revoked", "unreachable", "paused"])
                ),
                name="email_accounts_status_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignlead",
            constraint=TableRule(
                name="campaign_leads_next_step_same_tenant",
                create="""
                        ALTER TABLE "campaign_leads" ADD CONSTRAINT "campaign_leads_next_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "next_step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE SET NULL ("next_step_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "campaign_leads" DROP CONSTRAINT IF EXISTS "campaign_leads_next_step_same_tenant"',
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignlead",
            constraint=TableRule(
                name="campaign_leads_audit_update",
                create="""
                        CREATE TRIGGER "campaign_leads_audit_update" AFTER UPDATE ON "campaign_leads"
                        FOR EACH ROW WHEN (OLD."status" IS DISTINCT FROM NEW."status" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at" OR OLD."email" IS DISTINCT FROM NEW."email" OR OLD."phone" IS DISTINCT FROM NEW."phone" OR OLD."linkedin_url" IS DISTINCT FROM NEW."linkedin_url")
                        EXECUTE FUNCTION lad_audit_row('tenant_id')
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_leads_audit_update" ON "campaign_leads"',
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=TableRule(
                name="email_accounts_user_fkey",
                create="""
                        ALTER TABLE "email_accounts" ADD CONSTRAINT "email_accounts_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "email_accounts" DROP CONSTRAINT IF EXISTS "email_accounts_user_fkey"',
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=TableRule(
                name="email_accounts_user_same_tenant",
                create="""
                        ALTER TABLE "email_accounts" ADD CONSTRAINT "email_accounts_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE SET NULL ("user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "email_accounts" DROP CONSTRAINT IF EXISTS "email_accounts_user_same_tenant"',
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=TableRule(
                name="email_accounts_audit_update",
                create="""
                        CREATE TRIGGER "email_accounts_audit_update" AFTER UPDATE ON "email_accounts"
                        FOR EACH ROW WHEN (OLD."email" IS DISTINCT FROM NEW."email" OR OLD."user_id" IS DISTINCT FROM NEW."user_id" OR OLD."sign_in" IS DISTINCT FROM NEW."sign_in" OR OLD."smtp_host" IS DISTINCT FROM NEW."smtp_host" OR OLD."smtp_port" IS DISTINCT FROM NEW."smtp_port" OR OLD."smtp_username" IS DISTINCT FROM NEW."smtp_username" OR OLD."smtp_password" IS DISTINCT FROM NEW."smtp_password" OR OLD."smtp_secure" IS DISTINCT FROM NEW."smtp_secure" OR OLD."imap_host" IS DISTINCT FROM NEW."imap_host" OR OLD."imap_port" IS DISTINCT FROM NEW."imap_port" OR OLD."imap_username" IS DISTINCT FROM NEW."imap_username" OR OLD."imap_password" IS DISTINCT FROM NEW."imap_password" OR OLD."imap_secure" IS DISTINCT FROM NEW."imap_secure" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."daily_send_limit" IS DISTINCT FROM NEW."daily_send_limit" OR OLD."min_gap_seconds" IS DISTINCT FROM NEW."min_gap_seconds" OR OLD."ramp_up_from" IS DISTINCT FROM NEW."ramp_up_from" OR OLD."tracking_domain" IS DISTINCT FROM NEW."tracking_domain" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'access_token', 'imap_password', 'refresh_token', 'smtp_password')
                        """,
                remove='DROP TRIGGER IF EXISTS "email_accounts_audit_update" ON "email_accounts"',
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=TableRule(
                name="email_accounts_audit_insert",
                create="""
                        CREATE TRIGGER "email_accounts_audit_insert" AFTER INSERT ON "email_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'access_token', 'imap_password', 'refresh_token', 'smtp_password')
                        """,
                remove='DROP TRIGGER IF EXISTS "email_accounts_audit_insert" ON "email_accounts"',
            ),
        ),
        migrations.AddConstraint(
            model_name="emailaccount",
            constraint=TableRule(
                name="email_accounts_audit_delete",
                create="""
                        CREATE TRIGGER "email_accounts_audit_delete" AFTER DELETE ON "email_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'access_token', 'imap_password', 'refresh_token', 'smtp_password')
                        """,
                remove='DROP TRIGGER IF EXISTS "email_accounts_audit_delete" ON "email_accounts"',
            ),
        ),
    ]
