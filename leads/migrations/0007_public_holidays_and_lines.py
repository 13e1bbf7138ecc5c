import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
        ("leads", "0006_outreach"),
        ("tenants", "0014_booking_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="SuppressionLine",
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
                    "job",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="jobs.job",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.CharField(max_length=500)),
            ],
            options={
                "db_table": "suppression_lines",
                "indexes": [
                    models.Index(fields=["tenant", "job", "number"], name="suppression_lines_job"),
                    models.Index(fields=["tenant", "-created_at"], name="suppression_lines_newest"),
                ],
                "constraints": [
                    TableRule(
                        name="suppression_lines_row_security",
                        create="""
                        ALTER TABLE "suppression_lines" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "suppression_lines" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "suppression_lines" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "suppression_lines" TO lad_platform;
                        CREATE POLICY "platform" ON "suppression_lines" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, DELETE ON "suppression_lines" TO lad_app;
                        CREATE POLICY "tenant" ON "suppression_lines" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "suppression_lines";
                        DROP POLICY IF EXISTS "tenant" ON "suppression_lines";
                        REVOKE ALL ON "suppression_lines" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="suppression_lines_job_same_tenant",
                        create="""
                        ALTER TABLE "suppression_lines" ADD CONSTRAINT "suppression_lines_job_same_tenant"
                        FOREIGN KEY ("tenant_id", "job_id") REFERENCES "jobs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "suppression_lines" DROP CONSTRAINT IF EXISTS "suppression_lines_job_same_tenant"',
                    ),
                    TableRule(
                        name="suppression_lines_tenant_fkey",
                        create="""
                        ALTER TABLE "suppression_lines" ADD CONSTRAINT "suppression_lines_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "suppression_lines" DROP CONSTRAINT IF EXISTS "suppression_lines_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="contactpolicy",
            name="holiday_countries",
            field=models.JSONField(db_default=[]),
        ),
        migrations.AddField(
            model_name="contactpolicy",
            name="public_holidays",
            field=models.CharField(db_default="own", max_length=20),
        ),
        migrations.AddConstraint(
            model_name="contactpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("public_holidays__in", ["own", "leads", "chosen", "none"])),
                name="contact_policies_public_holidays_valid",
            ),
        ),
    ]
