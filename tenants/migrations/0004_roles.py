import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0003_session_caller"),
    ]

    operations = [
        migrations.CreateModel(
            name="PlatformRole",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("key", models.SlugField(db_index=False, unique=True)),
                ("name", models.CharField(max_length=100)),
                (
                    "rights",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None),
                ),
            ],
            options={
                "db_table": "platform_roles",
                "constraints": [
                    TableRule(
                        name="platform_roles_row_security",
                        create="""
                        ALTER TABLE "platform_roles" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "platform_roles" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "platform_roles" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "platform_roles" TO lad_platform;
                        CREATE POLICY "platform" ON "platform_roles" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "platform_roles";
                        REVOKE ALL ON "platform_roles" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="platform_roles_touch_updated_at",
                        create="""
                        CREATE TRIGGER "platform_roles_touch_updated_at" BEFORE UPDATE ON "platform_roles"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "platform_roles_touch_updated_at" ON "platform_roles"',
                    ),
                    TableRule(
                        name="platform_roles_audit_insert",
                        create="""
                        CREATE TRIGGER "platform_roles_audit_insert" AFTER INSERT ON "platform_roles" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "platform_roles_audit_insert" ON "platform_roles"',
                    ),
                    TableRule(
                        name="platform_roles_audit_update",
                        create="""
                        CREATE TRIGGER "platform_roles_audit_update" AFTER UPDATE ON "platform_roles" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "platform_roles_audit_update" ON "platform_roles"',
                    ),
                    TableRule(
                        name="platform_roles_audit_delete",
                        create="""
                        CREATE TRIGGER "platform_roles_audit_delete" AFTER DELETE ON "platform_roles" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "platform_roles_audit_delete" ON "platform_roles"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TenantRole",
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
                ("key", models.SlugField(db_index=False)),
                ("name", models.CharField(max_length=100)),
                (
                    "rights",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None),
                ),
            ],
            options={
                "db_table": "tenant_roles",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="tenant_roles_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "key"),
                        name="tenant_roles_live_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="tenant_roles_tenant_id_key"),
                    TableRule(
                        name="tenant_roles_row_security",
                        create="""
                        ALTER TABLE "tenant_roles" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "tenant_roles" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "tenant_roles" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "tenant_roles" TO lad_platform;
                        CREATE POLICY "platform" ON "tenant_roles" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "tenant_roles" TO lad_app;
                        CREATE POLICY "tenant" ON "tenant_roles" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "tenant_roles";
                        DROP POLICY IF EXISTS "tenant" ON "tenant_roles";
                        REVOKE ALL ON "tenant_roles" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="tenant_roles_tenant_fkey",
                        create="""
                        ALTER TABLE "tenant_roles" ADD CONSTRAINT "tenant_roles_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "tenant_roles" DROP CONSTRAINT IF EXISTS "tenant_roles_tenant_fkey"',
                    ),
                    TableRule(
                        name="tenant_roles_touch_updated_at",
                        create="""
                        CREATE TRIGGER "tenant_roles_touch_updated_at" BEFORE UPDATE ON "tenant_roles"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_roles_touch_updated_at" ON "tenant_roles"',
                    ),
                    TableRule(
                        name="tenant_roles_audit_insert",
                        create="""
                        CREATE TRIGGER "tenant_roles_audit_insert" AFTER INSERT ON "tenant_roles" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_roles_audit_insert" ON "tenant_roles"',
                    ),
                    TableRule(
                        name="tenant_roles_audit_update",
                        create="""
                        CREATE TRIGGER "tenant_roles_audit_update" AFTER UPDATE ON "tenant_roles" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_roles_audit_update" ON "tenant_roles"',
                    ),
                    TableRule(
                        name="tenant_roles_audit_delete",
                        create="""
                        CREATE TRIGGER "tenant_roles_audit_delete" AFTER DELETE ON "tenant_roles" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "tenant_roles_audit_delete" ON "tenant_roles"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="usercapability",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="user",
            name="platform_role",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="tenants.platformrole",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("platform_role__isnull", False)),
                fields=["platform_role"],
                name="users_platform_role",
            ),
        ),
        migrations.AddField(
            model_name="membership",
            name="tenant_role",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="tenants.tenantrole",
            ),
        ),
        migrations.AddField(
            model_name="tenantinvitation",
            name="tenant_role",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="tenants.tenantrole",
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(
                condition=models.Q(("tenant_role__isnull", False)),
                fields=["tenant", "tenant_role"],
                name="memberships_tenant_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("role", "owner"), _negated=True), ("tenant_role__isnull", True), _connector="OR"
                ),
                name="memberships_owner_has_no_tenant_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=TableRule(
                name="memberships_tenant_role_same_tenant",
                create="""
                        ALTER TABLE "memberships" ADD CONSTRAINT "memberships_tenant_role_same_tenant"
                        FOREIGN KEY ("tenant_id", "tenant_role_id") REFERENCES "tenant_roles" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "memberships" DROP CONSTRAINT IF EXISTS "memberships_tenant_role_same_tenant"',
            ),
        ),
        migrations.AddConstraint(
            model_name="tenantinvitation",
            constraint=TableRule(
                name="tenant_invitations_tenant_role_same_tenant",
                create="""
                        ALTER TABLE "tenant_invitations" ADD CONSTRAINT "tenant_invitations_tenant_role_same_tenant"
                        FOREIGN KEY ("tenant_id", "tenant_role_id") REFERENCES "tenant_roles" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "tenant_invitations" DROP CONSTRAINT IF EXISTS "tenant_invitations_tenant_role_same_tenant"',
            ),
        ),
        InstallSql("tenants.accounts", "tenants_role_of", 1),
        InstallSql("tenants.accounts", "tenants_caller", 2),
        InstallSql("tenants.accounts", "tenants_staff_caller", 2),
    ]
