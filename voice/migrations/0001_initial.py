import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("campaigns", "0001_initial"),
        ("lad", "0001_functions"),
        ("leads", "0001_initial"),
        ("tenants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Voice",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("provider", models.CharField(max_length=50)),
                ("provider_voice_id", models.CharField(max_length=255)),
                ("description", models.TextField(db_default="")),
                ("gender", models.CharField(max_length=20, null=True)),
                ("accent", models.CharField(db_default="", max_length=100)),
                ("language", models.CharField(db_default="en", max_length=10)),
                ("voice_sample_url", models.CharField(db_default="", max_length=4000)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_agent_voices",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agent_voices_newest"),
                    models.Index(fields=["tenant", "language"], name="voice_agent_voices_language"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "provider", "provider_voice_id"),
                        name="voice_agent_voices_provider_key",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voice_sample_url", ""), ("voice_sample_url__regex", "^https?://"), _connector="OR"
                        ),
                        name="voice_agent_voices_voice_sample_url_web",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_agent_voices_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("gender__in", ["female", "male", "neutral"])),
                        name="voice_agent_voices_gender_valid",
                    ),
                    TableRule(
                        name="voice_agent_voices_row_security",
                        create="""
                        ALTER TABLE "voice_agent_voices" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_agent_voices" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_agent_voices" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_agent_voices" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_agent_voices" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_agent_voices" TO lad_app;
                        CREATE POLICY "tenant_read" ON "voice_agent_voices" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "voice_agent_voices" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "voice_agent_voices" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "voice_agent_voices" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_agent_voices";
                        DROP POLICY IF EXISTS "tenant_read" ON "voice_agent_voices";
                        DROP POLICY IF EXISTS "tenant_insert" ON "voice_agent_voices";
                        DROP POLICY IF EXISTS "tenant_update" ON "voice_agent_voices";
                        DROP POLICY IF EXISTS "tenant_delete" ON "voice_agent_voices";
                        REVOKE ALL ON "voice_agent_voices" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_agent_voices_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_agent_voices" ADD CONSTRAINT "voice_agent_voices_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_voices" DROP CONSTRAINT IF EXISTS "voice_agent_voices_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_agent_voices_keep_tenant",
                        create="""
                        CREATE TRIGGER "voice_agent_voices_keep_tenant" BEFORE UPDATE OF tenant_id ON "voice_agent_voices"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_voices_keep_tenant" ON "voice_agent_voices"',
                    ),
                    TableRule(
                        name="voice_agent_voices_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_agent_voices_touch_updated_at" BEFORE UPDATE ON "voice_agent_voices"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_voices_touch_updated_at" ON "voice_agent_voices"',
                    ),
                    TableRule(
                        name="voice_agent_voices_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_agent_voices_audit_insert" AFTER INSERT ON "voice_agent_voices" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_voices_audit_insert" ON "voice_agent_voices"',
                    ),
                    TableRule(
                        name="voice_agent_voices_audit_update",
                        create="""
                        CREATE TRIGGER "voice_agent_voices_audit_update" AFTER UPDATE ON "voice_agent_voices" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_voices_audit_update" ON "voice_agent_voices"',
                    ),
                    TableRule(
                        name="voice_agent_voices_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_agent_voices_audit_delete" AFTER DELETE ON "voice_agent_voices" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_voices_audit_delete" ON "voice_agent_voices"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceAgent",
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
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("name", models.CharField(max_length=255)),
                ("agent_instructions", models.TextField(db_default="")),
                ("system_instructions", models.TextField(db_default="")),
                ("outbound_starter_prompt", models.TextField(db_default="")),
                ("inbound_starter_prompt", models.TextField(db_default="")),
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
                ("gender", models.CharField(max_length=20, null=True)),
                ("language", models.CharField(db_default="en", max_length=10)),
            ],
            options={
                "db_table": "voice_agents",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agents_newest"),
                    models.Index(fields=["tenant", "name"], name="voice_agents_name"),
                    models.Index(fields=["tenant", "voice"], name="voice_agents_voice"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^\\s*$"), _negated=True), name="voice_agents_name_given"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_agents_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("gender__in", ["female", "male", "neutral"])),
                        name="voice_agents_gender_valid",
                    ),
                    TableRule(
                        name="voice_agents_row_security",
                        create="""
                        ALTER TABLE "voice_agents" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_agents" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_agents" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_agents" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_agents" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_agents" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_agents" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_agents";
                        DROP POLICY IF EXISTS "tenant" ON "voice_agents";
                        REVOKE ALL ON "voice_agents" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_agents_voice_fkey",
                        create="""
                        ALTER TABLE "voice_agents" ADD CONSTRAINT "voice_agents_voice_fkey"
                        FOREIGN KEY ("voice_id") REFERENCES "voice_agent_voices" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agents" DROP CONSTRAINT IF EXISTS "voice_agents_voice_fkey"',
                    ),
                    TableRule(
                        name="voice_agents_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_agents" ADD CONSTRAINT "voice_agents_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agents" DROP CONSTRAINT IF EXISTS "voice_agents_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_agents_voice_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_agents_voice_shared_or_own" BEFORE INSERT OR UPDATE OF voice_id, tenant_id ON "voice_agents"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('voice_id', 'tenant_id', 'voice_agent_voices', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agents_voice_shared_or_own" ON "voice_agents"',
                    ),
                    TableRule(
                        name="voice_agents_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_agents_touch_updated_at" BEFORE UPDATE ON "voice_agents"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agents_touch_updated_at" ON "voice_agents"',
                    ),
                    TableRule(
                        name="voice_agents_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_agents_audit_insert" AFTER INSERT ON "voice_agents" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agents_audit_insert" ON "voice_agents"',
                    ),
                    TableRule(
                        name="voice_agents_audit_update",
                        create="""
                        CREATE TRIGGER "voice_agents_audit_update" AFTER UPDATE ON "voice_agents" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agents_audit_update" ON "voice_agents"',
                    ),
                    TableRule(
                        name="voice_agents_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_agents_audit_delete" AFTER DELETE ON "voice_agents" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agents_audit_delete" ON "voice_agents"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceNumber",
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
                ("country_code", models.CharField(max_length=10)),
                ("base_number", models.BigIntegerField()),
                ("leading_zeros", models.PositiveSmallIntegerField(db_default=0)),
                ("provider", models.CharField(default="custom", max_length=50)),
                ("status", models.CharField(db_default="active", max_length=20)),
                (
                    "default_agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voiceagent",
                    ),
                ),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_agent_numbers",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agent_numbers_newest"),
                    models.Index(fields=["tenant", "status"], name="voice_agent_numbers_status"),
                    models.Index(fields=["tenant", "default_agent"], name="voice_agent_numbers_agent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "country_code", "base_number", "leading_zeros"),
                        name="voice_agent_numbers_number_key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("base_number__gt", 0),
                            ("base_number__lt", 1000000000000000),
                            ("country_code__regex", "^\\+[1-9][0-9]{0,2}$"),
                            ("leading_zeros__lte", 3),
                        ),
                        name="voice_agent_numbers_phone",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_agent_numbers_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "inactive"])),
                        name="voice_agent_numbers_status_valid",
                    ),
                    TableRule(
                        name="voice_agent_numbers_row_security",
                        create="""
                        ALTER TABLE "voice_agent_numbers" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_agent_numbers" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_agent_numbers" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_agent_numbers" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_agent_numbers" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_agent_numbers" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_agent_numbers" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_agent_numbers";
                        DROP POLICY IF EXISTS "tenant" ON "voice_agent_numbers";
                        REVOKE ALL ON "voice_agent_numbers" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_agent_numbers_default_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_agent_numbers" ADD CONSTRAINT "voice_agent_numbers_default_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "default_agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_numbers" DROP CONSTRAINT IF EXISTS "voice_agent_numbers_default_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_agent_numbers_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_agent_numbers" ADD CONSTRAINT "voice_agent_numbers_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_agent_numbers" DROP CONSTRAINT IF EXISTS "voice_agent_numbers_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_agent_numbers_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_agent_numbers_touch_updated_at" BEFORE UPDATE ON "voice_agent_numbers"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_numbers_touch_updated_at" ON "voice_agent_numbers"',
                    ),
                    TableRule(
                        name="voice_agent_numbers_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_agent_numbers_audit_insert" AFTER INSERT ON "voice_agent_numbers" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_numbers_audit_insert" ON "voice_agent_numbers"',
                    ),
                    TableRule(
                        name="voice_agent_numbers_audit_update",
                        create="""
                        CREATE TRIGGER "voice_agent_numbers_audit_update" AFTER UPDATE ON "voice_agent_numbers" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_numbers_audit_update" ON "voice_agent_numbers"',
                    ),
                    TableRule(
                        name="voice_agent_numbers_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_agent_numbers_audit_delete" AFTER DELETE ON "voice_agent_numbers" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_agent_numbers_audit_delete" ON "voice_agent_numbers"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallBatch",
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
                    "initiated_by_user",
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
                    "agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voiceagent",
                    ),
                ),
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
                (
                    "from_number",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voicenumber",
                    ),
                ),
                ("job_id", models.CharField(max_length=100)),
                ("status", models.CharField(db_default="queued", max_length=20)),
                ("total_calls", models.PositiveIntegerField(db_default=0)),
                ("completed_calls", models.PositiveIntegerField(db_default=0)),
                ("failed_calls", models.PositiveIntegerField(db_default=0)),
                ("scheduled_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_call_batches",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_batches_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="voice_call_batches_status",
                    ),
                    models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_batches_agent"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("status", "queued")),
                        fields=["tenant", "scheduled_at"],
                        name="voice_call_batches_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "job_id"), name="voice_call_batches_job_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_calls__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("completed_calls"), "+", models.F("failed_calls")
                                ),
                            )
                        ),
                        name="voice_call_batches_counters",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("finished_at__gte", models.F("started_at"))),
                        name="voice_call_batches_finished_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False),
                                ("status__in", ("completed", "failed", "cancelled", "stopped")),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ("completed", "failed", "cancelled", "stopped")), _negated=True
                                ),
                                ("finished_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="voice_call_batches_finished_when_over",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "running"), _negated=True),
                            ("started_at__isnull", False),
                            _connector="OR",
                        ),
                        name="voice_call_batches_running_started",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_call_batches_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["queued", "running", "completed", "failed", "cancelled", "stopped"])
                        ),
                        name="voice_call_batches_status_valid",
                    ),
                    TableRule(
                        name="voice_call_batches_row_security",
                        create="""
                        ALTER TABLE "voice_call_batches" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_batches" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_batches" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_batches" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_batches" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_call_batches" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_batches" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_batches";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_batches";
                        REVOKE ALL ON "voice_call_batches" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_batches_initiated_by_user_fkey",
                        create="""
                        ALTER TABLE "voice_call_batches" ADD CONSTRAINT "voice_call_batches_initiated_by_user_fkey"
                        FOREIGN KEY ("initiated_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("initiated_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batches" DROP CONSTRAINT IF EXISTS "voice_call_batches_initiated_by_user_fkey"',
                    ),
                    TableRule(
                        name="voice_call_batches_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batches" ADD CONSTRAINT "voice_call_batches_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batches" DROP CONSTRAINT IF EXISTS "voice_call_batches_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batches_voice_fkey",
                        create="""
                        ALTER TABLE "voice_call_batches" ADD CONSTRAINT "voice_call_batches_voice_fkey"
                        FOREIGN KEY ("voice_id") REFERENCES "voice_agent_voices" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batches" DROP CONSTRAINT IF EXISTS "voice_call_batches_voice_fkey"',
                    ),
                    TableRule(
                        name="voice_call_batches_from_number_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batches" ADD CONSTRAINT "voice_call_batches_from_number_same_tenant"
                        FOREIGN KEY ("tenant_id", "from_number_id") REFERENCES "voice_agent_numbers" ("tenant_id", "id")
                        ON DELETE SET NULL ("from_number_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batches" DROP CONSTRAINT IF EXISTS "voice_call_batches_from_number_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batches_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_batches" ADD CONSTRAINT "voice_call_batches_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batches" DROP CONSTRAINT IF EXISTS "voice_call_batches_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_batches_voice_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_call_batches_voice_shared_or_own" BEFORE INSERT OR UPDATE OF voice_id, tenant_id ON "voice_call_batches"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('voice_id', 'tenant_id', 'voice_agent_voices', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_batches_voice_shared_or_own" ON "voice_call_batches"',
                    ),
                    TableRule(
                        name="voice_call_batches_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_batches_touch_updated_at" BEFORE UPDATE ON "voice_call_batches"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_batches_touch_updated_at" ON "voice_call_batches"',
                    ),
                    TableRule(
                        name="voice_call_batches_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_call_batches_audit_insert" AFTER INSERT ON "voice_call_batches" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_batches_audit_insert" ON "voice_call_batches"',
                    ),
                    TableRule(
                        name="voice_call_batches_audit_update",
                        create="""
                        CREATE TRIGGER "voice_call_batches_audit_update" AFTER UPDATE ON "voice_call_batches" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_batches_audit_update" ON "voice_call_batches"',
                    ),
                    TableRule(
                        name="voice_call_batches_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_call_batches_audit_delete" AFTER DELETE ON "voice_call_batches" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_batches_audit_delete" ON "voice_call_batches"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallLog",
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
                    "initiated_by_user",
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
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
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
                (
                    "from_number",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voicenumber",
                    ),
                ),
                ("to_country_code", models.CharField(max_length=10)),
                ("to_base_number", models.BigIntegerField()),
                ("to_leading_zeros", models.PositiveSmallIntegerField(db_default=0)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "campaign_lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaignlead",
                    ),
                ),
                (
                    "campaign_step",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaignstep",
                    ),
                ),
                ("status", models.CharField(db_default="pending", max_length=50)),
                ("direction", models.CharField(db_default="outbound", max_length=20)),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("duration_seconds", models.PositiveIntegerField(db_default=0)),
                ("recording_url", models.CharField(db_default="", max_length=4000)),
                ("transcripts", models.JSONField(db_default=[])),
                ("cost", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("currency", models.CharField(db_default="USD", max_length=10)),
                ("cost_breakdown", models.JSONField(db_default=[])),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_call_logs",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_logs_newest"),
                    models.Index(fields=["tenant", "status", "-created_at"], name="voice_call_logs_status"),
                    models.Index(fields=["tenant", "direction", "-created_at"], name="voice_call_logs_direction"),
                    models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_logs_agent"),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)),
                        fields=["tenant", "lead", "-created_at"],
                        name="voice_call_logs_lead",
                    ),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False)),
                        fields=["tenant", "campaign", "-created_at"],
                        name="voice_call_logs_campaign",
                    ),
                    models.Index(
                        condition=models.Q(("campaign_lead__isnull", False)),
                        fields=["tenant", "campaign_lead"],
                        name="voice_call_logs_campaign_lead",
                    ),
                    models.Index(fields=["tenant", "to_base_number"], name="voice_call_logs_number"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to_base_number__gt", 0),
                            ("to_base_number__lt", 1000000000000000),
                            ("to_country_code__regex", "^\\+[1-9][0-9]{0,2}$"),
                            ("to_leading_zeros__lte", 3),
                        ),
                        name="voice_call_logs_phone",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recording_url", ""), ("recording_url__regex", "^https?://"), _connector="OR"
                        ),
                        name="voice_call_logs_recording_url_web",
                    ),
                    models.CheckConstraint(condition=models.Q(("cost__gte", 0)), name="voice_call_logs_cost_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__gte", models.F("started_at"))),
                        name="voice_call_logs_ends_after_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True),
                            ("status__in", ("ended", "declined", "cancelled", "failed")),
                            _connector="OR",
                        ),
                        name="voice_call_logs_ended_when_over",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("started_at__isnull", True),
                            ("ended_at__isnull", True),
                            ("ended_at__lt", models.F("started_at")),
                            (
                                "duration_seconds__lte",
                                models.Func(
                                    models.F("ended_at"),
                                    models.F("started_at"),
                                    arg_joiner=" - ",
                                    function=None,
                                    output_field=models.IntegerField(),
                                    template="CEIL(EXTRACT(EPOCH FROM (%(expressions)s)))",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="voice_call_logs_duration_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("campaign__isnull", False),
                            models.Q(("campaign_lead__isnull", True), ("campaign_step__isnull", True)),
                            _connector="OR",
                        ),
                        name="voice_call_logs_campaign_named",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="voice_call_logs_currency_code"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_call_logs_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["pending", "ringing", "ongoing", "ended", "declined", "cancelled", "failed"],
                            )
                        ),
                        name="voice_call_logs_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["outbound", "inbound"])),
                        name="voice_call_logs_direction_valid",
                    ),
                    TableRule(
                        name="voice_call_logs_campaign_lead_same_campaign",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_campaign_lead_same_campaign"
                        FOREIGN KEY ("tenant_id", "campaign_id", "campaign_lead_id") REFERENCES "campaign_leads" ("tenant_id", "campaign_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_campaign_lead_same_campaign"',
                    ),
                    TableRule(
                        name="voice_call_logs_campaign_step_same_campaign",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_campaign_step_same_campaign"
                        FOREIGN KEY ("tenant_id", "campaign_id", "campaign_step_id") REFERENCES "campaign_steps" ("tenant_id", "campaign_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_campaign_step_same_campaign"',
                    ),
                    TableRule(
                        name="voice_call_logs_row_security",
                        create="""
                        ALTER TABLE "voice_call_logs" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_logs" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_logs" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_logs" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_logs" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_logs" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_logs" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_logs";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_logs";
                        REVOKE ALL ON "voice_call_logs" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_logs_initiated_by_user_fkey",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_initiated_by_user_fkey"
                        FOREIGN KEY ("initiated_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("initiated_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_initiated_by_user_fkey"',
                    ),
                    TableRule(
                        name="voice_call_logs_lead_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_lead_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_logs_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_logs_from_number_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_from_number_same_tenant"
                        FOREIGN KEY ("tenant_id", "from_number_id") REFERENCES "voice_agent_numbers" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_from_number_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_logs_campaign_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_logs_campaign_lead_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_campaign_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_lead_id") REFERENCES "campaign_leads" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_campaign_lead_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_logs_campaign_step_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_campaign_step_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_step_id") REFERENCES "campaign_steps" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_campaign_step_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_logs_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_logs" ADD CONSTRAINT "voice_call_logs_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_logs" DROP CONSTRAINT IF EXISTS "voice_call_logs_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_logs_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_logs_touch_updated_at" BEFORE UPDATE ON "voice_call_logs"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_logs_touch_updated_at" ON "voice_call_logs"',
                    ),
                    TableRule(
                        name="voice_call_logs_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_call_logs_audit_insert" AFTER INSERT ON "voice_call_logs" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_logs_audit_insert" ON "voice_call_logs"',
                    ),
                    TableRule(
                        name="voice_call_logs_audit_update",
                        create="""
                        CREATE TRIGGER "voice_call_logs_audit_update" AFTER UPDATE ON "voice_call_logs" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_logs_audit_update" ON "voice_call_logs"',
                    ),
                    TableRule(
                        name="voice_call_logs_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_call_logs_audit_delete" AFTER DELETE ON "voice_call_logs" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_logs_audit_delete" ON "voice_call_logs"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallAnalysis",
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
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("summary", models.TextField(db_default="")),
                ("sentiment", models.CharField(max_length=20, null=True)),
                ("lead_category", models.CharField(max_length=50, null=True)),
                ("disposition", models.CharField(max_length=50, null=True)),
                ("recommended_action", models.TextField(db_default="")),
                ("engagement_level", models.CharField(max_length=20, null=True)),
                ("key_points", models.JSONField(db_default=[])),
                ("prospect_questions", models.JSONField(db_default=[])),
                ("prospect_concerns", models.JSONField(db_default=[])),
                ("stages_reached", models.JSONField(db_default=[])),
                ("lead_extraction", models.JSONField(db_default={})),
                ("raw_analysis", models.JSONField(db_default={})),
                ("cost", models.DecimalField(db_default=0, decimal_places=6, max_digits=18)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_call_analysis",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_analysis_newest"),
                    models.Index(fields=["tenant", "sentiment", "-created_at"], name="voice_call_analysis_sentiment"),
                    models.Index(
                        fields=["tenant", "lead_category", "-created_at"], name="voice_call_analysis_category"
                    ),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)),
                        fields=["tenant", "lead", "-created_at"],
                        name="voice_call_analysis_lead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "call_log"), name="voice_call_analysis_call_key"),
                    models.CheckConstraint(
                        condition=models.Q(("cost__gte", 0)), name="voice_call_analysis_cost_positive"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_call_analysis_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("sentiment__in", ["very_interested", "positive", "neutral", "negative"])),
                        name="voice_call_analysis_sentiment_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lead_category__in", ["Hot Lead", "Warm Lead", "Cold Lead"])),
                        name="voice_call_analysis_lead_category_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "disposition__in",
                                [
                                    "PROCEED IMMEDIATELY",
                                    "FOLLOW UP IN 3 DAYS",
                                    "FOLLOW UP IN 7 DAYS",
                                    "NURTURE (7 DAYS)",
                                    "DON'T PURSUE",
                                ],
                            )
                        ),
                        name="voice_call_analysis_disposition_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("engagement_level__in", ["high", "medium", "low"])),
                        name="voice_call_analysis_engagement_level_valid",
                    ),
                    TableRule(
                        name="voice_call_analysis_row_security",
                        create="""
                        ALTER TABLE "voice_call_analysis" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_analysis" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_analysis" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_analysis" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_analysis" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_analysis" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_analysis" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_analysis";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_analysis";
                        REVOKE ALL ON "voice_call_analysis" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_analysis_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_analysis" ADD CONSTRAINT "voice_call_analysis_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis" DROP CONSTRAINT IF EXISTS "voice_call_analysis_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_analysis_lead_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_analysis" ADD CONSTRAINT "voice_call_analysis_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE SET NULL ("lead_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis" DROP CONSTRAINT IF EXISTS "voice_call_analysis_lead_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_analysis_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_analysis" ADD CONSTRAINT "voice_call_analysis_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis" DROP CONSTRAINT IF EXISTS "voice_call_analysis_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_analysis_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_touch_updated_at" BEFORE UPDATE ON "voice_call_analysis"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_touch_updated_at" ON "voice_call_analysis"',
                    ),
                    TableRule(
                        name="voice_call_analysis_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_audit_insert" AFTER INSERT ON "voice_call_analysis" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_audit_insert" ON "voice_call_analysis"',
                    ),
                    TableRule(
                        name="voice_call_analysis_audit_update",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_audit_update" AFTER UPDATE ON "voice_call_analysis" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_audit_update" ON "voice_call_analysis"',
                    ),
                    TableRule(
                        name="voice_call_analysis_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_audit_delete" AFTER DELETE ON "voice_call_analysis" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_audit_delete" ON "voice_call_analysis"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallBatchEntry",
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
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.callbatch",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("to_phone", models.CharField(max_length=50)),
                ("status", models.CharField(db_default="queued", max_length=30)),
                ("error_message", models.TextField(db_default="")),
                ("retry_count", models.PositiveSmallIntegerField(db_default=0)),
                (
                    "call_log",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.calllog",
                    ),
                ),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_call_batch_entries",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_batch_entry_newest"),
                    models.Index(fields=["tenant", "batch", "-created_at"], name="voice_call_batch_entry_batch"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "batch", "status", "retry_count"],
                        name="voice_call_batch_entry_status",
                    ),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)),
                        fields=["tenant", "lead", "-created_at"],
                        name="voice_call_batch_entry_lead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "batch", "to_phone"),
                        name="voice_call_batch_entries_phone_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "call_log"), name="voice_call_batch_entries_call_key"),
                    models.CheckConstraint(
                        condition=models.Q(("to_phone__regex", "^\\+[1-9][0-9]{4,14}$")),
                        name="voice_call_batch_entries_phone",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("retry_count__lte", 10)), name="voice_call_batch_entries_retries"
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_call_batch_entries_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["queued", "running", "dispatched", "completed", "failed", "declined", "cancelled"],
                            )
                        ),
                        name="voice_call_batch_entries_status_valid",
                    ),
                    TableRule(
                        name="voice_call_batch_entries_row_security",
                        create="""
                        ALTER TABLE "voice_call_batch_entries" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_batch_entries" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_batch_entries" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_batch_entries" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_batch_entries" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_call_batch_entries" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_batch_entries" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_batch_entries";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_batch_entries";
                        REVOKE ALL ON "voice_call_batch_entries" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_batch_entries_batch_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batch_entries" ADD CONSTRAINT "voice_call_batch_entries_batch_same_tenant"
                        FOREIGN KEY ("tenant_id", "batch_id") REFERENCES "voice_call_batches" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_entries" DROP CONSTRAINT IF EXISTS "voice_call_batch_entries_batch_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batch_entries_lead_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batch_entries" ADD CONSTRAINT "voice_call_batch_entries_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE SET NULL ("lead_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_entries" DROP CONSTRAINT IF EXISTS "voice_call_batch_entries_lead_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batch_entries_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_batch_entries" ADD CONSTRAINT "voice_call_batch_entries_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_entries" DROP CONSTRAINT IF EXISTS "voice_call_batch_entries_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_batch_entries_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_batch_entries" ADD CONSTRAINT "voice_call_batch_entries_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_batch_entries" DROP CONSTRAINT IF EXISTS "voice_call_batch_entries_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_batch_entries_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_batch_entries_touch_updated_at" BEFORE UPDATE ON "voice_call_batch_entries"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_batch_entries_touch_updated_at" ON "voice_call_batch_entries"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoicePermission",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "number",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voicenumber",
                    ),
                ),
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
                ("is_active", models.BooleanField(db_default=True)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_permissions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_permissions_newest"),
                    models.Index(fields=["tenant", "number"], name="voice_permissions_number"),
                    models.Index(fields=["tenant", "voice"], name="voice_permissions_voice"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__isnull", False), ("voice__isnull", False), _connector="OR"),
                        name="voice_permissions_target",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "user", "number", "voice"),
                        name="voice_permissions_target_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_permissions_tenant_id_key"),
                    TableRule(
                        name="voice_permissions_row_security",
                        create="""
                        ALTER TABLE "voice_permissions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_permissions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_permissions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_permissions" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_permissions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_permissions" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_permissions" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_permissions";
                        DROP POLICY IF EXISTS "tenant" ON "voice_permissions";
                        REVOKE ALL ON "voice_permissions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_permissions_user_fkey",
                        create="""
                        ALTER TABLE "voice_permissions" ADD CONSTRAINT "voice_permissions_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_permissions" DROP CONSTRAINT IF EXISTS "voice_permissions_user_fkey"',
                    ),
                    TableRule(
                        name="voice_permissions_user_same_tenant",
                        create="""
                        ALTER TABLE "voice_permissions" ADD CONSTRAINT "voice_permissions_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_permissions" DROP CONSTRAINT IF EXISTS "voice_permissions_user_same_tenant"',
                    ),
                    TableRule(
                        name="voice_permissions_number_same_tenant",
                        create="""
                        ALTER TABLE "voice_permissions" ADD CONSTRAINT "voice_permissions_number_same_tenant"
                        FOREIGN KEY ("tenant_id", "number_id") REFERENCES "voice_agent_numbers" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_permissions" DROP CONSTRAINT IF EXISTS "voice_permissions_number_same_tenant"',
                    ),
                    TableRule(
                        name="voice_permissions_voice_fkey",
                        create="""
                        ALTER TABLE "voice_permissions" ADD CONSTRAINT "voice_permissions_voice_fkey"
                        FOREIGN KEY ("voice_id") REFERENCES "voice_agent_voices" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_permissions" DROP CONSTRAINT IF EXISTS "voice_permissions_voice_fkey"',
                    ),
                    TableRule(
                        name="voice_permissions_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_permissions" ADD CONSTRAINT "voice_permissions_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_permissions" DROP CONSTRAINT IF EXISTS "voice_permissions_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_permissions_voice_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_permissions_voice_shared_or_own" BEFORE INSERT OR UPDATE OF voice_id, tenant_id ON "voice_permissions"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('voice_id', 'tenant_id', 'voice_agent_voices', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_permissions_voice_shared_or_own" ON "voice_permissions"',
                    ),
                    TableRule(
                        name="voice_permissions_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_permissions_touch_updated_at" BEFORE UPDATE ON "voice_permissions"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_permissions_touch_updated_at" ON "voice_permissions"',
                    ),
                    TableRule(
                        name="voice_permissions_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_permissions_audit_insert" AFTER INSERT ON "voice_permissions" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_permissions_audit_insert" ON "voice_permissions"',
                    ),
                    TableRule(
                        name="voice_permissions_audit_update",
                        create="""
                        CREATE TRIGGER "voice_permissions_audit_update" AFTER UPDATE ON "voice_permissions" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_permissions_audit_update" ON "voice_permissions"',
                    ),
                    TableRule(
                        name="voice_permissions_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_permissions_audit_delete" AFTER DELETE ON "voice_permissions" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_permissions_audit_delete" ON "voice_permissions"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceProfile",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "default_agent",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voiceagent",
                    ),
                ),
                (
                    "default_number",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voicenumber",
                    ),
                ),
                ("preferences", models.JSONField(db_default={})),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "voice_user_profiles",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="voice_user_profiles_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "user"),
                        name="voice_user_profiles_user_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_user_profiles_tenant_id_key"),
                    TableRule(
                        name="voice_user_profiles_row_security",
                        create="""
                        ALTER TABLE "voice_user_profiles" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_user_profiles" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_user_profiles" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_user_profiles" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_user_profiles" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "voice_user_profiles" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_user_profiles" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_user_profiles";
                        DROP POLICY IF EXISTS "tenant" ON "voice_user_profiles";
                        REVOKE ALL ON "voice_user_profiles" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_user_profiles_user_fkey",
                        create="""
                        ALTER TABLE "voice_user_profiles" ADD CONSTRAINT "voice_user_profiles_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_user_profiles" DROP CONSTRAINT IF EXISTS "voice_user_profiles_user_fkey"',
                    ),
                    TableRule(
                        name="voice_user_profiles_user_same_tenant",
                        create="""
                        ALTER TABLE "voice_user_profiles" ADD CONSTRAINT "voice_user_profiles_user_same_tenant"
                        FOREIGN KEY ("tenant_id", "user_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_user_profiles" DROP CONSTRAINT IF EXISTS "voice_user_profiles_user_same_tenant"',
                    ),
                    TableRule(
                        name="voice_user_profiles_default_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_user_profiles" ADD CONSTRAINT "voice_user_profiles_default_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "default_agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE SET NULL ("default_agent_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_user_profiles" DROP CONSTRAINT IF EXISTS "voice_user_profiles_default_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_user_profiles_default_number_same_tenant",
                        create="""
                        ALTER TABLE "voice_user_profiles" ADD CONSTRAINT "voice_user_profiles_default_number_same_tenant"
                        FOREIGN KEY ("tenant_id", "default_number_id") REFERENCES "voice_agent_numbers" ("tenant_id", "id")
                        ON DELETE SET NULL ("default_number_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_user_profiles" DROP CONSTRAINT IF EXISTS "voice_user_profiles_default_number_same_tenant"',
                    ),
                    TableRule(
                        name="voice_user_profiles_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_user_profiles" ADD CONSTRAINT "voice_user_profiles_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_user_profiles" DROP CONSTRAINT IF EXISTS "voice_user_profiles_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_user_profiles_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_user_profiles_touch_updated_at" BEFORE UPDATE ON "voice_user_profiles"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_user_profiles_touch_updated_at" ON "voice_user_profiles"',
                    ),
                    TableRule(
                        name="voice_user_profiles_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_user_profiles_audit_insert" AFTER INSERT ON "voice_user_profiles" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_user_profiles_audit_insert" ON "voice_user_profiles"',
                    ),
                    TableRule(
                        name="voice_user_profiles_audit_update",
                        create="""
                        CREATE TRIGGER "voice_user_profiles_audit_update" AFTER UPDATE ON "voice_user_profiles" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_user_profiles_audit_update" ON "voice_user_profiles"',
                    ),
                    TableRule(
                        name="voice_user_profiles_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_user_profiles_audit_delete" AFTER DELETE ON "voice_user_profiles" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_user_profiles_audit_delete" ON "voice_user_profiles"',
                    ),
                ],
            },
        ),
    ]
