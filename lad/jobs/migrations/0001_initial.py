import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0002_caller"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
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
                ("kind", models.CharField(max_length=50)),
                ("title", models.CharField(max_length=200)),
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
                ("state", models.CharField(db_default="queued", max_length=20)),
                ("total", models.PositiveIntegerField(db_default=0)),
                ("done", models.PositiveIntegerField(db_default=0)),
                ("failed", models.PositiveIntegerField(db_default=0)),
                ("skipped", models.PositiveIntegerField(db_default=0)),
                ("parameters", models.JSONField(db_default={})),
                ("result", models.JSONField(db_default={})),
                ("crashes", models.PositiveSmallIntegerField(db_default=0)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("cancel_requested_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "jobs",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="jobs_newest"),
                    models.Index(fields=["tenant", "created_by_user", "-created_at"], name="jobs_user"),
                    models.Index(
                        condition=models.Q(("state", "queued")), fields=["next_attempt_at"], name="jobs_queued"
                    ),
                    models.Index(condition=models.Q(("state", "running")), fields=["lease_until"], name="jobs_leased"),
                    models.Index(fields=["tenant", "claimed_at"], name="jobs_served"),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False)), fields=["finished_at"], name="jobs_finished"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="jobs_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["queued", "running", "succeeded", "failed", "cancelled", "unknown"])
                        ),
                        name="jobs_state_valid",
                    ),
                    TableRule(
                        name="jobs_storage",
                        create='ALTER TABLE "jobs" SET (fillfactor = 70)',
                        remove='ALTER TABLE "jobs" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="jobs_row_security",
                        create="""
                        ALTER TABLE "jobs" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "jobs" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "jobs" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "jobs" TO lad_platform;
                        CREATE POLICY "platform" ON "jobs" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "jobs" TO lad_app;
                        CREATE POLICY "tenant" ON "jobs" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "jobs";
                        DROP POLICY IF EXISTS "tenant" ON "jobs";
                        REVOKE ALL ON "jobs" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="jobs_created_by_user_fkey",
                        create="""
                        ALTER TABLE "jobs" ADD CONSTRAINT "jobs_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "jobs" DROP CONSTRAINT IF EXISTS "jobs_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="jobs_tenant_fkey",
                        create="""
                        ALTER TABLE "jobs" ADD CONSTRAINT "jobs_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "jobs" DROP CONSTRAINT IF EXISTS "jobs_tenant_fkey"',
                    ),
                    TableRule(
                        name="jobs_touch_updated_at",
                        create="""
                        CREATE TRIGGER "jobs_touch_updated_at" BEFORE UPDATE ON "jobs"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "jobs_touch_updated_at" ON "jobs"',
                    ),
                    TableRule(
                        name="jobs_audit_update",
                        create="""
                        CREATE TRIGGER "jobs_audit_update" AFTER UPDATE ON "jobs"
                        FOR EACH ROW WHEN (OLD."cancel_requested_at" IS DISTINCT FROM NEW."cancel_requested_at" OR OLD."finished_at" IS DISTINCT FROM NEW."finished_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "jobs_audit_update" ON "jobs"',
                    ),
                    TableRule(
                        name="jobs_audit_insert",
                        create="""
                        CREATE TRIGGER "jobs_audit_insert" AFTER INSERT ON "jobs" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "jobs_audit_insert" ON "jobs"',
                    ),
                    TableRule(
                        name="jobs_audit_delete",
                        create="""
                        CREATE TRIGGER "jobs_audit_delete" AFTER DELETE ON "jobs" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "jobs_audit_delete" ON "jobs"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JobFailure",
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
                ("row_id", models.CharField(max_length=36)),
                ("label", models.CharField(db_default="", max_length=200)),
                ("verdict", models.CharField(max_length=20)),
                ("field", models.CharField(db_default="", max_length=100)),
                ("reason", models.TextField()),
            ],
            options={
                "db_table": "job_failures",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="job_failures_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "job", "row_id"), name="job_failures_row"),
                    models.CheckConstraint(
                        condition=models.Q(("verdict__in", ["failed", "skipped"])), name="job_failures_verdict_valid"
                    ),
                    TableRule(
                        name="job_failures_row_security",
                        create="""
                        ALTER TABLE "job_failures" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "job_failures" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "job_failures" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "job_failures" TO lad_platform;
                        CREATE POLICY "platform" ON "job_failures" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "job_failures" TO lad_app;
                        CREATE POLICY "tenant" ON "job_failures" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "job_failures";
                        DROP POLICY IF EXISTS "tenant" ON "job_failures";
                        REVOKE ALL ON "job_failures" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="job_failures_job_same_tenant",
                        create="""
                        ALTER TABLE "job_failures" ADD CONSTRAINT "job_failures_job_same_tenant"
                        FOREIGN KEY ("tenant_id", "job_id") REFERENCES "jobs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "job_failures" DROP CONSTRAINT IF EXISTS "job_failures_job_same_tenant"',
                    ),
                    TableRule(
                        name="job_failures_tenant_fkey",
                        create="""
                        ALTER TABLE "job_failures" ADD CONSTRAINT "job_failures_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "job_failures" DROP CONSTRAINT IF EXISTS "job_failures_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JobPart",
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
                (
                    "row_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=36), size=None),
                ),
                ("batch_limit", models.PositiveSmallIntegerField(null=True)),
            ],
            options={
                "db_table": "job_parts",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "job", "number"), name="job_parts_number"),
                    TableRule(
                        name="job_parts_row_security",
                        create="""
                        ALTER TABLE "job_parts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "job_parts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "job_parts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "job_parts" TO lad_platform;
                        CREATE POLICY "platform" ON "job_parts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "job_parts" TO lad_app;
                        CREATE POLICY "tenant" ON "job_parts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "job_parts";
                        DROP POLICY IF EXISTS "tenant" ON "job_parts";
                        REVOKE ALL ON "job_parts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="job_parts_job_same_tenant",
                        create="""
                        ALTER TABLE "job_parts" ADD CONSTRAINT "job_parts_job_same_tenant"
                        FOREIGN KEY ("tenant_id", "job_id") REFERENCES "jobs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "job_parts" DROP CONSTRAINT IF EXISTS "job_parts_job_same_tenant"',
                    ),
                    TableRule(
                        name="job_parts_tenant_fkey",
                        create="""
                        ALTER TABLE "job_parts" ADD CONSTRAINT "job_parts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "job_parts" DROP CONSTRAINT IF EXISTS "job_parts_tenant_fkey"',
                    ),
                ],
            },
        ),
    ]
