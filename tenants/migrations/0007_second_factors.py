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
        ("tenants", "0006_user_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecoveryCode",
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
                ("code_hash", models.CharField(max_length=64)),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "recovery_codes",
                "indexes": [models.Index(fields=["user", "code_hash"], name="recovery_codes_user")],
                "constraints": [
                    TableRule(
                        name="recovery_codes_row_security",
                        create="""
                        ALTER TABLE "recovery_codes" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "recovery_codes" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "recovery_codes" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "recovery_codes" TO lad_platform;
                        CREATE POLICY "platform" ON "recovery_codes" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "recovery_codes";
                        REVOKE ALL ON "recovery_codes" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="recovery_codes_touch_updated_at",
                        create="""
                        CREATE TRIGGER "recovery_codes_touch_updated_at" BEFORE UPDATE ON "recovery_codes"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "recovery_codes_touch_updated_at" ON "recovery_codes"',
                    ),
                    TableRule(
                        name="recovery_codes_audit_insert",
                        create="""
                        CREATE TRIGGER "recovery_codes_audit_insert" AFTER INSERT ON "recovery_codes" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'code_hash')
                        """,
                        remove='DROP TRIGGER IF EXISTS "recovery_codes_audit_insert" ON "recovery_codes"',
                    ),
                    TableRule(
                        name="recovery_codes_audit_update",
                        create="""
                        CREATE TRIGGER "recovery_codes_audit_update" AFTER UPDATE ON "recovery_codes" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'code_hash')
                        """,
                        remove='DROP TRIGGER IF EXISTS "recovery_codes_audit_update" ON "recovery_codes"',
                    ),
                    TableRule(
                        name="recovery_codes_audit_delete",
                        create="""
                        CREATE TRIGGER "recovery_codes_audit_delete" AFTER DELETE ON "recovery_codes" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'code_hash')
                        """,
                        remove='DROP TRIGGER IF EXISTS "recovery_codes_audit_delete" ON "recovery_codes"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondFactor",
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
                ("kind", models.CharField(max_length=10)),
                ("name", models.CharField(max_length=100)),
                ("secret", models.TextField()),
                ("counter", models.BigIntegerField(db_default=0)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("failures", models.PositiveIntegerField(db_default=0)),
                ("locked_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "second_factors",
                "indexes": [models.Index(fields=["user", "-created_at"], name="second_factors_user")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "totp")), fields=("user",), name="second_factors_one_app"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["totp", "passkey"])), name="second_factors_kind_valid"
                    ),
                    TableRule(
                        name="second_factors_row_security",
                        create="""
                        ALTER TABLE "second_factors" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "second_factors" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "second_factors" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "second_factors" TO lad_platform;
                        CREATE POLICY "platform" ON "second_factors" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "second_factors";
                        REVOKE ALL ON "second_factors" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="second_factors_touch_updated_at",
                        create="""
                        CREATE TRIGGER "second_factors_touch_updated_at" BEFORE UPDATE ON "second_factors"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "second_factors_touch_updated_at" ON "second_factors"',
                    ),
                    TableRule(
                        name="second_factors_audit_update",
                        create="""
                        CREATE TRIGGER "second_factors_audit_update" AFTER UPDATE ON "second_factors"
                        FOR EACH ROW WHEN (OLD."confirmed_at" IS DISTINCT FROM NEW."confirmed_at")
                        EXECUTE FUNCTION lad_audit_row('', 'secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "second_factors_audit_update" ON "second_factors"',
                    ),
                    TableRule(
                        name="second_factors_audit_insert",
                        create="""
                        CREATE TRIGGER "second_factors_audit_insert" AFTER INSERT ON "second_factors" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "second_factors_audit_insert" ON "second_factors"',
                    ),
                    TableRule(
                        name="second_factors_audit_delete",
                        create="""
                        CREATE TRIGGER "second_factors_audit_delete" AFTER DELETE ON "second_factors" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "second_factors_audit_delete" ON "second_factors"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="usersession",
            name="confirmed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="usersession",
            name="second_factor_at",
            field=models.DateTimeField(null=True),
        ),
        InstallSql("tenants.accounts", "tenants_session_caller", 3),
    ]
