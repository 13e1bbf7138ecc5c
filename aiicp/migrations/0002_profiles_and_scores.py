import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("aiicp", "0001_initial"),
        ("lad", "0003_search"),
        ("leads", "0007_public_holidays_and_lines"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Keys of the new tables point to it.
        migrations.AddConstraint(
            model_name="icpprofile",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="ai_icp_profiles_tenant_id_key"),
        ),
        migrations.CreateModel(
            name="IcpProfileVersion",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_column="organization_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="aiicp.icpprofile",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=255)),
                ("description", models.TextField(db_default="")),
                ("icp_data", models.JSONField()),
                ("search_params", models.JSONField(null=True)),
                ("weights", models.JSONField(db_default={})),
                (
                    "replaced_by_user",
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
                "db_table": "ai_icp_profile_versions",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="ai_icp_profile_versions_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "profile", "number"), name="ai_icp_profile_versions_number_key"
                    ),
                    TableRule(
                        name="ai_icp_profile_versions_row_security",
                        create="""
                        ALTER TABLE "ai_icp_profile_versions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "ai_icp_profile_versions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "ai_icp_profile_versions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "ai_icp_profile_versions" TO lad_platform;
                        CREATE POLICY "platform" ON "ai_icp_profile_versions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "ai_icp_profile_versions" TO lad_app;
                        CREATE POLICY "tenant" ON "ai_icp_profile_versions" TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "ai_icp_profile_versions";
                        DROP POLICY IF EXISTS "tenant" ON "ai_icp_profile_versions";
                        REVOKE ALL ON "ai_icp_profile_versions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="ai_icp_profile_versions_tenant_fkey",
                        create="""
                        ALTER TABLE "ai_icp_profile_versions" ADD CONSTRAINT "ai_icp_profile_versions_tenant_fkey"
                        FOREIGN KEY ("organization_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profile_versions" DROP CONSTRAINT IF EXISTS "ai_icp_profile_versions_tenant_fkey"',
                    ),
                    TableRule(
                        name="ai_icp_profile_versions_profile_same_tenant",
                        create="""
                        ALTER TABLE "ai_icp_profile_versions" ADD CONSTRAINT "ai_icp_profile_versions_profile_same_tenant"
                        FOREIGN KEY ("organization_id", "profile_id") REFERENCES "ai_icp_profiles" ("organization_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profile_versions" DROP CONSTRAINT IF EXISTS "ai_icp_profile_versions_profile_same_tenant"',
                    ),
                    TableRule(
                        name="ai_icp_profile_versions_replaced_by_user_fkey",
                        create="""
                        ALTER TABLE "ai_icp_profile_versions" ADD CONSTRAINT "ai_icp_profile_versions_replaced_by_user_fkey"
                        FOREIGN KEY ("replaced_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("replaced_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profile_versions" DROP CONSTRAINT IF EXISTS "ai_icp_profile_versions_replaced_by_user_fkey"',
                    ),
                    TableRule(
                        name="ai_icp_profile_versions_append_only",
                        create="""
                        CREATE TRIGGER "ai_icp_profile_versions_append_only" BEFORE UPDATE OR DELETE ON "ai_icp_profile_versions"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_icp_profile_versions_append_only" ON "ai_icp_profile_versions"',
                    ),
                    TableRule(
                        name="ai_icp_profile_versions_no_truncate",
                        create="""
                        CREATE TRIGGER "ai_icp_profile_versions_no_truncate" BEFORE TRUNCATE ON "ai_icp_profile_versions"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_icp_profile_versions_no_truncate" ON "ai_icp_profile_versions"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadScore",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_column="organization_id",
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "profile",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="aiicp.icpprofile",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("points", models.PositiveSmallIntegerField()),
                ("known", models.PositiveSmallIntegerField()),
                ("is_excluded", models.BooleanField(db_default=False)),
                ("reasons", models.JSONField(db_default=[])),
                ("criteria_version", models.PositiveIntegerField(db_default=1)),
                ("scored_at", models.DateTimeField()),
            ],
            options={
                "db_table": "ai_lead_scores",
                "indexes": [
                    models.Index(fields=["tenant", "profile", "-points", "-lead"], name="ai_lead_scores_best"),
                    models.Index(fields=["tenant", "-created_at"], name="ai_lead_scores_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "lead", "profile"), name="ai_lead_scores_lead_key"),
                    models.CheckConstraint(
                        condition=models.Q(("known__lte", 100), ("points__lte", 100)), name="ai_lead_scores_hundred"
                    ),
                    TableRule(
                        name="ai_lead_scores_storage",
                        create='ALTER TABLE "ai_lead_scores" SET (fillfactor = 85)',
                        remove='ALTER TABLE "ai_lead_scores" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="ai_lead_scores_row_security",
                        create="""
                        ALTER TABLE "ai_lead_scores" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "ai_lead_scores" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "ai_lead_scores" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "ai_lead_scores" TO lad_platform;
                        CREATE POLICY "platform" ON "ai_lead_scores" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "ai_lead_scores" TO lad_app;
                        CREATE POLICY "tenant" ON "ai_lead_scores" TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "ai_lead_scores";
                        DROP POLICY IF EXISTS "tenant" ON "ai_lead_scores";
                        REVOKE ALL ON "ai_lead_scores" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="ai_lead_scores_tenant_fkey",
                        create="""
                        ALTER TABLE "ai_lead_scores" ADD CONSTRAINT "ai_lead_scores_tenant_fkey"
                        FOREIGN KEY ("organization_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_lead_scores" DROP CONSTRAINT IF EXISTS "ai_lead_scores_tenant_fkey"',
                    ),
                    TableRule(
                        name="ai_lead_scores_profile_same_tenant",
                        create="""
                        ALTER TABLE "ai_lead_scores" ADD CONSTRAINT "ai_lead_scores_profile_same_tenant"
                        FOREIGN KEY ("organization_id", "profile_id") REFERENCES "ai_icp_profiles" ("organization_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_lead_scores" DROP CONSTRAINT IF EXISTS "ai_lead_scores_profile_same_tenant"',
                    ),
                    TableRule(
                        name="ai_lead_scores_lead_same_tenant",
                        create="""
                        ALTER TABLE "ai_lead_scores" ADD CONSTRAINT "ai_lead_scores_lead_same_tenant"
                        FOREIGN KEY ("organization_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_lead_scores" DROP CONSTRAINT IF EXISTS "ai_lead_scores_lead_same_tenant"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="icpprofile",
            name="criteria_version",
            field=models.PositiveIntegerField(db_default=1),
        ),
        migrations.AddField(
            model_name="icpprofile",
            name="is_shared",
            field=models.BooleanField(db_default=True),
        ),
        migrations.AddField(
            model_name="icpprofile",
            name="scores_leads",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="icpprofile",
            name="version",
            field=models.PositiveIntegerField(db_default=1),
        ),
        migrations.AddField(
            model_name="icpprofile",
            name="weights",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddConstraint(
            model_name="icpprofile",
            constraint=models.UniqueConstraint(
                condition=models.Q(("deleted_at__isnull", True), ("scores_leads", True)),
                fields=("tenant",),
                name="ai_icp_profiles_one_scores_leads",
            ),
        ),
        migrations.AddConstraint(
            model_name="icpprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("scores_leads", False), ("is_shared", True), _connector="OR"),
                name="ai_icp_profiles_scoring_is_shared",
            ),
        ),
    ]
