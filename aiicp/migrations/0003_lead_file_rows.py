import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("aiicp", "0002_profiles_and_scores"),
        ("jobs", "0001_initial"),
        ("tenants", "0014_booking_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadFileRow",
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
                ("texts", models.JSONField()),
                ("custom", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "lead_file_rows",
                "indexes": [
                    models.Index(fields=["tenant", "job", "number"], name="lead_file_rows_job"),
                    models.Index(fields=["tenant", "-created_at"], name="lead_file_rows_newest"),
                ],
                "constraints": [
                    TableRule(
                        name="lead_file_rows_row_security",
                        create="""
                        ALTER TABLE "lead_file_rows" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_file_rows" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_file_rows" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_file_rows" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_file_rows" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, DELETE ON "lead_file_rows" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_file_rows" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_file_rows";
                        DROP POLICY IF EXISTS "tenant" ON "lead_file_rows";
                        REVOKE ALL ON "lead_file_rows" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_file_rows_job_same_tenant",
                        create="""
                        ALTER TABLE "lead_file_rows" ADD CONSTRAINT "lead_file_rows_job_same_tenant"
                        FOREIGN KEY ("tenant_id", "job_id") REFERENCES "jobs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_file_rows" DROP CONSTRAINT IF EXISTS "lead_file_rows_job_same_tenant"',
                    ),
                    TableRule(
                        name="lead_file_rows_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_file_rows" ADD CONSTRAINT "lead_file_rows_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_file_rows" DROP CONSTRAINT IF EXISTS "lead_file_rows_tenant_fkey"',
                    ),
                ],
            },
        ),
    ]
