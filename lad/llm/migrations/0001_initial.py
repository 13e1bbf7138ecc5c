import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
    ]

    operations = [
        migrations.CreateModel(
            name="ModelConnection",
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
                ("provider", models.CharField(default="openai_compatible", max_length=30)),
                ("base_url", models.CharField(max_length=500)),
                ("model", models.CharField(max_length=200)),
                ("api_key", models.TextField(db_default="")),
                ("is_active", models.BooleanField(db_default=True)),
                ("status", models.CharField(db_default="untested", max_length=20)),
                ("status_reason", models.TextField(db_default="")),
                ("tested_at", models.DateTimeField(null=True)),
                ("offered_models", models.JSONField(db_default=[])),
                ("abilities", models.JSONField(db_default={})),
                ("tokens_per_day", models.PositiveBigIntegerField(null=True)),
                ("tokens_per_month", models.PositiveBigIntegerField(null=True)),
                ("requests_per_minute", models.PositiveIntegerField(null=True)),
                ("seconds_per_call", models.PositiveSmallIntegerField(db_default=60)),
            ],
            options={
                "db_table": "model_connections",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="model_connections_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "name"),
                        name="model_connections_name_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="model_connections_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["untested", "connected", "refused", "unreachable", "failed"])
                        ),
                        name="model_connections_status_valid",
                    ),
                    TableRule(
                        name="model_connections_row_security",
                        create="""
                        ALTER TABLE "model_connections" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "model_connections" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "model_connections" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "model_connections" TO lad_platform;
                        CREATE POLICY "platform" ON "model_connections" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "model_connections" TO lad_app;
                        CREATE POLICY "tenant_read" ON "model_connections" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "model_connections" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "model_connections" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "model_connections" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "model_connections";
                        DROP POLICY IF EXISTS "tenant_read" ON "model_connections";
                        DROP POLICY IF EXISTS "tenant_insert" ON "model_connections";
                        DROP POLICY IF EXISTS "tenant_update" ON "model_connections";
                        DROP POLICY IF EXISTS "tenant_delete" ON "model_connections";
                        REVOKE ALL ON "model_connections" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="model_connections_tenant_fkey",
                        create="""
                        ALTER TABLE "model_connections" ADD CONSTRAINT "model_connections_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "model_connections" DROP CONSTRAINT IF EXISTS "model_connections_tenant_fkey"',
                    ),
                    TableRule(
                        name="model_connections_keep_tenant",
                        create="""
                        CREATE TRIGGER "model_connections_keep_tenant" BEFORE UPDATE OF tenant_id ON "model_connections"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_connections_keep_tenant" ON "model_connections"',
                    ),
                    TableRule(
                        name="model_connections_touch_updated_at",
                        create="""
                        CREATE TRIGGER "model_connections_touch_updated_at" BEFORE UPDATE ON "model_connections"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_connections_touch_updated_at" ON "model_connections"',
                    ),
                    TableRule(
                        name="model_connections_audit_update",
                        create="""
                        CREATE TRIGGER "model_connections_audit_update" AFTER UPDATE ON "model_connections"
                        FOR EACH ROW WHEN (OLD."name" IS DISTINCT FROM NEW."name" OR OLD."provider" IS DISTINCT FROM NEW."provider" OR OLD."base_url" IS DISTINCT FROM NEW."base_url" OR OLD."model" IS DISTINCT FROM NEW."model" OR OLD."api_key" IS DISTINCT FROM NEW."api_key" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."tokens_per_day" IS DISTINCT FROM NEW."tokens_per_day" OR OLD."tokens_per_month" IS DISTINCT FROM NEW."tokens_per_month" OR OLD."requests_per_minute" IS DISTINCT FROM NEW."requests_per_minute" OR OLD."seconds_per_call" IS DISTINCT FROM NEW."seconds_per_call" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'api_key')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_connections_audit_update" ON "model_connections"',
                    ),
                    TableRule(
                        name="model_connections_audit_insert",
                        create="""
                        CREATE TRIGGER "model_connections_audit_insert" AFTER INSERT ON "model_connections" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'api_key')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_connections_audit_insert" ON "model_connections"',
                    ),
                    TableRule(
                        name="model_connections_audit_delete",
                        create="""
                        CREATE TRIGGER "model_connections_audit_delete" AFTER DELETE ON "model_connections" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'api_key')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_connections_audit_delete" ON "model_connections"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelAllowance",
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
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="llm.modelconnection",
                    ),
                ),
                ("minute", models.DateTimeField()),
                ("minute_requests", models.PositiveIntegerField(db_default=0)),
                ("day", models.DateField()),
                ("day_tokens", models.PositiveBigIntegerField(db_default=0)),
                ("month", models.DateField()),
                ("month_tokens", models.PositiveBigIntegerField(db_default=0)),
            ],
            options={
                "db_table": "model_allowances",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="model_allowances_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "connection"), name="model_allowances_key"),
                    TableRule(
                        name="model_allowances_row_security",
                        create="""
                        ALTER TABLE "model_allowances" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "model_allowances" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "model_allowances" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "model_allowances" TO lad_platform;
                        CREATE POLICY "platform" ON "model_allowances" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "model_allowances" TO lad_app;
                        CREATE POLICY "tenant" ON "model_allowances" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "model_allowances";
                        DROP POLICY IF EXISTS "tenant" ON "model_allowances";
                        REVOKE ALL ON "model_allowances" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="model_allowances_connection_fkey",
                        create="""
                        ALTER TABLE "model_allowances" ADD CONSTRAINT "model_allowances_connection_fkey"
                        FOREIGN KEY ("connection_id") REFERENCES "model_connections" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "model_allowances" DROP CONSTRAINT IF EXISTS "model_allowances_connection_fkey"',
                    ),
                    TableRule(
                        name="model_allowances_tenant_fkey",
                        create="""
                        ALTER TABLE "model_allowances" ADD CONSTRAINT "model_allowances_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "model_allowances" DROP CONSTRAINT IF EXISTS "model_allowances_tenant_fkey"',
                    ),
                    TableRule(
                        name="model_allowances_connection_shared_or_own",
                        create="""
                        CREATE TRIGGER "model_allowances_connection_shared_or_own" BEFORE INSERT OR UPDATE OF connection_id, tenant_id ON "model_allowances"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('connection_id', 'tenant_id', 'model_connections', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_allowances_connection_shared_or_own" ON "model_allowances"',
                    ),
                    TableRule(
                        name="model_allowances_touch_updated_at",
                        create="""
                        CREATE TRIGGER "model_allowances_touch_updated_at" BEFORE UPDATE ON "model_allowances"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_allowances_touch_updated_at" ON "model_allowances"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelChoice",
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
                ("purpose", models.CharField(db_default="", max_length=50)),
                (
                    "connection",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="llm.modelconnection",
                    ),
                ),
            ],
            options={
                "db_table": "model_choices",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="model_choices_newest"),
                    models.Index(fields=["tenant", "connection"], name="model_choices_connection"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "purpose"), name="model_choices_purpose_key"),
                    TableRule(
                        name="model_choices_row_security",
                        create="""
                        ALTER TABLE "model_choices" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "model_choices" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "model_choices" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "model_choices" TO lad_platform;
                        CREATE POLICY "platform" ON "model_choices" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "model_choices" TO lad_app;
                        CREATE POLICY "tenant" ON "model_choices" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "model_choices";
                        DROP POLICY IF EXISTS "tenant" ON "model_choices";
                        REVOKE ALL ON "model_choices" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="model_choices_connection_fkey",
                        create="""
                        ALTER TABLE "model_choices" ADD CONSTRAINT "model_choices_connection_fkey"
                        FOREIGN KEY ("connection_id") REFERENCES "model_connections" ("id")
                        ON DELETE SET NULL ("connection_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "model_choices" DROP CONSTRAINT IF EXISTS "model_choices_connection_fkey"',
                    ),
                    TableRule(
                        name="model_choices_tenant_fkey",
                        create="""
                        ALTER TABLE "model_choices" ADD CONSTRAINT "model_choices_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "model_choices" DROP CONSTRAINT IF EXISTS "model_choices_tenant_fkey"',
                    ),
                    TableRule(
                        name="model_choices_connection_shared_or_own",
                        create="""
                        CREATE TRIGGER "model_choices_connection_shared_or_own" BEFORE INSERT OR UPDATE OF connection_id, tenant_id ON "model_choices"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('connection_id', 'tenant_id', 'model_connections', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_choices_connection_shared_or_own" ON "model_choices"',
                    ),
                    TableRule(
                        name="model_choices_touch_updated_at",
                        create="""
                        CREATE TRIGGER "model_choices_touch_updated_at" BEFORE UPDATE ON "model_choices"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_choices_touch_updated_at" ON "model_choices"',
                    ),
                    TableRule(
                        name="model_choices_audit_insert",
                        create="""
                        CREATE TRIGGER "model_choices_audit_insert" AFTER INSERT ON "model_choices" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_choices_audit_insert" ON "model_choices"',
                    ),
                    TableRule(
                        name="model_choices_audit_update",
                        create="""
                        CREATE TRIGGER "model_choices_audit_update" AFTER UPDATE ON "model_choices" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_choices_audit_update" ON "model_choices"',
                    ),
                    TableRule(
                        name="model_choices_audit_delete",
                        create="""
                        CREATE TRIGGER "model_choices_audit_delete" AFTER DELETE ON "model_choices" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_choices_audit_delete" ON "model_choices"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelUsage",
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
                ("connection_id", models.UUIDField()),
                ("connection_name", models.CharField(max_length=100)),
                ("provider", models.CharField(max_length=30)),
                ("model", models.CharField(max_length=200)),
                ("purpose", models.CharField(max_length=50)),
                ("prompt", models.CharField(db_default="", max_length=120)),
                ("outcome", models.CharField(max_length=20)),
                ("requests", models.PositiveSmallIntegerField(db_default=1)),
                ("input_tokens", models.PositiveBigIntegerField()),
                ("output_tokens", models.PositiveBigIntegerField()),
                ("estimated", models.BooleanField(db_default=False)),
                ("seconds", models.DecimalField(decimal_places=3, max_digits=9)),
            ],
            options={
                "db_table": "model_usage",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="model_usage_newest"),
                    models.Index(fields=["tenant", "purpose", "-created_at"], name="model_usage_purpose"),
                    models.Index(fields=["tenant", "connection_id", "-created_at"], name="model_usage_connection"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "outcome__in",
                                ["answered", "repaired", "cut_off", "cancelled", "refused", "invalid", "failed"],
                            )
                        ),
                        name="model_usage_outcome_valid",
                    ),
                    TableRule(
                        name="model_usage_row_security",
                        create="""
                        ALTER TABLE "model_usage" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "model_usage" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "model_usage" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "model_usage" TO lad_platform;
                        CREATE POLICY "platform" ON "model_usage" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "model_usage" TO lad_app;
                        CREATE POLICY "tenant" ON "model_usage" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "model_usage";
                        DROP POLICY IF EXISTS "tenant" ON "model_usage";
                        REVOKE ALL ON "model_usage" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="model_usage_tenant_fkey",
                        create="""
                        ALTER TABLE "model_usage" ADD CONSTRAINT "model_usage_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "model_usage" DROP CONSTRAINT IF EXISTS "model_usage_tenant_fkey"',
                    ),
                    TableRule(
                        name="model_usage_append_only",
                        create="""
                        CREATE TRIGGER "model_usage_append_only" BEFORE UPDATE OR DELETE ON "model_usage"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_usage_append_only" ON "model_usage"',
                    ),
                    TableRule(
                        name="model_usage_no_truncate",
                        create="""
                        CREATE TRIGGER "model_usage_no_truncate" BEFORE TRUNCATE ON "model_usage"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "model_usage_no_truncate" ON "model_usage"',
                    ),
                ],
            },
        ),
    ]
