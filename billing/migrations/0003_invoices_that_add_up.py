import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0002_quota_units"),
        ("lad", "0001_functions"),
        ("tenants", "0003_session_caller"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="payment",
            name="billing_payments_steps",
        ),
        migrations.CreateModel(
            name="CreditApplication",
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
                    "source",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.invoice",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="billing.invoice",
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=6, max_digits=18)),
            ],
            options={
                "db_table": "billing_credit_applications",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="billing_applied_newest"),
                    models.Index(fields=["tenant", "target"], name="billing_applied_target"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "source", "target"), name="billing_credit_applications_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0), models.Q(("source", models.F("target")), _negated=True)),
                        name="billing_credit_applications_amount",
                    ),
                    TableRule(
                        name="billing_credit_applications_row_security",
                        create="""
                        ALTER TABLE "billing_credit_applications" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_credit_applications" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_credit_applications" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "billing_credit_applications" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_credit_applications" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "billing_credit_applications" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_credit_applications" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_credit_applications";
                        DROP POLICY IF EXISTS "tenant" ON "billing_credit_applications";
                        REVOKE ALL ON "billing_credit_applications" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_credit_applications_source_same_tenant",
                        create="""
                        ALTER TABLE "billing_credit_applications" ADD CONSTRAINT "billing_credit_applications_source_same_tenant"
                        FOREIGN KEY ("tenant_id", "source_id") REFERENCES "billing_invoices" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_credit_applications" DROP CONSTRAINT IF EXISTS "billing_credit_applications_source_same_tenant"',
                    ),
                    TableRule(
                        name="billing_credit_applications_target_same_tenant",
                        create="""
                        ALTER TABLE "billing_credit_applications" ADD CONSTRAINT "billing_credit_applications_target_same_tenant"
                        FOREIGN KEY ("tenant_id", "target_id") REFERENCES "billing_invoices" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_credit_applications" DROP CONSTRAINT IF EXISTS "billing_credit_applications_target_same_tenant"',
                    ),
                    TableRule(
                        name="billing_credit_applications_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_credit_applications" ADD CONSTRAINT "billing_credit_applications_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_credit_applications" DROP CONSTRAINT IF EXISTS "billing_credit_applications_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_credit_applications_append_only",
                        create="""
                        CREATE TRIGGER "billing_credit_applications_append_only" BEFORE UPDATE OR DELETE ON "billing_credit_applications"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_applications_append_only" ON "billing_credit_applications"',
                    ),
                    TableRule(
                        name="billing_credit_applications_no_truncate",
                        create="""
                        CREATE TRIGGER "billing_credit_applications_no_truncate" BEFORE TRUNCATE ON "billing_credit_applications"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_credit_applications_no_truncate" ON "billing_credit_applications"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberPrefix",
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
                ("prefix", models.CharField(max_length=10)),
            ],
            options={
                "db_table": "billing_number_prefixes",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="billing_prefixes_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("prefix",), name="billing_number_prefixes_key"),
                    models.CheckConstraint(
                        condition=models.Q(("prefix__regex", "^[A-Z0-9]+$")), name="billing_number_prefixes_form"
                    ),
                    TableRule(
                        name="billing_number_prefixes_row_security",
                        create="""
                        ALTER TABLE "billing_number_prefixes" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_number_prefixes" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_number_prefixes" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "billing_number_prefixes" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_number_prefixes" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "billing_number_prefixes" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_number_prefixes" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_number_prefixes";
                        DROP POLICY IF EXISTS "tenant" ON "billing_number_prefixes";
                        REVOKE ALL ON "billing_number_prefixes" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="billing_number_prefixes_tenant_fkey",
                        create="""
                        ALTER TABLE "billing_number_prefixes" ADD CONSTRAINT "billing_number_prefixes_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "billing_number_prefixes" DROP CONSTRAINT IF EXISTS "billing_number_prefixes_tenant_fkey"',
                    ),
                    TableRule(
                        name="billing_number_prefixes_append_only",
                        create="""
                        CREATE TRIGGER "billing_number_prefixes_append_only" BEFORE UPDATE OR DELETE ON "billing_number_prefixes"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_number_prefixes_append_only" ON "billing_number_prefixes"',
                    ),
                    TableRule(
                        name="billing_number_prefixes_no_truncate",
                        create="""
                        CREATE TRIGGER "billing_number_prefixes_no_truncate" BEFORE TRUNCATE ON "billing_number_prefixes"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "billing_number_prefixes_no_truncate" ON "billing_number_prefixes"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="invoice",
            name="applied_credit",
            field=models.DecimalField(db_default=0, decimal_places=6, max_digits=18),
        ),
        migrations.AddField(
            model_name="invoice",
            name="credit_owed",
            field=models.DecimalField(db_default=0, decimal_places=6, max_digits=18),
        ),
        migrations.AddField(
            model_name="payment",
            name="suspended_wallet",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="payment",
            name="tax_point",
            field=models.CharField(db_default="purchase", max_length=20),
        ),
        migrations.AddField(
            model_name="usageevent",
            name="quota_day",
            field=models.DateField(null=True),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("credit_owed__gt", 0), ("status", "pending")),
                fields=["tenant", "currency", "finalised_at"],
                name="billing_invoices_owing",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("applied_credit", 0),
                    models.Q(
                        ("applied_credit__gt", 0),
                        (
                            "applied_credit__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("total"), "-", models.F("prepaid_amount")
                            ),
                        ),
                        ("kind__in", ["usage", "manual"]),
                    ),
                    _connector="OR",
                ),
                name="billing_invoices_applied",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credit_owed", 0),
                    models.Q(
                        ("applied_credit", 0),
                        ("credit_owed__gt", 0),
                        ("due_at__isnull", True),
                        ("kind__in", ["usage", "credit_note"]),
                    ),
                    _connector="OR",
                ),
                name="billing_invoices_owed",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax_point__in", ["purchase", "use"])), name="billing_payments_tax_point_valid"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=TableRule(
                name="billing_payments_steps",
                create="""
                        CREATE TRIGGER "billing_payments_steps" BEFORE UPDATE OR DELETE ON "billing_payments"
                        FOR EACH ROW EXECUTE FUNCTION lad_status_steps('{created,pending,unknown}', '{checkout_session_id,payment_intent_id,error,paid_at,ledger_transaction_id,refunded_total,reclaimed_amount,suspended_wallet,attention,lease_until,next_attempt_at,status,updated_at}', '{created>pending,created>succeeded,created>failed,created>expired,created>unknown,pending>succeeded,pending>failed,pending>expired,pending>unknown,unknown>created,unknown>pending,unknown>succeeded,unknown>failed,unknown>expired,failed>succeeded,expired>succeeded,succeeded>refunded}')
                        """,
                remove='DROP TRIGGER IF EXISTS "billing_payments_steps" ON "billing_payments"',
            ),
        ),
        InstallSql("billing.invoicing", "billing_check_finalised", 2),
    ]
