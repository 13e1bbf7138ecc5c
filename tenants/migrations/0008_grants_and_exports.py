import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0002_client"),
        ("tenants", "0007_second_factors"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="tenant",
            name="tenants_row_security",
        ),
        migrations.RemoveConstraint(
            model_name="user",
            name="users_row_security",
        ),
        migrations.CreateModel(
            name="DataExport",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("kind", models.CharField(max_length=50)),
                ("row_count", models.PositiveIntegerField(null=True)),
            ],
            options={
                "db_table": "data_exports",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="data_exports_tenant"),
                    models.Index(fields=["user", "-created_at"], name="data_exports_user"),
                ],
                "constraints": [
                    TableRule(
                        name="data_exports_row_security",
                        create="""
                        ALTER TABLE "data_exports" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "data_exports" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "data_exports" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "data_exports" TO lad_platform;
                        CREATE POLICY "platform" ON "data_exports" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "data_exports" TO lad_app;
                        CREATE POLICY "tenant" ON "data_exports" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "data_exports";
                        DROP POLICY IF EXISTS "tenant" ON "data_exports";
                        REVOKE ALL ON "data_exports" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="data_exports_touch_updated_at",
                        create="""
                        CREATE TRIGGER "data_exports_touch_updated_at" BEFORE UPDATE ON "data_exports"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "data_exports_touch_updated_at" ON "data_exports"',
                    ),
                    TableRule(
                        name="data_exports_audit_insert",
                        create="""
                        CREATE TRIGGER "data_exports_audit_insert" AFTER INSERT ON "data_exports" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "data_exports_audit_insert" ON "data_exports"',
                    ),
                    TableRule(
                        name="data_exports_audit_update",
                        create="""
                        CREATE TRIGGER "data_exports_audit_update" AFTER UPDATE ON "data_exports" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "data_exports_audit_update" ON "data_exports"',
                    ),
                    TableRule(
                        name="data_exports_audit_delete",
                        create="""
                        CREATE TRIGGER "data_exports_audit_delete" AFTER DELETE ON "data_exports" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "data_exports_audit_delete" ON "data_exports"',
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="tenant",
            constraint=TableRule(
                name="tenants_row_security",
                create="""
                        ALTER TABLE "tenants" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "tenants" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "tenants" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenants" TO lad_platform;
                        CREATE POLICY "platform" ON "tenants" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, UPDATE ("updated_at", "deleted_at", "deletion_id", "name", "slug", "email", "phone", "website", "timezone", "metadata") ON "tenants" TO lad_app;
                        CREATE POLICY "tenant" ON "tenants" TO lad_app USING (id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "tenants";
                        DROP POLICY IF EXISTS "tenant" ON "tenants";
                        REVOKE ALL ON "tenants" FROM lad_app, lad_platform
                        """,
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=TableRule(
                name="users_row_security",
                create="""
                        ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "users" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "users" TO lad_platform;
                        CREATE POLICY "platform" ON "users" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ("id", "created_at", "updated_at", "deleted_at", "deletion_id", "email", "first_name", "last_name", "phone", "avatar_url", "primary_tenant_id", "is_active", "is_staff", "is_superuser", "email_verified", "phone_verified", "last_login_at", "password_changed_at", "metadata") ON "users" TO lad_app;
                        CREATE POLICY "tenant_read" ON "users" FOR SELECT TO lad_app USING (id IN (SELECT user_id FROM memberships WHERE tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "users";
                        DROP POLICY IF EXISTS "tenant_read" ON "users";
                        REVOKE ALL ON "users" FROM lad_app, lad_platform
                        """,
            ),
        ),
    ]
