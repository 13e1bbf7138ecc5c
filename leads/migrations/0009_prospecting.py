import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("leads", "0008_directories"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DirectorySearch",
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
                ("kind", models.CharField(max_length=20)),
                ("source", models.CharField(default="apollo_io", max_length=50)),
                ("key", models.CharField(max_length=64)),
                ("query", models.JSONField(db_default=[])),
                ("page_number", models.PositiveIntegerField(db_default=1)),
                ("per_page", models.PositiveSmallIntegerField()),
                ("total", models.PositiveIntegerField(db_default=0)),
                (
                    "results",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), db_default=[], size=None
                    ),
                ),
                ("fetched_at", models.DateTimeField(null=True)),
                ("access_count", models.PositiveIntegerField(db_default=0)),
                ("last_accessed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "directory_searches",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="directory_searches_newest"),
                    models.Index(fields=["fetched_at"], name="directory_searches_fetched"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "kind", "source", "key", "per_page", "page_number"),
                        name="directory_searches_page_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["people", "companies"])), name="directory_searches_kind_valid"
                    ),
                    TableRule(
                        name="directory_searches_row_security",
                        create="""
                        ALTER TABLE "directory_searches" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "directory_searches" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "directory_searches" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "directory_searches" TO lad_platform;
                        CREATE POLICY "platform" ON "directory_searches" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "directory_searches" TO lad_app;
                        CREATE POLICY "tenant" ON "directory_searches" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "directory_searches";
                        DROP POLICY IF EXISTS "tenant" ON "directory_searches";
                        REVOKE ALL ON "directory_searches" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="directory_searches_tenant_fkey",
                        create="""
                        ALTER TABLE "directory_searches" ADD CONSTRAINT "directory_searches_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "directory_searches" DROP CONSTRAINT IF EXISTS "directory_searches_tenant_fkey"',
                    ),
                    TableRule(
                        name="directory_searches_touch_updated_at",
                        create="""
                        CREATE TRIGGER "directory_searches_touch_updated_at" BEFORE UPDATE ON "directory_searches"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "directory_searches_touch_updated_at" ON "directory_searches"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadFieldSource",
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
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("field", models.CharField(max_length=50)),
                ("source", models.CharField(max_length=50)),
                ("value", models.CharField(max_length=500)),
                ("confidence", models.PositiveSmallIntegerField(null=True)),
                ("is_verified", models.BooleanField(db_default=False)),
                ("fetched_at", models.DateTimeField()),
            ],
            options={
                "db_table": "lead_field_sources",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_field_sources_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "lead", "field"), name="lead_field_sources_field_key"),
                    models.CheckConstraint(
                        condition=models.Q(("confidence__isnull", True), ("confidence__lte", 100), _connector="OR"),
                        name="lead_field_sources_confidence",
                    ),
                    TableRule(
                        name="lead_field_sources_row_security",
                        create="""
                        ALTER TABLE "lead_field_sources" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_field_sources" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_field_sources" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_field_sources" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_field_sources" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_field_sources" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_field_sources" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_field_sources";
                        DROP POLICY IF EXISTS "tenant" ON "lead_field_sources";
                        REVOKE ALL ON "lead_field_sources" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_field_sources_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_field_sources" ADD CONSTRAINT "lead_field_sources_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_field_sources" DROP CONSTRAINT IF EXISTS "lead_field_sources_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_field_sources_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_field_sources" ADD CONSTRAINT "lead_field_sources_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_field_sources" DROP CONSTRAINT IF EXISTS "lead_field_sources_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_field_sources_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_field_sources_touch_updated_at" BEFORE UPDATE ON "lead_field_sources"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_field_sources_touch_updated_at" ON "lead_field_sources"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reveal",
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
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("error", models.TextField(db_default="")),
                ("source", models.CharField(default="apollo_io", max_length=50)),
                ("person_id", models.CharField(max_length=255)),
                ("person_name", models.CharField(db_default="", max_length=255)),
                ("company_name", models.CharField(db_default="", max_length=255)),
                ("kind", models.CharField(max_length=10)),
                ("state", models.CharField(db_default="queued", max_length=20)),
                ("value", models.CharField(db_default="", max_length=255)),
                ("confidence", models.PositiveSmallIntegerField(null=True)),
                ("credits", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("tries", models.PositiveSmallIntegerField(db_default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("request_id", models.CharField(db_default="", max_length=100)),
                ("expires_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "reveals",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="reveals_newest"),
                    models.Index(fields=["tenant", "state", "-created_at"], name="reveals_by_state"),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["tenant", "next_attempt_at"],
                        name="reveals_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "asking")), fields=["lease_until"], name="reveals_leased"
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["expires_at"], name="reveals_waiting"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "person_id", "kind", "source"), name="reveals_person_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["email", "phone"])), name="reveals_kind_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["queued", "asking", "waiting", "found", "empty", "failed", "unknown"])
                        ),
                        name="reveals_state_valid",
                    ),
                    TableRule(
                        name="reveals_storage",
                        create='ALTER TABLE "reveals" SET (fillfactor = 80)',
                        remove='ALTER TABLE "reveals" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="reveals_row_security",
                        create="""
                        ALTER TABLE "reveals" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "reveals" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "reveals" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "reveals" TO lad_platform;
                        CREATE POLICY "platform" ON "reveals" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "reveals" TO lad_app;
                        CREATE POLICY "tenant" ON "reveals" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "reveals";
                        DROP POLICY IF EXISTS "tenant" ON "reveals";
                        REVOKE ALL ON "reveals" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="reveals_tenant_fkey",
                        create="""
                        ALTER TABLE "reveals" ADD CONSTRAINT "reveals_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "reveals" DROP CONSTRAINT IF EXISTS "reveals_tenant_fkey"',
                    ),
                    TableRule(
                        name="reveals_touch_updated_at",
                        create="""
                        CREATE TRIGGER "reveals_touch_updated_at" BEFORE UPDATE ON "reveals"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveals_touch_updated_at" ON "reveals"',
                    ),
                    TableRule(
                        name="reveals_audit_update",
                        create="""
                        CREATE TRIGGER "reveals_audit_update" AFTER UPDATE ON "reveals"
                        FOR EACH ROW WHEN (OLD."state" IS DISTINCT FROM NEW."state")
                        EXECUTE FUNCTION lad_audit_row('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveals_audit_update" ON "reveals"',
                    ),
                    TableRule(
                        name="reveals_audit_insert",
                        create="""
                        CREATE TRIGGER "reveals_audit_insert" AFTER INSERT ON "reveals" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveals_audit_insert" ON "reveals"',
                    ),
                    TableRule(
                        name="reveals_audit_delete",
                        create="""
                        CREATE TRIGGER "reveals_audit_delete" AFTER DELETE ON "reveals" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveals_audit_delete" ON "reveals"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RevealRequest",
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
                ("source", models.CharField(default="apollo_io", max_length=50)),
                (
                    "person_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), size=None),
                ),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), size=None),
                ),
            ],
            options={
                "db_table": "reveal_requests",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="reveal_requests_newest"),
                    models.Index(fields=["tenant", "created_by_user", "-created_at"], name="reveal_requests_user"),
                ],
                "constraints": [
                    TableRule(
                        name="reveal_requests_row_security",
                        create="""
                        ALTER TABLE "reveal_requests" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "reveal_requests" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "reveal_requests" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "reveal_requests" TO lad_platform;
                        CREATE POLICY "platform" ON "reveal_requests" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "reveal_requests" TO lad_app;
                        CREATE POLICY "tenant" ON "reveal_requests" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "reveal_requests";
                        DROP POLICY IF EXISTS "tenant" ON "reveal_requests";
                        REVOKE ALL ON "reveal_requests" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="reveal_requests_created_by_user_fkey",
                        create="""
                        ALTER TABLE "reveal_requests" ADD CONSTRAINT "reveal_requests_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "reveal_requests" DROP CONSTRAINT IF EXISTS "reveal_requests_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="reveal_requests_tenant_fkey",
                        create="""
                        ALTER TABLE "reveal_requests" ADD CONSTRAINT "reveal_requests_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "reveal_requests" DROP CONSTRAINT IF EXISTS "reveal_requests_tenant_fkey"',
                    ),
                    TableRule(
                        name="reveal_requests_audit_insert",
                        create="""
                        CREATE TRIGGER "reveal_requests_audit_insert" AFTER INSERT ON "reveal_requests" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveal_requests_audit_insert" ON "reveal_requests"',
                    ),
                    TableRule(
                        name="reveal_requests_audit_update",
                        create="""
                        CREATE TRIGGER "reveal_requests_audit_update" AFTER UPDATE ON "reveal_requests" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveal_requests_audit_update" ON "reveal_requests"',
                    ),
                    TableRule(
                        name="reveal_requests_audit_delete",
                        create="""
                        CREATE TRIGGER "reveal_requests_audit_delete" AFTER DELETE ON "reveal_requests" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "reveal_requests_audit_delete" ON "reveal_requests"',
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="companysearchcache",
            index=models.Index(
                condition=models.Q(("apollo_organization_id", ""), _negated=True),
                fields=["tenant", "apollo_organization_id"],
                name="company_search_cache_company",
            ),
        ),
        migrations.AddIndex(
            model_name="employeecache",
            index=models.Index(
                condition=models.Q(("apollo_person_id", ""), _negated=True),
                fields=["tenant", "apollo_person_id"],
                name="employees_cache_apollo",
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("linkedin_url", ""), _negated=True),
                fields=["tenant", "linkedin_url"],
                name="leads_by_profile",
            ),
        ),
    ]
