import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeatureKillSwitch",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("feature_key", models.CharField(max_length=100, unique=True)),
                ("is_active", models.BooleanField(db_default=True)),
                ("reason", models.CharField(max_length=255)),
            ],
            options={
                "db_table": "feature_kill_switches",
                "constraints": [
                    TableRule(
                        name="feature_kill_switches_row_security",
                        create="""
                        ALTER TABLE "feature_kill_switches" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "feature_kill_switches" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "feature_kill_switches" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "feature_kill_switches" TO lad_platform;
                        CREATE POLICY "platform" ON "feature_kill_switches" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "feature_kill_switches" TO lad_app;
                        CREATE POLICY "tenant_read" ON "feature_kill_switches" FOR SELECT TO lad_app USING (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "feature_kill_switches";
                        DROP POLICY IF EXISTS "tenant_read" ON "feature_kill_switches";
                        REVOKE ALL ON "feature_kill_switches" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="feature_kill_switches_touch_updated_at",
                        create="""
                        CREATE TRIGGER "feature_kill_switches_touch_updated_at" BEFORE UPDATE ON "feature_kill_switches"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_kill_switches_touch_updated_at" ON "feature_kill_switches"',
                    ),
                    TableRule(
                        name="feature_kill_switches_audit_insert",
                        create="""
                        CREATE TRIGGER "feature_kill_switches_audit_insert" AFTER INSERT ON "feature_kill_switches" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_kill_switches_audit_insert" ON "feature_kill_switches"',
                    ),
                    TableRule(
                        name="feature_kill_switches_audit_update",
                        create="""
                        CREATE TRIGGER "feature_kill_switches_audit_update" AFTER UPDATE ON "feature_kill_switches" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_kill_switches_audit_update" ON "feature_kill_switches"',
                    ),
                    TableRule(
                        name="feature_kill_switches_audit_delete",
                        create="""
                        CREATE TRIGGER "feature_kill_switches_audit_delete" AFTER DELETE ON "feature_kill_switches" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_kill_switches_audit_delete" ON "feature_kill_switches"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInFailure",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("email", models.CharField(max_length=255, unique=True)),
                ("failures", models.PositiveIntegerField(db_default=0)),
                ("last_failed_at", models.DateTimeField()),
                ("locked_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "sign_in_failures",
                "indexes": [models.Index(fields=["last_failed_at"], name="sign_in_failures_latest")],
                "constraints": [
                    TableRule(
                        name="sign_in_failures_row_security",
                        create="""
                        ALTER TABLE "sign_in_failures" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "sign_in_failures" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "sign_in_failures" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "sign_in_failures" TO lad_platform;
                        CREATE POLICY "platform" ON "sign_in_failures" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "sign_in_failures";
                        REVOKE ALL ON "sign_in_failures" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="sign_in_failures_touch_updated_at",
                        create="""
                        CREATE TRIGGER "sign_in_failures_touch_updated_at" BEFORE UPDATE ON "sign_in_failures"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "sign_in_failures_touch_updated_at" ON "sign_in_failures"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Tenant",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("name", models.CharField(max_length=255)),
                ("slug", models.SlugField(max_length=100, unique=True)),
                ("status", models.CharField(db_default="trial", max_length=20)),
                ("plan_tier", models.CharField(db_default="free", max_length=20)),
                ("trial_ends_at", models.DateTimeField(null=True)),
                ("email", models.CharField(db_default="", max_length=255)),
                ("phone", models.CharField(db_default="", max_length=50)),
                ("website", models.CharField(db_default="", max_length=255)),
                ("timezone", models.CharField(db_default="UTC", max_length=64)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "tenants",
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)), fields=["status"], name="tenants_live_status"
                    ),
                    models.Index(fields=["plan_tier"], name="tenants_plan_tier"),
                    models.Index(fields=["-created_at"], name="tenants_created_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"),
                        condition=models.Q(("deleted_at__isnull", True)),
                        name="tenants_live_name_key",
                    ),
                    models.CheckConstraint(condition=models.Q(("name__regex", "\\S")), name="tenants_name_not_blank"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "suspended", "trial", "cancelled"])),
                        name="tenants_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("plan_tier__in", ["free", "starter", "professional", "enterprise"])),
                        name="tenants_plan_tier_valid",
                    ),
                    TableRule(
                        name="tenants_row_security",
                        create="""
                        ALTER TABLE "tenants" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "tenants" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "tenants" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenants" TO lad_platform;
                        CREATE POLICY "platform" ON "tenants" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, UPDATE ON "tenants" TO lad_app;
                        CREATE POLICY "tenant" ON "tenants" TO lad_app USING (id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "tenants";
                        DROP POLICY IF EXISTS "tenant" ON "tenants";
                        REVOKE ALL ON "tenants" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="tenants_touch_updated_at",
                        create="""
                        CREATE TRIGGER "tenants_touch_updated_at" BEFORE UPDATE ON "tenants"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenants_touch_updated_at" ON "tenants"',
                    ),
                    TableRule(
                        name="tenants_audit_insert",
                        create="""
                        CREATE TRIGGER "tenants_audit_insert" AFTER INSERT ON "tenants" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenants_audit_insert" ON "tenants"',
                    ),
                    TableRule(
                        name="tenants_audit_update",
                        create="""
                        CREATE TRIGGER "tenants_audit_update" AFTER UPDATE ON "tenants" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenants_audit_update" ON "tenants"',
                    ),
                    TableRule(
                        name="tenants_audit_delete",
                        create="""
                        CREATE TRIGGER "tenants_audit_delete" AFTER DELETE ON "tenants" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenants_audit_delete" ON "tenants"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TenantFeature",
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
                ("feature_key", models.CharField(max_length=100)),
                ("enabled", models.BooleanField(db_default=True)),
                ("config", models.JSONField(db_default={})),
                ("granted", models.BooleanField(db_default=False)),
            ],
            options={
                "db_table": "tenant_features",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="tenant_features_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "feature_key"), name="tenant_features_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="tenant_features_tenant_id_key"),
                    TableRule(
                        name="tenant_features_row_security",
                        create="""
                        ALTER TABLE "tenant_features" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "tenant_features" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "tenant_features" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenant_features" TO lad_platform;
                        CREATE POLICY "platform" ON "tenant_features" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenant_features" TO lad_app;
                        CREATE POLICY "tenant" ON "tenant_features" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "tenant_features";
                        DROP POLICY IF EXISTS "tenant" ON "tenant_features";
                        REVOKE ALL ON "tenant_features" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="tenant_features_tenant_fkey",
                        create="""
                        ALTER TABLE "tenant_features" ADD CONSTRAINT "tenant_features_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "tenant_features" DROP CONSTRAINT IF EXISTS "tenant_features_tenant_fkey"',
                    ),
                    TableRule(
                        name="tenant_features_touch_updated_at",
                        create="""
                        CREATE TRIGGER "tenant_features_touch_updated_at" BEFORE UPDATE ON "tenant_features"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_features_touch_updated_at" ON "tenant_features"',
                    ),
                    TableRule(
                        name="tenant_features_audit_insert",
                        create="""
                        CREATE TRIGGER "tenant_features_audit_insert" AFTER INSERT ON "tenant_features" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_features_audit_insert" ON "tenant_features"',
                    ),
                    TableRule(
                        name="tenant_features_audit_update",
                        create="""
                        CREATE TRIGGER "tenant_features_audit_update" AFTER UPDATE ON "tenant_features" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_features_audit_update" ON "tenant_features"',
                    ),
                    TableRule(
                        name="tenant_features_audit_delete",
                        create="""
                        CREATE TRIGGER "tenant_features_audit_delete" AFTER DELETE ON "tenant_features" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_features_audit_delete" ON "tenant_features"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("email", models.CharField(max_length=255)),
                ("password", models.CharField(db_column="password_hash", max_length=255, null=True)),
                ("first_name", models.CharField(db_default="", max_length=100)),
                ("last_name", models.CharField(db_default="", max_length=100)),
                ("phone", models.CharField(db_default="", max_length=50)),
                ("avatar_url", models.CharField(db_default="", max_length=2000)),
                (
                    "primary_tenant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True)),
                ("is_staff", models.BooleanField(db_default=False)),
                ("is_superuser", models.BooleanField(db_default=False)),
                ("email_verified", models.BooleanField(db_default=False)),
                ("phone_verified", models.BooleanField(db_default=False)),
                ("last_login", models.DateTimeField(db_column="last_login_at", null=True)),
                ("password_changed_at", models.DateTimeField(null=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "users",
                "indexes": [
                    models.Index(fields=["primary_tenant"], name="users_primary_tenant"),
                    models.Index(fields=["is_active"], name="users_is_active"),
                    models.Index(fields=["-created_at"], name="users_created_at"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)), fields=("email",), name="users_live_email_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="users_email_lowercase",
                    ),
                    TableRule(
                        name="users_row_security",
                        create="""
                        ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "users" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "users" TO lad_platform;
                        CREATE POLICY "platform" ON "users" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "users" TO lad_app;
                        CREATE POLICY "tenant_read" ON "users" FOR SELECT TO lad_app USING (id IN (SELECT user_id FROM memberships WHERE tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "users";
                        DROP POLICY IF EXISTS "tenant_read" ON "users";
                        REVOKE ALL ON "users" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="users_touch_updated_at",
                        create="""
                        CREATE TRIGGER "users_touch_updated_at" BEFORE UPDATE ON "users"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "users_touch_updated_at" ON "users"',
                    ),
                    TableRule(
                        name="users_audit_insert",
                        create="""
                        CREATE TRIGGER "users_audit_insert" AFTER INSERT ON "users" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'password_hash')
                        """,
                        remove='DROP TRIGGER IF EXISTS "users_audit_insert" ON "users"',
                    ),
                    TableRule(
                        name="users_audit_update",
                        create="""
                        CREATE TRIGGER "users_audit_update" AFTER UPDATE ON "users" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'password_hash')
                        """,
                        remove='DROP TRIGGER IF EXISTS "users_audit_update" ON "users"',
                    ),
                    TableRule(
                        name="users_audit_delete",
                        create="""
                        CREATE TRIGGER "users_audit_delete" AFTER DELETE ON "users" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'password_hash')
                        """,
                        remove='DROP TRIGGER IF EXISTS "users_audit_delete" ON "users"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ActivityEntry",
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
                ("event_id", models.UUIDField()),
                ("event_type", models.CharField(max_length=100)),
                (
                    "actor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("actor_label", models.CharField(max_length=255)),
                ("verb", models.CharField(max_length=50)),
                ("subject_type", models.CharField(db_default="", max_length=100)),
                ("subject_id", models.UUIDField(null=True)),
                ("subject_label", models.CharField(db_default="", max_length=255)),
                ("summary", models.CharField(max_length=500)),
                ("occurred_at", models.DateTimeField()),
            ],
            options={
                "db_table": "activity_entries",
                "indexes": [
                    models.Index(fields=["tenant", "-occurred_at", "-id"], name="activity_entries_newest"),
                    models.Index(fields=["tenant", "actor", "-occurred_at"], name="activity_entries_actor"),
                    models.Index(fields=["tenant", "subject_id", "-occurred_at"], name="activity_entries_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "event_id"), name="activity_entries_event_key"),
                    TableRule(
                        name="activity_entries_row_security",
                        create="""
                        ALTER TABLE "activity_entries" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "activity_entries" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "activity_entries" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "activity_entries" TO lad_platform;
                        CREATE POLICY "platform" ON "activity_entries" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "activity_entries" TO lad_app;
                        CREATE POLICY "tenant" ON "activity_entries" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "activity_entries";
                        DROP POLICY IF EXISTS "tenant" ON "activity_entries";
                        REVOKE ALL ON "activity_entries" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="activity_entries_actor_fkey",
                        create="""
                        ALTER TABLE "activity_entries" ADD CONSTRAINT "activity_entries_actor_fkey"
                        FOREIGN KEY ("actor_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "activity_entries" DROP CONSTRAINT IF EXISTS "activity_entries_actor_fkey"',
                    ),
                    TableRule(
                        name="activity_entries_tenant_fkey",
                        create="""
                        ALTER TABLE "activity_entries" ADD CONSTRAINT "activity_entries_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "activity_entries" DROP CONSTRAINT IF EXISTS "activity_entries_tenant_fkey"',
                    ),
                    TableRule(
                        name="activity_entries_append_only",
                        create="""
                        CREATE TRIGGER "activity_entries_append_only" BEFORE UPDATE OR DELETE ON "activity_entries"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "activity_entries_append_only" ON "activity_entries"',
                    ),
                    TableRule(
                        name="activity_entries_no_truncate",
                        create="""
                        CREATE TRIGGER "activity_entries_no_truncate" BEFORE TRUNCATE ON "activity_entries"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "activity_entries_no_truncate" ON "activity_entries"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FeatureFlag",
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
                ("feature_key", models.CharField(max_length=100)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("is_enabled", models.BooleanField(db_default=False)),
                ("config", models.JSONField(db_default={})),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "feature_flags",
                "indexes": [
                    models.Index(fields=["tenant", "user", "feature_key"], name="feature_flags_lookup"),
                    models.Index(fields=["tenant", "-created_at"], name="feature_flags_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "feature_key", "user"), name="feature_flags_key", nulls_distinct=False
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="feature_flags_tenant_id_key"),
                    TableRule(
                        name="feature_flags_row_security",
                        create="""
                        ALTER TABLE "feature_flags" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "feature_flags" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "feature_flags" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "feature_flags" TO lad_platform;
                        CREATE POLICY "platform" ON "feature_flags" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "feature_flags" TO lad_app;
                        CREATE POLICY "tenant" ON "feature_flags" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "feature_flags";
                        DROP POLICY IF EXISTS "tenant" ON "feature_flags";
                        REVOKE ALL ON "feature_flags" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="feature_flags_user_fkey",
                        create="""
                        ALTER TABLE "feature_flags" ADD CONSTRAINT "feature_flags_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "feature_flags" DROP CONSTRAINT IF EXISTS "feature_flags_user_fkey"',
                    ),
                    TableRule(
                        name="feature_flags_user_same_tenant",
                        create="""
                        ALTER TABLE "feature_flags" ADD CONSTRAINT "feature_flags_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "feature_flags" DROP CONSTRAINT IF EXISTS "feature_flags_user_same_tenant"',
                    ),
                    TableRule(
                        name="feature_flags_tenant_fkey",
                        create="""
                        ALTER TABLE "feature_flags" ADD CONSTRAINT "feature_flags_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "feature_flags" DROP CONSTRAINT IF EXISTS "feature_flags_tenant_fkey"',
                    ),
                    TableRule(
                        name="feature_flags_touch_updated_at",
                        create="""
                        CREATE TRIGGER "feature_flags_touch_updated_at" BEFORE UPDATE ON "feature_flags"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_flags_touch_updated_at" ON "feature_flags"',
                    ),
                    TableRule(
                        name="feature_flags_audit_insert",
                        create="""
                        CREATE TRIGGER "feature_flags_audit_insert" AFTER INSERT ON "feature_flags" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_flags_audit_insert" ON "feature_flags"',
                    ),
                    TableRule(
                        name="feature_flags_audit_update",
                        create="""
                        CREATE TRIGGER "feature_flags_audit_update" AFTER UPDATE ON "feature_flags" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_flags_audit_update" ON "feature_flags"',
                    ),
                    TableRule(
                        name="feature_flags_audit_delete",
                        create="""
                        CREATE TRIGGER "feature_flags_audit_delete" AFTER DELETE ON "feature_flags" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "feature_flags_audit_delete" ON "feature_flags"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
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
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("role", models.CharField(db_default="member", max_length=20)),
                (
                    "invited_by",
                    models.ForeignKey(
                        db_column="invited_by",
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "memberships",
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "role"],
                        name="memberships_role",
                    ),
                    models.Index(fields=["tenant", "-created_at"], name="memberships_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "tenant"), name="memberships_user_tenant_key"),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("role", "owner")),
                        fields=("tenant",),
                        name="memberships_one_owner_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "admin", "member", "viewer"])),
                        name="memberships_role_valid",
                    ),
                    TableRule(
                        name="memberships_row_security",
                        create="""
                        ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "memberships" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "memberships" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "memberships" TO lad_platform;
                        CREATE POLICY "platform" ON "memberships" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "memberships" TO lad_app;
                        CREATE POLICY "tenant" ON "memberships" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "memberships";
                        DROP POLICY IF EXISTS "tenant" ON "memberships";
                        REVOKE ALL ON "memberships" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="memberships_user_fkey",
                        create="""
                        ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "memberships" DROP CONSTRAINT IF EXISTS "memberships_user_fkey"',
                    ),
                    TableRule(
                        name="memberships_invited_by_fkey",
                        create="""
                        ALTER TABLE "memberships" ADD CONSTRAINT "memberships_invited_by_fkey"
                        FOREIGN KEY ("invited_by") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("invited_by") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "memberships" DROP CONSTRAINT IF EXISTS "memberships_invited_by_fkey"',
                    ),
                    TableRule(
                        name="memberships_tenant_fkey",
                        create="""
                        ALTER TABLE "memberships" ADD CONSTRAINT "memberships_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "memberships" DROP CONSTRAINT IF EXISTS "memberships_tenant_fkey"',
                    ),
                    TableRule(
                        name="memberships_touch_updated_at",
                        create="""
                        CREATE TRIGGER "memberships_touch_updated_at" BEFORE UPDATE ON "memberships"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "memberships_touch_updated_at" ON "memberships"',
                    ),
                    TableRule(
                        name="memberships_audit_insert",
                        create="""
                        CREATE TRIGGER "memberships_audit_insert" AFTER INSERT ON "memberships" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "memberships_audit_insert" ON "memberships"',
                    ),
                    TableRule(
                        name="memberships_audit_update",
                        create="""
                        CREATE TRIGGER "memberships_audit_update" AFTER UPDATE ON "memberships" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "memberships_audit_update" ON "memberships"',
                    ),
                    TableRule(
                        name="memberships_audit_delete",
                        create="""
                        CREATE TRIGGER "memberships_audit_delete" AFTER DELETE ON "memberships" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "memberships_audit_delete" ON "memberships"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefreshToken",
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
                ("session_id", models.UUIDField()),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("user_agent", models.CharField(db_default="", max_length=255)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "refresh_tokens",
                "indexes": [
                    models.Index(fields=["session_id"], name="refresh_tokens_session"),
                    models.Index(fields=["user", "-created_at"], name="refresh_tokens_user"),
                    models.Index(fields=["tenant", "user"], name="refresh_tokens_tenant"),
                    models.Index(fields=["expires_at"], name="refresh_tokens_expiry"),
                ],
                "constraints": [
                    TableRule(
                        name="refresh_tokens_row_security",
                        create="""
                        ALTER TABLE "refresh_tokens" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "refresh_tokens" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "refresh_tokens" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "refresh_tokens" TO lad_platform;
                        CREATE POLICY "platform" ON "refresh_tokens" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "refresh_tokens";
                        REVOKE ALL ON "refresh_tokens" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="refresh_tokens_touch_updated_at",
                        create="""
                        CREATE TRIGGER "refresh_tokens_touch_updated_at" BEFORE UPDATE ON "refresh_tokens"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "refresh_tokens_touch_updated_at" ON "refresh_tokens"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TenantInvitation",
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
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("email", models.CharField(max_length=255)),
                ("role", models.CharField(db_default="member", max_length=20)),
                (
                    "invited_by",
                    models.ForeignKey(
                        db_column="invited_by",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("invitation_token", models.CharField(max_length=255)),
                ("token_version", models.PositiveIntegerField(db_default=1)),
                ("accepted_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        db_column="accepted_by",
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("revoked_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("message", models.TextField(db_default="")),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "tenant_invitations",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="tenant_invitations_newest"),
                    models.Index(fields=["tenant", "expires_at"], name="tenant_invitations_expiry"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("deleted_at__isnull", True), ("revoked_at__isnull", True)
                        ),
                        fields=("tenant", "email"),
                        name="tenant_invitations_pending_key",
                    ),
                    models.UniqueConstraint(fields=("invitation_token",), name="tenant_invitations_token_key"),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="tenant_invitations_email_lowercase",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="tenant_invitations_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "admin", "member", "viewer"])),
                        name="tenant_invitations_role_valid",
                    ),
                    TableRule(
                        name="tenant_invitations_row_security",
                        create="""
                        ALTER TABLE "tenant_invitations" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "tenant_invitations" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "tenant_invitations" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenant_invitations" TO lad_platform;
                        CREATE POLICY "platform" ON "tenant_invitations" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "tenant_invitations" TO lad_app;
                        CREATE POLICY "tenant" ON "tenant_invitations" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "tenant_invitations";
                        DROP POLICY IF EXISTS "tenant" ON "tenant_invitations";
                        REVOKE ALL ON "tenant_invitations" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="tenant_invitations_invited_by_fkey",
                        create="""
                        ALTER TABLE "tenant_invitations" ADD CONSTRAINT "tenant_invitations_invited_by_fkey"
                        FOREIGN KEY ("invited_by") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "tenant_invitations" DROP CONSTRAINT IF EXISTS "tenant_invitations_invited_by_fkey"',
                    ),
                    TableRule(
                        name="tenant_invitations_accepted_by_fkey",
                        create="""
                        ALTER TABLE "tenant_invitations" ADD CONSTRAINT "tenant_invitations_accepted_by_fkey"
                        FOREIGN KEY ("accepted_by") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("accepted_by") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "tenant_invitations" DROP CONSTRAINT IF EXISTS "tenant_invitations_accepted_by_fkey"',
                    ),
                    TableRule(
                        name="tenant_invitations_tenant_fkey",
                        create="""
                        ALTER TABLE "tenant_invitations" ADD CONSTRAINT "tenant_invitations_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "tenant_invitations" DROP CONSTRAINT IF EXISTS "tenant_invitations_tenant_fkey"',
                    ),
                    TableRule(
                        name="tenant_invitations_touch_updated_at",
                        create="""
                        CREATE TRIGGER "tenant_invitations_touch_updated_at" BEFORE UPDATE ON "tenant_invitations"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_invitations_touch_updated_at" ON "tenant_invitations"',
                    ),
                    TableRule(
                        name="tenant_invitations_audit_insert",
                        create="""
                        CREATE TRIGGER "tenant_invitations_audit_insert" AFTER INSERT ON "tenant_invitations" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'invitation_token')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_invitations_audit_insert" ON "tenant_invitations"',
                    ),
                    TableRule(
                        name="tenant_invitations_audit_update",
                        create="""
                        CREATE TRIGGER "tenant_invitations_audit_update" AFTER UPDATE ON "tenant_invitations" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'invitation_token')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_invitations_audit_update" ON "tenant_invitations"',
                    ),
                    TableRule(
                        name="tenant_invitations_audit_delete",
                        create="""
                        CREATE TRIGGER "tenant_invitations_audit_delete" AFTER DELETE ON "tenant_invitations" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'invitation_token')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_invitations_audit_delete" ON "tenant_invitations"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UserCapability",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("capability_key", models.CharField(max_length=100)),
                ("feature_key", models.CharField(db_default="", max_length=100)),
                ("enabled", models.BooleanField(db_default=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "user_capabilities",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="user_capabilities_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "user", "capability_key"), name="user_capabilities_user_key"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="user_capabilities_tenant_id_key"),
                    TableRule(
                        name="user_capabilities_row_security",
                        create="""
                        ALTER TABLE "user_capabilities" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "user_capabilities" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "user_capabilities" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "user_capabilities" TO lad_platform;
                        CREATE POLICY "platform" ON "user_capabilities" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "user_capabilities" TO lad_app;
                        CREATE POLICY "tenant" ON "user_capabilities" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "user_capabilities";
                        DROP POLICY IF EXISTS "tenant" ON "user_capabilities";
                        REVOKE ALL ON "user_capabilities" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="user_capabilities_user_fkey",
                        create="""
                        ALTER TABLE "user_capabilities" ADD CONSTRAINT "user_capabilities_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "user_capabilities" DROP CONSTRAINT IF EXISTS "user_capabilities_user_fkey"',
                    ),
                    TableRule(
                        name="user_capabilities_user_same_tenant",
                        create="""
                        ALTER TABLE "user_capabilities" ADD CONSTRAINT "user_capabilities_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "user_capabilities" DROP CONSTRAINT IF EXISTS "user_capabilities_user_same_tenant"',
                    ),
                    TableRule(
                        name="user_capabilities_tenant_fkey",
                        create="""
                        ALTER TABLE "user_capabilities" ADD CONSTRAINT "user_capabilities_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "user_capabilities" DROP CONSTRAINT IF EXISTS "user_capabilities_tenant_fkey"',
                    ),
                    TableRule(
                        name="user_capabilities_touch_updated_at",
                        create="""
                        CREATE TRIGGER "user_capabilities_touch_updated_at" BEFORE UPDATE ON "user_capabilities"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_capabilities_touch_updated_at" ON "user_capabilities"',
                    ),
                    TableRule(
                        name="user_capabilities_audit_insert",
                        create="""
                        CREATE TRIGGER "user_capabilities_audit_insert" AFTER INSERT ON "user_capabilities" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_capabilities_audit_insert" ON "user_capabilities"',
                    ),
                    TableRule(
                        name="user_capabilities_audit_update",
                        create="""
                        CREATE TRIGGER "user_capabilities_audit_update" AFTER UPDATE ON "user_capabilities" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_capabilities_audit_update" ON "user_capabilities"',
                    ),
                    TableRule(
                        name="user_capabilities_audit_delete",
                        create="""
                        CREATE TRIGGER "user_capabilities_audit_delete" AFTER DELETE ON "user_capabilities" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_capabilities_audit_delete" ON "user_capabilities"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UserIdentity",
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
                ("provider", models.CharField(max_length=50)),
                ("provider_user_id", models.CharField(max_length=255)),
                ("access_token", models.TextField(null=True)),
                ("refresh_token", models.TextField(null=True)),
                ("token_expires_at", models.DateTimeField(null=True)),
                ("provider_data", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "user_identities",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "provider_user_id"), name="user_identities_provider_key"
                    ),
                    models.UniqueConstraint(fields=("user", "provider"), name="user_identities_user_provider_key"),
                    TableRule(
                        name="user_identities_row_security",
                        create="""
                        ALTER TABLE "user_identities" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "user_identities" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "user_identities" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "user_identities" TO lad_platform;
                        CREATE POLICY "platform" ON "user_identities" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "user_identities" TO lad_app;
                        CREATE POLICY "tenant_read" ON "user_identities" FOR SELECT TO lad_app USING (user_id = (SELECT NULLIF(current_setting('lad.user_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "user_identities";
                        DROP POLICY IF EXISTS "tenant_read" ON "user_identities";
                        REVOKE ALL ON "user_identities" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="user_identities_touch_updated_at",
                        create="""
                        CREATE TRIGGER "user_identities_touch_updated_at" BEFORE UPDATE ON "user_identities"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_identities_touch_updated_at" ON "user_identities"',
                    ),
                    TableRule(
                        name="user_identities_audit_insert",
                        create="""
                        CREATE TRIGGER "user_identities_audit_insert" AFTER INSERT ON "user_identities" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'access_token', 'refresh_token')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_identities_audit_insert" ON "user_identities"',
                    ),
                    TableRule(
                        name="user_identities_audit_update",
                        create="""
                        CREATE TRIGGER "user_identities_audit_update" AFTER UPDATE ON "user_identities" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'access_token', 'refresh_token')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_identities_audit_update" ON "user_identities"',
                    ),
                    TableRule(
                        name="user_identities_audit_delete",
                        create="""
                        CREATE TRIGGER "user_identities_audit_delete" AFTER DELETE ON "user_identities" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('', 'access_token', 'refresh_token')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_identities_audit_delete" ON "user_identities"',
                    ),
                ],
            },
        ),
    ]
