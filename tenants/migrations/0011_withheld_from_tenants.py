from django.db import migrations

from lad.db.operations import InstallSql, TableRule

# Single rights that no role of a tenant may grant, given before there was that rule. LAD's staff may give them again.
# Policies let the platform's role change every row.
REVOKE = """
SET LOCAL ROLE lad_platform;
DELETE FROM user_capabilities
WHERE enabled AND (capability_key IN ('usage.record', 'usage.void', 'tenant.delete', 'team.transfer')
                   OR capability_key LIKE '%.administer');
RESET ROLE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0010_joined_grants"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="tenantinvitation",
            name="tenant_invitations_row_security",
        ),
        migrations.RemoveField(
            model_name="secondfactor",
            name="failures",
        ),
        migrations.RemoveField(
            model_name="secondfactor",
            name="locked_until",
        ),
        migrations.AddConstraint(
            model_name="tenantinvitation",
            constraint=TableRule(
                name="tenant_invitations_row_security",
                create="""
                        ALTER TABLE "tenant_invitations" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "tenant_invitations" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "tenant_invitations" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenant_invitations" TO lad_platform;
                        CREATE POLICY "platform" ON "tenant_invitations" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ("id", "created_at", "updated_at", "tenant_id", "deleted_at", "deletion_id", "email", "role", "tenant_role_id", "invited_by", "token_version", "accepted_at", "accepted_by", "revoked_at", "expires_at", "message", "metadata"), INSERT, UPDATE ON "tenant_invitations" TO lad_app;
                        CREATE POLICY "tenant" ON "tenant_invitations" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "tenant_invitations";
                        DROP POLICY IF EXISTS "tenant" ON "tenant_invitations";
                        REVOKE ALL ON "tenant_invitations" FROM lad_app, lad_platform
                        """,
            ),
        ),
        migrations.RunSQL(REVOKE, migrations.RunSQL.noop),
        InstallSql("tenants.accounts", "tenants_caller", 3),
    ]
