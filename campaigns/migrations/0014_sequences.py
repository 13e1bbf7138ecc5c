import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0013_inbox"),
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SequenceTemplate",
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
                ("name", models.CharField(max_length=255)),
                ("description", models.TextField(db_default="")),
                ("steps", models.JSONField()),
                (
                    "created_by_user",
                    models.ForeignKey(
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
                "db_table": "campaign_sequence_templates",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="campaign_sequences_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "name"),
                        name="campaign_sequence_templates_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="campaign_sequence_templates_named"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="campaign_sequence_templates_tenant_id_key"),
                    TableRule(
                        name="campaign_sequence_templates_row_security",
                        create="""
                        ALTER TABLE "campaign_sequence_templates" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_sequence_templates" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_sequence_templates" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_sequence_templates" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_sequence_templates" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "campaign_sequence_templates" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_sequence_templates" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_sequence_templates";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_sequence_templates";
                        REVOKE ALL ON "campaign_sequence_templates" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_sequence_templates_created_by_user_fkey",
                        create="""
                        ALTER TABLE "campaign_sequence_templates" ADD CONSTRAINT "campaign_sequence_templates_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_sequence_templates" DROP CONSTRAINT IF EXISTS "campaign_sequence_templates_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="campaign_sequence_templates_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_sequence_templates" ADD CONSTRAINT "campaign_sequence_templates_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_sequence_templates" DROP CONSTRAINT IF EXISTS "campaign_sequence_templates_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_sequence_templates_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_sequence_templates_touch_updated_at" BEFORE UPDATE ON "campaign_sequence_templates"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_sequence_templates_touch_updated_at" ON "campaign_sequence_templates"',
                    ),
                    TableRule(
                        name="campaign_sequence_templates_audit_insert",
                        create="""
                        CREATE TRIGGER "campaign_sequence_templates_audit_insert" AFTER INSERT ON "campaign_sequence_templates" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_sequence_templates_audit_insert" ON "campaign_sequence_templates"',
                    ),
                    TableRule(
                        name="campaign_sequence_templates_audit_update",
                        create="""
                        CREATE TRIGGER "campaign_sequence_templates_audit_update" AFTER UPDATE ON "campaign_sequence_templates" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_sequence_templates_audit_update" ON "campaign_sequence_templates"',
                    ),
                    TableRule(
                        name="campaign_sequence_templates_audit_delete",
                        create="""
                        CREATE TRIGGER "campaign_sequence_templates_audit_delete" AFTER DELETE ON "campaign_sequence_templates" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_sequence_templates_audit_delete" ON "campaign_sequence_templates"',
                    ),
                ],
            },
        ),
    ]
