import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_counted_days"),
        ("lad", "0003_search"),
        ("leads", "0011_follow_ups"),
        ("tenants", "0014_booking_link"),
        ("voice", "0007_recordings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InboundCall",
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
                    "call_log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.calllog",
                    ),
                ),
                (
                    "carrier_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.carrieraccount",
                    ),
                ),
                ("reference", models.CharField(max_length=200)),
            ],
            options={
                "db_table": "voice_inbound_calls",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_inbound_calls_newest"),
                    models.Index(fields=["carrier_account", "reference"], name="voice_inbound_calls_reference"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "carrier_account", "reference"), name="voice_inbound_calls_reference_key"
                    ),
                    models.UniqueConstraint(fields=("tenant", "call_log"), name="voice_inbound_calls_call_key"),
                    TableRule(
                        name="voice_inbound_calls_row_security",
                        create="""
                        ALTER TABLE "voice_inbound_calls" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_inbound_calls" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_inbound_calls" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_inbound_calls" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_inbound_calls" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_inbound_calls" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_inbound_calls" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_inbound_calls";
                        DROP POLICY IF EXISTS "tenant" ON "voice_inbound_calls";
                        REVOKE ALL ON "voice_inbound_calls" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_inbound_calls_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_inbound_calls" ADD CONSTRAINT "voice_inbound_calls_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_inbound_calls" DROP CONSTRAINT IF EXISTS "voice_inbound_calls_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_inbound_calls_carrier_account_fkey",
                        create="""
                        ALTER TABLE "voice_inbound_calls" ADD CONSTRAINT "voice_inbound_calls_carrier_account_fkey"
                        FOREIGN KEY ("carrier_account_id") REFERENCES "carrier_accounts" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_inbound_calls" DROP CONSTRAINT IF EXISTS "voice_inbound_calls_carrier_account_fkey"',
                    ),
                    TableRule(
                        name="voice_inbound_calls_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_inbound_calls" ADD CONSTRAINT "voice_inbound_calls_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_inbound_calls" DROP CONSTRAINT IF EXISTS "voice_inbound_calls_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_inbound_calls_carrier_account_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_inbound_calls_carrier_account_shared_or_own" BEFORE INSERT OR UPDATE OF carrier_account_id, tenant_id ON "voice_inbound_calls"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('carrier_account_id', 'tenant_id', 'carrier_accounts', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_inbound_calls_carrier_account_shared_or_own" ON "voice_inbound_calls"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KnowledgeText",
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
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voiceagent",
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("content", models.TextField()),
                ("priority", models.PositiveSmallIntegerField(db_default=100)),
                ("is_active", models.BooleanField(db_default=True)),
            ],
            options={
                "db_table": "voice_knowledge_texts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_knowledge_texts_newest"),
                    models.Index(fields=["tenant", "agent", "priority"], name="voice_knowledge_texts_agent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "agent", "name"),
                        name="voice_knowledge_texts_name_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_knowledge_texts_tenant_id_key"),
                    TableRule(
                        name="voice_knowledge_texts_row_security",
                        create="""
                        ALTER TABLE "voice_knowledge_texts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_knowledge_texts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_knowledge_texts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_knowledge_texts" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_knowledge_texts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_knowledge_texts" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_knowledge_texts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_knowledge_texts";
                        DROP POLICY IF EXISTS "tenant" ON "voice_knowledge_texts";
                        REVOKE ALL ON "voice_knowledge_texts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_knowledge_texts_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_knowledge_texts" ADD CONSTRAINT "voice_knowledge_texts_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_knowledge_texts" DROP CONSTRAINT IF EXISTS "voice_knowledge_texts_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_knowledge_texts_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_knowledge_texts" ADD CONSTRAINT "voice_knowledge_texts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_knowledge_texts" DROP CONSTRAINT IF EXISTS "voice_knowledge_texts_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_knowledge_texts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_knowledge_texts_touch_updated_at" BEFORE UPDATE ON "voice_knowledge_texts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_knowledge_texts_touch_updated_at" ON "voice_knowledge_texts"',
                    ),
                    TableRule(
                        name="voice_knowledge_texts_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_knowledge_texts_audit_insert" AFTER INSERT ON "voice_knowledge_texts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_knowledge_texts_audit_insert" ON "voice_knowledge_texts"',
                    ),
                    TableRule(
                        name="voice_knowledge_texts_audit_update",
                        create="""
                        CREATE TRIGGER "voice_knowledge_texts_audit_update" AFTER UPDATE ON "voice_knowledge_texts" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_knowledge_texts_audit_update" ON "voice_knowledge_texts"',
                    ),
                    TableRule(
                        name="voice_knowledge_texts_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_knowledge_texts_audit_delete" AFTER DELETE ON "voice_knowledge_texts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_knowledge_texts_audit_delete" ON "voice_knowledge_texts"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceAgentVersion",
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
                ("agent_instructions", models.TextField(db_default="")),
                ("system_instructions", models.TextField(db_default="")),
                ("outbound_starter_prompt", models.TextField(db_default="")),
                ("inbound_starter_prompt", models.TextField(db_default="")),
                ("gender", models.CharField(max_length=20, null=True)),
                ("language", models.CharField(db_default="en", max_length=10)),
                ("openings", models.JSONField(db_default={})),
                ("fallbacks", models.JSONField(db_default={})),
                ("tools", models.JSONField(db_default=["book_slot", "call_back", "do_not_call_again"])),
                ("transfer_to", models.CharField(db_default="", max_length=50)),
                ("analysis_fields", models.JSONField(db_default={})),
                (
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voiceagent",
                    ),
                ),
                ("state", models.CharField(db_default="draft", max_length=20)),
                ("number", models.PositiveIntegerField(null=True)),
                ("based_on", models.PositiveIntegerField(db_default=0)),
                (
                    "voice",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voice",
                    ),
                ),
                ("note", models.CharField(db_default="", max_length=500)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "published_by_user",
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
                "db_table": "voice_agent_versions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agent_versions_newest"),
                    models.Index(fields=["tenant", "voice"], name="voice_agent_versions_voice"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("number__isnull", False)),
                        fields=("tenant", "agent", "number"),
                        name="voice_agent_versions_number_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")),
                        fields=("tenant", "agent"),
                        name="voice_agent_versions_draft_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("number__isnull", True), ("published_at__isnull", True), ("state", "draft")),
                            models.Q(("number__gt", 0), ("published_at__isnull", False), ("state", "published")),
                            _connector="OR",
                        ),
                        name="voice_agent_versions_numbered",
                    ),
                    models.UniqueConstraint(fields=("tenant", "agent", "id"), name="voice_agent_versions_agent_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_agent_versions_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "published"])),
                        name="voice_agent_versions_state_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gender__in", ["female", "male", "neutral"])),
                        name="voice_agent_versions_gender_valid",
                    ),
                    TableRule(
                        name="voice_agent_versions_row_security",
                        create="""
                        ALTER TABLE "voice_agent_versions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_agent_versions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_agent_versions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_agent_versions" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_agent_versions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_agent_versions" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_agent_versions" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_agent_versions";
                        DROP POLICY IF EXISTS "tenant" ON "voice_agent_versions";
                        REVOKE ALL ON "voice_agent_versions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_agent_versions_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_agent_versions" ADD CONSTRAINT "voice_agent_versions_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_versions" DROP CONSTRAINT IF EXISTS "voice_agent_versions_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_agent_versions_voice_fkey",
                        create="""
                        ALTER TABLE "voice_agent_versions" ADD CONSTRAINT "voice_agent_versions_voice_fkey"
                        FOREIGN KEY ("voice_id") REFERENCES "voice_agent_voices" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_versions" DROP CONSTRAINT IF EXISTS "voice_agent_versions_voice_fkey"',
                    ),
                    TableRule(
                        name="voice_agent_versions_published_by_user_fkey",
                        create="""
                        ALTER TABLE "voice_agent_versions" ADD CONSTRAINT "voice_agent_versions_published_by_user_fkey"
                        FOREIGN KEY ("published_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("published_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_versions" DROP CONSTRAINT IF EXISTS "voice_agent_versions_published_by_user_fkey"',
                    ),
                    TableRule(
                        name="voice_agent_versions_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_agent_versions" ADD CONSTRAINT "voice_agent_versions_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_versions" DROP CONSTRAINT IF EXISTS "voice_agent_versions_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_agent_versions_voice_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_agent_versions_voice_shared_or_own" BEFORE INSERT OR UPDATE OF voice_id, tenant_id ON "voice_agent_versions"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('voice_id', 'tenant_id', 'voice_agent_voices', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_versions_voice_shared_or_own" ON "voice_agent_versions"',
                    ),
                    TableRule(
                        name="voice_agent_versions_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_agent_versions_touch_updated_at" BEFORE UPDATE ON "voice_agent_versions"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_versions_touch_updated_at" ON "voice_agent_versions"',
                    ),
                    TableRule(
                        name="voice_agent_versions_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_agent_versions_audit_insert" AFTER INSERT ON "voice_agent_versions" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_versions_audit_insert" ON "voice_agent_versions"',
                    ),
                    TableRule(
                        name="voice_agent_versions_audit_update",
                        create="""
                        CREATE TRIGGER "voice_agent_versions_audit_update" AFTER UPDATE ON "voice_agent_versions" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_versions_audit_update" ON "voice_agent_versions"',
                    ),
                    TableRule(
                        name="voice_agent_versions_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_agent_versions_audit_delete" AFTER DELETE ON "voice_agent_versions" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_versions_audit_delete" ON "voice_agent_versions"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="voiceagent",
            name="fallbacks",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="voiceagent",
            name="openings",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="voiceagent",
            name="tools",
            field=models.JSONField(db_default=["book_slot", "call_back", "do_not_call_again"]),
        ),
        migrations.AddField(
            model_name="voiceagent",
            name="transfer_to",
            field=models.CharField(db_default="", max_length=50),
        ),
        migrations.AddField(
            model_name="calllog",
            name="agent_version",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="voice.voiceagentversion",
            ),
        ),
        migrations.AddIndex(
            model_name="calllog",
            index=models.Index(
                condition=models.Q(("agent_version__isnull", False)),
                fields=["tenant", "agent_version"],
                name="voice_call_logs_agent_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="calllog",
            constraint=models.CheckConstraint(
                condition=models.Q(("agent__isnull", False), ("agent_version__isnull", True), _connector="OR"),
                name="voice_call_logs_agent_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="calllog",
            constraint=TableRule(
                name="voice_call_logs_agent_version_same_agent",
                create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_agent_version_same_agent"
                        FOREIGN KEY ("tenant_id", "agent_id", "agent_version_id") REFERENCES "voice_agent_versions" ("tenant_id", "agent_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_agent_version_same_agent"',
            ),
        ),
        migrations.AddConstraint(
            model_name="calllog",
            constraint=TableRule(
                name="voice_call_logs_agent_version_same_tenant",
                create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_agent_version_same_tenant"
                        FOREIGN KEY ("tenant_id", "agent_version_id") REFERENCES "voice_agent_versions" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_agent_version_same_tenant"',
            ),
        ),
    ]
