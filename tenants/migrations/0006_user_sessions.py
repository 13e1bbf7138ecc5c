import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0002_client"),
        ("sessions", "0001_initial"),
        ("tenants", "0005_sign_in_limits"),
    ]

    operations = [
        migrations.CreateModel(
            name="UserSession",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                ("kind", models.CharField(max_length=10)),
                ("device", models.CharField(db_default="", max_length=100)),
                ("user_agent", models.CharField(db_default="", max_length=255)),
                ("address", models.CharField(db_default="", max_length=45)),
                ("last_used_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "user_sessions",
                "indexes": [
                    models.Index(fields=["user", "-created_at"], name="user_sessions_user"),
                    models.Index(fields=["tenant", "-created_at"], name="user_sessions_tenant"),
                    models.Index(fields=["expires_at"], name="user_sessions_expiry"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["api", "admin"])), name="user_sessions_kind_valid"
                    ),
                    TableRule(
                        name="user_sessions_row_security",
                        create="""
                        ALTER TABLE "user_sessions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "user_sessions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "user_sessions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "user_sessions" TO lad_platform;
                        CREATE POLICY "platform" ON "user_sessions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "user_sessions" TO lad_app;
                        CREATE POLICY "tenant_read" ON "user_sessions" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "user_sessions";
                        DROP POLICY IF EXISTS "tenant_read" ON "user_sessions";
                        REVOKE ALL ON "user_sessions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="user_sessions_touch_updated_at",
                        create="""
                        CREATE TRIGGER "user_sessions_touch_updated_at" BEFORE UPDATE ON "user_sessions"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_sessions_touch_updated_at" ON "user_sessions"',
                    ),
                    TableRule(
                        name="user_sessions_audit_update",
                        create="""
                        CREATE TRIGGER "user_sessions_audit_update" AFTER UPDATE ON "user_sessions"
                        FOR EACH ROW WHEN (OLD."ended_at" IS DISTINCT FROM NEW."ended_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_sessions_audit_update" ON "user_sessions"',
                    ),
                    TableRule(
                        name="user_sessions_audit_insert",
                        create="""
                        CREATE TRIGGER "user_sessions_audit_insert" AFTER INSERT ON "user_sessions" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_sessions_audit_insert" ON "user_sessions"',
                    ),
                    TableRule(
                        name="user_sessions_audit_delete",
                        create="""
                        CREATE TRIGGER "user_sessions_audit_delete" AFTER DELETE ON "user_sessions" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_sessions_audit_delete" ON "user_sessions"',
                    ),
                ],
            },
        ),
        InstallSql("tenants.accounts", "tenants_session_caller", 2),
        # Their keys could be read, and from now on only hashes are looked up.
        migrations.RunSQL("DELETE FROM django_session", migrations.RunSQL.noop),
    ]
