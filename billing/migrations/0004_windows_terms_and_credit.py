from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule

# Windows that may still be running began in the time zone that their tenant has now. The others began in one that no
# longer matters. Policies let the platform's role change every row.
KEEP_ZONES = """
SET LOCAL ROLE lad_platform;
UPDATE billing_entitlement_usage AS counted SET timezone = tenant.timezone
FROM tenants AS tenant
WHERE tenant.id = counted.tenant_id AND tenant.timezone <> 'UTC' AND counted.window_start > CURRENT_DATE - 40;
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_invoices_that_add_up"),
        ("lad", "0002_client"),
        ("tenants", "0010_joined_grants"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="billingprofile",
            name="billing_profiles_row_security",
        ),
        migrations.AddField(
            model_name="entitlementuse",
            name="timezone",
            field=models.CharField(db_default="UTC", max_length=64),
        ),
        migrations.RunSQL(KEEP_ZONES, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="usageevent",
            name="quota_month",
            field=models.DateField(null=True),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=TableRule(
                name="billing_profiles_own_terms",
                create="""
                        CREATE TRIGGER "billing_profiles_own_terms" BEFORE INSERT ON "billing_profiles"
                        FOR EACH ROW EXECUTE FUNCTION billing_keep_terms('{"tax_name": "VAT", "tax_rate": 0.05, "tax_point": "purchase", "payment_terms_days": 14, "invoice_prefix": ""}')
                        """,
                remove='DROP TRIGGER IF EXISTS "billing_profiles_own_terms" ON "billing_profiles"',
            ),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=TableRule(
                name="billing_profiles_row_security",
                create="""
                        ALTER TABLE "billing_profiles" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "billing_profiles" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "billing_profiles" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "billing_profiles" TO lad_platform;
                        CREATE POLICY "platform" ON "billing_profiles" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ("updated_at", "legal_name", "address", "country", "tax_id", "invoice_email") ON "billing_profiles" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_profiles" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_profiles";
                        DROP POLICY IF EXISTS "tenant" ON "billing_profiles";
                        REVOKE ALL ON "billing_profiles" FROM lad_app, lad_platform
                        """,
            ),
        ),
        migrations.AddConstraint(
            model_name="creditapplication",
            constraint=TableRule(
                name="billing_credit_applications_sums",
                create="""
                        CREATE TRIGGER "billing_credit_applications_sums" BEFORE INSERT ON "billing_credit_applications"
                        FOR EACH ROW EXECUTE FUNCTION billing_check_application()
                        """,
                remove='DROP TRIGGER IF EXISTS "billing_credit_applications_sums" ON "billing_credit_applications"',
            ),
        ),
        InstallSql("billing.invoicing", "billing_check_application", 1),
        InstallSql("billing.invoicing", "billing_keep_terms", 1),
        InstallSql("billing.ledger", "billing_post", 2),
    ]
