import django.contrib.postgres.functions
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CompanySearchCache",
            fields=[
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
                ("id", models.BigAutoField(primary_key=True)),
                ("search_keywords", models.CharField(max_length=255)),
                ("search_location", models.CharField(db_default="", max_length=255)),
                ("search_industry", models.CharField(db_default="", max_length=255)),
                ("apollo_organization_id", models.CharField(db_default="", max_length=255)),
                ("company_name", models.CharField(db_default="", max_length=255)),
                ("company_domain", models.CharField(db_default="", max_length=255)),
                ("company_data", models.JSONField(db_default={})),
                ("page_number", models.IntegerField(db_default=1)),
                ("access_count", models.IntegerField(db_default=0)),
                ("last_accessed_at", models.DateTimeField(null=True)),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("company_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
                    ),
                ),
            ],
            options={
                "db_table": "company_search_cache",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="company_search_cache_newest"),
                    models.Index(fields=["tenant", "-last_accessed_at"], name="company_search_cache_used"),
                    models.Index(fields=["tenant", "name_key"], name="company_search_cache_name"),
                    models.Index(fields=["tenant", "company_domain"], name="company_search_cache_domain"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant",
                            "search_keywords",
                            "search_location",
                            "search_industry",
                            "apollo_organization_id",
                            "page_number",
                        ),
                        name="company_search_cache_search_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("page_number__gte", 1)), name="company_search_cache_page_number_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("access_count__gte", 0)), name="company_search_cache_access_count_positive"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="company_search_cache_tenant_id_key"),
                    TableRule(
                        name="company_search_cache_row_security",
                        create="""
                        ALTER TABLE "company_search_cache" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "company_search_cache" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "company_search_cache" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "company_search_cache" TO lad_platform;
                        CREATE POLICY "platform" ON "company_search_cache" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "company_search_cache" TO lad_app;
                        CREATE POLICY "tenant" ON "company_search_cache" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "company_search_cache";
                        DROP POLICY IF EXISTS "tenant" ON "company_search_cache";
                        REVOKE ALL ON "company_search_cache" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="company_search_cache_tenant_fkey",
                        create="""
                        ALTER TABLE "company_search_cache" ADD CONSTRAINT "company_search_cache_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "company_search_cache" DROP CONSTRAINT IF EXISTS "company_search_cache_tenant_fkey"',
                    ),
                    TableRule(
                        name="company_search_cache_touch_updated_at",
                        create="""
                        CREATE TRIGGER "company_search_cache_touch_updated_at" BEFORE UPDATE ON "company_search_cache"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "company_search_cache_touch_updated_at" ON "company_search_cache"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EducationCounsellor",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("counselor_code", models.CharField(db_default="", max_length=50)),
                ("display_name", models.CharField(db_default="", max_length=255)),
                ("designation", models.CharField(db_default="", max_length=255)),
                ("specialization", models.CharField(db_default="", max_length=255)),
                ("timezone", models.CharField(db_default="UTC", max_length=64)),
                ("availability_rules", models.JSONField(db_default={})),
                ("max_sessions_per_day", models.IntegerField(db_default=20, null=True)),
                ("is_active", models.BooleanField(db_default=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "education_counsellors",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="education_counsellors_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "is_active"],
                        name="education_counsellors_active",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "user"),
                        name="education_counsellors_user_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("deleted_at__isnull", True), models.Q(("counselor_code", ""), _negated=True)
                        ),
                        fields=("tenant", "counselor_code"),
                        name="education_counsellors_code_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_sessions_per_day__isnull", True), ("max_sessions_per_day__gt", 0), _connector="OR"
                        ),
                        name="education_counsellors_sessions_positive",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="education_counsellors_tenant_id_key"),
                    TableRule(
                        name="education_counsellors_row_security",
                        create="""
                        ALTER TABLE "education_counsellors" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "education_counsellors" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "education_counsellors" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "education_counsellors" TO lad_platform;
                        CREATE POLICY "platform" ON "education_counsellors" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "education_counsellors" TO lad_app;
                        CREATE POLICY "tenant" ON "education_counsellors" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "education_counsellors";
                        DROP POLICY IF EXISTS "tenant" ON "education_counsellors";
                        REVOKE ALL ON "education_counsellors" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="education_counsellors_user_fkey",
                        create="""
                        ALTER TABLE "education_counsellors" ADD CONSTRAINT "education_counsellors_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "education_counsellors" DROP CONSTRAINT IF EXISTS "education_counsellors_user_fkey"',
                    ),
                    TableRule(
                        name="education_counsellors_user_same_tenant",
                        create="""
                        ALTER TABLE "education_counsellors" ADD CONSTRAINT "education_counsellors_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "education_counsellors" DROP CONSTRAINT IF EXISTS "education_counsellors_user_same_tenant"',
                    ),
                    TableRule(
                        name="education_counsellors_tenant_fkey",
                        create="""
                        ALTER TABLE "education_counsellors" ADD CONSTRAINT "education_counsellors_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "education_counsellors" DROP CONSTRAINT IF EXISTS "education_counsellors_tenant_fkey"',
                    ),
                    TableRule(
                        name="education_counsellors_touch_updated_at",
                        create="""
                        CREATE TRIGGER "education_counsellors_touch_updated_at" BEFORE UPDATE ON "education_counsellors"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_counsellors_touch_updated_at" ON "education_counsellors"',
                    ),
                    TableRule(
                        name="education_counsellors_audit_insert",
                        create="""
                        CREATE TRIGGER "education_counsellors_audit_insert" AFTER INSERT ON "education_counsellors" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_counsellors_audit_insert" ON "education_counsellors"',
                    ),
                    TableRule(
                        name="education_counsellors_audit_update",
                        create="""
                        CREATE TRIGGER "education_counsellors_audit_update" AFTER UPDATE ON "education_counsellors" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_counsellors_audit_update" ON "education_counsellors"',
                    ),
                    TableRule(
                        name="education_counsellors_audit_delete",
                        create="""
                        CREATE TRIGGER "education_counsellors_audit_delete" AFTER DELETE ON "education_counsellors" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_counsellors_audit_delete" ON "education_counsellors"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmployeeCache",
            fields=[
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
                ("id", models.BigAutoField(primary_key=True)),
                ("company_id", models.CharField(db_default="", max_length=255)),
                ("company_name", models.CharField(db_default="", max_length=255)),
                ("company_domain", models.CharField(db_default="", max_length=255)),
                ("employee_name", models.CharField(db_default="", max_length=255)),
                ("employee_title", models.CharField(db_default="", max_length=255)),
                ("employee_email", models.CharField(db_default="", max_length=255)),
                ("employee_phone", models.CharField(db_default="", max_length=50)),
                ("employee_linkedin_url", models.TextField(db_default="")),
                ("employee_photo_url", models.TextField(db_default="")),
                ("employee_headline", models.TextField(db_default="")),
                ("employee_city", models.CharField(db_default="", max_length=255)),
                ("employee_state", models.CharField(db_default="", max_length=255)),
                ("employee_country", models.CharField(db_default="", max_length=255)),
                ("apollo_person_id", models.CharField(db_default="", max_length=255)),
                ("data_source", models.CharField(db_default="apollo_io", max_length=50)),
                ("employee_data", models.JSONField(db_default={})),
                ("last_fetched_at", models.DateTimeField(null=True)),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("employee_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
                    ),
                ),
            ],
            options={
                "db_table": "employees_cache",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="employees_cache_newest"),
                    models.Index(fields=["tenant", "company_id"], name="employees_cache_company"),
                    models.Index(fields=["tenant", "company_domain"], name="employees_cache_domain"),
                    models.Index(
                        condition=models.Q(("employee_email", ""), _negated=True),
                        fields=["tenant", "employee_email"],
                        name="employees_cache_email",
                    ),
                    models.Index(fields=["tenant", "name_key"], name="employees_cache_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("apollo_person_id", ""), _negated=True),
                        fields=("tenant", "company_id", "apollo_person_id"),
                        name="employees_cache_person_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("apollo_person_id", ""), models.Q(("employee_linkedin_url", ""), _negated=True)
                        ),
                        fields=("tenant", "company_id", "employee_linkedin_url"),
                        name="employees_cache_profile_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("employee_email", django.db.models.functions.text.Lower("employee_email"))),
                        name="employees_cache_email_lowercase",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="employees_cache_tenant_id_key"),
                    TableRule(
                        name="employees_cache_row_security",
                        create="""
                        ALTER TABLE "employees_cache" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "employees_cache" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "employees_cache" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "employees_cache" TO lad_platform;
                        CREATE POLICY "platform" ON "employees_cache" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "employees_cache" TO lad_app;
                        CREATE POLICY "tenant" ON "employees_cache" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "employees_cache";
                        DROP POLICY IF EXISTS "tenant" ON "employees_cache";
                        REVOKE ALL ON "employees_cache" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="employees_cache_tenant_fkey",
                        create="""
                        ALTER TABLE "employees_cache" ADD CONSTRAINT "employees_cache_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "employees_cache" DROP CONSTRAINT IF EXISTS "employees_cache_tenant_fkey"',
                    ),
                    TableRule(
                        name="employees_cache_touch_updated_at",
                        create="""
                        CREATE TRIGGER "employees_cache_touch_updated_at" BEFORE UPDATE ON "employees_cache"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "employees_cache_touch_updated_at" ON "employees_cache"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Lead",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
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
                (
                    "assigned_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("assigned_at", models.DateTimeField(null=True)),
                ("first_name", models.CharField(db_default="", max_length=255)),
                ("last_name", models.CharField(db_default="", max_length=255)),
                ("email", models.CharField(db_collation="C", db_default="", max_length=255)),
                ("phone", models.CharField(db_collation="C", db_default="", max_length=50)),
                ("country_code", models.CharField(db_default="", max_length=10)),
                ("base_number", models.BigIntegerField(null=True)),
                ("leading_zeros", models.PositiveSmallIntegerField(db_default=0)),
                ("title", models.CharField(db_default="", max_length=255)),
                ("company_name", models.CharField(db_default="", max_length=500)),
                ("company_domain", models.CharField(db_collation="C", db_default="", max_length=255)),
                ("location", models.CharField(db_default="", max_length=500)),
                ("linkedin_url", models.CharField(db_default="", max_length=500)),
                ("stage", models.CharField(db_default="new", max_length=50)),
                ("status", models.CharField(db_default="active", max_length=50)),
                ("priority", models.SmallIntegerField(db_default=0)),
                ("estimated_value", models.DecimalField(decimal_places=2, max_digits=12, null=True)),
                ("currency", models.CharField(db_default="USD", max_length=10)),
                ("source", models.CharField(db_default="", max_length=100)),
                ("source_id", models.CharField(db_default="", max_length=255)),
                ("tags", models.JSONField(db_default=[])),
                ("custom_fields", models.JSONField(db_default={})),
                ("raw_data", models.JSONField(null=True)),
                ("description", models.TextField(db_column="notes", db_default="")),
                ("is_archived", models.BooleanField(db_default=False)),
                ("last_activity_at", models.DateTimeField(null=True)),
                ("last_contacted_at", models.DateTimeField(null=True)),
                ("next_follow_up_at", models.DateTimeField(null=True)),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower(
                            django.db.models.functions.text.Trim(
                                django.db.models.functions.text.Concat("first_name", models.Value(" "), "last_name")
                            )
                        ),
                        output_field=models.CharField(db_collation="C", max_length=511),
                    ),
                ),
                (
                    "last_name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("last_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
                    ),
                ),
                (
                    "company_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("company_name"),
                        output_field=models.CharField(db_collation="C", max_length=500),
                    ),
                ),
            ],
            options={
                "db_table": "leads",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="leads_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "stage", "-created_at"],
                        include=("is_archived", "currency", "estimated_value"),
                        name="leads_by_stage",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="leads_by_status",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "assigned_user", "-created_at"],
                        name="leads_by_owner",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "source", "-created_at"],
                        name="leads_by_source",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "priority", "-created_at"],
                        name="leads_by_priority",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_archived", True)),
                        fields=["tenant", "-created_at"],
                        name="leads_archived",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "-last_activity_at"],
                        name="leads_by_activity",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "next_follow_up_at"],
                        name="leads_by_follow_up",
                    ),
                    models.Index(fields=["tenant", "email"], name="leads_by_email"),
                    models.Index(fields=["tenant", "phone"], name="leads_by_phone"),
                    models.Index(fields=["tenant", "company_domain"], name="leads_by_company_domain"),
                    models.Index(fields=["tenant", "name_key"], name="leads_by_name"),
                    models.Index(fields=["tenant", "last_name_key"], name="leads_by_last_name"),
                    models.Index(fields=["tenant", "company_key"], name="leads_by_company"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), models.Q(("source_id", ""), _negated=True)),
                        fields=("tenant", "source", "source_id"),
                        name="leads_source_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="leads_email_lowercase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("company_domain", django.db.models.functions.text.Lower("company_domain"))),
                        name="leads_company_domain_lowercase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", [0, 1, 2, 3, 4])), name="leads_priority_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("estimated_value__isnull", True), ("estimated_value__gte", 0), _connector="OR"
                        ),
                        name="leads_value_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="leads_currency_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("stage", ""), _negated=True), models.Q(("status", ""), _negated=True)
                        ),
                        name="leads_stands_somewhere",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("base_number__isnull", True),
                            models.Q(("base_number__gte", 0), models.Q(("country_code", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="leads_phone_parts",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="leads_tenant_id_key"),
                    TableRule(
                        name="leads_row_security",
                        create="""
                        ALTER TABLE "leads" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "leads" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "leads" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "leads" TO lad_platform;
                        CREATE POLICY "platform" ON "leads" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "leads" TO lad_app;
                        CREATE POLICY "tenant" ON "leads" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "leads";
                        DROP POLICY IF EXISTS "tenant" ON "leads";
                        REVOKE ALL ON "leads" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="leads_created_by_user_fkey",
                        create="""
                        ALTER TABLE "leads" ADD CONSTRAINT "leads_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "leads" DROP CONSTRAINT IF EXISTS "leads_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="leads_assigned_user_fkey",
                        create="""
                        ALTER TABLE "leads" ADD CONSTRAINT "leads_assigned_user_fkey"
                        FOREIGN KEY ("assigned_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("assigned_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "leads" DROP CONSTRAINT IF EXISTS "leads_assigned_user_fkey"',
                    ),
                    TableRule(
                        name="leads_assigned_user_same_tenant",
                        create="""
                        ALTER TABLE "leads" ADD CONSTRAINT "leads_assigned_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "assigned_user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE SET NULL ("assigned_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "leads" DROP CONSTRAINT IF EXISTS "leads_assigned_user_same_tenant"',
                    ),
                    TableRule(
                        name="leads_tenant_fkey",
                        create="""
                        ALTER TABLE "leads" ADD CONSTRAINT "leads_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "leads" DROP CONSTRAINT IF EXISTS "leads_tenant_fkey"',
                    ),
                    TableRule(
                        name="leads_touch_updated_at",
                        create="""
                        CREATE TRIGGER "leads_touch_updated_at" BEFORE UPDATE ON "leads"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "leads_touch_updated_at" ON "leads"',
                    ),
                    TableRule(
                        name="leads_audit_insert",
                        create="""
                        CREATE TRIGGER "leads_audit_insert" AFTER INSERT ON "leads" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "leads_audit_insert" ON "leads"',
                    ),
                    TableRule(
                        name="leads_audit_update",
                        create="""
                        CREATE TRIGGER "leads_audit_update" AFTER UPDATE ON "leads" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "leads_audit_update" ON "leads"',
                    ),
                    TableRule(
                        name="leads_audit_delete",
                        create="""
                        CREATE TRIGGER "leads_audit_delete" AFTER DELETE ON "leads" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "leads_audit_delete" ON "leads"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EducationStudent",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
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
                ("student_parent_name", models.CharField(db_default="", max_length=255)),
                ("parent_designation", models.CharField(db_default="", max_length=255)),
                ("program_interested_in", models.CharField(db_default="", max_length=255)),
                ("country_interested", models.CharField(db_default="", max_length=255)),
                ("intake_year", models.IntegerField(null=True)),
                ("intake_month", models.CharField(max_length=20, null=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "education_students",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="education_students_newest"),
                    models.Index(fields=["tenant", "intake_year", "intake_month"], name="education_students_intake"),
                    models.Index(fields=["tenant", "country_interested"], name="education_students_country"),
                    models.Index(fields=["tenant", "program_interested_in"], name="education_students_programme"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "lead"),
                        name="education_students_lead_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("intake_year__isnull", True),
                            models.Q(("intake_year__gte", 2000), ("intake_year__lte", 2100)),
                            _connector="OR",
                        ),
                        name="education_students_intake_year_sane",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="education_students_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "intake_month__in",
                                [
                                    "january",
                                    "february",
                                    "march",
                                    "april",
                                    "may",
                                    "june",
                                    "july",
                                    "august",
                                    "september",
                                    "october",
                                    "november",
                                    "december",
                                ],
                            )
                        ),
                        name="education_students_intake_month_valid",
                    ),
                    TableRule(
                        name="education_students_row_security",
                        create="""
                        ALTER TABLE "education_students" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "education_students" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "education_students" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "education_students" TO lad_platform;
                        CREATE POLICY "platform" ON "education_students" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "education_students" TO lad_app;
                        CREATE POLICY "tenant" ON "education_students" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "education_students";
                        DROP POLICY IF EXISTS "tenant" ON "education_students";
                        REVOKE ALL ON "education_students" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="education_students_lead_same_tenant",
                        create="""
                        ALTER TABLE "education_students" ADD CONSTRAINT "education_students_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "education_students" DROP CONSTRAINT IF EXISTS "education_students_lead_same_tenant"',
                    ),
                    TableRule(
                        name="education_students_tenant_fkey",
                        create="""
                        ALTER TABLE "education_students" ADD CONSTRAINT "education_students_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "education_students" DROP CONSTRAINT IF EXISTS "education_students_tenant_fkey"',
                    ),
                    TableRule(
                        name="education_students_touch_updated_at",
                        create="""
                        CREATE TRIGGER "education_students_touch_updated_at" BEFORE UPDATE ON "education_students"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_students_touch_updated_at" ON "education_students"',
                    ),
                    TableRule(
                        name="education_students_audit_insert",
                        create="""
                        CREATE TRIGGER "education_students_audit_insert" AFTER INSERT ON "education_students" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_students_audit_insert" ON "education_students"',
                    ),
                    TableRule(
                        name="education_students_audit_update",
                        create="""
                        CREATE TRIGGER "education_students_audit_update" AFTER UPDATE ON "education_students" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_students_audit_update" ON "education_students"',
                    ),
                    TableRule(
                        name="education_students_audit_delete",
                        create="""
                        CREATE TRIGGER "education_students_audit_delete" AFTER DELETE ON "education_students" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "education_students_audit_delete" ON "education_students"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadAttachment",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
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
                ("file_url", models.TextField()),
                ("file_name", models.CharField(max_length=255)),
                ("file_type", models.CharField(max_length=100)),
                ("file_size", models.BigIntegerField()),
                ("checksum", models.CharField(max_length=64)),
                (
                    "uploaded_by_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("file_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
                    ),
                ),
            ],
            options={
                "db_table": "lead_attachments",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="lead_attachments_newest"),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="lead_attachments_by_lead"),
                    models.Index(
                        fields=["tenant", "uploaded_by_user", "-created_at"], name="lead_attachments_by_uploader"
                    ),
                    models.Index(fields=["tenant", "name_key"], name="lead_attachments_by_name"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", False)),
                        fields=["tenant", "deleted_at"],
                        name="lead_attachments_deleted",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "file_url"), name="lead_attachments_file_url_key"),
                    models.CheckConstraint(
                        condition=models.Q(("file_size__gt", 0)), name="lead_attachments_file_size_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("checksum__regex", "^[0-9a-f]{64}$")),
                        name="lead_attachments_checksum_sha256",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="lead_attachments_tenant_id_key"),
                    TableRule(
                        name="lead_attachments_row_security",
                        create="""
                        ALTER TABLE "lead_attachments" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_attachments" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_attachments" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_attachments" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_attachments" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "lead_attachments" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_attachments" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_attachments";
                        DROP POLICY IF EXISTS "tenant" ON "lead_attachments";
                        REVOKE ALL ON "lead_attachments" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_attachments_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_attachments" ADD CONSTRAINT "lead_attachments_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_attachments" DROP CONSTRAINT IF EXISTS "lead_attachments_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_attachments_uploaded_by_user_fkey",
                        create="""
                        ALTER TABLE "lead_attachments" ADD CONSTRAINT "lead_attachments_uploaded_by_user_fkey"
                        FOREIGN KEY ("uploaded_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("uploaded_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_attachments" DROP CONSTRAINT IF EXISTS "lead_attachments_uploaded_by_user_fkey"',
                    ),
                    TableRule(
                        name="lead_attachments_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_attachments" ADD CONSTRAINT "lead_attachments_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_attachments" DROP CONSTRAINT IF EXISTS "lead_attachments_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_attachments_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_attachments_touch_updated_at" BEFORE UPDATE ON "lead_attachments"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_attachments_touch_updated_at" ON "lead_attachments"',
                    ),
                    TableRule(
                        name="lead_attachments_audit_insert",
                        create="""
                        CREATE TRIGGER "lead_attachments_audit_insert" AFTER INSERT ON "lead_attachments" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_attachments_audit_insert" ON "lead_attachments"',
                    ),
                    TableRule(
                        name="lead_attachments_audit_update",
                        create="""
                        CREATE TRIGGER "lead_attachments_audit_update" AFTER UPDATE ON "lead_attachments" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_attachments_audit_update" ON "lead_attachments"',
                    ),
                    TableRule(
                        name="lead_attachments_audit_delete",
                        create="""
                        CREATE TRIGGER "lead_attachments_audit_delete" AFTER DELETE ON "lead_attachments" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_attachments_audit_delete" ON "lead_attachments"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadBooking",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
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
                (
                    "assigned_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "parent_booking",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.leadbooking",
                    ),
                ),
                ("retry_count", models.PositiveSmallIntegerField(db_default=0)),
                ("booking_type", models.CharField(default="manual_followup", max_length=30)),
                ("booking_source", models.CharField(default="user_ui", max_length=30)),
                ("scheduled_at", models.DateTimeField()),
                ("buffer_until", models.DateTimeField()),
                ("timezone", models.CharField(db_default="UTC", max_length=50)),
                ("status", models.CharField(db_default="scheduled", max_length=30)),
                ("call_result", models.CharField(max_length=30, null=True)),
                ("notes", models.TextField(db_default="")),
                ("metadata", models.JSONField(db_default={})),
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
                ("task_name", models.TextField(db_default="")),
                ("task_scheduled_at", models.DateTimeField(null=True)),
                ("task_status", models.CharField(db_default="pending", max_length=30)),
                ("executed_at", models.DateTimeField(null=True)),
                ("execution_attempts", models.PositiveIntegerField(db_default=0)),
                ("last_execution_error", models.TextField(db_default="")),
                ("idempotency_key", models.CharField(db_default="", max_length=255)),
                (
                    "parent_retry_count",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                parent_booking__isnull=False,
                                then=django.db.models.expressions.CombinedExpression(
                                    models.F("retry_count"), "-", models.Value(1)
                                ),
                            ),
                            default=None,
                        ),
                        output_field=models.SmallIntegerField(null=True),
                    ),
                ),
            ],
            options={
                "db_table": "lead_bookings",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="lead_bookings_newest"),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="lead_bookings_of_lead"),
                    models.Index(fields=["tenant", "scheduled_at"], name="lead_bookings_calendar"),
                    models.Index(
                        condition=models.Q(
                            ("deleted_at__isnull", True), ("status__in", ["scheduled", "confirmed", "in_progress"])
                        ),
                        fields=["tenant", "scheduled_at"],
                        name="lead_bookings_open",
                    ),
                    models.Index(fields=["tenant", "assigned_user", "scheduled_at"], name="lead_bookings_of_person"),
                    models.Index(fields=["tenant", "status", "scheduled_at"], name="lead_bookings_by_status"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "task_status", "task_scheduled_at"],
                        name="lead_bookings_tasks",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "lead", "id", "retry_count"), name="lead_bookings_attempt_key"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("parent_booking__isnull", False)),
                        fields=("tenant", "parent_booking"),
                        name="lead_bookings_one_next_attempt",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        fields=("tenant", "idempotency_key"),
                        name="lead_bookings_idempotency_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("parent_booking__isnull", True), ("retry_count", 0)),
                            models.Q(("parent_booking__isnull", False), ("retry_count__gt", 0)),
                            _connector="OR",
                        ),
                        name="lead_bookings_retry_has_parent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("buffer_until__gt", models.F("scheduled_at"))),
                        name="lead_bookings_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("assigned_user__isnull", False),
                            models.Q(("status__in", ["scheduled", "confirmed", "in_progress"]), _negated=True),
                            _connector="OR",
                        ),
                        name="lead_bookings_held_by_someone",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="lead_bookings_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "booking_type__in",
                                [
                                    "auto_followup",
                                    "manual_followup",
                                    "callback_requested",
                                    "scheduled_call",
                                    "system_retry",
                                    "auto_consultation",
                                    "consultation",
                                    "initial_consult",
                                    "application_review",
                                    "demo",
                                    "onboarding",
                                    "support",
                                ],
                            )
                        ),
                        name="lead_bookings_booking_type_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "booking_source__in",
                                [
                                    "voice_agent",
                                    "user_ui",
                                    "campaign",
                                    "system",
                                    "api",
                                    "web",
                                    "phone",
                                    "email",
                                    "chat",
                                    "referral",
                                ],
                            )
                        ),
                        name="lead_bookings_booking_source_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["scheduled", "confirmed", "in_progress", "completed", "missed", "cancelled", "failed"],
                            )
                        ),
                        name="lead_bookings_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("call_result__in", ["answered", "no_answer", "busy", "voicemail", "rejected"])
                        ),
                        name="lead_bookings_call_result_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("task_status__in", ["pending", "scheduled", "executed", "cancelled", "failed"])
                        ),
                        name="lead_bookings_task_status_valid",
                    ),
                    TableRule(
                        name="lead_bookings_slot",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_slot" EXCLUDE USING gist (
                            int8range(hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("assigned_user_id"::text) || ':' || "assigned_user_id"::text, '-'), 0) >> 1, hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("assigned_user_id"::text) || ':' || "assigned_user_id"::text, '-'), 0) >> 1, '[]') WITH &&,
                            tstzrange("scheduled_at", "buffer_until", '[)') WITH &&
                        ) WHERE (("deleted_at" IS NULL AND "status" IN ('scheduled', 'confirmed', 'in_progress') AND "assigned_user_id" IS NOT NULL))
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_slot"',
                    ),
                    TableRule(
                        name="lead_bookings_one_follow_up",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_one_follow_up" EXCLUDE USING gist (
                            int8range(hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("lead_id"::text) || ':' || "lead_id"::text, '-'), 0) >> 1, hashtextextended(COALESCE(length("tenant_id"::text) || ':' || "tenant_id"::text, '-') || COALESCE(length("lead_id"::text) || ':' || "lead_id"::text, '-'), 0) >> 1, '[]') WITH &&,
                            tstzrange("scheduled_at", "buffer_until", '[)') WITH &&
                        ) WHERE (("deleted_at" IS NULL AND "status" IN ('scheduled', 'confirmed', 'in_progress') AND "booking_type" IN ('auto_followup', 'manual_followup', 'scheduled_call')))
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_one_follow_up"',
                    ),
                    TableRule(
                        name="lead_bookings_attempt_follows",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_attempt_follows"
                        FOREIGN KEY ("tenant_id", "lead_id", "parent_booking_id", "parent_retry_count") REFERENCES "lead_bookings" ("tenant_id", "lead_id", "id", "retry_count")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_attempt_follows"',
                    ),
                    TableRule(
                        name="lead_bookings_row_security",
                        create="""
                        ALTER TABLE "lead_bookings" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_bookings" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_bookings" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_bookings" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_bookings" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "lead_bookings" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_bookings" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_bookings";
                        DROP POLICY IF EXISTS "tenant" ON "lead_bookings";
                        REVOKE ALL ON "lead_bookings" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_bookings_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_bookings_assigned_user_fkey",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_assigned_user_fkey"
                        FOREIGN KEY ("assigned_user_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_assigned_user_fkey"',
                    ),
                    TableRule(
                        name="lead_bookings_assigned_user_same_tenant",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_assigned_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "assigned_user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_assigned_user_same_tenant"',
                    ),
                    TableRule(
                        name="lead_bookings_parent_booking_same_tenant",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_parent_booking_same_tenant"
                        FOREIGN KEY ("tenant_id", "parent_booking_id") REFERENCES "lead_bookings" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_parent_booking_same_tenant"',
                    ),
                    TableRule(
                        name="lead_bookings_created_by_user_fkey",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="lead_bookings_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_bookings" ADD CONSTRAINT "lead_bookings_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_bookings" DROP CONSTRAINT IF EXISTS "lead_bookings_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_bookings_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_bookings_touch_updated_at" BEFORE UPDATE ON "lead_bookings"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_bookings_touch_updated_at" ON "lead_bookings"',
                    ),
                    TableRule(
                        name="lead_bookings_audit_insert",
                        create="""
                        CREATE TRIGGER "lead_bookings_audit_insert" AFTER INSERT ON "lead_bookings" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_bookings_audit_insert" ON "lead_bookings"',
                    ),
                    TableRule(
                        name="lead_bookings_audit_update",
                        create="""
                        CREATE TRIGGER "lead_bookings_audit_update" AFTER UPDATE ON "lead_bookings" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_bookings_audit_update" ON "lead_bookings"',
                    ),
                    TableRule(
                        name="lead_bookings_audit_delete",
                        create="""
                        CREATE TRIGGER "lead_bookings_audit_delete" AFTER DELETE ON "lead_bookings" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_bookings_audit_delete" ON "lead_bookings"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadNote",
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
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
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
                ("content", models.TextField()),
            ],
            options={
                "db_table": "lead_notes",
                "indexes": [
                    models.Index(fields=["tenant", "lead", "-created_at"], name="lead_notes_timeline"),
                    models.Index(fields=["tenant", "-created_at"], name="lead_notes_newest"),
                    models.Index(fields=["tenant", "created_by_user", "-created_at"], name="lead_notes_by_author"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="lead_notes_tenant_id_key"),
                    TableRule(
                        name="lead_notes_row_security",
                        create="""
                        ALTER TABLE "lead_notes" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_notes" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_notes" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_notes" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_notes" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "lead_notes" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_notes" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_notes";
                        DROP POLICY IF EXISTS "tenant" ON "lead_notes";
                        REVOKE ALL ON "lead_notes" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_notes_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_notes" ADD CONSTRAINT "lead_notes_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_notes" DROP CONSTRAINT IF EXISTS "lead_notes_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_notes_created_by_user_fkey",
                        create="""
                        ALTER TABLE "lead_notes" ADD CONSTRAINT "lead_notes_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_notes" DROP CONSTRAINT IF EXISTS "lead_notes_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="lead_notes_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_notes" ADD CONSTRAINT "lead_notes_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_notes" DROP CONSTRAINT IF EXISTS "lead_notes_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_notes_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_notes_touch_updated_at" BEFORE UPDATE ON "lead_notes"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_notes_touch_updated_at" ON "lead_notes"',
                    ),
                    TableRule(
                        name="lead_notes_audit_insert",
                        create="""
                        CREATE TRIGGER "lead_notes_audit_insert" AFTER INSERT ON "lead_notes" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_notes_audit_insert" ON "lead_notes"',
                    ),
                    TableRule(
                        name="lead_notes_audit_update",
                        create="""
                        CREATE TRIGGER "lead_notes_audit_update" AFTER UPDATE ON "lead_notes" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_notes_audit_update" ON "lead_notes"',
                    ),
                    TableRule(
                        name="lead_notes_audit_delete",
                        create="""
                        CREATE TRIGGER "lead_notes_audit_delete" AFTER DELETE ON "lead_notes" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_notes_audit_delete" ON "lead_notes"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadSocial",
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
                ("data", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "lead_social",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_social_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "lead"), name="lead_social_lead_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="lead_social_tenant_id_key"),
                    TableRule(
                        name="lead_social_row_security",
                        create="""
                        ALTER TABLE "lead_social" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_social" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_social" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_social" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_social" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_social" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_social" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_social";
                        DROP POLICY IF EXISTS "tenant" ON "lead_social";
                        REVOKE ALL ON "lead_social" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_social_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_social" ADD CONSTRAINT "lead_social_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_social" DROP CONSTRAINT IF EXISTS "lead_social_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_social_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_social" ADD CONSTRAINT "lead_social_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_social" DROP CONSTRAINT IF EXISTS "lead_social_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_social_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_social_touch_updated_at" BEFORE UPDATE ON "lead_social"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_social_touch_updated_at" ON "lead_social"',
                    ),
                    TableRule(
                        name="lead_social_audit_insert",
                        create="""
                        CREATE TRIGGER "lead_social_audit_insert" AFTER INSERT ON "lead_social" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_social_audit_insert" ON "lead_social"',
                    ),
                    TableRule(
                        name="lead_social_audit_update",
                        create="""
                        CREATE TRIGGER "lead_social_audit_update" AFTER UPDATE ON "lead_social" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_social_audit_update" ON "lead_social"',
                    ),
                    TableRule(
                        name="lead_social_audit_delete",
                        create="""
                        CREATE TRIGGER "lead_social_audit_delete" AFTER DELETE ON "lead_social" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_social_audit_delete" ON "lead_social"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadStage",
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
                ("key", models.CharField(max_length=50)),
                ("label", models.CharField(max_length=100)),
                ("description", models.TextField(db_default="")),
                ("color", models.CharField(db_default="", max_length=20)),
                ("display_order", models.PositiveIntegerField()),
            ],
            options={
                "db_table": "lead_stages",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_stages_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "key"), name="lead_stages_key"),
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("tenant", "display_order"),
                        name="lead_stages_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z0-9_-]+$")), name="lead_stages_key_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("color", ""), ("color__regex", "^#[0-9A-Fa-f]{6}$"), _connector="OR"),
                        name="lead_stages_color_valid",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="lead_stages_tenant_id_key"),
                    TableRule(
                        name="lead_stages_row_security",
                        create="""
                        ALTER TABLE "lead_stages" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_stages" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_stages" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_stages" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_stages" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_stages" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_stages" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_stages";
                        DROP POLICY IF EXISTS "tenant" ON "lead_stages";
                        REVOKE ALL ON "lead_stages" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_stages_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_stages" ADD CONSTRAINT "lead_stages_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_stages" DROP CONSTRAINT IF EXISTS "lead_stages_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_stages_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_stages_touch_updated_at" BEFORE UPDATE ON "lead_stages"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_stages_touch_updated_at" ON "lead_stages"',
                    ),
                    TableRule(
                        name="lead_stages_audit_insert",
                        create="""
                        CREATE TRIGGER "lead_stages_audit_insert" AFTER INSERT ON "lead_stages" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_stages_audit_insert" ON "lead_stages"',
                    ),
                    TableRule(
                        name="lead_stages_audit_update",
                        create="""
                        CREATE TRIGGER "lead_stages_audit_update" AFTER UPDATE ON "lead_stages" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_stages_audit_update" ON "lead_stages"',
                    ),
                    TableRule(
                        name="lead_stages_audit_delete",
                        create="""
                        CREATE TRIGGER "lead_stages_audit_delete" AFTER DELETE ON "lead_stages" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_stages_audit_delete" ON "lead_stages"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadStatus",
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
                ("key", models.CharField(max_length=50)),
                ("label", models.CharField(max_length=100)),
                ("color", models.CharField(db_default="", max_length=20)),
            ],
            options={
                "db_table": "lead_statuses",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_statuses_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "key"), name="lead_statuses_key"),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z0-9_-]+$")), name="lead_statuses_key_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("color", ""), ("color__regex", "^#[0-9A-Fa-f]{6}$"), _connector="OR"),
                        name="lead_statuses_color_valid",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="lead_statuses_tenant_id_key"),
                    TableRule(
                        name="lead_statuses_row_security",
                        create="""
                        ALTER TABLE "lead_statuses" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_statuses" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_statuses" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_statuses" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_statuses" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_statuses" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_statuses" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_statuses";
                        DROP POLICY IF EXISTS "tenant" ON "lead_statuses";
                        REVOKE ALL ON "lead_statuses" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_statuses_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_statuses" ADD CONSTRAINT "lead_statuses_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_statuses" DROP CONSTRAINT IF EXISTS "lead_statuses_tenant_fkey"',
                    ),
                    TableRule(
                        name="lead_statuses_touch_updated_at",
                        create="""
                        CREATE TRIGGER "lead_statuses_touch_updated_at" BEFORE UPDATE ON "lead_statuses"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_statuses_touch_updated_at" ON "lead_statuses"',
                    ),
                    TableRule(
                        name="lead_statuses_audit_insert",
                        create="""
                        CREATE TRIGGER "lead_statuses_audit_insert" AFTER INSERT ON "lead_statuses" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_statuses_audit_insert" ON "lead_statuses"',
                    ),
                    TableRule(
                        name="lead_statuses_audit_update",
                        create="""
                        CREATE TRIGGER "lead_statuses_audit_update" AFTER UPDATE ON "lead_statuses" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_statuses_audit_update" ON "lead_statuses"',
                    ),
                    TableRule(
                        name="lead_statuses_audit_delete",
                        create="""
                        CREATE TRIGGER "lead_statuses_audit_delete" AFTER DELETE ON "lead_statuses" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "lead_statuses_audit_delete" ON "lead_statuses"',
                    ),
                ],
            },
        ),
    ]
