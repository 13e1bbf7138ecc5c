import django.contrib.postgres.functions
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
        ("leads", "0001_initial"),
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("description", models.TextField(db_default="")),
                ("status", models.CharField(db_default="draft", max_length=50)),
                ("starts_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                ("config", models.JSONField(db_default={})),
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
                (
                    "updated_by_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("execution_state", models.CharField(db_default="active", max_length=50)),
                ("next_run_at", models.DateTimeField(null=True)),
                ("last_lead_check_at", models.DateTimeField(null=True)),
                ("last_execution_reason", models.TextField(db_default="")),
            ],
            options={
                "db_table": "campaigns",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaigns_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="campaigns_status",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("status", "running")),
                        fields=["tenant", "next_run_at"],
                        name="campaigns_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_at__isnull", True),
                            ("ends_at__isnull", True),
                            ("starts_at__lt", models.F("ends_at")),
                            _connector="OR",
                        ),
                        name="campaigns_starts_before_it_ends",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="campaigns_name_given"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="campaigns_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "running", "paused", "completed", "stopped", "archived"])
                        ),
                        name="campaigns_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "execution_state__in",
                                ["active", "waiting_for_leads", "sleeping_until_next_day", "error", "completed"],
                            )
                        ),
                        name="campaigns_execution_state_valid",
                    ),
                    TableRule(
                        name="campaigns_row_security",
                        create="""
                        ALTER TABLE "campaigns" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaigns" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaigns" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaigns" TO lad_platform;
                        CREATE POLICY "platform" ON "campaigns" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "campaigns" TO lad_app;
                        CREATE POLICY "tenant" ON "campaigns" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaigns";
                        DROP POLICY IF EXISTS "tenant" ON "campaigns";
                        REVOKE ALL ON "campaigns" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaigns_created_by_user_fkey",
                        create="""
                        ALTER TABLE "campaigns" ADD CONSTRAINT "campaigns_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaigns" DROP CONSTRAINT IF EXISTS "campaigns_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="campaigns_updated_by_user_fkey",
                        create="""
                        ALTER TABLE "campaigns" ADD CONSTRAINT "campaigns_updated_by_user_fkey"
                        FOREIGN KEY ("updated_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("updated_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaigns" DROP CONSTRAINT IF EXISTS "campaigns_updated_by_user_fkey"',
                    ),
                    TableRule(
                        name="campaigns_tenant_fkey",
                        create="""
                        ALTER TABLE "campaigns" ADD CONSTRAINT "campaigns_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaigns" DROP CONSTRAINT IF EXISTS "campaigns_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaigns_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaigns_touch_updated_at" BEFORE UPDATE ON "campaigns"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaigns_touch_updated_at" ON "campaigns"',
                    ),
                    TableRule(
                        name="campaigns_audit_insert",
                        create="""
                        CREATE TRIGGER "campaigns_audit_insert" AFTER INSERT ON "campaigns" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaigns_audit_insert" ON "campaigns"',
                    ),
                    TableRule(
                        name="campaigns_audit_update",
                        create="""
                        CREATE TRIGGER "campaigns_audit_update" AFTER UPDATE ON "campaigns" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaigns_audit_update" ON "campaigns"',
                    ),
                    TableRule(
                        name="campaigns_audit_delete",
                        create="""
                        CREATE TRIGGER "campaigns_audit_delete" AFTER DELETE ON "campaigns" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaigns_audit_delete" ON "campaigns"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignLead",
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
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("first_name", models.CharField(db_default="", max_length=255)),
                ("last_name", models.CharField(db_default="", max_length=255)),
                ("email", models.CharField(db_default="", max_length=255)),
                ("company_name", models.CharField(db_default="", max_length=500)),
                ("title", models.CharField(db_default="", max_length=255)),
                ("linkedin_url", models.TextField(db_default="")),
                ("phone", models.CharField(db_default="", max_length=50)),
                ("lead_data", models.JSONField(db_default={})),
                ("status", models.CharField(db_default="pending", max_length=50)),
                ("current_step_order", models.PositiveIntegerField(db_default=0)),
                ("started_at", models.DateTimeField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "campaign_leads",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_leads_newest"),
                    models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_leads_by_campaign"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "campaign", "status", "-created_at"],
                        name="campaign_leads_progress",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="campaign_leads_status",
                    ),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="campaign_leads_by_lead"),
                    models.Index(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=["tenant", "email"],
                        name="campaign_leads_email",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "campaign", "lead"),
                        name="campaign_leads_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("completed_at__isnull", True),
                            models.Q(("completed_at__gte", models.F("started_at")), ("started_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="campaign_leads_completed_after_started",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "completed"), _negated=True),
                            ("completed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="campaign_leads_completed_when",
                    ),
                    models.UniqueConstraint(fields=("tenant", "campaign", "id"), name="campaign_leads_campaign_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="campaign_leads_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "active", "completed", "stopped", "error"])),
                        name="campaign_leads_status_valid",
                    ),
                    TableRule(
                        name="campaign_leads_row_security",
                        create="""
                        ALTER TABLE "campaign_leads" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_leads" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_leads" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_leads" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_leads" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "campaign_leads" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_leads" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_leads";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_leads";
                        REVOKE ALL ON "campaign_leads" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_leads_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_leads" ADD CONSTRAINT "campaign_leads_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_leads" DROP CONSTRAINT IF EXISTS "campaign_leads_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_leads_lead_same_tenant",
                        create="""
                        ALTER TABLE "campaign_leads" ADD CONSTRAINT "campaign_leads_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_leads" DROP CONSTRAINT IF EXISTS "campaign_leads_lead_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_leads_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_leads" ADD CONSTRAINT "campaign_leads_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_leads" DROP CONSTRAINT IF EXISTS "campaign_leads_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_leads_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_leads_touch_updated_at" BEFORE UPDATE ON "campaign_leads"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_leads_touch_updated_at" ON "campaign_leads"',
                    ),
                    TableRule(
                        name="campaign_leads_audit_insert",
                        create="""
                        CREATE TRIGGER "campaign_leads_audit_insert" AFTER INSERT ON "campaign_leads" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_leads_audit_insert" ON "campaign_leads"',
                    ),
                    TableRule(
                        name="campaign_leads_audit_update",
                        create="""
                        CREATE TRIGGER "campaign_leads_audit_update" AFTER UPDATE ON "campaign_leads" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_leads_audit_update" ON "campaign_leads"',
                    ),
                    TableRule(
                        name="campaign_leads_audit_delete",
                        create="""
                        CREATE TRIGGER "campaign_leads_audit_delete" AFTER DELETE ON "campaign_leads" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_leads_audit_delete" ON "campaign_leads"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignStep",
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
                ("type", models.CharField(max_length=50)),
                ("order", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=255)),
                ("description", models.TextField(db_default="")),
                ("config", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "campaign_steps",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="campaign_steps_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("tenant", "campaign", "order", "deletion_id"),
                        name="campaign_steps_order_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "campaign", "id"), name="campaign_steps_campaign_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="campaign_steps_tenant_id_key"),
                    TableRule(
                        name="campaign_steps_row_security",
                        create="""
                        ALTER TABLE "campaign_steps" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_steps" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_steps" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_steps" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_steps" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "campaign_steps" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_steps" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_steps";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_steps";
                        REVOKE ALL ON "campaign_steps" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_steps_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_steps" ADD CONSTRAINT "campaign_steps_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_steps" DROP CONSTRAINT IF EXISTS "campaign_steps_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_steps_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_steps" ADD CONSTRAINT "campaign_steps_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_steps" DROP CONSTRAINT IF EXISTS "campaign_steps_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_steps_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_steps_touch_updated_at" BEFORE UPDATE ON "campaign_steps"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_steps_touch_updated_at" ON "campaign_steps"',
                    ),
                    TableRule(
                        name="campaign_steps_audit_insert",
                        create="""
                        CREATE TRIGGER "campaign_steps_audit_insert" AFTER INSERT ON "campaign_steps" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_steps_audit_insert" ON "campaign_steps"',
                    ),
                    TableRule(
                        name="campaign_steps_audit_update",
                        create="""
                        CREATE TRIGGER "campaign_steps_audit_update" AFTER UPDATE ON "campaign_steps" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_steps_audit_update" ON "campaign_steps"',
                    ),
                    TableRule(
                        name="campaign_steps_audit_delete",
                        create="""
                        CREATE TRIGGER "campaign_steps_audit_delete" AFTER DELETE ON "campaign_steps" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_steps_audit_delete" ON "campaign_steps"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignLeadActivity",
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
                    "campaign_lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
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
                ("channel", models.CharField(max_length=50, null=True)),
                ("step_type", models.CharField(max_length=50)),
                ("action_type", models.CharField(max_length=50)),
                ("status", models.CharField(max_length=50)),
                ("subject", models.CharField(db_default="", max_length=500)),
                ("message_content", models.TextField(db_default="")),
                ("error_message", models.TextField(db_default="")),
                ("metadata", models.JSONField(db_default={})),
                ("executed_at", models.DateTimeField(null=True)),
                ("provider", models.CharField(db_default="", max_length=50)),
                ("provider_event_id", models.CharField(db_default="", max_length=255)),
            ],
            options={
                "db_table": "campaign_lead_activities",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_activities_newest"),
                    models.Index(
                        fields=["tenant", "campaign_lead", "-created_at"], name="campaign_activities_timeline"
                    ),
                    models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_activities_campaign"),
                    models.Index(
                        fields=["tenant", "campaign", "status", "-created_at"], name="campaign_activities_progress"
                    ),
                    models.Index(fields=["tenant", "status", "-created_at"], name="campaign_activities_status"),
                    models.Index(
                        condition=models.Q(("step__isnull", False)),
                        fields=["tenant", "step"],
                        name="campaign_activities_step",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("provider_event_id", ""), _negated=True),
                        fields=("tenant", "provider", "provider_event_id"),
                        name="campaign_lead_activities_event_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="campaign_lead_activities_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "pending",
                                    "queued",
                                    "sent",
                                    "delivered",
                                    "opened",
                                    "clicked",
                                    "connected",
                                    "replied",
                                    "failed",
                                    "skipped",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="campaign_lead_activities_status_valid",
                    ),
                    TableRule(
                        name="campaign_lead_activities_lead_same_campaign",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ADD CONSTRAINT "campaign_lead_activities_lead_same_campaign"
                        FOREIGN KEY ("tenant_id", "campaign_id", "campaign_lead_id") REFERENCES "campaign_leads" ("tenant_id", "campaign_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_lead_activities" DROP CONSTRAINT IF EXISTS "campaign_lead_activities_lead_same_campaign"',
                    ),
                    TableRule(
                        name="campaign_lead_activities_step_same_campaign",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ADD CONSTRAINT "campaign_lead_activities_step_same_campaign"
                        FOREIGN KEY ("tenant_id", "campaign_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "campaign_id", "id")
                        ON DELETE SET NULL ("step_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_lead_activities" DROP CONSTRAINT IF EXISTS "campaign_lead_activities_step_same_campaign"',
                    ),
                    TableRule(
                        name="campaign_lead_activities_row_security",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_lead_activities" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_lead_activities" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_lead_activities" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_lead_activities" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_lead_activities" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_lead_activities" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_lead_activities";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_lead_activities";
                        REVOKE ALL ON "campaign_lead_activities" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_lead_activities_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ADD CONSTRAINT "campaign_lead_activities_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_lead_activities" DROP CONSTRAINT IF EXISTS "campaign_lead_activities_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_lead_activities_campaign_lead_same_tenant",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ADD CONSTRAINT "campaign_lead_activities_campaign_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_lead_id") REFERENCES "campaign_leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_lead_activities" DROP CONSTRAINT IF EXISTS "campaign_lead_activities_campaign_lead_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_lead_activities_step_same_tenant",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ADD CONSTRAINT "campaign_lead_activities_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE SET NULL ("step_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_lead_activities" DROP CONSTRAINT IF EXISTS "campaign_lead_activities_step_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_lead_activities_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_lead_activities" ADD CONSTRAINT "campaign_lead_activities_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_lead_activities" DROP CONSTRAINT IF EXISTS "campaign_lead_activities_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_lead_activities_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_lead_activities_touch_updated_at" BEFORE UPDATE ON "campaign_lead_activities"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_lead_activities_touch_updated_at" ON "campaign_lead_activities"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CommunicationTemplate",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("name", models.CharField(max_length=255)),
                ("channel", models.CharField(max_length=50)),
                ("template_key", models.CharField(max_length=100)),
                ("category", models.CharField(db_default="general", max_length=100)),
                ("language", models.CharField(db_default="en", max_length=20)),
                ("description", models.TextField(db_default="")),
                ("subject", models.CharField(db_default="", max_length=500)),
                ("body", models.TextField()),
                ("html_content", models.TextField(db_default="")),
                ("variables_schema", models.JSONField(db_default={})),
                ("is_active", models.BooleanField(db_default=True)),
                ("is_builtin", models.BooleanField(db_default=False)),
                ("agent_id", models.BigIntegerField(null=True)),
            ],
            options={
                "db_table": "communication_templates",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="communication_templates_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "channel", "-created_at"],
                        name="communication_templates_chan",
                    ),
                    models.Index(
                        condition=models.Q(("agent_id__isnull", False)),
                        fields=["tenant", "agent_id"],
                        name="communication_templates_agent",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "channel", "template_key", "language", "category", "agent_id"),
                        name="communication_templates_key",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_builtin", False), ("tenant__isnull", True), _connector="OR"),
                        name="communication_templates_builtin_is_shared",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="communication_templates_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="communication_templates_channel_valid",
                    ),
                    TableRule(
                        name="communication_templates_row_security",
                        create="""
                        ALTER TABLE "communication_templates" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "communication_templates" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "communication_templates" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "communication_templates" TO lad_platform;
                        CREATE POLICY "platform" ON "communication_templates" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "communication_templates" TO lad_app;
                        CREATE POLICY "tenant_read" ON "communication_templates" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "communication_templates" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "communication_templates" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "communication_templates" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "communication_templates";
                        DROP POLICY IF EXISTS "tenant_read" ON "communication_templates";
                        DROP POLICY IF EXISTS "tenant_insert" ON "communication_templates";
                        DROP POLICY IF EXISTS "tenant_update" ON "communication_templates";
                        DROP POLICY IF EXISTS "tenant_delete" ON "communication_templates";
                        REVOKE ALL ON "communication_templates" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="communication_templates_tenant_fkey",
                        create="""
                        ALTER TABLE "communication_templates" ADD CONSTRAINT "communication_templates_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "communication_templates" DROP CONSTRAINT IF EXISTS "communication_templates_tenant_fkey"',
                    ),
                    TableRule(
                        name="communication_templates_keep_tenant",
                        create="""
                        CREATE TRIGGER "communication_templates_keep_tenant" BEFORE UPDATE OF tenant_id ON "communication_templates"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "communication_templates_keep_tenant" ON "communication_templates"',
                    ),
                    TableRule(
                        name="communication_templates_touch_updated_at",
                        create="""
                        CREATE TRIGGER "communication_templates_touch_updated_at" BEFORE UPDATE ON "communication_templates"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "communication_templates_touch_updated_at" ON "communication_templates"',
                    ),
                    TableRule(
                        name="communication_templates_audit_insert",
                        create="""
                        CREATE TRIGGER "communication_templates_audit_insert" AFTER INSERT ON "communication_templates" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "communication_templates_audit_insert" ON "communication_templates"',
                    ),
                    TableRule(
                        name="communication_templates_audit_update",
                        create="""
                        CREATE TRIGGER "communication_templates_audit_update" AFTER UPDATE ON "communication_templates" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "communication_templates_audit_update" ON "communication_templates"',
                    ),
                    TableRule(
                        name="communication_templates_audit_delete",
                        create="""
                        CREATE TRIGGER "communication_templates_audit_delete" AFTER DELETE ON "communication_templates" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "communication_templates_audit_delete" ON "communication_templates"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmailAccount",
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
                ("email", models.CharField(max_length=255)),
                ("smtp_host", models.CharField(db_default="", max_length=255)),
                ("smtp_port", models.PositiveIntegerField(null=True)),
                ("smtp_username", models.CharField(db_default="", max_length=255)),
                ("smtp_password", models.TextField(db_default="")),
                ("smtp_secure", models.BooleanField(db_default=True)),
                ("is_active", models.BooleanField(db_default=True)),
                ("daily_send_limit", models.PositiveIntegerField(db_default=200)),
                ("sent_today", models.PositiveIntegerField(db_default=0)),
                ("last_reset_date", models.DateField(null=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "email_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="email_accounts_newest"),
                    models.Index(fields=["tenant", "is_active", "-created_at"], name="email_accounts_active"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "email"),
                        name="email_accounts_email_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="email_accounts_email_lowercase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("smtp_port__isnull", True), ("smtp_port__range", (1, 65535)), _connector="OR"
                        ),
                        name="email_accounts_port_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sent_today__lte", models.F("daily_send_limit"))),
                        name="email_accounts_within_limit",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="email_accounts_tenant_id_key"),
                    TableRule(
                        name="email_accounts_row_security",
                        create="""
                        ALTER TABLE "email_accounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "email_accounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "email_accounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "email_accounts" TO lad_platform;
                        CREATE POLICY "platform" ON "email_accounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "email_accounts" TO lad_app;
                        CREATE POLICY "tenant" ON "email_accounts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "email_accounts";
                        DROP POLICY IF EXISTS "tenant" ON "email_accounts";
                        REVOKE ALL ON "email_accounts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="email_accounts_tenant_fkey",
                        create="""
                        ALTER TABLE "email_accounts" ADD CONSTRAINT "email_accounts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "email_accounts" DROP CONSTRAINT IF EXISTS "email_accounts_tenant_fkey"',
                    ),
                    TableRule(
                        name="email_accounts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "email_accounts_touch_updated_at" BEFORE UPDATE ON "email_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "email_accounts_touch_updated_at" ON "email_accounts"',
                    ),
                    TableRule(
                        name="email_accounts_audit_insert",
                        create="""
                        CREATE TRIGGER "email_accounts_audit_insert" AFTER INSERT ON "email_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'smtp_password')
                        """,
                        remove='DROP TRIGGER IF EXISTS "email_accounts_audit_insert" ON "email_accounts"',
                    ),
                    TableRule(
                        name="email_accounts_audit_update",
                        create="""
                        CREATE TRIGGER "email_accounts_audit_update" AFTER UPDATE ON "email_accounts" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'smtp_password')
                        """,
                        remove='DROP TRIGGER IF EXISTS "email_accounts_audit_update" ON "email_accounts"',
                    ),
                    TableRule(
                        name="email_accounts_audit_delete",
                        create="""
                        CREATE TRIGGER "email_accounts_audit_delete" AFTER DELETE ON "email_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'smtp_password')
                        """,
                        remove='DROP TRIGGER IF EXISTS "email_accounts_audit_delete" ON "email_accounts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LinkedinAccount",
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
                ("account_name", models.CharField(max_length=255)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("provider", models.CharField(db_default="unipile", max_length=50)),
                ("unipile_account_id", models.CharField(max_length=255)),
                ("status", models.CharField(db_default="active", max_length=30)),
                ("is_active", models.BooleanField(db_default=True)),
                ("session_cookies", models.TextField(db_default="")),
                ("access_token", models.TextField(db_default="")),
                ("refresh_token", models.TextField(db_default="")),
                ("token_expires_at", models.DateTimeField(null=True)),
                ("last_verified_at", models.DateTimeField(null=True)),
                ("daily_action_limit", models.PositiveIntegerField(db_default=10)),
                ("default_weekly_limit", models.PositiveIntegerField(db_default=70)),
                ("actions_today", models.PositiveIntegerField(db_default=0)),
                ("last_reset_date", models.DateField(null=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "social_linkedin_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="social_linkedin_newest"),
                    models.Index(fields=["tenant", "user", "-created_at"], name="social_linkedin_by_user"),
                    models.Index(fields=["tenant", "status", "-created_at"], name="social_linkedin_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "provider", "unipile_account_id"),
                        name="social_linkedin_accounts_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("actions_today__lte", models.F("daily_action_limit"))),
                        name="social_linkedin_accounts_within",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="social_linkedin_accounts_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["active", "pending", "checkpoint", "expired", "revoked", "disconnected", "error"],
                            )
                        ),
                        name="social_linkedin_accounts_status_valid",
                    ),
                    TableRule(
                        name="social_linkedin_accounts_row_security",
                        create="""
                        ALTER TABLE "social_linkedin_accounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "social_linkedin_accounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "social_linkedin_accounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "social_linkedin_accounts" TO lad_platform;
                        CREATE POLICY "platform" ON "social_linkedin_accounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "social_linkedin_accounts" TO lad_app;
                        CREATE POLICY "tenant" ON "social_linkedin_accounts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "social_linkedin_accounts";
                        DROP POLICY IF EXISTS "tenant" ON "social_linkedin_accounts";
                        REVOKE ALL ON "social_linkedin_accounts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="social_linkedin_accounts_user_fkey",
                        create="""
                        ALTER TABLE "social_linkedin_accounts" ADD CONSTRAINT "social_linkedin_accounts_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "social_linkedin_accounts" DROP CONSTRAINT IF EXISTS "social_linkedin_accounts_user_fkey"',
                    ),
                    TableRule(
                        name="social_linkedin_accounts_user_same_tenant",
                        create="""
                        ALTER TABLE "social_linkedin_accounts" ADD CONSTRAINT "social_linkedin_accounts_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "social_linkedin_accounts" DROP CONSTRAINT IF EXISTS "social_linkedin_accounts_user_same_tenant"',
                    ),
                    TableRule(
                        name="social_linkedin_accounts_tenant_fkey",
                        create="""
                        ALTER TABLE "social_linkedin_accounts" ADD CONSTRAINT "social_linkedin_accounts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "social_linkedin_accounts" DROP CONSTRAINT IF EXISTS "social_linkedin_accounts_tenant_fkey"',
                    ),
                    TableRule(
                        name="social_linkedin_accounts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "social_linkedin_accounts_touch_updated_at" BEFORE UPDATE ON "social_linkedin_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "social_linkedin_accounts_touch_updated_at" ON "social_linkedin_accounts"',
                    ),
                    TableRule(
                        name="social_linkedin_accounts_audit_insert",
                        create="""
                        CREATE TRIGGER "social_linkedin_accounts_audit_insert" AFTER INSERT ON "social_linkedin_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'access_token', 'refresh_token', 'session_cookies')
                        """,
                        remove='DROP TRIGGER IF EXISTS "social_linkedin_accounts_audit_insert" ON "social_linkedin_accounts"',
                    ),
                    TableRule(
                        name="social_linkedin_accounts_audit_update",
                        create="""
                        CREATE TRIGGER "social_linkedin_accounts_audit_update" AFTER UPDATE ON "social_linkedin_accounts" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'access_token', 'refresh_token', 'session_cookies')
                        """,
                        remove='DROP TRIGGER IF EXISTS "social_linkedin_accounts_audit_update" ON "social_linkedin_accounts"',
                    ),
                    TableRule(
                        name="social_linkedin_accounts_audit_delete",
                        create="""
                        CREATE TRIGGER "social_linkedin_accounts_audit_delete" AFTER DELETE ON "social_linkedin_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'access_token', 'refresh_token', 'session_cookies')
                        """,
                        remove='DROP TRIGGER IF EXISTS "social_linkedin_accounts_audit_delete" ON "social_linkedin_accounts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignAccount",
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
                    "linkedin_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.linkedinaccount",
                    ),
                ),
                ("status", models.CharField(db_default="active", max_length=30)),
                ("is_primary", models.BooleanField(db_default=False)),
                ("priority", models.IntegerField(db_default=0)),
                ("daily_requests_limit", models.PositiveIntegerField(db_default=10)),
                ("daily_requests_used", models.PositiveIntegerField(db_default=0)),
                ("last_reset_date", models.DateField(null=True)),
            ],
            options={
                "db_table": "campaign_linkedin_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_linkedin_newest"),
                    models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_linkedin_by_campaign"),
                    models.Index(
                        fields=["tenant", "linkedin_account", "-created_at"], name="campaign_linkedin_by_account"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "campaign", "linkedin_account"),
                        name="campaign_linkedin_accounts_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("is_primary", True)),
                        fields=("tenant", "campaign"),
                        name="campaign_linkedin_accounts_primary",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("daily_requests_used__lte", models.F("daily_requests_limit"))),
                        name="campaign_linkedin_accounts_within",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="campaign_linkedin_accounts_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "paused"])),
                        name="campaign_linkedin_accounts_status_valid",
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_row_security",
                        create="""
                        ALTER TABLE "campaign_linkedin_accounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_linkedin_accounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_linkedin_accounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_linkedin_accounts" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_linkedin_accounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "campaign_linkedin_accounts" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_linkedin_accounts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_linkedin_accounts";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_linkedin_accounts";
                        REVOKE ALL ON "campaign_linkedin_accounts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_linkedin_accounts" ADD CONSTRAINT "campaign_linkedin_accounts_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_linkedin_accounts" DROP CONSTRAINT IF EXISTS "campaign_linkedin_accounts_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_linkedin_account_same_tenant",
                        create="""
                        ALTER TABLE "campaign_linkedin_accounts" ADD CONSTRAINT "campaign_linkedin_accounts_linkedin_account_same_tenant"
                        FOREIGN KEY ("tenant_id", "linkedin_account_id") REFERENCES "social_linkedin_accounts" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_linkedin_accounts" DROP CONSTRAINT IF EXISTS "campaign_linkedin_accounts_linkedin_account_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_linkedin_accounts" ADD CONSTRAINT "campaign_linkedin_accounts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_linkedin_accounts" DROP CONSTRAINT IF EXISTS "campaign_linkedin_accounts_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_linkedin_accounts_touch_updated_at" BEFORE UPDATE ON "campaign_linkedin_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_linkedin_accounts_touch_updated_at" ON "campaign_linkedin_accounts"',
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_audit_insert",
                        create="""
                        CREATE TRIGGER "campaign_linkedin_accounts_audit_insert" AFTER INSERT ON "campaign_linkedin_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_linkedin_accounts_audit_insert" ON "campaign_linkedin_accounts"',
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_audit_update",
                        create="""
                        CREATE TRIGGER "campaign_linkedin_accounts_audit_update" AFTER UPDATE ON "campaign_linkedin_accounts" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_linkedin_accounts_audit_update" ON "campaign_linkedin_accounts"',
                    ),
                    TableRule(
                        name="campaign_linkedin_accounts_audit_delete",
                        create="""
                        CREATE TRIGGER "campaign_linkedin_accounts_audit_delete" AFTER DELETE ON "campaign_linkedin_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_linkedin_accounts_audit_delete" ON "campaign_linkedin_accounts"',
                    ),
                ],
            },
        ),
    ]
