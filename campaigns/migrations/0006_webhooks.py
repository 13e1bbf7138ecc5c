import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_follow_ups"),
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookEndpoint",
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
                ("name", models.CharField(max_length=100)),
                ("url", models.CharField(max_length=2000)),
                ("secret", models.TextField()),
                ("is_active", models.BooleanField(db_default=True)),
            ],
            options={
                "db_table": "webhook_endpoints",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="webhook_endpoints_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "name"),
                        name="webhook_endpoints_name",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="webhook_endpoints_tenant_id_key"),
                    TableRule(
                        name="webhook_endpoints_row_security",
                        create="""
                        ALTER TABLE "webhook_endpoints" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "webhook_endpoints" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "webhook_endpoints" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "webhook_endpoints" TO lad_platform;
                        CREATE POLICY "platform" ON "webhook_endpoints" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "webhook_endpoints" TO lad_app;
                        CREATE POLICY "tenant" ON "webhook_endpoints" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "webhook_endpoints";
                        DROP POLICY IF EXISTS "tenant" ON "webhook_endpoints";
                        REVOKE ALL ON "webhook_endpoints" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="webhook_endpoints_tenant_fkey",
                        create="""
                        ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "webhook_endpoints" DROP CONSTRAINT IF EXISTS "webhook_endpoints_tenant_fkey"',
                    ),
                    TableRule(
                        name="webhook_endpoints_touch_updated_at",
                        create="""
                        CREATE TRIGGER "webhook_endpoints_touch_updated_at" BEFORE UPDATE ON "webhook_endpoints"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "webhook_endpoints_touch_updated_at" ON "webhook_endpoints"',
                    ),
                    TableRule(
                        name="webhook_endpoints_audit_insert",
                        create="""
                        CREATE TRIGGER "webhook_endpoints_audit_insert" AFTER INSERT ON "webhook_endpoints" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "webhook_endpoints_audit_insert" ON "webhook_endpoints"',
                    ),
                    TableRule(
                        name="webhook_endpoints_audit_update",
                        create="""
                        CREATE TRIGGER "webhook_endpoints_audit_update" AFTER UPDATE ON "webhook_endpoints" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "webhook_endpoints_audit_update" ON "webhook_endpoints"',
                    ),
                    TableRule(
                        name="webhook_endpoints_audit_delete",
                        create="""
                        CREATE TRIGGER "webhook_endpoints_audit_delete" AFTER DELETE ON "webhook_endpoints" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "webhook_endpoints_audit_delete" ON "webhook_endpoints"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookCall",
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
                    "endpoint",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.webhookendpoint",
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
                ("activity_id", models.UUIDField()),
                ("state", models.CharField(db_default="queued", max_length=20)),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "webhook_calls",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="webhook_calls_newest"),
                    models.Index(fields=["tenant", "endpoint", "-created_at"], name="webhook_calls_endpoint"),
                    models.Index(fields=["tenant", "campaign_lead", "-created_at"], name="webhook_calls_enrolment"),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["tenant", "next_attempt_at"],
                        name="webhook_calls_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")),
                        fields=["tenant", "lease_until"],
                        name="webhook_calls_leased",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "activity_id"), name="webhook_calls_activity"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "sending", "succeeded", "failed", "cancelled"])),
                        name="webhook_calls_state_valid",
                    ),
                    TableRule(
                        name="webhook_calls_storage",
                        create='ALTER TABLE "webhook_calls" SET (fillfactor = 80)',
                        remove='ALTER TABLE "webhook_calls" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="webhook_calls_row_security",
                        create="""
                        ALTER TABLE "webhook_calls" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "webhook_calls" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "webhook_calls" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "webhook_calls" TO lad_platform;
                        CREATE POLICY "platform" ON "webhook_calls" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "webhook_calls" TO lad_app;
                        CREATE POLICY "tenant" ON "webhook_calls" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "webhook_calls";
                        DROP POLICY IF EXISTS "tenant" ON "webhook_calls";
                        REVOKE ALL ON "webhook_calls" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="webhook_calls_endpoint_same_tenant",
                        create="""
                        ALTER TABLE "webhook_calls" ADD CONSTRAINT "webhook_calls_endpoint_same_tenant"
                        FOREIGN KEY ("tenant_id", "endpoint_id") REFERENCES "webhook_endpoints" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "webhook_calls" DROP CONSTRAINT IF EXISTS "webhook_calls_endpoint_same_tenant"',
                    ),
                    TableRule(
                        name="webhook_calls_campaign_same_tenant",
                        create="""
                        ALTER TABLE "webhook_calls" ADD CONSTRAINT "webhook_calls_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "webhook_calls" DROP CONSTRAINT IF EXISTS "webhook_calls_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="webhook_calls_campaign_lead_same_tenant",
                        create="""
                        ALTER TABLE "webhook_calls" ADD CONSTRAINT "webhook_calls_campaign_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_lead_id") REFERENCES "campaign_leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "webhook_calls" DROP CONSTRAINT IF EXISTS "webhook_calls_campaign_lead_same_tenant"',
                    ),
                    TableRule(
                        name="webhook_calls_step_same_tenant",
                        create="""
                        ALTER TABLE "webhook_calls" ADD CONSTRAINT "webhook_calls_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE SET NULL ("step_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "webhook_calls" DROP CONSTRAINT IF EXISTS "webhook_calls_step_same_tenant"',
                    ),
                    TableRule(
                        name="webhook_calls_tenant_fkey",
                        create="""
                        ALTER TABLE "webhook_calls" ADD CONSTRAINT "webhook_calls_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "webhook_calls" DROP CONSTRAINT IF EXISTS "webhook_calls_tenant_fkey"',
                    ),
                    TableRule(
                        name="webhook_calls_touch_updated_at",
                        create="""
                        CREATE TRIGGER "webhook_calls_touch_updated_at" BEFORE UPDATE ON "webhook_calls"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "webhook_calls_touch_updated_at" ON "webhook_calls"',
                    ),
                ],
            },
        ),
    ]
