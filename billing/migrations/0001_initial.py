from decimal import Decimal

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BillingProfile",
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
                ("legal_name", models.CharField(db_default="", max_length=255)),
                ("address", models.TextField(db_default="")),
                ("country", models.CharField(db_default="", max_length=2)),
                ("tax_id", models.CharField(db_default="", max_length=50)),
                ("tax_name", models.CharField(db_default="VAT", max_length=30)),
                ("tax_rate", models.DecimalField(db_default=Decimal("0.05"), decimal_places=4, max_digits=6)),
                ("tax_point", models.CharField(db_default="purchase", max_length=20)),
                ("payment_terms_days", models.PositiveSmallIntegerField(db_default=14)),
                ("invoice_email", models.CharField(db_default="", max_length=255)),
                ("invoice_prefix", models.CharField(db_default="", max_length=10)),
            ],
            options={
                "db_table": "billing_profiles",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_profiles_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="billing_profiles_tenant_key"),
                    models.CheckConstraint(
                        condition=models.Q(("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"),
                        name="billing_profiles_country_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tax_rate__gte", 0), ("tax_rate__lte", 1)), name="billing_profiles_tax_rate"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tax_name", ""), _negated=True), name="billing_profiles_tax_named"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("payment_terms_days__lte", 365)), name="billing_profiles_terms"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("invoice_prefix", ""), ("invoice_prefix__regex", "^[A-Z0-9]+$"), _connector="OR"
                        ),
                        name="billing_profiles_prefix",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_profiles_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("tax_point__in", ["purchase", "use"])),
                        name="billing_profiles_tax_point_valid",
                    ),
                    TableRule(
                        name="billing_profiles_row_security",
                        create="""
                        ALTER TABLE "billing_profiles" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_profiles" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_profiles" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_profiles" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_profiles" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_profiles" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_profiles" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_profiles";
                        DROP POLICY IF EXISTS "tenant" ON "billing_profiles";
                        REVOKE ALL ON "billing_profiles" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_profiles_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_profiles" ADD CONSTRAINT "billing_profiles_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_profiles" DROP CONSTRAINT IF EXISTS "billing_profiles_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_profiles_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_profiles_touch_updated_at" BEFORE UPDATE ON "billing_profiles"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_profiles_touch_updated_at" ON "billing_profiles"',
                    ),
                    TableRule(
                        name="billing_profiles_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_profiles_audit_insert" AFTER INSERT ON "billing_profiles" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_profiles_audit_insert" ON "billing_profiles"',
                    ),
                    TableRule(
                        name="billing_profiles_audit_update",
                        create="""
                        CREATE TRIGGER "billing_profiles_audit_update" AFTER UPDATE ON "billing_profiles" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_profiles_audit_update" ON "billing_profiles"',
                    ),
                    TableRule(
                        name="billing_profiles_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_profiles_audit_delete" AFTER DELETE ON "billing_profiles" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_profiles_audit_delete" ON "billing_profiles"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditPackage",
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
                ("key", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                ("credits", models.PositiveIntegerField()),
                ("price", models.DecimalField(decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", max_length=3)),
                ("popular", models.BooleanField(db_default=False)),
                ("position", models.PositiveSmallIntegerField(db_default=0)),
                ("is_active", models.BooleanField(db_default=True)),
            ],
            options={
                "db_table": "billing_credit_packages",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_packages_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "key"), name="billing_credit_packages_key", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("key", django.db.models.functions.text.Lower("key")),
                            models.Q(("key", ""), _negated=True),
                            models.Q(("name", ""), _negated=True),
                        ),
                        name="billing_credit_packages_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credits__gt", 0), ("price__gt", 0)),
                        name="billing_credit_packages_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="billing_credit_packages_currency_code",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_credit_packages_tenant_id_key"),
                    TableRule(
                        name="billing_credit_packages_row_security",
                        create="""
                        ALTER TABLE "billing_credit_packages" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_credit_packages" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_credit_packages" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_credit_packages" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_credit_packages" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "billing_credit_packages" TO lad_app;
                        CREATE POLICY "tenant_read" ON "billing_credit_packages" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "billing_credit_packages" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "billing_credit_packages" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "billing_credit_packages" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_credit_packages";
                        DROP POLICY IF EXISTS "tenant_read" ON "billing_credit_packages";
                        DROP POLICY IF EXISTS "tenant_insert" ON "billing_credit_packages";
                        DROP POLICY IF EXISTS "tenant_update" ON "billing_credit_packages";
                        DROP POLICY IF EXISTS "tenant_delete" ON "billing_credit_packages";
                        REVOKE ALL ON "billing_credit_packages" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_credit_packages_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_credit_packages" ADD CONSTRAINT "billing_credit_packages_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_credit_packages" DROP CONSTRAINT IF EXISTS "billing_credit_packages_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_credit_packages_keep_tenant",
                        create="""
                        CREATE TRIGGER "billing_credit_packages_keep_tenant" BEFORE UPDATE OF tenant_id ON "billing_credit_packages"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_packages_keep_tenant" ON "billing_credit_packages"',
                    ),
                    TableRule(
                        name="billing_credit_packages_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_credit_packages_touch_updated_at" BEFORE UPDATE ON "billing_credit_packages"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_packages_touch_updated_at" ON "billing_credit_packages"',
                    ),
                    TableRule(
                        name="billing_credit_packages_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_credit_packages_audit_insert" AFTER INSERT ON "billing_credit_packages" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_packages_audit_insert" ON "billing_credit_packages"',
                    ),
                    TableRule(
                        name="billing_credit_packages_audit_update",
                        create="""
                        CREATE TRIGGER "billing_credit_packages_audit_update" AFTER UPDATE ON "billing_credit_packages" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_packages_audit_update" ON "billing_credit_packages"',
                    ),
                    TableRule(
                        name="billing_credit_packages_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_credit_packages_audit_delete" AFTER DELETE ON "billing_credit_packages" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_packages_audit_delete" ON "billing_credit_packages"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FeatureEntitlement",
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
                ("quota_unit", models.CharField(db_default="use", max_length=30)),
                ("monthly_quota", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("daily_quota", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("allow_overages", models.BooleanField(db_default=False)),
                ("overage_rate", models.DecimalField(decimal_places=10, max_digits=18, null=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "billing_feature_entitlements",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_entitlements_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "feature_key"), name="billing_feature_entitlements_key"),
                    models.CheckConstraint(
                        condition=models.Q(("feature_key", ""), _negated=True),
                        name="billing_feature_entitlements_feature",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("monthly_quota__gte", 0), ("monthly_quota__isnull", True), _connector="OR"),
                            models.Q(("daily_quota__gte", 0), ("daily_quota__isnull", True), _connector="OR"),
                        ),
                        name="billing_feature_entitlements_quota",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("overage_rate__gte", 0), ("overage_rate__isnull", False)),
                            models.Q(("allow_overages", False), ("overage_rate__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_feature_entitlements_overage",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_feature_entitlements_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quota_unit__in", ["use", "record", "token", "second", "minute", "character", "message"])
                        ),
                        name="billing_feature_entitlements_quota_unit_valid",
                    ),
                    TableRule(
                        name="billing_feature_entitlements_row_security",
                        create="""
                        ALTER TABLE "billing_feature_entitlements" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_feature_entitlements" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_feature_entitlements" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_feature_entitlements" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_feature_entitlements" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "billing_feature_entitlements" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_feature_entitlements" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_feature_entitlements";
                        DROP POLICY IF EXISTS "tenant" ON "billing_feature_entitlements";
                        REVOKE ALL ON "billing_feature_entitlements" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_feature_entitlements_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_feature_entitlements" ADD CONSTRAINT "billing_feature_entitlements_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_feature_entitlements" DROP CONSTRAINT IF EXISTS "billing_feature_entitlements_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_feature_entitlements_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_feature_entitlements_touch_updated_at" BEFORE UPDATE ON "billing_feature_entitlements"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_feature_entitlements_touch_updated_at" ON "billing_feature_entitlements"',
                    ),
                    TableRule(
                        name="billing_feature_entitlements_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_feature_entitlements_audit_insert" AFTER INSERT ON "billing_feature_entitlements" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_feature_entitlements_audit_insert" ON "billing_feature_entitlements"',
                    ),
                    TableRule(
                        name="billing_feature_entitlements_audit_update",
                        create="""
                        CREATE TRIGGER "billing_feature_entitlements_audit_update" AFTER UPDATE ON "billing_feature_entitlements" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_feature_entitlements_audit_update" ON "billing_feature_entitlements"',
                    ),
                    TableRule(
                        name="billing_feature_entitlements_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_feature_entitlements_audit_delete" AFTER DELETE ON "billing_feature_entitlements" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_feature_entitlements_audit_delete" ON "billing_feature_entitlements"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EntitlementUse",
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
                    "entitlement",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.featureentitlement",
                    ),
                ),
                ("window", models.CharField(max_length=20)),
                ("window_start", models.DateField()),
                ("used", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("quota", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("nearly_used_at", models.DateTimeField(null=True)),
                ("used_up_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "billing_entitlement_usage",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_entitlement_use_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "entitlement", "window", "window_start"),
                        name="billing_entitlement_usage_window_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("used__gte", 0)), name="billing_entitlement_usage_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quota__isnull", True), ("used__lte", models.F("quota")), _connector="OR"),
                        name="billing_entitlement_usage_within_quota",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("window", "day"), ("window_start__day", 1), _connector="OR"),
                        name="billing_entitlement_usage_month_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("window__in", ["day", "month"])),
                        name="billing_entitlement_usage_window_valid",
                    ),
                    TableRule(
                        name="billing_entitlement_usage_storage",
                        create='ALTER TABLE "billing_entitlement_usage" SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.02)',
                        remove='ALTER TABLE "billing_entitlement_usage" RESET (fillfactor, autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor)',
                    ),
                    TableRule(
                        name="billing_entitlement_usage_row_security",
                        create="""
                        ALTER TABLE "billing_entitlement_usage" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_entitlement_usage" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_entitlement_usage" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_entitlement_usage" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_entitlement_usage" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_entitlement_usage" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_entitlement_usage" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_entitlement_usage";
                        DROP POLICY IF EXISTS "tenant" ON "billing_entitlement_usage";
                        REVOKE ALL ON "billing_entitlement_usage" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_entitlement_usage_entitlement_same_tenant",
                        create="""
                        ALTER TABLE "billing_entitlement_usage" ADD CONSTRAINT "billing_entitlement_usage_entitlement_same_tenant"
                        FOREIGN KEY ("tenant_id", "entitlement_id") REFERENCES "billing_feature_entitlements" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_entitlement_usage" DROP CONSTRAINT IF EXISTS "billing_entitlement_usage_entitlement_same_tenant"',
                    ),
                    TableRule(
                        name="billing_entitlement_usage_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_entitlement_usage" ADD CONSTRAINT "billing_entitlement_usage_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_entitlement_usage" DROP CONSTRAINT IF EXISTS "billing_entitlement_usage_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_entitlement_usage_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_entitlement_usage_touch_updated_at" BEFORE UPDATE ON "billing_entitlement_usage"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_entitlement_usage_touch_updated_at" ON "billing_entitlement_usage"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="InvoiceSeries",
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
                ("series", models.CharField(default="INV", max_length=10)),
                ("prefix", models.CharField(db_default="", max_length=30)),
                ("last_number", models.BigIntegerField(db_default=0)),
            ],
            options={
                "db_table": "billing_invoice_series",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_series_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "series"), name="billing_invoice_series_key"),
                    models.CheckConstraint(
                        condition=models.Q(("series__regex", "^[A-Z]+$")), name="billing_invoice_series_code"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_number__gte", 0)), name="billing_invoice_series_counts_up"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_invoice_series_tenant_id_key"),
                    TableRule(
                        name="billing_invoice_series_steps",
                        create="""
                        CREATE TRIGGER "billing_invoice_series_steps" BEFORE INSERT OR UPDATE OR DELETE ON "billing_invoice_series"
                        FOR EACH ROW EXECUTE FUNCTION billing_check_series()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoice_series_steps" ON "billing_invoice_series"',
                    ),
                    TableRule(
                        name="billing_invoice_series_used",
                        create="""
                        CREATE CONSTRAINT TRIGGER "billing_invoice_series_used" AFTER UPDATE OF last_number ON "billing_invoice_series"
                        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing_check_number_used()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoice_series_used" ON "billing_invoice_series"',
                    ),
                    TableRule(
                        name="billing_invoice_series_storage",
                        create='ALTER TABLE "billing_invoice_series" SET (fillfactor = 50)',
                        remove='ALTER TABLE "billing_invoice_series" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="billing_invoice_series_row_security",
                        create="""
                        ALTER TABLE "billing_invoice_series" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_invoice_series" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_invoice_series" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_invoice_series" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_invoice_series" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_invoice_series" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_invoice_series" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_invoice_series";
                        DROP POLICY IF EXISTS "tenant" ON "billing_invoice_series";
                        REVOKE ALL ON "billing_invoice_series" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_invoice_series_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_invoice_series" ADD CONSTRAINT "billing_invoice_series_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_invoice_series" DROP CONSTRAINT IF EXISTS "billing_invoice_series_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_invoice_series_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_invoice_series_touch_updated_at" BEFORE UPDATE ON "billing_invoice_series"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoice_series_touch_updated_at" ON "billing_invoice_series"',
                    ),
                    TableRule(
                        name="billing_invoice_series_audit_update",
                        create="""
                        CREATE TRIGGER "billing_invoice_series_audit_update" AFTER UPDATE ON "billing_invoice_series"
                        FOR EACH ROW WHEN (OLD."series" IS DISTINCT FROM NEW."series" OR OLD."prefix" IS DISTINCT FROM NEW."prefix" OR OLD."tenant_id" IS DISTINCT FROM NEW."tenant_id")
                        EXECUTE FUNCTION lad_audit_row('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoice_series_audit_update" ON "billing_invoice_series"',
                    ),
                    TableRule(
                        name="billing_invoice_series_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_invoice_series_audit_insert" AFTER INSERT ON "billing_invoice_series" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoice_series_audit_insert" ON "billing_invoice_series"',
                    ),
                    TableRule(
                        name="billing_invoice_series_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_invoice_series_audit_delete" AFTER DELETE ON "billing_invoice_series" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoice_series_audit_delete" ON "billing_invoice_series"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerAudit",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("scope", models.CharField(db_default="", max_length=255)),
                ("with_hashes", models.BooleanField()),
                ("since_anchor", models.BooleanField(db_default=False)),
                ("ledger_rows", models.PositiveBigIntegerField()),
                ("wallets", models.PositiveBigIntegerField()),
                ("violations", models.PositiveBigIntegerField()),
                ("findings", models.JSONField(db_default=[])),
                ("result", models.CharField(max_length=20)),
                ("heads_hash", models.BinaryField()),
            ],
            options={
                "db_table": "billing_ledger_audits",
                "indexes": [models.Index(fields=["-created_at"], name="billing_audits_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("finished_at__gte", models.F("started_at"))),
                        name="billing_ledger_audits_lasted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result", "proved"), ("violations", 0)),
                            models.Q(("result", "violated"), ("violations__gt", 0)),
                            _connector="OR",
                        ),
                        name="billing_ledger_audits_verdict",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("result__in", ["proved", "violated"])),
                        name="billing_ledger_audits_result_valid",
                    ),
                    TableRule(
                        name="billing_ledger_audits_row_security",
                        create="""
                        ALTER TABLE "billing_ledger_audits" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_ledger_audits" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_ledger_audits" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "billing_ledger_audits" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_ledger_audits" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_ledger_audits";
                        REVOKE ALL ON "billing_ledger_audits" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_ledger_audits_append_only",
                        create="""
                        CREATE TRIGGER "billing_ledger_audits_append_only" BEFORE UPDATE OR DELETE ON "billing_ledger_audits"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_audits_append_only" ON "billing_ledger_audits"',
                    ),
                    TableRule(
                        name="billing_ledger_audits_no_truncate",
                        create="""
                        CREATE TRIGGER "billing_ledger_audits_no_truncate" BEFORE TRUNCATE ON "billing_ledger_audits"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_audits_no_truncate" ON "billing_ledger_audits"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LegacyMove",
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
                ("moved_at", models.DateTimeField(null=True)),
                ("frozen_at", models.DateTimeField(null=True)),
                ("report", models.JSONField(db_default=[])),
            ],
            options={
                "db_table": "billing_legacy_moves",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_legacy_moves_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="billing_legacy_moves_tenant_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_legacy_moves_tenant_id_key"),
                    TableRule(
                        name="billing_legacy_moves_row_security",
                        create="""
                        ALTER TABLE "billing_legacy_moves" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_legacy_moves" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_legacy_moves" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_legacy_moves" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_legacy_moves" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "billing_legacy_moves" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_legacy_moves" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_legacy_moves";
                        DROP POLICY IF EXISTS "tenant" ON "billing_legacy_moves";
                        REVOKE ALL ON "billing_legacy_moves" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_legacy_moves_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_legacy_moves" ADD CONSTRAINT "billing_legacy_moves_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_legacy_moves" DROP CONSTRAINT IF EXISTS "billing_legacy_moves_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_legacy_moves_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_legacy_moves_touch_updated_at" BEFORE UPDATE ON "billing_legacy_moves"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_legacy_moves_touch_updated_at" ON "billing_legacy_moves"',
                    ),
                    TableRule(
                        name="billing_legacy_moves_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_legacy_moves_audit_insert" AFTER INSERT ON "billing_legacy_moves" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_legacy_moves_audit_insert" ON "billing_legacy_moves"',
                    ),
                    TableRule(
                        name="billing_legacy_moves_audit_update",
                        create="""
                        CREATE TRIGGER "billing_legacy_moves_audit_update" AFTER UPDATE ON "billing_legacy_moves" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_legacy_moves_audit_update" ON "billing_legacy_moves"',
                    ),
                    TableRule(
                        name="billing_legacy_moves_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_legacy_moves_audit_delete" AFTER DELETE ON "billing_legacy_moves" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_legacy_moves_audit_delete" ON "billing_legacy_moves"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Price",
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
                ("category", models.CharField(max_length=50)),
                ("provider", models.CharField(max_length=50)),
                ("model", models.CharField(max_length=255)),
                ("unit", models.CharField(max_length=30)),
                ("scheme", models.CharField(db_default="unit", max_length=20)),
                ("unit_price", models.DecimalField(decimal_places=10, max_digits=18)),
                ("package_size", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("tiers", models.JSONField(db_default=[])),
                ("version", models.PositiveIntegerField(db_default=0)),
                ("description", models.TextField(db_default="")),
                ("effective_from", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("effective_to", models.DateTimeField(null=True)),
                ("is_active", models.BooleanField(db_default=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "billing_pricing_catalog",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_prices_newest"),
                    models.Index(
                        fields=["tenant", "category", "provider", "model", "unit", "-effective_from"],
                        name="billing_prices_lookup",
                    ),
                    models.Index(
                        fields=["category", "provider", "model", "unit", "-effective_from"],
                        name="billing_prices_component",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to__gt", models.F("effective_from")),
                            ("effective_to__isnull", True),
                            _connector="OR",
                        ),
                        name="billing_pricing_catalog_period",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("unit_price__gte", 0)), name="billing_pricing_catalog_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("package_size__isnull", True), ("scheme", "unit"), ("tiers", [])),
                            models.Q(
                                ("package_size__gt", 0),
                                ("package_size__isnull", False),
                                ("scheme", "package"),
                                ("tiers", []),
                            ),
                            models.Q(
                                ("package_size__isnull", True),
                                ("scheme__in", ("graduated", "volume")),
                                models.Q(("tiers", []), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="billing_pricing_catalog_scheme",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "category", "provider", "model", "unit", "version"),
                        name="billing_pricing_catalog_version_key",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("provider", django.db.models.functions.text.Lower("provider")),
                            models.Q(("provider", ""), _negated=True),
                            models.Q(("model", ""), _negated=True),
                        ),
                        name="billing_pricing_catalog_component",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_pricing_catalog_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "category__in",
                                [
                                    "enrichment",
                                    "llm",
                                    "llm_prompt",
                                    "llm_completion",
                                    "stt",
                                    "tts",
                                    "telephony",
                                    "vm_infrastructure",
                                ],
                            )
                        ),
                        name="billing_pricing_catalog_category_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("unit__in", ["record", "token", "second", "minute", "character", "message"])
                        ),
                        name="billing_pricing_catalog_unit_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("scheme__in", ["unit", "package", "graduated", "volume"])),
                        name="billing_pricing_catalog_scheme_valid",
                    ),
                    TableRule(
                        name="billing_pricing_catalog_one_price",
                        create="""
                        ALTER TABLE "billing_pricing_catalog" ADD CONSTRAINT "billing_pricing_catalog_one_price" EXCLUDE USING gist (
                            int8range(hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("category"::text) || ':' || "category"::text, '-') || COALESCE(length("provider"::text) || ':' || "provider"::text, '-') || COALESCE(length("model"::text) || ':' || "model"::text, '-') || COALESCE(length("unit"::text) || ':' || "unit"::text, '-'), 0) >> 1, hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("category"::text) || ':' || "category"::text, '-') || COALESCE(length("provider"::text) || ':' || "provider"::text, '-') || COALESCE(length("model"::text) || ':' || "model"::text, '-') || COALESCE(length("unit"::text) || ':' || "unit"::text, '-'), 0) >> 1, '[]') WITH &&,
                            tstzrange("effective_from", "effective_to", '[)') WITH &&
                        ) WHERE ("is_active")
                        """,
                        remove='ALTER TABLE "billing_pricing_catalog" DROP CONSTRAINT IF EXISTS "billing_pricing_catalog_one_price"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_number",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_number" BEFORE INSERT OR UPDATE OF tenant_id, category, provider, model, unit, version ON "billing_pricing_catalog"
                        FOR EACH ROW EXECUTE FUNCTION billing_pricing_catalog_number()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_number" ON "billing_pricing_catalog"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_settled",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_settled" BEFORE UPDATE OF category, provider, model, unit, scheme, unit_price, package_size, tiers, effective_from ON "billing_pricing_catalog"
                        FOR EACH ROW EXECUTE FUNCTION billing_pricing_catalog_settled()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_settled" ON "billing_pricing_catalog"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_row_security",
                        create="""
                        ALTER TABLE "billing_pricing_catalog" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_pricing_catalog" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_pricing_catalog" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_pricing_catalog" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_pricing_catalog" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "billing_pricing_catalog" TO lad_app;
                        CREATE POLICY "tenant_read" ON "billing_pricing_catalog" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "billing_pricing_catalog" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "billing_pricing_catalog" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "billing_pricing_catalog" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_pricing_catalog";
                        DROP POLICY IF EXISTS "tenant_read" ON "billing_pricing_catalog";
                        DROP POLICY IF EXISTS "tenant_insert" ON "billing_pricing_catalog";
                        DROP POLICY IF EXISTS "tenant_update" ON "billing_pricing_catalog";
                        DROP POLICY IF EXISTS "tenant_delete" ON "billing_pricing_catalog";
                        REVOKE ALL ON "billing_pricing_catalog" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_pricing_catalog_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_pricing_catalog" ADD CONSTRAINT "billing_pricing_catalog_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_pricing_catalog" DROP CONSTRAINT IF EXISTS "billing_pricing_catalog_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_keep_tenant",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_keep_tenant" BEFORE UPDATE OF tenant_id ON "billing_pricing_catalog"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_keep_tenant" ON "billing_pricing_catalog"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_touch_updated_at" BEFORE UPDATE ON "billing_pricing_catalog"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_touch_updated_at" ON "billing_pricing_catalog"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_audit_insert" AFTER INSERT ON "billing_pricing_catalog" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_audit_insert" ON "billing_pricing_catalog"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_audit_update",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_audit_update" AFTER UPDATE ON "billing_pricing_catalog" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_audit_update" ON "billing_pricing_catalog"',
                    ),
                    TableRule(
                        name="billing_pricing_catalog_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_pricing_catalog_audit_delete" AFTER DELETE ON "billing_pricing_catalog" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_pricing_catalog_audit_delete" ON "billing_pricing_catalog"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StripeEvent",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("event_id", models.CharField(max_length=255)),
                ("type", models.CharField(max_length=100)),
                ("object_id", models.CharField(db_default="", max_length=255)),
                ("received_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("outcome", models.CharField(max_length=20)),
                ("detail", models.TextField(db_default="")),
                ("deliveries", models.PositiveIntegerField(db_default=1)),
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
                ("payment_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "billing_stripe_events",
                "indexes": [
                    models.Index(fields=["-created_at"], name="billing_stripe_events_newest"),
                    models.Index(fields=["tenant", "-created_at"], name="billing_stripe_events_tenant"),
                    models.Index(
                        condition=models.Q(("outcome__in", ["refused", "failed"])),
                        fields=["-created_at"],
                        name="billing_stripe_events_open",
                    ),
                    models.Index(
                        condition=models.Q(("payment_id__isnull", False)),
                        fields=["payment_id"],
                        name="billing_stripe_events_payment",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event_id",), name="billing_stripe_events_event_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("event_id", ""), _negated=True), models.Q(("type", ""), _negated=True)
                        ),
                        name="billing_stripe_events_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["processed", "ignored", "refused", "failed"])),
                        name="billing_stripe_events_outcome_valid",
                    ),
                    TableRule(
                        name="billing_stripe_events_row_security",
                        create="""
                        ALTER TABLE "billing_stripe_events" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_stripe_events" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_stripe_events" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_stripe_events" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_stripe_events" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_stripe_events";
                        REVOKE ALL ON "billing_stripe_events" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_stripe_events_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_stripe_events_touch_updated_at" BEFORE UPDATE ON "billing_stripe_events"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_stripe_events_touch_updated_at" ON "billing_stripe_events"',
                    ),
                    TableRule(
                        name="billing_stripe_events_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_stripe_events_audit_insert" AFTER INSERT ON "billing_stripe_events" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_stripe_events_audit_insert" ON "billing_stripe_events"',
                    ),
                    TableRule(
                        name="billing_stripe_events_audit_update",
                        create="""
                        CREATE TRIGGER "billing_stripe_events_audit_update" AFTER UPDATE ON "billing_stripe_events" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_stripe_events_audit_update" ON "billing_stripe_events"',
                    ),
                    TableRule(
                        name="billing_stripe_events_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_stripe_events_audit_delete" AFTER DELETE ON "billing_stripe_events" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_stripe_events_audit_delete" ON "billing_stripe_events"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UserCredit",
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
                ("balance", models.DecimalField(db_default=0, decimal_places=2, max_digits=10)),
                ("monthly_usage", models.DecimalField(db_default=0, decimal_places=2, max_digits=10)),
                ("last_usage_reset", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "user_credits",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="user_credits_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "user"), name="user_credits_user_key"),
                    models.CheckConstraint(
                        condition=models.Q(("balance__gte", 0), ("monthly_usage__gte", 0)),
                        name="user_credits_not_negative",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="user_credits_tenant_id_key"),
                    TableRule(
                        name="user_credits_moved",
                        create="""
                        CREATE TRIGGER "user_credits_moved" BEFORE INSERT OR UPDATE OR DELETE ON "user_credits"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_moved_credits()
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_credits_moved" ON "user_credits"',
                    ),
                    TableRule(
                        name="user_credits_row_security",
                        create="""
                        ALTER TABLE "user_credits" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "user_credits" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "user_credits" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "user_credits" TO lad_platform;
                        CREATE POLICY "platform" ON "user_credits" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "user_credits" TO lad_app;
                        CREATE POLICY "tenant" ON "user_credits" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "user_credits";
                        DROP POLICY IF EXISTS "tenant" ON "user_credits";
                        REVOKE ALL ON "user_credits" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="user_credits_user_fkey",
                        create="""
                        ALTER TABLE "user_credits" ADD CONSTRAINT "user_credits_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "user_credits" DROP CONSTRAINT IF EXISTS "user_credits_user_fkey"',
                    ),
                    TableRule(
                        name="user_credits_user_same_tenant",
                        create="""
                        ALTER TABLE "user_credits" ADD CONSTRAINT "user_credits_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "user_credits" DROP CONSTRAINT IF EXISTS "user_credits_user_same_tenant"',
                    ),
                    TableRule(
                        name="user_credits_tenant_fkey",
                        create="""
                        ALTER TABLE "user_credits" ADD CONSTRAINT "user_credits_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "user_credits" DROP CONSTRAINT IF EXISTS "user_credits_tenant_fkey"',
                    ),
                    TableRule(
                        name="user_credits_touch_updated_at",
                        create="""
                        CREATE TRIGGER "user_credits_touch_updated_at" BEFORE UPDATE ON "user_credits"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_credits_touch_updated_at" ON "user_credits"',
                    ),
                    TableRule(
                        name="user_credits_audit_insert",
                        create="""
                        CREATE TRIGGER "user_credits_audit_insert" AFTER INSERT ON "user_credits" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_credits_audit_insert" ON "user_credits"',
                    ),
                    TableRule(
                        name="user_credits_audit_update",
                        create="""
                        CREATE TRIGGER "user_credits_audit_update" AFTER UPDATE ON "user_credits" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_credits_audit_update" ON "user_credits"',
                    ),
                    TableRule(
                        name="user_credits_audit_delete",
                        create="""
                        CREATE TRIGGER "user_credits_audit_delete" AFTER DELETE ON "user_credits" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "user_credits_audit_delete" ON "user_credits"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditTransaction",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user_credit",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.usercredit",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=10)),
                ("transaction_type", models.CharField(max_length=50)),
                ("reference_type", models.CharField(db_default="", max_length=50)),
                ("reference_id", models.UUIDField(null=True)),
                ("balance_before", models.DecimalField(decimal_places=2, max_digits=10, null=True)),
                ("balance_after", models.DecimalField(decimal_places=2, max_digits=10, null=True)),
                ("description", models.TextField(db_default="")),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "credit_transactions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="credit_transactions_newest"),
                    models.Index(fields=["tenant", "user_credit", "-created_at"], name="credit_transactions_credit"),
                    models.Index(fields=["tenant", "user", "-created_at"], name="credit_transactions_user"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("balance_after__isnull", True), ("balance_before__isnull", True)),
                            models.Q(
                                (
                                    "balance_after",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("balance_before"), "+", models.F("amount")
                                    ),
                                ),
                                ("balance_after__gte", 0),
                                ("balance_after__isnull", False),
                                ("balance_before__gte", 0),
                                ("balance_before__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="credit_transactions_sum",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gte", 0), ("transaction_type__in", ("purchase", "refund"))),
                            models.Q(("amount__lte", 0), ("transaction_type__in", ("debit", "deduction", "usage"))),
                            ("transaction_type", "adjustment"),
                            _connector="OR",
                        ),
                        name="credit_transactions_sign",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "transaction_type__in",
                                ["purchase", "debit", "deduction", "usage", "refund", "adjustment"],
                            )
                        ),
                        name="credit_transactions_transaction_type_valid",
                    ),
                    TableRule(
                        name="credit_transactions_moved",
                        create="""
                        CREATE TRIGGER "credit_transactions_moved" BEFORE INSERT OR UPDATE OR DELETE ON "credit_transactions"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_moved_credits()
                        """,
                        remove='DROP TRIGGER IF EXISTS "credit_transactions_moved" ON "credit_transactions"',
                    ),
                    TableRule(
                        name="credit_transactions_row_security",
                        create="""
                        ALTER TABLE "credit_transactions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "credit_transactions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "credit_transactions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "credit_transactions" TO lad_platform;
                        CREATE POLICY "platform" ON "credit_transactions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "credit_transactions" TO lad_app;
                        CREATE POLICY "tenant" ON "credit_transactions" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "credit_transactions";
                        DROP POLICY IF EXISTS "tenant" ON "credit_transactions";
                        REVOKE ALL ON "credit_transactions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="credit_transactions_user_fkey",
                        create="""
                        ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "credit_transactions" DROP CONSTRAINT IF EXISTS "credit_transactions_user_fkey"',
                    ),
                    TableRule(
                        name="credit_transactions_user_same_tenant",
                        create="""
                        ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "credit_transactions" DROP CONSTRAINT IF EXISTS "credit_transactions_user_same_tenant"',
                    ),
                    TableRule(
                        name="credit_transactions_user_credit_same_tenant",
                        create="""
                        ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_user_credit_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_credit_id") REFERENCES "user_credits" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "credit_transactions" DROP CONSTRAINT IF EXISTS "credit_transactions_user_credit_same_tenant"',
                    ),
                    TableRule(
                        name="credit_transactions_tenant_fkey",
                        create="""
                        ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "credit_transactions" DROP CONSTRAINT IF EXISTS "credit_transactions_tenant_fkey"',
                    ),
                    TableRule(
                        name="credit_transactions_append_only",
                        create="""
                        CREATE TRIGGER "credit_transactions_append_only" BEFORE UPDATE OR DELETE ON "credit_transactions"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "credit_transactions_append_only" ON "credit_transactions"',
                    ),
                    TableRule(
                        name="credit_transactions_no_truncate",
                        create="""
                        CREATE TRIGGER "credit_transactions_no_truncate" BEFORE TRUNCATE ON "credit_transactions"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "credit_transactions_no_truncate" ON "credit_transactions"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Wallet",
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
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("current_balance", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("reserved_balance", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", max_length=3)),
                ("status", models.CharField(db_default="active", max_length=20)),
                ("low_balance_threshold", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("low_balance_notified_at", models.DateTimeField(null=True)),
                ("metadata", models.JSONField(db_default={})),
                ("ledger_version", models.BigIntegerField(db_default=0)),
                ("ledger_hash", models.BinaryField(db_default=b"")),
            ],
            options={
                "db_table": "billing_wallets",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_wallets_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "user"), name="billing_wallets_user_key"),
                    models.UniqueConstraint(
                        condition=models.Q(("user__isnull", True)),
                        fields=("tenant",),
                        name="billing_wallets_tenant_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("current_balance__gte", models.F("reserved_balance")), ("reserved_balance__gte", 0)
                        ),
                        name="billing_wallets_not_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("low_balance_threshold__gte", 0)), name="billing_wallets_threshold_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ledger_version__gt", 0),
                            models.Q(
                                ("current_balance", 0),
                                ("ledger_hash", b""),
                                ("ledger_version", 0),
                                ("reserved_balance", 0),
                            ),
                            _connector="OR",
                        ),
                        name="billing_wallets_begins_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="billing_wallets_currency_code"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_wallets_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "suspended", "closed"])),
                        name="billing_wallets_status_valid",
                    ),
                    TableRule(
                        name="billing_wallets_fold",
                        create="""
                        CREATE TRIGGER "billing_wallets_fold" AFTER INSERT OR UPDATE OF current_balance, reserved_balance, ledger_version, ledger_hash ON "billing_wallets"
                        FOR EACH ROW EXECUTE FUNCTION billing_check_fold()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_wallets_fold" ON "billing_wallets"',
                    ),
                    TableRule(
                        name="billing_wallets_storage",
                        create='ALTER TABLE "billing_wallets" SET (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.02)',
                        remove='ALTER TABLE "billing_wallets" RESET (fillfactor, autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor)',
                    ),
                    TableRule(
                        name="billing_wallets_row_security",
                        create="""
                        ALTER TABLE "billing_wallets" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_wallets" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_wallets" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_wallets" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_wallets" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_wallets" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_wallets" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_wallets";
                        DROP POLICY IF EXISTS "tenant" ON "billing_wallets";
                        REVOKE ALL ON "billing_wallets" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_wallets_user_fkey",
                        create="""
                        ALTER TABLE "billing_wallets" ADD CONSTRAINT "billing_wallets_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_wallets" DROP CONSTRAINT IF EXISTS "billing_wallets_user_fkey"',
                    ),
                    TableRule(
                        name="billing_wallets_user_same_tenant",
                        create="""
                        ALTER TABLE "billing_wallets" ADD CONSTRAINT "billing_wallets_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_wallets" DROP CONSTRAINT IF EXISTS "billing_wallets_user_same_tenant"',
                    ),
                    TableRule(
                        name="billing_wallets_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_wallets" ADD CONSTRAINT "billing_wallets_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_wallets" DROP CONSTRAINT IF EXISTS "billing_wallets_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_wallets_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_wallets_touch_updated_at" BEFORE UPDATE ON "billing_wallets"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_wallets_touch_updated_at" ON "billing_wallets"',
                    ),
                    TableRule(
                        name="billing_wallets_audit_update",
                        create="""
                        CREATE TRIGGER "billing_wallets_audit_update" AFTER UPDATE ON "billing_wallets"
                        FOR EACH ROW WHEN (OLD."status" IS DISTINCT FROM NEW."status" OR OLD."low_balance_threshold" IS DISTINCT FROM NEW."low_balance_threshold" OR OLD."currency" IS DISTINCT FROM NEW."currency" OR OLD."user_id" IS DISTINCT FROM NEW."user_id" OR OLD."tenant_id" IS DISTINCT FROM NEW."tenant_id" OR OLD."metadata" IS DISTINCT FROM NEW."metadata")
                        EXECUTE FUNCTION lad_audit_row('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_wallets_audit_update" ON "billing_wallets"',
                    ),
                    TableRule(
                        name="billing_wallets_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_wallets_audit_insert" AFTER INSERT ON "billing_wallets" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_wallets_audit_insert" ON "billing_wallets"',
                    ),
                    TableRule(
                        name="billing_wallets_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_wallets_audit_delete" AFTER DELETE ON "billing_wallets" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_wallets_audit_delete" ON "billing_wallets"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AutoTopup",
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
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.wallet",
                    ),
                ),
                ("is_enabled", models.BooleanField(db_default=False)),
                ("threshold", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                (
                    "package",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.creditpackage",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("most_per_day", models.PositiveSmallIntegerField(db_default=3)),
                ("minutes_between", models.PositiveSmallIntegerField(db_default=10)),
                ("paused_until", models.DateTimeField(null=True)),
                ("customer_id", models.CharField(db_default="", max_length=255)),
                ("payment_method_id", models.CharField(db_default="", max_length=255)),
            ],
            options={
                "db_table": "billing_auto_topups",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_auto_topups_newest"),
                    models.Index(
                        condition=models.Q(("is_enabled", True)), fields=["wallet"], name="billing_auto_topups_enabled"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "wallet"), name="billing_auto_topups_wallet_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_enabled", False),
                            models.Q(
                                models.Q(("customer_id", ""), _negated=True),
                                models.Q(("payment_method_id", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="billing_auto_topups_card",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_enabled", False),
                            models.Q(("amount__isnull", True), ("package__isnull", False)),
                            models.Q(("amount__isnull", False), ("package__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_auto_topups_what",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("threshold__gte", 0),
                            models.Q(("amount__isnull", True), ("amount__gt", 0), _connector="OR"),
                        ),
                        name="billing_auto_topups_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("most_per_day__gte", 1),
                            ("most_per_day__lte", 24),
                            ("minutes_between__gte", 1),
                            ("minutes_between__lte", 1440),
                        ),
                        name="billing_auto_topups_limits",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_auto_topups_tenant_id_key"),
                    TableRule(
                        name="billing_auto_topups_row_security",
                        create="""
                        ALTER TABLE "billing_auto_topups" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_auto_topups" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_auto_topups" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_auto_topups" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_auto_topups" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_auto_topups" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_auto_topups" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_auto_topups";
                        DROP POLICY IF EXISTS "tenant" ON "billing_auto_topups";
                        REVOKE ALL ON "billing_auto_topups" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_auto_topups_wallet_same_tenant",
                        create="""
                        ALTER TABLE "billing_auto_topups" ADD CONSTRAINT "billing_auto_topups_wallet_same_tenant"
                        FOREIGN KEY ("tenant_id", "wallet_id") REFERENCES "billing_wallets" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_auto_topups" DROP CONSTRAINT IF EXISTS "billing_auto_topups_wallet_same_tenant"',
                    ),
                    TableRule(
                        name="billing_auto_topups_package_fkey",
                        create="""
                        ALTER TABLE "billing_auto_topups" ADD CONSTRAINT "billing_auto_topups_package_fkey"
                        FOREIGN KEY ("package_id") REFERENCES "billing_credit_packages" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_auto_topups" DROP CONSTRAINT IF EXISTS "billing_auto_topups_package_fkey"',
                    ),
                    TableRule(
                        name="billing_auto_topups_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_auto_topups" ADD CONSTRAINT "billing_auto_topups_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_auto_topups" DROP CONSTRAINT IF EXISTS "billing_auto_topups_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_auto_topups_package_shared_or_own",
                        create="""
                        CREATE TRIGGER "billing_auto_topups_package_shared_or_own" BEFORE INSERT OR UPDATE OF package_id, tenant_id ON "billing_auto_topups"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('package_id', 'tenant_id', 'billing_credit_packages', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_auto_topups_package_shared_or_own" ON "billing_auto_topups"',
                    ),
                    TableRule(
                        name="billing_auto_topups_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_auto_topups_touch_updated_at" BEFORE UPDATE ON "billing_auto_topups"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_auto_topups_touch_updated_at" ON "billing_auto_topups"',
                    ),
                    TableRule(
                        name="billing_auto_topups_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_auto_topups_audit_insert" AFTER INSERT ON "billing_auto_topups" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_auto_topups_audit_insert" ON "billing_auto_topups"',
                    ),
                    TableRule(
                        name="billing_auto_topups_audit_update",
                        create="""
                        CREATE TRIGGER "billing_auto_topups_audit_update" AFTER UPDATE ON "billing_auto_topups" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_auto_topups_audit_update" ON "billing_auto_topups"',
                    ),
                    TableRule(
                        name="billing_auto_topups_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_auto_topups_audit_delete" AFTER DELETE ON "billing_auto_topups" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_auto_topups_audit_delete" ON "billing_auto_topups"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditLot",
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
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.wallet",
                    ),
                ),
                ("priority", models.PositiveSmallIntegerField(db_default=50)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
                ("remaining", models.DecimalField(decimal_places=6, max_digits=18)),
                ("expires_at", models.DateTimeField(null=True)),
                (
                    "is_open",
                    models.GeneratedField(
                        db_persist=True, expression=models.Q(("remaining__gt", 0)), output_field=models.BooleanField()
                    ),
                ),
            ],
            options={
                "db_table": "billing_credit_lots",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_lots_newest"),
                    models.Index(fields=["tenant", "wallet", "-created_at"], name="billing_lots_wallet"),
                    models.Index(
                        condition=models.Q(("is_open", True)),
                        fields=["tenant", "wallet", "priority", "expires_at", "created_at"],
                        name="billing_lots_open",
                    ),
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False), ("is_open", True)),
                        fields=["expires_at"],
                        name="billing_lots_expiring",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0), ("remaining__gte", 0), ("remaining__lte", models.F("amount"))
                        ),
                        name="billing_credit_lots_remaining",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__lte", 100)), name="billing_credit_lots_priority"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_credit_lots_tenant_id_key"),
                    TableRule(
                        name="billing_credit_lots_storage",
                        create='ALTER TABLE "billing_credit_lots" SET (fillfactor = 50)',
                        remove='ALTER TABLE "billing_credit_lots" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="billing_credit_lots_row_security",
                        create="""
                        ALTER TABLE "billing_credit_lots" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_credit_lots" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_credit_lots" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_credit_lots" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_credit_lots" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_credit_lots" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_credit_lots" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_credit_lots";
                        DROP POLICY IF EXISTS "tenant" ON "billing_credit_lots";
                        REVOKE ALL ON "billing_credit_lots" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_credit_lots_wallet_same_tenant",
                        create="""
                        ALTER TABLE "billing_credit_lots" ADD CONSTRAINT "billing_credit_lots_wallet_same_tenant"
                        FOREIGN KEY ("tenant_id", "wallet_id") REFERENCES "billing_wallets" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_credit_lots" DROP CONSTRAINT IF EXISTS "billing_credit_lots_wallet_same_tenant"',
                    ),
                    TableRule(
                        name="billing_credit_lots_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_credit_lots" ADD CONSTRAINT "billing_credit_lots_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_credit_lots" DROP CONSTRAINT IF EXISTS "billing_credit_lots_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_credit_lots_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_credit_lots_touch_updated_at" BEFORE UPDATE ON "billing_credit_lots"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_lots_touch_updated_at" ON "billing_credit_lots"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
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
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.wallet",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
                ("captured_amount", models.DecimalField(decimal_places=6, max_digits=18, null=True)),
                ("status", models.CharField(db_default="held", max_length=20)),
                ("expires_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
                ("reference_type", models.CharField(db_default="", max_length=50)),
                ("reference_id", models.UUIDField(null=True)),
                ("description", models.TextField(db_default="")),
            ],
            options={
                "db_table": "billing_holds",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_holds_newest"),
                    models.Index(fields=["tenant", "wallet", "-created_at"], name="billing_holds_wallet"),
                    models.Index(
                        condition=models.Q(("status", "held")), fields=["tenant", "wallet"], name="billing_holds_open"
                    ),
                    models.Index(fields=["tenant", "status", "-created_at"], name="billing_holds_status"),
                    models.Index(
                        condition=models.Q(("reference_id__isnull", False)),
                        fields=["tenant", "reference_id"],
                        name="billing_holds_reference",
                    ),
                    models.Index(
                        condition=models.Q(("status", "held")), fields=["expires_at"], name="billing_holds_due"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="billing_holds_amount"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("resolved_at__isnull", True), ("status", "held")),
                            models.Q(models.Q(("status", "held"), _negated=True), ("resolved_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="billing_holds_resolved_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("captured_amount__gte", 0),
                                ("captured_amount__isnull", False),
                                ("captured_amount__lte", models.F("amount")),
                                ("status", "captured"),
                            ),
                            models.Q(
                                models.Q(("status", "captured"), _negated=True), ("captured_amount__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="billing_holds_captured_amount",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_holds_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["held", "captured", "released", "expired"])),
                        name="billing_holds_status_valid",
                    ),
                    TableRule(
                        name="billing_holds_steps",
                        create="""
                        CREATE TRIGGER "billing_holds_steps" BEFORE UPDATE OR DELETE ON "billing_holds"
                        FOR EACH ROW EXECUTE FUNCTION lad_status_steps('{held}', '{status,updated_at}', '{held>captured,held>released,held>expired}')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_holds_steps" ON "billing_holds"',
                    ),
                    TableRule(
                        name="billing_holds_row_security",
                        create="""
                        ALTER TABLE "billing_holds" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_holds" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_holds" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_holds" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_holds" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_holds" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_holds" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_holds";
                        DROP POLICY IF EXISTS "tenant" ON "billing_holds";
                        REVOKE ALL ON "billing_holds" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_holds_wallet_same_tenant",
                        create="""
                        ALTER TABLE "billing_holds" ADD CONSTRAINT "billing_holds_wallet_same_tenant"
                        FOREIGN KEY ("tenant_id", "wallet_id") REFERENCES "billing_wallets" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_holds" DROP CONSTRAINT IF EXISTS "billing_holds_wallet_same_tenant"',
                    ),
                    TableRule(
                        name="billing_holds_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_holds" ADD CONSTRAINT "billing_holds_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_holds" DROP CONSTRAINT IF EXISTS "billing_holds_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_holds_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_holds_touch_updated_at" BEFORE UPDATE ON "billing_holds"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_holds_touch_updated_at" ON "billing_holds"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerAnchor",
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
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.wallet",
                    ),
                ),
                ("anchored_on", models.DateField()),
                ("wallet_version", models.PositiveBigIntegerField()),
                ("entry_hash", models.BinaryField()),
            ],
            options={
                "db_table": "billing_ledger_anchors",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_anchors_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "wallet", "anchored_on"), name="billing_ledger_anchors_day_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("wallet_version__gt", 0)), name="billing_ledger_anchors_version"
                    ),
                    TableRule(
                        name="billing_ledger_anchors_row_security",
                        create="""
                        ALTER TABLE "billing_ledger_anchors" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_ledger_anchors" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_ledger_anchors" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "billing_ledger_anchors" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_ledger_anchors" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "billing_ledger_anchors" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_ledger_anchors" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_ledger_anchors";
                        DROP POLICY IF EXISTS "tenant" ON "billing_ledger_anchors";
                        REVOKE ALL ON "billing_ledger_anchors" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_ledger_anchors_wallet_same_tenant",
                        create="""
                        ALTER TABLE "billing_ledger_anchors" ADD CONSTRAINT "billing_ledger_anchors_wallet_same_tenant"
                        FOREIGN KEY ("tenant_id", "wallet_id") REFERENCES "billing_wallets" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_anchors" DROP CONSTRAINT IF EXISTS "billing_ledger_anchors_wallet_same_tenant"',
                    ),
                    TableRule(
                        name="billing_ledger_anchors_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_ledger_anchors" ADD CONSTRAINT "billing_ledger_anchors_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_anchors" DROP CONSTRAINT IF EXISTS "billing_ledger_anchors_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_ledger_anchors_append_only",
                        create="""
                        CREATE TRIGGER "billing_ledger_anchors_append_only" BEFORE UPDATE OR DELETE ON "billing_ledger_anchors"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_anchors_append_only" ON "billing_ledger_anchors"',
                    ),
                    TableRule(
                        name="billing_ledger_anchors_no_truncate",
                        create="""
                        CREATE TRIGGER "billing_ledger_anchors_no_truncate" BEFORE TRUNCATE ON "billing_ledger_anchors"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_anchors_no_truncate" ON "billing_ledger_anchors"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerTransaction",
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
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.wallet",
                    ),
                ),
                ("transaction_type", models.CharField(max_length=20)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
                ("balance_before", models.DecimalField(decimal_places=6, max_digits=18)),
                ("balance_after", models.DecimalField(decimal_places=6, max_digits=18)),
                ("reference_type", models.CharField(db_default="", max_length=50)),
                ("reference_id", models.UUIDField(null=True)),
                ("idempotency_key", models.CharField(max_length=255)),
                (
                    "created_by",
                    models.ForeignKey(
                        db_column="created_by",
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("description", models.TextField(db_default="")),
                ("metadata", models.JSONField(db_default={})),
                ("wallet_version", models.BigIntegerField()),
                ("reserved_after", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("lot_movements", models.JSONField(db_default={})),
                ("terms", models.JSONField(db_default={})),
                (
                    "hold",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.hold",
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.ledgertransaction",
                    ),
                ),
                ("entry_hash", models.BinaryField()),
            ],
            options={
                "db_table": "billing_ledger_transactions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_ledger_newest"),
                    models.Index(
                        condition=models.Q(("reference_id__isnull", False)),
                        fields=["tenant", "reference_id"],
                        name="billing_ledger_reference",
                    ),
                    models.Index(
                        condition=models.Q(("hold__isnull", False)),
                        fields=["tenant", "hold"],
                        name="billing_ledger_hold",
                    ),
                    models.Index(
                        condition=models.Q(("transaction_type__in", ["topup", "credit", "adjustment"])),
                        fields=["tenant", "transaction_type", "-created_at"],
                        name="billing_ledger_rare_types",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"), name="billing_ledger_transactions_idempotency_key"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "wallet", "wallet_version"), name="billing_ledger_transactions_version_key"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reverses__isnull", False)),
                        fields=("tenant", "reverses"),
                        name="billing_ledger_transactions_reversed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "balance_after",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("balance_before"), "+", models.F("amount")
                                ),
                            )
                        ),
                        name="billing_ledger_transactions_sum",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("balance_after__gte", 0), ("balance_before__gte", 0), ("reserved_after__gte", 0)
                        ),
                        name="billing_ledger_transactions_not_overdrawn",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gt", 0), ("transaction_type__in", ("topup", "credit", "release"))),
                            models.Q(("amount__lte", 0), ("transaction_type", "debit")),
                            models.Q(("amount__lt", 0), ("transaction_type", "reservation")),
                            models.Q(
                                ("transaction_type", "adjustment"),
                                models.Q(
                                    models.Q(("amount", 0), _negated=True), ("reverses__isnull", False), _connector="OR"
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="billing_ledger_transactions_sign",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        name="billing_ledger_transactions_keyed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("transaction_type__in", ("reservation", "release")), _negated=True),
                            ("hold__isnull", False),
                            _connector="OR",
                        ),
                        name="billing_ledger_transactions_of_a_hold",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reverses__isnull", True), ("transaction_type", "adjustment"), _connector="OR"
                        ),
                        name="billing_ledger_transactions_reversal",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_ledger_transactions_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "transaction_type__in",
                                ["topup", "debit", "credit", "adjustment", "reservation", "release"],
                            )
                        ),
                        name="billing_ledger_transactions_transaction_type_valid",
                    ),
                    TableRule(
                        name="billing_ledger_transactions_storage",
                        create='ALTER TABLE "billing_ledger_transactions" SET (autovacuum_analyze_scale_factor = 0.02)',
                        remove='ALTER TABLE "billing_ledger_transactions" RESET (autovacuum_analyze_scale_factor)',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_chain",
                        create="""
                        CREATE TRIGGER "billing_ledger_transactions_chain" AFTER INSERT ON "billing_ledger_transactions" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION billing_check_chain()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_transactions_chain" ON "billing_ledger_transactions"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_row_security",
                        create="""
                        ALTER TABLE "billing_ledger_transactions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_ledger_transactions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_ledger_transactions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "billing_ledger_transactions" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_ledger_transactions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "billing_ledger_transactions" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_ledger_transactions" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_ledger_transactions";
                        DROP POLICY IF EXISTS "tenant" ON "billing_ledger_transactions";
                        REVOKE ALL ON "billing_ledger_transactions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_ledger_transactions_wallet_same_tenant",
                        create="""
                        ALTER TABLE "billing_ledger_transactions" ADD CONSTRAINT "billing_ledger_transactions_wallet_same_tenant"
                        FOREIGN KEY ("tenant_id", "wallet_id") REFERENCES "billing_wallets" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_transactions" DROP CONSTRAINT IF EXISTS "billing_ledger_transactions_wallet_same_tenant"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_created_by_fkey",
                        create="""
                        ALTER TABLE "billing_ledger_transactions" ADD CONSTRAINT "billing_ledger_transactions_created_by_fkey"
                        FOREIGN KEY ("created_by") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_transactions" DROP CONSTRAINT IF EXISTS "billing_ledger_transactions_created_by_fkey"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_hold_same_tenant",
                        create="""
                        ALTER TABLE "billing_ledger_transactions" ADD CONSTRAINT "billing_ledger_transactions_hold_same_tenant"
                        FOREIGN KEY ("tenant_id", "hold_id") REFERENCES "billing_holds" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_transactions" DROP CONSTRAINT IF EXISTS "billing_ledger_transactions_hold_same_tenant"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_reverses_same_tenant",
                        create="""
                        ALTER TABLE "billing_ledger_transactions" ADD CONSTRAINT "billing_ledger_transactions_reverses_same_tenant"
                        FOREIGN KEY ("tenant_id", "reverses_id") REFERENCES "billing_ledger_transactions" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_transactions" DROP CONSTRAINT IF EXISTS "billing_ledger_transactions_reverses_same_tenant"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_ledger_transactions" ADD CONSTRAINT "billing_ledger_transactions_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_ledger_transactions" DROP CONSTRAINT IF EXISTS "billing_ledger_transactions_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_append_only",
                        create="""
                        CREATE TRIGGER "billing_ledger_transactions_append_only" BEFORE UPDATE OR DELETE ON "billing_ledger_transactions"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_transactions_append_only" ON "billing_ledger_transactions"',
                    ),
                    TableRule(
                        name="billing_ledger_transactions_no_truncate",
                        create="""
                        CREATE TRIGGER "billing_ledger_transactions_no_truncate" BEFORE TRUNCATE ON "billing_ledger_transactions"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_ledger_transactions_no_truncate" ON "billing_ledger_transactions"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
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
                    "wallet",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.wallet",
                    ),
                ),
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
                (
                    "package",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.creditpackage",
                    ),
                ),
                ("kind", models.CharField(max_length=20)),
                ("description", models.CharField(max_length=200)),
                ("credits", models.DecimalField(decimal_places=6, max_digits=18)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
                ("price", models.DecimalField(decimal_places=6, max_digits=18)),
                ("tax", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("tax_name", models.CharField(db_default="", max_length=30)),
                ("tax_rate", models.DecimalField(db_default=0, decimal_places=4, max_digits=6)),
                ("fee", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("total", models.DecimalField(decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", max_length=3)),
                ("status", models.CharField(db_default="created", max_length=20)),
                ("idempotency_key", models.CharField(max_length=255)),
                ("success_url", models.CharField(db_default="", max_length=2000)),
                ("cancel_url", models.CharField(db_default="", max_length=2000)),
                ("keep_card", models.BooleanField(db_default=False)),
                ("checkout_url", models.CharField(db_default="", max_length=2000)),
                ("checkout_session_id", models.CharField(db_default="", max_length=255)),
                ("payment_intent_id", models.CharField(db_default="", max_length=255)),
                ("customer_id", models.CharField(db_default="", max_length=255)),
                ("payment_method_id", models.CharField(db_default="", max_length=255)),
                ("expires_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("error", models.TextField(db_default="")),
                ("paid_at", models.DateTimeField(null=True)),
                (
                    "ledger_transaction",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.ledgertransaction",
                    ),
                ),
                ("refunded_total", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("reclaimed_amount", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("attention", models.CharField(db_default="", max_length=500)),
            ],
            options={
                "db_table": "billing_payments",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_payments_newest"),
                    models.Index(fields=["tenant", "wallet", "kind", "-created_at"], name="billing_payments_wallet"),
                    models.Index(
                        condition=models.Q(("next_attempt_at__isnull", False)),
                        fields=["next_attempt_at"],
                        name="billing_payments_due",
                    ),
                    models.Index(
                        condition=models.Q(("lease_until__isnull", False)),
                        fields=["lease_until"],
                        name="billing_payments_leased",
                    ),
                    models.Index(
                        condition=models.Q(("payment_intent_id", ""), _negated=True),
                        fields=["payment_intent_id"],
                        name="billing_payments_intent",
                    ),
                    models.Index(
                        condition=models.Q(("attention", ""), _negated=True),
                        fields=["-created_at"],
                        name="billing_payments_attention",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"), name="billing_payments_idempotency_key"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("checkout_session_id", ""), _negated=True),
                        fields=("tenant", "checkout_session_id"),
                        name="billing_payments_session_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("payment_intent_id", ""), _negated=True),
                        fields=("tenant", "payment_intent_id"),
                        name="billing_payments_intent_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ledger_transaction__isnull", False)),
                        fields=("tenant", "ledger_transaction"),
                        name="billing_payments_ledger_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "automatic"), ("status__in", ("created", "pending", "unknown"))),
                        fields=("tenant", "wallet"),
                        name="billing_payments_one_in_flight",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("price"), "+", models.F("tax")
                                    ),
                                    "+",
                                    models.F("fee"),
                                ),
                            )
                        ),
                        name="billing_payments_total",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0), ("credits__gt", 0), ("fee__gte", 0), ("price__gt", 0), ("tax__gte", 0)
                        ),
                        name="billing_payments_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded_total__gte", 0),
                            ("refunded_total__lte", models.F("total")),
                            ("reclaimed_amount__gte", 0),
                            ("reclaimed_amount__lte", models.F("amount")),
                        ),
                        name="billing_payments_refunds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ledger_transaction__isnull", False),
                                ("paid_at__isnull", False),
                                ("status__in", ["succeeded", "refunded"]),
                            ),
                            models.Q(
                                ("ledger_transaction__isnull", True),
                                ("paid_at__isnull", True),
                                ("status__in", ("created", "pending", "unknown", "failed", "expired")),
                            ),
                            _connector="OR",
                        ),
                        name="billing_payments_credited",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("idempotency_key", ""), _negated=True),
                            models.Q(("description", ""), _negated=True),
                        ),
                        name="billing_payments_keyed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="billing_payments_currency_code"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_payments_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["checkout", "automatic"])), name="billing_payments_kind_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["created", "pending", "succeeded", "failed", "expired", "refunded", "unknown"],
                            )
                        ),
                        name="billing_payments_status_valid",
                    ),
                    TableRule(
                        name="billing_payments_steps",
                        create="""
                        CREATE TRIGGER "billing_payments_steps" BEFORE UPDATE OR DELETE ON "billing_payments"
                        FOR EACH ROW EXECUTE FUNCTION lad_status_steps('{created,pending,unknown}', '{checkout_session_id,payment_intent_id,error,paid_at,ledger_transaction_id,refunded_total,reclaimed_amount,attention,lease_until,next_attempt_at,status,updated_at}', '{created>pending,created>succeeded,created>failed,created>expired,created>unknown,pending>succeeded,pending>failed,pending>expired,pending>unknown,unknown>created,unknown>pending,unknown>succeeded,unknown>failed,unknown>expired,failed>succeeded,expired>succeeded,succeeded>refunded}')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_payments_steps" ON "billing_payments"',
                    ),
                    TableRule(
                        name="billing_payments_row_security",
                        create="""
                        ALTER TABLE "billing_payments" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_payments" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_payments" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_payments" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_payments" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_payments" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_payments" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_payments";
                        DROP POLICY IF EXISTS "tenant" ON "billing_payments";
                        REVOKE ALL ON "billing_payments" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_payments_wallet_same_tenant",
                        create="""
                        ALTER TABLE "billing_payments" ADD CONSTRAINT "billing_payments_wallet_same_tenant"
                        FOREIGN KEY ("tenant_id", "wallet_id") REFERENCES "billing_wallets" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_payments" DROP CONSTRAINT IF EXISTS "billing_payments_wallet_same_tenant"',
                    ),
                    TableRule(
                        name="billing_payments_user_fkey",
                        create="""
                        ALTER TABLE "billing_payments" ADD CONSTRAINT "billing_payments_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_payments" DROP CONSTRAINT IF EXISTS "billing_payments_user_fkey"',
                    ),
                    TableRule(
                        name="billing_payments_package_fkey",
                        create="""
                        ALTER TABLE "billing_payments" ADD CONSTRAINT "billing_payments_package_fkey"
                        FOREIGN KEY ("package_id") REFERENCES "billing_credit_packages" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_payments" DROP CONSTRAINT IF EXISTS "billing_payments_package_fkey"',
                    ),
                    TableRule(
                        name="billing_payments_ledger_transaction_same_tenant",
                        create="""
                        ALTER TABLE "billing_payments" ADD CONSTRAINT "billing_payments_ledger_transaction_same_tenant"
                        FOREIGN KEY ("tenant_id", "ledger_transaction_id") REFERENCES "billing_ledger_transactions" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_payments" DROP CONSTRAINT IF EXISTS "billing_payments_ledger_transaction_same_tenant"',
                    ),
                    TableRule(
                        name="billing_payments_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_payments" ADD CONSTRAINT "billing_payments_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_payments" DROP CONSTRAINT IF EXISTS "billing_payments_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_payments_package_shared_or_own",
                        create="""
                        CREATE TRIGGER "billing_payments_package_shared_or_own" BEFORE INSERT OR UPDATE OF package_id, tenant_id ON "billing_payments"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('package_id', 'tenant_id', 'billing_credit_packages', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_payments_package_shared_or_own" ON "billing_payments"',
                    ),
                    TableRule(
                        name="billing_payments_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_payments_touch_updated_at" BEFORE UPDATE ON "billing_payments"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_payments_touch_updated_at" ON "billing_payments"',
                    ),
                    TableRule(
                        name="billing_payments_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_payments_audit_insert" AFTER INSERT ON "billing_payments" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_payments_audit_insert" ON "billing_payments"',
                    ),
                    TableRule(
                        name="billing_payments_audit_update",
                        create="""
                        CREATE TRIGGER "billing_payments_audit_update" AFTER UPDATE ON "billing_payments" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_payments_audit_update" ON "billing_payments"',
                    ),
                    TableRule(
                        name="billing_payments_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_payments_audit_delete" AFTER DELETE ON "billing_payments" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_payments_audit_delete" ON "billing_payments"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
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
                ("kind", models.CharField(db_default="manual", max_length=20)),
                ("series", models.CharField(db_default="INV", max_length=10)),
                ("sequence_number", models.BigIntegerField(null=True)),
                ("invoice_number", models.CharField(db_default="", max_length=50)),
                ("status", models.CharField(db_default="draft", max_length=20)),
                ("subtotal", models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ("tax", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("total", models.DecimalField(decimal_places=6, default=0, max_digits=18)),
                ("prepaid_amount", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", max_length=3)),
                ("period_start", models.DateTimeField()),
                ("period_end", models.DateTimeField()),
                ("finalised_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("paid_at", models.DateTimeField(null=True)),
                ("payment_method", models.CharField(db_default="", max_length=50)),
                ("due_at", models.DateTimeField(null=True)),
                ("line_items", models.JSONField(db_default=[])),
                ("tax_lines", models.JSONField(db_default=[])),
                ("recipient", models.JSONField(db_default={})),
                ("issuer", models.JSONField(db_default={})),
                (
                    "corrects",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.invoice",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.payment",
                    ),
                ),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "billing_invoices",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_invoices_newest"),
                    models.Index(fields=["tenant", "status", "due_at"], name="billing_invoices_due"),
                    models.Index(
                        condition=models.Q(("corrects__isnull", False)),
                        fields=["tenant", "corrects"],
                        name="billing_invoices_corrects",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "overdue"])),
                        fields=["due_at"],
                        name="billing_invoices_unpaid",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("invoice_number", ""), _negated=True),
                        fields=("tenant", "invoice_number"),
                        name="billing_invoices_number_key",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "series", "sequence_number"), name="billing_invoices_sequence_key"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("payment__isnull", False)),
                        fields=("tenant", "payment"),
                        name="billing_invoices_receipt_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finalised_at__isnull", True),
                                ("invoice_number", ""),
                                ("sequence_number__isnull", True),
                                ("status__in", ["draft", "voided"]),
                            ),
                            models.Q(
                                models.Q(("status", "draft"), _negated=True),
                                models.Q(("invoice_number", ""), _negated=True),
                                ("finalised_at__isnull", False),
                                ("sequence_number__gt", 0),
                            ),
                            _connector="OR",
                        ),
                        name="billing_invoices_numbered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("corrects__isnull", False), ("kind", "credit_note"), ("series", "CN")),
                            models.Q(
                                models.Q(("kind", "credit_note"), _negated=True),
                                models.Q(("series", "CN"), _negated=True),
                                ("corrects__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="billing_invoices_credit_note",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("subtotal"), "+", models.F("tax")
                                ),
                            )
                        ),
                        name="billing_invoices_total",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "usage"), models.Q(("subtotal__gte", 0), ("tax__gte", 0)), _connector="OR"
                        ),
                        name="billing_invoices_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "usage"), ("prepaid_amount", models.F("subtotal"))),
                            ("prepaid_amount", 0),
                            _connector="OR",
                        ),
                        name="billing_invoices_prepaid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("period_end__gt", models.F("period_start"))), name="billing_invoices_period"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("paid_at__isnull", False), ("status", "paid")),
                            models.Q(models.Q(("status", "paid"), _negated=True), ("paid_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_invoices_paid_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "overdue"), _negated=True), ("due_at__isnull", False), _connector="OR"
                        ),
                        name="billing_invoices_overdue_since",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="billing_invoices_currency_code"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_invoices_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["usage", "topup", "manual", "credit_note"])),
                        name="billing_invoices_kind_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "pending", "paid", "voided", "overdue"])),
                        name="billing_invoices_status_valid",
                    ),
                    TableRule(
                        name="billing_invoices_one_per_period",
                        create="""
                        ALTER TABLE "billing_invoices" ADD CONSTRAINT "billing_invoices_one_per_period" EXCLUDE USING gist (
                            int8range(hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("currency"::text) || ':' || "currency"::text, '-'), 0) >> 1, hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("currency"::text) || ':' || "currency"::text, '-'), 0) >> 1, '[]') WITH &&,
                            tstzrange("period_start", "period_end", '[)') WITH &&
                        ) WHERE (("kind" = 'usage' AND NOT ("status" = 'voided')))
                        """,
                        remove='ALTER TABLE "billing_invoices" DROP CONSTRAINT IF EXISTS "billing_invoices_one_per_period"',
                    ),
                    TableRule(
                        name="billing_invoices_finalised",
                        create="""
                        CREATE TRIGGER "billing_invoices_finalised" BEFORE INSERT OR UPDATE ON "billing_invoices"
                        FOR EACH ROW EXECUTE FUNCTION billing_check_finalised()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoices_finalised" ON "billing_invoices"',
                    ),
                    TableRule(
                        name="billing_invoices_steps",
                        create="""
                        CREATE TRIGGER "billing_invoices_steps" BEFORE UPDATE OR DELETE ON "billing_invoices"
                        FOR EACH ROW EXECUTE FUNCTION lad_status_steps('{draft}', '{paid_at,payment_method,sent_at,metadata,status,updated_at}', '{draft>pending,draft>voided,pending>paid,pending>overdue,pending>voided,overdue>paid,overdue>voided}')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoices_steps" ON "billing_invoices"',
                    ),
                    TableRule(
                        name="billing_invoices_row_security",
                        create="""
                        ALTER TABLE "billing_invoices" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_invoices" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_invoices" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_invoices" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_invoices" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_invoices" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_invoices" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_invoices";
                        DROP POLICY IF EXISTS "tenant" ON "billing_invoices";
                        REVOKE ALL ON "billing_invoices" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_invoices_corrects_same_tenant",
                        create="""
                        ALTER TABLE "billing_invoices" ADD CONSTRAINT "billing_invoices_corrects_same_tenant"
                        FOREIGN KEY ("tenant_id", "corrects_id") REFERENCES "billing_invoices" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_invoices" DROP CONSTRAINT IF EXISTS "billing_invoices_corrects_same_tenant"',
                    ),
                    TableRule(
                        name="billing_invoices_payment_same_tenant",
                        create="""
                        ALTER TABLE "billing_invoices" ADD CONSTRAINT "billing_invoices_payment_same_tenant"
                        FOREIGN KEY ("tenant_id", "payment_id") REFERENCES "billing_payments" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_invoices" DROP CONSTRAINT IF EXISTS "billing_invoices_payment_same_tenant"',
                    ),
                    TableRule(
                        name="billing_invoices_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_invoices" ADD CONSTRAINT "billing_invoices_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_invoices" DROP CONSTRAINT IF EXISTS "billing_invoices_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_invoices_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_invoices_touch_updated_at" BEFORE UPDATE ON "billing_invoices"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoices_touch_updated_at" ON "billing_invoices"',
                    ),
                    TableRule(
                        name="billing_invoices_audit_insert",
                        create="""
                        CREATE TRIGGER "billing_invoices_audit_insert" AFTER INSERT ON "billing_invoices" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoices_audit_insert" ON "billing_invoices"',
                    ),
                    TableRule(
                        name="billing_invoices_audit_update",
                        create="""
                        CREATE TRIGGER "billing_invoices_audit_update" AFTER UPDATE ON "billing_invoices" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoices_audit_update" ON "billing_invoices"',
                    ),
                    TableRule(
                        name="billing_invoices_audit_delete",
                        create="""
                        CREATE TRIGGER "billing_invoices_audit_delete" AFTER DELETE ON "billing_invoices" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_invoices_audit_delete" ON "billing_invoices"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageEvent",
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
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("feature_key", models.CharField(max_length=100)),
                ("occurred_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("usage_items", models.JSONField()),
                ("total_quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("total_cost", models.DecimalField(decimal_places=6, max_digits=18)),
                ("quota_units", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", max_length=3)),
                ("status", models.CharField(db_default="pending", max_length=20)),
                (
                    "ledger_transaction",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.ledgertransaction",
                    ),
                ),
                ("charged_at", models.DateTimeField(null=True)),
                ("idempotency_key", models.CharField(max_length=255)),
                ("external_reference_id", models.CharField(db_default="", max_length=255)),
                ("error_message", models.TextField(db_default="")),
                ("retry_count", models.PositiveIntegerField(db_default=0)),
                ("next_charge_at", models.DateTimeField(null=True)),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.TextField(db_default="")),
                ("intent", models.JSONField(db_default={})),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "billing_usage_events",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_usage_newest"),
                    models.Index(fields=["tenant", "status", "-created_at"], name="billing_usage_status"),
                    models.Index(fields=["tenant", "feature_key", "-created_at"], name="billing_usage_feature"),
                    models.Index(
                        condition=models.Q(("user__isnull", False)),
                        fields=["tenant", "user", "-created_at"],
                        name="billing_usage_user",
                    ),
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "failed"])),
                        fields=["created_at"],
                        name="billing_usage_unsettled",
                    ),
                    models.Index(
                        condition=models.Q(("next_charge_at__isnull", False)),
                        fields=["next_charge_at"],
                        name="billing_usage_chargeable",
                    ),
                    models.Index(
                        fields=["tenant", "-occurred_at"],
                        include=("currency", "status", "feature_key", "user", "total_cost"),
                        name="billing_usage_occurred",
                    ),
                    models.Index(
                        condition=models.Q(("external_reference_id", ""), _negated=True),
                        fields=["tenant", "external_reference_id"],
                        name="billing_usage_external",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "idempotency_key"), name="billing_usage_events_idempotency_key"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ledger_transaction__isnull", False)),
                        fields=("tenant", "ledger_transaction"),
                        name="billing_usage_events_debit_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True), name="billing_usage_events_keyed"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("total_cost__gte", 0), ("total_quantity__gte", 0)),
                        name="billing_usage_events_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("charged_at__isnull", False),
                                ("ledger_transaction__isnull", False),
                                ("status__in", ["charged", "voided"]),
                            ),
                            models.Q(
                                models.Q(("status", "charged"), _negated=True),
                                ("charged_at__isnull", True),
                                ("ledger_transaction__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="billing_usage_events_charged_by_debit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "failed"), _negated=True),
                            models.Q(("error_message", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="billing_usage_events_failure_explained",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status", "voided"),
                            models.Q(("void_reason", ""), ("voided_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="billing_usage_events_void_explained",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["pending", "failed"]), ("next_charge_at__isnull", True), _connector="OR"
                        ),
                        name="billing_usage_events_settled",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="billing_usage_events_currency_code"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="billing_usage_events_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "charged", "voided", "failed"])),
                        name="billing_usage_events_status_valid",
                    ),
                    TableRule(
                        name="billing_usage_events_storage",
                        create='ALTER TABLE "billing_usage_events" SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_insert_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02)',
                        remove='ALTER TABLE "billing_usage_events" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor)',
                    ),
                    TableRule(
                        name="billing_usage_events_steps",
                        create="""
                        CREATE TRIGGER "billing_usage_events_steps" BEFORE UPDATE OR DELETE ON "billing_usage_events"
                        FOR EACH ROW EXECUTE FUNCTION lad_status_steps('{pending,failed}', '{user_id,metadata,retry_count,voided_at,void_reason,status,updated_at}', '{pending>charged,pending>voided,pending>failed,failed>pending,failed>voided,charged>voided}')
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_usage_events_steps" ON "billing_usage_events"',
                    ),
                    TableRule(
                        name="billing_usage_events_row_security",
                        create="""
                        ALTER TABLE "billing_usage_events" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_usage_events" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_usage_events" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_usage_events" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_usage_events" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "billing_usage_events" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_usage_events" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_usage_events";
                        DROP POLICY IF EXISTS "tenant" ON "billing_usage_events";
                        REVOKE ALL ON "billing_usage_events" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_usage_events_user_fkey",
                        create="""
                        ALTER TABLE "billing_usage_events" ADD CONSTRAINT "billing_usage_events_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_usage_events" DROP CONSTRAINT IF EXISTS "billing_usage_events_user_fkey"',
                    ),
                    TableRule(
                        name="billing_usage_events_ledger_transaction_same_tenant",
                        create="""
                        ALTER TABLE "billing_usage_events" ADD CONSTRAINT "billing_usage_events_ledger_transaction_same_tenant"
                        FOREIGN KEY ("tenant_id", "ledger_transaction_id") REFERENCES "billing_ledger_transactions" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_usage_events" DROP CONSTRAINT IF EXISTS "billing_usage_events_ledger_transaction_same_tenant"',
                    ),
                    TableRule(
                        name="billing_usage_events_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_usage_events" ADD CONSTRAINT "billing_usage_events_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_usage_events" DROP CONSTRAINT IF EXISTS "billing_usage_events_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_usage_events_touch_updated_at",
                        create="""
                        CREATE TRIGGER "billing_usage_events_touch_updated_at" BEFORE UPDATE ON "billing_usage_events"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_usage_events_touch_updated_at" ON "billing_usage_events"',
                    ),
                ],
            },
        ),
        InstallSql("billing.invoicing", "billing_sum_of", 1),
        InstallSql("billing.invoicing", "billing_check_finalised", 1),
        InstallSql("billing.invoicing", "billing_check_number_used", 1),
        InstallSql("billing.invoicing", "billing_check_series", 1),
        InstallSql("billing.ledger", "billing_entry_hash", 1),
        InstallSql("billing.ledger", "billing_chained", 1),
        InstallSql("billing.ledger", "billing_check_chain", 1),
        InstallSql("billing.ledger", "billing_check_fold", 1),
        InstallSql("billing.ledger", "billing_difference", 1),
        InstallSql("billing.ledger", "billing_expiry", 1),
        InstallSql("billing.ledger", "billing_expired_lots", 1),
        InstallSql("billing.ledger", "billing_lot", 1),
        InstallSql("billing.ledger", "billing_moved", 1),
        InstallSql("billing.ledger", "billing_write", 1),
        InstallSql("billing.ledger", "billing_post", 1),
        InstallSql("billing.ledger", "billing_take", 1),
        InstallSql("billing.ledger", "billing_settle", 1),
        InstallSql("billing.legacy", "lad_refuse_moved_credits", 1),
        InstallSql("billing.pricing", "billing_pricing_catalog_number", 1),
        InstallSql("billing.pricing", "billing_pricing_catalog_settled", 1),
    ]
