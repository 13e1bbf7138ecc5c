import django.contrib.postgres.functions
import django.db.models.deletion
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
            name="Conversation",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("title", models.CharField(db_default="", max_length=255)),
                ("status", models.CharField(db_default="active", max_length=50)),
                ("icp_data", models.JSONField(db_default={})),
                ("search_params", models.JSONField(null=True)),
                ("search_triggered", models.BooleanField(db_default=False)),
                ("metadata", models.JSONField(db_default={})),
                ("archived_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "ai_conversations",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_conversations_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "user", "-created_at"],
                        name="ai_conversations_of_user",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="ai_conversations_status",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("archived_at__isnull", False), ("status", "archived")),
                            models.Q(models.Q(("status", "archived"), _negated=True), ("archived_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="ai_conversations_archived_at",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="ai_conversations_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "archived", "completed"])),
                        name="ai_conversations_status_valid",
                    ),
                    TableRule(
                        name="ai_conversations_row_security",
                        create="""
                        ALTER TABLE "ai_conversations" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "ai_conversations" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "ai_conversations" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "ai_conversations" TO lad_platform;
                        CREATE POLICY "platform" ON "ai_conversations" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "ai_conversations" TO lad_app;
                        CREATE POLICY "tenant" ON "ai_conversations" TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "ai_conversations";
                        DROP POLICY IF EXISTS "tenant" ON "ai_conversations";
                        REVOKE ALL ON "ai_conversations" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="ai_conversations_tenant_fkey",
                        create="""
                        ALTER TABLE "ai_conversations" ADD CONSTRAINT "ai_conversations_tenant_fkey"
                        FOREIGN KEY ("organization_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_conversations" DROP CONSTRAINT IF EXISTS "ai_conversations_tenant_fkey"',
                    ),
                    TableRule(
                        name="ai_conversations_user_fkey",
                        create="""
                        ALTER TABLE "ai_conversations" ADD CONSTRAINT "ai_conversations_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_conversations" DROP CONSTRAINT IF EXISTS "ai_conversations_user_fkey"',
                    ),
                    TableRule(
                        name="ai_conversations_user_same_tenant",
                        create="""
                        ALTER TABLE "ai_conversations" ADD CONSTRAINT "ai_conversations_user_same_tenant"
                        FOREIGN KEY ("organization_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_conversations" DROP CONSTRAINT IF EXISTS "ai_conversations_user_same_tenant"',
                    ),
                    TableRule(
                        name="ai_conversations_touch_updated_at",
                        create="""
                        CREATE TRIGGER "ai_conversations_touch_updated_at" BEFORE UPDATE ON "ai_conversations"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_conversations_touch_updated_at" ON "ai_conversations"',
                    ),
                    TableRule(
                        name="ai_conversations_audit_insert",
                        create="""
                        CREATE TRIGGER "ai_conversations_audit_insert" AFTER INSERT ON "ai_conversations" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_conversations_audit_insert" ON "ai_conversations"',
                    ),
                    TableRule(
                        name="ai_conversations_audit_update",
                        create="""
                        CREATE TRIGGER "ai_conversations_audit_update" AFTER UPDATE ON "ai_conversations" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_conversations_audit_update" ON "ai_conversations"',
                    ),
                    TableRule(
                        name="ai_conversations_audit_delete",
                        create="""
                        CREATE TRIGGER "ai_conversations_audit_delete" AFTER DELETE ON "ai_conversations" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_conversations_audit_delete" ON "ai_conversations"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IcpProfile",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("description", models.TextField(db_default="")),
                ("icp_data", models.JSONField()),
                ("search_params", models.JSONField(null=True)),
                (
                    "source_conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="aiicp.conversation",
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True)),
                ("usage_count", models.PositiveIntegerField(db_default=0)),
                ("last_used_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "ai_icp_profiles",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_icp_profiles_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "user", "-created_at"],
                        name="ai_icp_profiles_of_user",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "is_active", "-usage_count"],
                        name="ai_icp_profiles_most_used",
                    ),
                    models.Index(
                        condition=models.Q(("source_conversation__isnull", False)),
                        fields=["tenant", "source_conversation"],
                        name="ai_icp_profiles_source",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("usage_count", 0), ("last_used_at__isnull", False), _connector="OR"),
                        name="ai_icp_profiles_last_use",
                    ),
                    TableRule(
                        name="ai_icp_profiles_row_security",
                        create="""
                        ALTER TABLE "ai_icp_profiles" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "ai_icp_profiles" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "ai_icp_profiles" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "ai_icp_profiles" TO lad_platform;
                        CREATE POLICY "platform" ON "ai_icp_profiles" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "ai_icp_profiles" TO lad_app;
                        CREATE POLICY "tenant" ON "ai_icp_profiles" TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "ai_icp_profiles";
                        DROP POLICY IF EXISTS "tenant" ON "ai_icp_profiles";
                        REVOKE ALL ON "ai_icp_profiles" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="ai_icp_profiles_tenant_fkey",
                        create="""
                        ALTER TABLE "ai_icp_profiles" ADD CONSTRAINT "ai_icp_profiles_tenant_fkey"
                        FOREIGN KEY ("organization_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profiles" DROP CONSTRAINT IF EXISTS "ai_icp_profiles_tenant_fkey"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_user_fkey",
                        create="""
                        ALTER TABLE "ai_icp_profiles" ADD CONSTRAINT "ai_icp_profiles_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profiles" DROP CONSTRAINT IF EXISTS "ai_icp_profiles_user_fkey"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_user_same_tenant",
                        create="""
                        ALTER TABLE "ai_icp_profiles" ADD CONSTRAINT "ai_icp_profiles_user_same_tenant"
                        FOREIGN KEY ("organization_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profiles" DROP CONSTRAINT IF EXISTS "ai_icp_profiles_user_same_tenant"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_source_conversation_same_tenant",
                        create="""
                        ALTER TABLE "ai_icp_profiles" ADD CONSTRAINT "ai_icp_profiles_source_conversation_same_tenant"
                        FOREIGN KEY ("organization_id", "source_conversation_id") REFERENCES "ai_conversations" ("organization_id", "id")
                        ON DELETE SET NULL ("source_conversation_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_icp_profiles" DROP CONSTRAINT IF EXISTS "ai_icp_profiles_source_conversation_same_tenant"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_touch_updated_at",
                        create="""
                        CREATE TRIGGER "ai_icp_profiles_touch_updated_at" BEFORE UPDATE ON "ai_icp_profiles"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_icp_profiles_touch_updated_at" ON "ai_icp_profiles"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_audit_insert",
                        create="""
                        CREATE TRIGGER "ai_icp_profiles_audit_insert" AFTER INSERT ON "ai_icp_profiles" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_icp_profiles_audit_insert" ON "ai_icp_profiles"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_audit_update",
                        create="""
                        CREATE TRIGGER "ai_icp_profiles_audit_update" AFTER UPDATE ON "ai_icp_profiles" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_icp_profiles_audit_update" ON "ai_icp_profiles"',
                    ),
                    TableRule(
                        name="ai_icp_profiles_audit_delete",
                        create="""
                        CREATE TRIGGER "ai_icp_profiles_audit_delete" AFTER DELETE ON "ai_icp_profiles" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_icp_profiles_audit_delete" ON "ai_icp_profiles"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeywordExpansion",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_column="organization_id",
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("original_keyword", models.CharField(max_length=255)),
                ("expanded_keywords", models.JSONField()),
                ("context", models.CharField(db_default="general", max_length=100)),
                ("model", models.CharField(db_default="", max_length=100)),
                ("usage_count", models.PositiveIntegerField(db_default=1)),
                ("last_used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "db_table": "ai_keyword_expansions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_keyword_expansions_newest"),
                    models.Index(fields=["tenant", "-usage_count"], name="ai_keyword_expansions_used"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "original_keyword", "context"),
                        name="ai_keyword_expansions_keyword_key",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "original_keyword",
                                django.db.models.functions.text.Lower(
                                    django.db.models.functions.text.Trim("original_keyword")
                                ),
                            ),
                            models.Q(("original_keyword", ""), _negated=True),
                        ),
                        name="ai_keyword_expansions_keyword_normal",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "context",
                                django.db.models.functions.text.Lower(django.db.models.functions.text.Trim("context")),
                            ),
                            models.Q(("context", ""), _negated=True),
                        ),
                        name="ai_keyword_expansions_context_normal",
                    ),
                    TableRule(
                        name="ai_keyword_expansions_row_security",
                        create="""
                        ALTER TABLE "ai_keyword_expansions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "ai_keyword_expansions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "ai_keyword_expansions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "ai_keyword_expansions" TO lad_platform;
                        CREATE POLICY "platform" ON "ai_keyword_expansions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "ai_keyword_expansions" TO lad_app;
                        CREATE POLICY "tenant_read" ON "ai_keyword_expansions" FOR SELECT TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR organization_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "ai_keyword_expansions" FOR INSERT TO lad_app WITH CHECK (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "ai_keyword_expansions" FOR UPDATE TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "ai_keyword_expansions" FOR DELETE TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "ai_keyword_expansions";
                        DROP POLICY IF EXISTS "tenant_read" ON "ai_keyword_expansions";
                        DROP POLICY IF EXISTS "tenant_insert" ON "ai_keyword_expansions";
                        DROP POLICY IF EXISTS "tenant_update" ON "ai_keyword_expansions";
                        DROP POLICY IF EXISTS "tenant_delete" ON "ai_keyword_expansions";
                        REVOKE ALL ON "ai_keyword_expansions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="ai_keyword_expansions_tenant_fkey",
                        create="""
                        ALTER TABLE "ai_keyword_expansions" ADD CONSTRAINT "ai_keyword_expansions_tenant_fkey"
                        FOREIGN KEY ("organization_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_keyword_expansions" DROP CONSTRAINT IF EXISTS "ai_keyword_expansions_tenant_fkey"',
                    ),
                    TableRule(
                        name="ai_keyword_expansions_keep_tenant",
                        create="""
                        CREATE TRIGGER "ai_keyword_expansions_keep_tenant" BEFORE UPDATE OF organization_id ON "ai_keyword_expansions"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('organization_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_keyword_expansions_keep_tenant" ON "ai_keyword_expansions"',
                    ),
                    TableRule(
                        name="ai_keyword_expansions_touch_updated_at",
                        create="""
                        CREATE TRIGGER "ai_keyword_expansions_touch_updated_at" BEFORE UPDATE ON "ai_keyword_expansions"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_keyword_expansions_touch_updated_at" ON "ai_keyword_expansions"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
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
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="aiicp.conversation",
                    ),
                ),
                ("role", models.CharField(max_length=20)),
                ("content", models.TextField()),
                ("message_data", models.JSONField(db_default={})),
                ("tokens_used", models.PositiveIntegerField(null=True)),
                ("model", models.CharField(db_default="", max_length=100)),
            ],
            options={
                "db_table": "ai_messages",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_messages_newest"),
                    models.Index(fields=["tenant", "conversation", "created_at"], name="ai_messages_in_order"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("content", ""), _negated=True), name="ai_messages_content_said"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["user", "assistant"])), name="ai_messages_role_valid"
                    ),
                    TableRule(
                        name="ai_messages_row_security",
                        create="""
                        ALTER TABLE "ai_messages" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "ai_messages" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "ai_messages" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT ON "ai_messages" TO lad_platform;
                        CREATE POLICY "platform" ON "ai_messages" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "ai_messages" TO lad_app;
                        CREATE POLICY "tenant" ON "ai_messages" TO lad_app USING (organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "ai_messages";
                        DROP POLICY IF EXISTS "tenant" ON "ai_messages";
                        REVOKE ALL ON "ai_messages" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="ai_messages_tenant_fkey",
                        create="""
                        ALTER TABLE "ai_messages" ADD CONSTRAINT "ai_messages_tenant_fkey"
                        FOREIGN KEY ("organization_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_messages" DROP CONSTRAINT IF EXISTS "ai_messages_tenant_fkey"',
                    ),
                    TableRule(
                        name="ai_messages_conversation_same_tenant",
                        create="""
                        ALTER TABLE "ai_messages" ADD CONSTRAINT "ai_messages_conversation_same_tenant"
                        FOREIGN KEY ("organization_id", "conversation_id") REFERENCES "ai_conversations" ("organization_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "ai_messages" DROP CONSTRAINT IF EXISTS "ai_messages_conversation_same_tenant"',
                    ),
                    TableRule(
                        name="ai_messages_append_only",
                        create="""
                        CREATE TRIGGER "ai_messages_append_only" BEFORE UPDATE OR DELETE ON "ai_messages"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_messages_append_only" ON "ai_messages"',
                    ),
                    TableRule(
                        name="ai_messages_no_truncate",
                        create="""
                        CREATE TRIGGER "ai_messages_no_truncate" BEFORE TRUNCATE ON "ai_messages"
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_refuse_change()
                        """,
                        remove='DROP TRIGGER IF EXISTS "ai_messages_no_truncate" ON "ai_messages"',
                    ),
                ],
            },
        ),
    ]
