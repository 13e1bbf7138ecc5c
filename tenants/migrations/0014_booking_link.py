from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0013_user_timezone"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="user",
            name="users_row_security",
        ),
        migrations.AddField(
            model_name="user",
            name="booking_url",
            field=models.CharField(db_default="", max_length=500),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=TableRule(
                name="users_row_security",
                create="""
                        ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "users" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "users" TO lad_platform;
                        CREATE POLICY "platform" ON "users" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ("id", "created_at", "updated_at", "deleted_at", "deletion_id", "email", "first_name", "last_name", "phone", "avatar_url", "timezone", "booking_url", "primary_tenant_id", "is_active", "is_staff", "is_superuser", "platform_role_id", "email_verified", "phone_verified", "last_login_at", "password_changed_at", "metadata") ON "users" TO lad_app;
                        CREATE POLICY "tenant_read" ON "users" FOR SELECT TO lad_app USING (id IN (SELECT user_id FROM memberships WHERE tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)))
                        """,
                remove="""
                        DROP POLICY IF EXISTS "platform" ON "users";
                        DROP POLICY IF EXISTS "tenant_read" ON "users";
                        REVOKE ALL ON "users" FROM lad_app, lad_platform
                        """,
            ),
        ),
    ]
