import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_initial"),
        ("tenants", "0014_booking_link"),
        ("voice", "0004_dialer"),
    ]

    operations = [
        migrations.CreateModel(
            name="CallBatchLine",
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
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.callbatch",
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
                ("content", models.JSONField()),
                ("problem", models.CharField(db_default="", max_length=500)),
            ],
            options={
                "db_table": "voice_call_batch_lines",
                "indexes": [
                    models.Index(fields=["tenant", "job", "number"], name="voice_call_batch_lines_job"),
                    models.Index(
                        condition=models.Q(("problem", "")),
                        fields=["tenant", "batch"],
                        name="voice_call_batch_lines_open",
                    ),
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_batch_lines_newest"),
                ],
                "constraints": [
                    TableRule(
                        name="voice_call_batch_lines_row_security",
                        create="""
                        ALTER TABLE "voice_call_batch_lines" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_batch_lines" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_batch_lines" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_batch_lines" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_batch_lines" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_batch_lines" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_batch_lines" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_batch_lines";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_batch_lines";
                        REVOKE ALL ON "voice_call_batch_lines" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_batch_lines_batch_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batch_lines" ADD CONSTRAINT "voice_call_batch_lines_batch_same_tenant"
                        FOREIGN KEY ("tenant_id", "batch_id") REFERENCES "voice_call_batches" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_lines" DROP CONSTRAINT IF EXISTS "voice_call_batch_lines_batch_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batch_lines_job_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batch_lines" ADD CONSTRAINT "voice_call_batch_lines_job_same_tenant"
                        FOREIGN KEY ("tenant_id", "job_id") REFERENCES "jobs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_lines" DROP CONSTRAINT IF EXISTS "voice_call_batch_lines_job_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batch_lines_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_batch_lines" ADD CONSTRAINT "voice_call_batch_lines_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_lines" DROP CONSTRAINT IF EXISTS "voice_call_batch_lines_tenant_fkey"',
                    ),
                ],
            },
        ),
    ]
