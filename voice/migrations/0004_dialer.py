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
        ("leads", "0010_employee_matched_at"),
        ("tenants", "0014_booking_link"),
        ("voice", "0003_analysis_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CallPlacement",
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
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.callbatch",
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.callbatchentry",
                    ),
                ),
                (
                    "booking",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.leadbooking",
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
                    "carrier_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.carrieraccount",
                    ),
                ),
                ("to_phone", models.CharField(max_length=50)),
                ("purpose", models.CharField(db_default="outreach", max_length=20)),
                ("state", models.CharField(db_default="queued", max_length=20)),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("asked_at", models.DateTimeField(null=True)),
                ("placed_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(null=True)),
                ("looks", models.PositiveIntegerField(db_default=0)),
                ("hang_up_asked_at", models.DateTimeField(null=True)),
                ("reference", models.CharField(db_default="", max_length=200)),
                ("carrier_call_id", models.CharField(db_default="", max_length=200)),
                ("answered", models.BooleanField(db_default=False)),
                ("answered_at", models.DateTimeField(null=True)),
                ("answered_by", models.CharField(db_default="", max_length=30)),
                ("cause", models.CharField(db_default="", max_length=200)),
                ("if_answered", models.CharField(db_default="", max_length=20)),
                ("if_unanswered", models.CharField(db_default="", max_length=20)),
                ("hold_id", models.UUIDField(null=True)),
                ("decision", models.JSONField(db_default={})),
                ("facts", models.JSONField(db_default={})),
                ("error", models.TextField(db_default="")),
            ],
            options={
                "db_table": "voice_call_placements",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_placements_newest"),
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["tenant", "due_at", "created_at"],
                        name="voice_placements_due",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["placing", "placed", "unknown"])),
                        fields=["tenant", "number", "agent", "batch"],
                        name="voice_placements_open",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ["placing", "placed", "unknown"])),
                        fields=["carrier_account"],
                        name="voice_placements_account",
                    ),
                    models.Index(
                        condition=models.Q(("state", "placing")), fields=["lease_until"], name="voice_placements_leased"
                    ),
                    models.Index(
                        condition=models.Q(("look_at__isnull", False)), fields=["look_at"], name="voice_placements_look"
                    ),
                    models.Index(fields=["tenant", "batch", "state"], name="voice_placements_batch"),
                    models.Index(
                        condition=models.Q(("entry__isnull", False)),
                        fields=["tenant", "entry"],
                        name="voice_placements_entry",
                    ),
                    models.Index(
                        condition=models.Q(("booking__isnull", False)),
                        fields=["tenant", "booking"],
                        name="voice_placements_booking",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "call_log"), name="voice_call_placements_call_key"),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["placing", "placed", "unknown"])),
                        fields=("tenant", "to_phone"),
                        name="voice_call_placements_phone_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_call_placements_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "placing", "placed", "unknown", "settled"])),
                        name="voice_call_placements_state_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "answered_by__in",
                                ["human", "machine-ivr", "machine-vm", "machine-unavailable", "uncertain", ""],
                            )
                        ),
                        name="voice_call_placements_answered_by_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "if_answered__in",
                                [
                                    "answered",
                                    "voicemail",
                                    "busy",
                                    "no_answer",
                                    "declined",
                                    "cancelled",
                                    "wrong_number",
                                    "refused",
                                    "over_limit",
                                    "carrier_failed",
                                    "agent_failed",
                                    "unknown",
                                    "",
                                ],
                            )
                        ),
                        name="voice_call_placements_if_answered_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "if_unanswered__in",
                                [
                                    "answered",
                                    "voicemail",
                                    "busy",
                                    "no_answer",
                                    "declined",
                                    "cancelled",
                                    "wrong_number",
                                    "refused",
                                    "over_limit",
                                    "carrier_failed",
                                    "agent_failed",
                                    "unknown",
                                    "",
                                ],
                            )
                        ),
                        name="voice_call_placements_if_unanswered_valid",
                    ),
                    TableRule(
                        name="voice_call_placements_row_security",
                        create="""
                        ALTER TABLE "voice_call_placements" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_placements" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_placements" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_placements" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_placements" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_placements" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_placements" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_placements";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_placements";
                        REVOKE ALL ON "voice_call_placements" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_placements_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_placements_batch_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_batch_same_tenant"
                        FOREIGN KEY ("tenant_id", "batch_id") REFERENCES "voice_call_batches" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_batch_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_placements_entry_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_entry_same_tenant"
                        FOREIGN KEY ("tenant_id", "entry_id") REFERENCES "voice_call_batch_entries" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_entry_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_placements_booking_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_booking_same_tenant"
                        FOREIGN KEY ("tenant_id", "booking_id") REFERENCES "lead_bookings" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_booking_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_placements_agent_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_agent_same_tenant"
                        FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "voice_agents" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_agent_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_placements_number_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_number_same_tenant"
                        FOREIGN KEY ("tenant_id", "number_id") REFERENCES "voice_agent_numbers" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_number_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_placements_carrier_account_fkey",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_carrier_account_fkey"
                        FOREIGN KEY ("carrier_account_id") REFERENCES "carrier_accounts" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_carrier_account_fkey"',
                    ),
                    TableRule(
                        name="voice_call_placements_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_placements" ADD CONSTRAINT "voice_call_placements_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_placements" DROP CONSTRAINT IF EXISTS "voice_call_placements_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_placements_carrier_account_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_call_placements_carrier_account_shared_or_own" BEFORE INSERT OR UPDATE OF carrier_account_id, tenant_id ON "voice_call_placements"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('carrier_account_id', 'tenant_id', 'carrier_accounts', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_placements_carrier_account_shared_or_own" ON "voice_call_placements"',
                    ),
                    TableRule(
                        name="voice_call_placements_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_placements_touch_updated_at" BEFORE UPDATE ON "voice_call_placements"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_placements_touch_updated_at" ON "voice_call_placements"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CarrierReport",
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
                    "carrier_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.carrieraccount",
                    ),
                ),
                ("event_id", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=20)),
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
                ("happened_at", models.DateTimeField()),
            ],
            options={
                "db_table": "voice_carrier_reports",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_carrier_reports_newest"),
                    models.Index(fields=["tenant", "call_log"], name="voice_carrier_reports_call"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "carrier_account", "event_id"), name="voice_carrier_reports_event_key"
                    ),
                    TableRule(
                        name="voice_carrier_reports_row_security",
                        create="""
                        ALTER TABLE "voice_carrier_reports" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_carrier_reports" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_carrier_reports" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_carrier_reports" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_carrier_reports" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, DELETE ON "voice_carrier_reports" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_carrier_reports" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_carrier_reports";
                        DROP POLICY IF EXISTS "tenant" ON "voice_carrier_reports";
                        REVOKE ALL ON "voice_carrier_reports" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_carrier_reports_carrier_account_fkey",
                        create="""
                        ALTER TABLE "voice_carrier_reports" ADD CONSTRAINT "voice_carrier_reports_carrier_account_fkey"
                        FOREIGN KEY ("carrier_account_id") REFERENCES "carrier_accounts" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_carrier_reports" DROP CONSTRAINT IF EXISTS "voice_carrier_reports_carrier_account_fkey"',
                    ),
                    TableRule(
                        name="voice_carrier_reports_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_carrier_reports" ADD CONSTRAINT "voice_carrier_reports_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_carrier_reports" DROP CONSTRAINT IF EXISTS "voice_carrier_reports_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_carrier_reports_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_carrier_reports" ADD CONSTRAINT "voice_carrier_reports_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_carrier_reports" DROP CONSTRAINT IF EXISTS "voice_carrier_reports_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_carrier_reports_carrier_account_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_carrier_reports_carrier_account_shared_or_own" BEFORE INSERT OR UPDATE OF carrier_account_id, tenant_id ON "voice_carrier_reports"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('carrier_account_id', 'tenant_id', 'carrier_accounts', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_carrier_reports_carrier_account_shared_or_own" ON "voice_carrier_reports"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DialingPolicy",
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
                ("max_concurrent", models.PositiveIntegerField(db_default=10)),
                ("inbound_reserve", models.PositiveIntegerField(db_default=1)),
                ("retry_delays", models.JSONField(db_default={})),
                ("ringing_seconds", models.PositiveSmallIntegerField(db_default=45)),
                ("max_minutes", models.PositiveSmallIntegerField(db_default=30)),
                ("record_calls", models.BooleanField(db_default=True)),
                ("recording_days", models.PositiveIntegerField(db_default=90)),
                ("breaker_percent", models.PositiveSmallIntegerField(db_default=50)),
                ("breaker_minutes", models.PositiveSmallIntegerField(db_default=2)),
                ("breaker_calls", models.PositiveSmallIntegerField(db_default=5)),
            ],
            options={
                "db_table": "voice_dialing_policies",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="voice_dialing_policies_tenant_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_dialing_policies_tenant_id_key"),
                    TableRule(
                        name="voice_dialing_policies_row_security",
                        create="""
                        ALTER TABLE "voice_dialing_policies" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_dialing_policies" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_dialing_policies" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_dialing_policies" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_dialing_policies" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_dialing_policies" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_dialing_policies" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_dialing_policies";
                        DROP POLICY IF EXISTS "tenant" ON "voice_dialing_policies";
                        REVOKE ALL ON "voice_dialing_policies" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_dialing_policies_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_dialing_policies" ADD CONSTRAINT "voice_dialing_policies_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_dialing_policies" DROP CONSTRAINT IF EXISTS "voice_dialing_policies_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_dialing_policies_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_dialing_policies_touch_updated_at" BEFORE UPDATE ON "voice_dialing_policies"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_dialing_policies_touch_updated_at" ON "voice_dialing_policies"',
                    ),
                    TableRule(
                        name="voice_dialing_policies_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_dialing_policies_audit_insert" AFTER INSERT ON "voice_dialing_policies" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_dialing_policies_audit_insert" ON "voice_dialing_policies"',
                    ),
                    TableRule(
                        name="voice_dialing_policies_audit_update",
                        create="""
                        CREATE TRIGGER "voice_dialing_policies_audit_update" AFTER UPDATE ON "voice_dialing_policies" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_dialing_policies_audit_update" ON "voice_dialing_policies"',
                    ),
                    TableRule(
                        name="voice_dialing_policies_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_dialing_policies_audit_delete" AFTER DELETE ON "voice_dialing_policies" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_dialing_policies_audit_delete" ON "voice_dialing_policies"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NumberDay",
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
                    "number",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="voice.voicenumber",
                    ),
                ),
                ("day", models.DateField()),
                ("placed", models.PositiveIntegerField(db_default=0)),
                ("answered", models.PositiveIntegerField(db_default=0)),
                ("short", models.PositiveIntegerField(db_default=0)),
                ("voicemails", models.PositiveIntegerField(db_default=0)),
                ("unanswered", models.PositiveIntegerField(db_default=0)),
                ("failed", models.PositiveIntegerField(db_default=0)),
                ("complaints", models.PositiveIntegerField(db_default=0)),
                ("talk_seconds", models.PositiveBigIntegerField(db_default=0)),
            ],
            options={
                "db_table": "voice_number_days",
                "indexes": [models.Index(fields=["tenant", "day"], name="voice_number_days_day")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "number", "day"), name="voice_number_days_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_number_days_tenant_id_key"),
                    TableRule(
                        name="voice_number_days_row_security",
                        create="""
                        ALTER TABLE "voice_number_days" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_number_days" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_number_days" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_number_days" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_number_days" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_number_days" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_number_days" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_number_days";
                        DROP POLICY IF EXISTS "tenant" ON "voice_number_days";
                        REVOKE ALL ON "voice_number_days" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_number_days_number_same_tenant",
                        create="""
                        ALTER TABLE "voice_number_days" ADD CONSTRAINT "voice_number_days_number_same_tenant"
                        FOREIGN KEY ("tenant_id", "number_id") REFERENCES "voice_agent_numbers" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_number_days" DROP CONSTRAINT IF EXISTS "voice_number_days_number_same_tenant"',
                    ),
                    TableRule(
                        name="voice_number_days_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_number_days" ADD CONSTRAINT "voice_number_days_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_number_days" DROP CONSTRAINT IF EXISTS "voice_number_days_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_number_days_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_number_days_touch_updated_at" BEFORE UPDATE ON "voice_number_days"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_number_days_touch_updated_at" ON "voice_number_days"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="callbatch",
            name="max_concurrent",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="name",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="parent_batch",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="voice.callbatch",
            ),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="pause_reason",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="paused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="purpose",
            field=models.CharField(db_default="outreach", max_length=20),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="reported_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="callbatch",
            name="retry_delays",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="callbatchentry",
            name="decision",
            field=models.JSONField(db_default={}),
        ),
        migrations.AddField(
            model_name="callbatchentry",
            name="next_attempt_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="callbatchentry",
            name="outcome",
            field=models.CharField(db_default="", max_length=20),
        ),
        migrations.AddField(
            model_name="calllog",
            name="answered_by",
            field=models.CharField(db_default="", max_length=30),
        ),
        migrations.AddField(
            model_name="calllog",
            name="cause",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="calllog",
            name="outcome",
            field=models.CharField(db_default="", max_length=20),
        ),
        migrations.AddField(
            model_name="carrieraccount",
            name="inbound_reserve",
            field=models.PositiveIntegerField(db_default=0),
        ),
        migrations.AddField(
            model_name="carrieraccount",
            name="max_concurrent",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="carrieraccount",
            name="pause_reason",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="carrieraccount",
            name="paused_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="voiceagent",
            name="max_concurrent",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="voicenumber",
            name="daily_cap",
            field=models.PositiveIntegerField(db_default=100),
        ),
        migrations.AddField(
            model_name="voicenumber",
            name="max_concurrent",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="voicenumber",
            name="rest_reason",
            field=models.TextField(db_default=""),
        ),
        migrations.AddField(
            model_name="voicenumber",
            name="resting_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="callbatchentry",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("status", "queued")),
                fields=["tenant", "batch", "next_attempt_at"],
                name="voice_call_batch_entry_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(("purpose__in", ["outreach", "service"])), name="voice_call_batches_purpose_valid"
            ),
        ),
        migrations.AddConstraint(
            model_name="callbatchentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            "answered",
                            "voicemail",
                            "busy",
                            "no_answer",
                            "declined",
                            "cancelled",
                            "wrong_number",
                            "refused",
                            "over_limit",
                            "carrier_failed",
                            "agent_failed",
                            "unknown",
                            "",
                        ],
                    )
                ),
                name="voice_call_batch_entries_outcome_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="calllog",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "outcome__in",
                        [
                            "answered",
                            "voicemail",
                            "busy",
                            "no_answer",
                            "declined",
                            "cancelled",
                            "wrong_number",
                            "refused",
                            "over_limit",
                            "carrier_failed",
                            "agent_failed",
                            "unknown",
                            "",
                        ],
                    )
                ),
                name="voice_call_logs_outcome_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="calllog",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_by__in", ["human", "machine-ivr", "machine-vm", "machine-unavailable", "uncertain", ""])
                ),
                name="voice_call_logs_answered_by_valid",
            ),
        ),
        migrations.AddConstraint(
            model_name="callbatch",
            constraint=TableRule(
                name="voice_call_batches_parent_batch_same_tenant",
                create="""
                        ALTER TABLE "voice_call_batches" ADD CONSTRAINT "voice_call_batches_parent_batch_same_tenant"
                        FOREIGN KEY ("tenant_id", "parent_batch_id") REFERENCES "voice_call_batches" ("tenant_id", "id")
                        ON DELETE SET NULL ("parent_batch_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "voice_call_batches" DROP CONSTRAINT IF EXISTS "voice_call_batches_parent_batch_same_tenant"',
            ),
        ),
    ]
