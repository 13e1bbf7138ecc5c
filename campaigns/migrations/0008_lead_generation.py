import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_account_health"),
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadGeneration",
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
                ("key", models.CharField(db_default="", max_length=64)),
                ("page_number", models.PositiveIntegerField(db_default=1)),
                ("position", models.PositiveSmallIntegerField(db_default=0)),
                (
                    "pending",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), db_default=[], size=None
                    ),
                ),
                ("day", models.DateField(null=True)),
                ("found_today", models.PositiveIntegerField(db_default=0)),
                ("found", models.PositiveIntegerField(db_default=0)),
                ("next_run_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("reason", models.TextField(db_default="")),
            ],
            options={
                "db_table": "lead_generations",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="lead_generations_newest"),
                    models.Index(fields=["tenant", "campaign"], name="lead_generations_campaign"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "step"), name="lead_generations_step"),
                    TableRule(
                        name="lead_generations_row_security",
                        create="""
                        ALTER TABLE "lead_generations" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_generations" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_generations" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_generations" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_generations" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "lead_generations" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_generations" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_generations";
                        DROP POLICY IF EXISTS "tenant" ON "lead_generations";
                        REVOKE ALL ON "lead_generations" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_generations_campaign_same_tenant",
                        create="""
                        ALTER TABLE "lead_generations" ADD CONSTRAINT "lead_generations_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_generations" DROP CONSTRAINT IF EXISTS "lead_generations_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="lead_generations_step_same_tenant",
                        create="""
                        ALTER TABLE "lead_generations" ADD CONSTRAINT "lead_generations_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_generations" DROP CONSTRAINT IF EXISTS "lead_generations_step_same_tenant"',
                    ),
                    TableRule(
                        name="lead_generations_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_generations" ADD CONSTRAINT "lead_generations_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_generations" DROP CONSTRAINT IF EXISTS "lead_generations_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_generations_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_generations_touch_updated_at" BEFORE UPDATE ON "lead_generations"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_generations_touch_updated_at" ON "lead_generations"',
                    ),
                ],
            },
        ),
    ]
