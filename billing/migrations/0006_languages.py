from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_tenant_country"),
        ("tenants", "0010_joined_grants"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="billingprofile",
            name="billing_profiles_row_security",
        ),
        migrations.AddField(
            model_name="billingprofile",
            name="language",
            field=models.CharField(db_default="en", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="billingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["en", "de", "fr", "es", "ar"])),
                name="billing_profiles_language_valid",
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
                        GRANT SELECT, INSERT, UPDATE ("updated_at", "legal_name", "address", "country", "tax_id", "language", "invoice_email") ON "billing_profiles" TO lad_app;
                        CREATE POLICY "tenant" ON "billing_profiles" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "billing_profiles";
                        DROP POLICY IF EXISTS "tenant" ON "billing_profiles";
                        REVOKE ALL ON "billing_profiles" FROM lad_app, lad_platform
                        """,
            ),
        ),
    ]
