import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
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
                ("table_name", models.CharField(max_length=63)),
                ("action", models.CharField(max_length=10)),
                ("row_id", models.UUIDField(null=True)),
                (
                    "row_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), null=True, size=None),
                ),
                ("bucket", models.IntegerField(null=True)),
                ("row_count", models.IntegerField()),
                ("changes", models.JSONField()),
                ("row_changes", models.JSONField(null=True)),
                ("actor_id", models.UUIDField(null=True)),
                ("request_id", models.CharField(max_length=64)),
                ("source", models.CharField(max_length=100)),
                ("login", models.CharField(max_length=63)),
            ],
            options={
                "db_table": "audit_entries",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at", "-id"], name="audit_entries_newest"),
                    models.Index(
                        condition=models.Q(("row_id__isnull", False)),
                        fields=["row_id", "created_at"],
                        name="audit_entries_row",
                    ),
                    models.Index(
                        condition=models.Q(("bucket__isnull", False)),
                        fields=["table_name", "bucket", "tenant"],
                        name="audit_entries_bucket",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("bucket__isnull", True), ("row_id__isnull", False), ("row_ids__isnull", True)),
                            models.Q(("bucket__isnull", False), ("row_id__isnull", True), ("row_ids__isnull", False)),
                            _connector="OR",
                        ),
                        name="audit_entries_one_row_or_many",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["created", "updated", "deleted", "restored"])),
                        name="audit_entries_action_valid",
                    ),
                    TableRule(
                        name="audit_entries_written_by_trigger",
                        create="""
                        CREATE POLICY "trigger" ON "audit_entries" FOR INSERT TO CURRENT_USER WITH CHECK (true);
                        ALTER TABLE "audit_entries" ALTER COLUMN "row_ids" SET STORAGE EXTERNAL;
                        ALTER TABLE "audit_entries" ALTER COLUMN "row_changes" SET STORAGE EXTERNAL
                        """,
                        remove='DROP POLICY IF EXISTS "trigger" ON "audit_entries"',
                    ),
                    TableRule(
                        name="audit_entries_row_security",
                        create="""
                        ALTER TABLE "audit_entries" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "audit_entries" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "audit_entries" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT ON "audit_entries" TO lad_platform;
                        CREATE POLICY "platform" ON "audit_entries" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "audit_entries" TO lad_app;
                        CREATE POLICY "tenant" ON "audit_entries" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "audit_entries";
                        DROP POLICY IF EXISTS "tenant" ON "audit_entries";
                        REVOKE ALL ON "audit_entries" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="audit_entries_append_only",
                        create="""
                        CREATE TRIGGER "audit_entries_append_only" BEFORE UPDATE OR DELETE ON "audit_entries"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "audit_entries_append_only" ON "audit_entries"',
                    ),
                    TableRule(
                        name="audit_entries_no_truncate",
                        create="""
                        CREATE TRIGGER "audit_entries_no_truncate" BEFORE TRUNCATE ON "audit_entries"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "audit_entries_no_truncate" ON "audit_entries"',
                    ),
                ],
            },
        ),
    ]
