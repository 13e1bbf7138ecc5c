import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("leads", "0009_prospecting"),
        ("tenants", "0014_booking_link"),
        ("voice", "0002_carriers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CallAnalysisRequest",
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
                    "requested_by_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("state", models.CharField(db_default="queued", max_length=20)),
            ],
            options={
                "db_table": "voice_call_analysis_requests",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_analysis_requests_newest"),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["next_attempt_at"],
                        name="voice_call_analysis_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "working")),
                        fields=["lease_until"],
                        name="voice_call_analysis_leased",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "call_log"), name="voice_call_analysis_requests_call_key"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "working", "failed"])),
                        name="voice_call_analysis_requests_state_valid",
                    ),
                    TableRule(
                        name="voice_call_analysis_requests_row_security",
                        create="""
                        ALTER TABLE "voice_call_analysis_requests" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_analysis_requests" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_analysis_requests" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_analysis_requests" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_analysis_requests" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_analysis_requests" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_analysis_requests" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_analysis_requests";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_analysis_requests";
                        REVOKE ALL ON "voice_call_analysis_requests" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_analysis_requests_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_analysis_requests" ADD CONSTRAINT "voice_call_analysis_requests_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis_requests" DROP CONSTRAINT IF EXISTS "voice_call_analysis_requests_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_analysis_requests_requested_by_user_fkey",
                        create="""
                        ALTER TABLE "voice_call_analysis_requests" ADD CONSTRAINT "voice_call_analysis_requests_requested_by_user_fkey"
                        FOREIGN KEY ("requested_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("requested_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis_requests" DROP CONSTRAINT IF EXISTS "voice_call_analysis_requests_requested_by_user_fkey"',
                    ),
                    TableRule(
                        name="voice_call_analysis_requests_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_analysis_requests" ADD CONSTRAINT "voice_call_analysis_requests_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis_requests" DROP CONSTRAINT IF EXISTS "voice_call_analysis_requests_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_analysis_requests_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_requests_touch_updated_at" BEFORE UPDATE ON "voice_call_analysis_requests"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_requests_touch_updated_at" ON "voice_call_analysis_requests"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallAnalysisVersion",
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
                    "analysis",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.callanalysis",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("analyser_version", models.CharField(db_default="", max_length=20)),
                ("prompt_version", models.CharField(db_default="", max_length=120)),
                ("model", models.CharField(db_default="", max_length=200)),
                ("content", models.JSONField()),
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
                "db_table": "voice_call_analysis_versions",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="voice_analysis_versions_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "analysis", "number"), name="voice_call_analysis_versions_number_key"
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_row_security",
                        create="""
                        ALTER TABLE "voice_call_analysis_versions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_analysis_versions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_analysis_versions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_analysis_versions" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_analysis_versions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, DELETE ON "voice_call_analysis_versions" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_analysis_versions" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_analysis_versions";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_analysis_versions";
                        REVOKE ALL ON "voice_call_analysis_versions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_analysis_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_analysis_versions" ADD CONSTRAINT "voice_call_analysis_versions_analysis_same_tenant"
                        FOREIGN KEY ("tenant_id", "analysis_id") REFERENCES "voice_call_analysis" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis_versions" DROP CONSTRAINT IF EXISTS "voice_call_analysis_versions_analysis_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_replaced_by_user_fkey",
                        create="""
                        ALTER TABLE "voice_call_analysis_versions" ADD CONSTRAINT "voice_call_analysis_versions_replaced_by_user_fkey"
                        FOREIGN KEY ("replaced_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("replaced_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis_versions" DROP CONSTRAINT IF EXISTS "voice_call_analysis_versions_replaced_by_user_fkey"',
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_analysis_versions" ADD CONSTRAINT "voice_call_analysis_versions_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_analysis_versions" DROP CONSTRAINT IF EXISTS "voice_call_analysis_versions_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_versions_audit_insert" AFTER INSERT ON "voice_call_analysis_versions" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_versions_audit_insert" ON "voice_call_analysis_versions"',
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_audit_update",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_versions_audit_update" AFTER UPDATE ON "voice_call_analysis_versions" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_versions_audit_update" ON "voice_call_analysis_versions"',
                    ),
                    TableRule(
                        name="voice_call_analysis_versions_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_call_analysis_versions_audit_delete" AFTER DELETE ON "voice_call_analysis_versions" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_analysis_versions_audit_delete" ON "voice_call_analysis_versions"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="analyser_version",
            field=models.CharField(db_default="", max_length=20),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="answered_by",
            field=models.CharField(max_length=30, null=True),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="do_not_call",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="evidence",
            field=models.JSONField(db_default=[]),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="follow_up_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="follow_up_zone",
            field=models.CharField(db_default="", max_length=64),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="model",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="objections",
            field=models.JSONField(db_default=[]),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="outcome",
            field=models.CharField(max_length=30, null=True),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="prompt_version",
            field=models.CharField(db_default="", max_length=120),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="reason",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="skipped_reason",
            field=models.CharField(max_length=30, null=True),
        ),
        migrations.AddField(
            model_name="callanalysis",
            name="version",
            field=models.PositiveIntegerField(db_default=1),
        ),
        migrations.AddField(
            model_name="voiceagent",
            name="analysis_fields",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddConstraint(
            model_name="callanalysis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            "meeting_booked",
                            "interested",
                            "information_requested",
                            "callback_requested",
                            "undecided",
                            "not_interested",
                            "do_not_call",
                            "wrong_person",
                            "gatekeeper",
                            "already_customer",
                            "voicemail",
                            "ivr",
                            "no_conversation",
                        ],
                    )
                ),
                name="voice_call_analysis_outcome_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="callanalysis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_by__in", ["human", "machine-ivr", "machine-vm", "machine-unavailable", "uncertain"])
                ),
                name="voice_call_analysis_answered_by_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="callanalysis",
            constraint=models.CheckConstraint(
                condition=models.Q(("skipped_reason__in", ["no_transcript", "too_short", "no_consent"])),
                name="voice_call_analysis_skipped_reason_valid",
            ),
        ),
    ]
