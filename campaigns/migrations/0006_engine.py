import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_sending"),
        ("lad", "0003_search"),
        ("leads", "0006_outreach"),
        ("tenants", "0013_user_timezone"),
    ]

    operations = [
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
        migrations.AddField(
            model_name="campaign",
            name="health_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="campaignlead",
            name="reason_detail",
            field=models.CharField(db_default="", max_length=500),
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
    ]
