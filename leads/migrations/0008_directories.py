import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("leads", "0007_public_holidays_and_lines"),
        ("tenants", "0014_booking_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="DirectoryAccount",
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
                ("name", models.CharField(max_length=100)),
                ("provider", models.CharField(default="apollo_io", max_length=50)),
                ("base_url", models.CharField(default="https://api.apollo.io/api/v1", max_length=500)),
                ("api_key", models.TextField()),
                ("is_active", models.BooleanField(db_default=True)),
                ("status", models.CharField(db_default="untested", max_length=20)),
                ("status_reason", models.TextField(db_default="")),
                ("tested_at", models.DateTimeField(null=True)),
                ("usage", models.JSONField(db_default={})),
                ("credits", models.JSONField(db_default={})),
                ("usage_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "directory_accounts",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="directory_accounts_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "name"),
                        name="directory_accounts_name_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="directory_accounts_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["untested", "connected", "key_refused", "plan_refused", "unreachable"])
                        ),
                        name="directory_accounts_status_valid",
                    ),
                    TableRule(
                        name="directory_accounts_row_security",
                        create="""
                        ALTER TABLE "directory_accounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "directory_accounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "directory_accounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "directory_accounts" TO lad_platform;
                        CREATE POLICY "platform" ON "directory_accounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "directory_accounts" TO lad_app;
                        CREATE POLICY "tenant_read" ON "directory_accounts" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "directory_accounts" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "directory_accounts" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "directory_accounts" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "directory_accounts";
                        DROP POLICY IF EXISTS "tenant_read" ON "directory_accounts";
                        DROP POLICY IF EXISTS "tenant_insert" ON "directory_accounts";
                        DROP POLICY IF EXISTS "tenant_update" ON "directory_accounts";
                        DROP POLICY IF EXISTS "tenant_delete" ON "directory_accounts";
                        REVOKE ALL ON "directory_accounts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="directory_accounts_tenant_fkey",
                        create="""
                        ALTER TABLE "directory_accounts" ADD CONSTRAINT "directory_accounts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "directory_accounts" DROP CONSTRAINT IF EXISTS "directory_accounts_tenant_fkey"',
                    ),
                    TableRule(
                        name="directory_accounts_keep_tenant",
                        create="""
                        CREATE TRIGGER "directory_accounts_keep_tenant" BEFORE UPDATE OF tenant_id ON "directory_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "directory_accounts_keep_tenant" ON "directory_accounts"',
                    ),
                    TableRule(
                        name="directory_accounts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "directory_accounts_touch_updated_at" BEFORE UPDATE ON "directory_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "directory_accounts_touch_updated_at" ON "directory_accounts"',
                    ),
                    TableRule(
                        name="directory_accounts_audit_update",
                        create="""
                        CREATE TRIGGER "directory_accounts_audit_update" AFTER UPDATE ON "directory_accounts"
                        FOR EACH ROW WHEN (OLD."name" IS DISTINCT FROM NEW."name" OR OLD."provider" IS DISTINCT FROM NEW."provider" OR OLD."base_url" IS DISTINCT FROM NEW."base_url" OR OLD."api_key" IS DISTINCT FROM NEW."api_key" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'api_key')
                        """,
                        remove='DROP TRIGGER IF EXISTS "directory_accounts_audit_update" ON "directory_accounts"',
                    ),
                    TableRule(
                        name="directory_accounts_audit_insert",
                        create="""
                        CREATE TRIGGER "directory_accounts_audit_insert" AFTER INSERT ON "directory_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'api_key')
                        """,
                        remove='DROP TRIGGER IF EXISTS "directory_accounts_audit_insert" ON "directory_accounts"',
                    ),
                    TableRule(
                        name="directory_accounts_audit_delete",
                        create="""
                        CREATE TRIGGER "directory_accounts_audit_delete" AFTER DELETE ON "directory_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'api_key')
                        """,
                        remove='DROP TRIGGER IF EXISTS "directory_accounts_audit_delete" ON "directory_accounts"',
                    ),
                ],
            },
        ),
    ]
