import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule

# Row-level security binds the owner too, who has no policy on leads.
FILL = """
ALTER TABLE leads NO FORCE ROW LEVEL SECURITY;
INSERT INTO lead_search_texts (id, tenant_id, created_at, text, lead_is_deleted)
SELECT id, tenant_id, created_at, search_text, deleted_at IS NOT NULL FROM leads;
ALTER TABLE leads FORCE ROW LEVEL SECURITY
"""


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("leads", "0002_activity_day"),
        ("tenants", "0010_joined_grants"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadSearchText",
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
                ("text", models.TextField(db_collation="C")),
                ("lead_is_deleted", models.BooleanField(db_default=False)),
            ],
            options={
                "db_table": "lead_search_texts",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        models.Func(models.F("tenant"), models.F("text"), function="lad_search_grams"),
                        gin_pending_list_limit=512,
                        name="lead_search_texts_grams",
                    )
                ],
                "constraints": [
                    TableRule(
                        name="lead_search_texts_owned_by_functions",
                        create='CREATE POLICY "functions" ON "lead_search_texts" TO CURRENT_USER USING (true) WITH CHECK (true)',
                        remove='DROP POLICY IF EXISTS "functions" ON "lead_search_texts"',
                    ),
                    TableRule(
                        name="lead_search_texts_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_search_texts" ADD CONSTRAINT "lead_search_texts_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_search_texts" DROP CONSTRAINT IF EXISTS "lead_search_texts_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_search_texts_row_security",
                        create="""
                        ALTER TABLE "lead_search_texts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_search_texts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_search_texts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT ON "lead_search_texts" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_search_texts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "lead_search_texts" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_search_texts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_search_texts";
                        DROP POLICY IF EXISTS "tenant" ON "lead_search_texts";
                        REVOKE ALL ON "lead_search_texts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_search_texts_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_search_texts" ADD CONSTRAINT "lead_search_texts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_search_texts" DROP CONSTRAINT IF EXISTS "lead_search_texts_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.RemoveIndex(
            model_name="companysearchcache",
            name="company_search_cache_name",
        ),
        migrations.RemoveIndex(
            model_name="employeecache",
            name="employees_cache_name",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_name",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_last_name",
        ),
        migrations.RemoveIndex(
            model_name="lead",
            name="leads_by_company",
        ),
        migrations.RemoveIndex(
            model_name="leadattachment",
            name="lead_attachments_by_name",
        ),
        migrations.RemoveField(
            model_name="companysearchcache",
            name="name_key",
        ),
        migrations.RemoveField(
            model_name="employeecache",
            name="name_key",
        ),
        migrations.RemoveField(
            model_name="lead",
            name="company_key",
        ),
        migrations.RemoveField(
            model_name="lead",
            name="last_name_key",
        ),
        migrations.RemoveField(
            model_name="lead",
            name="name_key",
        ),
        migrations.RemoveField(
            model_name="leadattachment",
            name="name_key",
        ),
        migrations.AddField(
            model_name="companysearchcache",
            name="name_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("company_name"), function="lad_search_text", output_field=models.TextField()
                ),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddField(
            model_name="employeecache",
            name="name_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("employee_name"), function="lad_search_text", output_field=models.TextField()
                ),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="search_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.text.Concat(
                    models.Func(
                        django.db.models.functions.text.Concat(
                            "first_name",
                            models.Value(" "),
                            "last_name",
                            models.Value(" "),
                            "first_name",
                            models.Value(" "),
                            output_field=models.TextField(),
                        ),
                        function="lad_search_text",
                        output_field=models.TextField(),
                    ),
                    models.Value("\n"),
                    models.Func(
                        django.db.models.functions.text.Concat(
                            "company_name",
                            models.Value(" "),
                            "email",
                            models.Value(" "),
                            "phone",
                            models.Value(" "),
                            "company_domain",
                            models.Value(" "),
                            output_field=models.TextField(),
                        ),
                        function="lad_search_text",
                        output_field=models.TextField(),
                    ),
                    output_field=models.TextField(),
                ),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddField(
            model_name="leadattachment",
            name="name_text",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("file_name"), function="lad_search_text", output_field=models.TextField()
                ),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddIndex(
            model_name="companysearchcache",
            index=models.Index(fields=["tenant", "name_text"], name="company_search_cache_name"),
        ),
        migrations.AddIndex(
            model_name="employeecache",
            index=models.Index(fields=["tenant", "name_text"], name="employees_cache_name"),
        ),
        migrations.AddIndex(
            model_name="leadattachment",
            index=models.Index(fields=["tenant", "name_text"], name="lead_attachments_by_name"),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=TableRule(
                name="leads_search_text_insert",
                create="""
                        CREATE TRIGGER "leads_search_text_insert" AFTER INSERT ON "leads"
                        FOR EACH ROW EXECUTE FUNCTION leads_keep_search_text()
                        """,
                remove='DROP TRIGGER IF EXISTS "leads_search_text_insert" ON "leads"',
            ),
        ),
        migrations.AddConstraint(
            model_name="lead",
            constraint=TableRule(
                name="leads_search_text_update",
                create="""
                        CREATE TRIGGER "leads_search_text_update" AFTER UPDATE ON "leads"
                        FOR EACH ROW WHEN (OLD."search_text" IS DISTINCT FROM NEW."search_text" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION leads_keep_search_text()
                        """,
                remove='DROP TRIGGER IF EXISTS "leads_search_text_update" ON "leads"',
            ),
        ),
        InstallSql("leads.contacts", "leads_found", 1),
        InstallSql("leads.contacts", "leads_keep_search_text", 1),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
