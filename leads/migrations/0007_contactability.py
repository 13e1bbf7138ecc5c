from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("leads", "0006_outreach"),
        ("tenants", "0013_user_timezone"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="consentrecord",
            name="consent_records_row_security",
        ),
        migrations.RemoveConstraint(
            model_name="consentrecord",
            name="consent_records_append_only",
        ),
        migrations.RemoveConstraint(
            model_name="consentrecord",
            name="consent_records_no_truncate",
        ),
        migrations.AlterField(
            model_name="suppression",
            name="address",
            field=models.CharField(db_collation="C", db_default="", max_length=500),
        ),
        migrations.AddIndex(
            model_name="suppression",
            index=models.Index(
                condition=models.Q(("address", ""), _negated=True),
                fields=["tenant", "address"],
                name="suppressions_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=TableRule(
                name="consent_records_row_security",
                create="""
                        ALTER TABLE "consent_records" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "consent_records" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "consent_records" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "consent_records" TO lad_platform;
                        CREATE POLICY "platform" ON "consent_records" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "consent_records" TO lad_app;
                        CREATE POLICY "tenant" ON "consent_records" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "consent_records";
                        DROP POLICY IF EXISTS "tenant" ON "consent_records";
                        REVOKE ALL ON "consent_records" FROM lad_app, lad_platform
                        """,
            ),
        ),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=TableRule(
                name="consent_records_audit_insert",
                create="""
                        CREATE TRIGGER "consent_records_audit_insert" AFTER INSERT ON "consent_records" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                remove='DROP TRIGGER IF EXISTS "consent_records_audit_insert" ON "consent_records"',
            ),
        ),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=TableRule(
                name="consent_records_audit_update",
                create="""
                        CREATE TRIGGER "consent_records_audit_update" AFTER UPDATE ON "consent_records" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                remove='DROP TRIGGER IF EXISTS "consent_records_audit_update" ON "consent_records"',
            ),
        ),
        migrations.AddConstraint(
            model_name="consentrecord",
            constraint=TableRule(
                name="consent_records_audit_delete",
                create="""
                        CREATE TRIGGER "consent_records_audit_delete" AFTER DELETE ON "consent_records" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                remove='DROP TRIGGER IF EXISTS "consent_records_audit_delete" ON "consent_records"',
            ),
        ),
    ]
