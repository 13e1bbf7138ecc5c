import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
        ("voice", "0006_follow_ups"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CallRecording",
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
                ("state", models.CharField(db_default="queued", max_length=20)),
                ("file_key", models.TextField(db_default="")),
                ("media_type", models.CharField(db_default="", max_length=100)),
                ("size", models.BigIntegerField(db_default=0)),
                ("checksum", models.CharField(db_default="", max_length=64)),
                ("duration_seconds", models.PositiveIntegerField(null=True)),
                ("stored_at", models.DateTimeField(null=True)),
                ("erase_at", models.DateTimeField(null=True)),
                ("erased_at", models.DateTimeField(null=True)),
                (
                    "erased_by_user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("erased_reason", models.CharField(db_default="", max_length=200)),
            ],
            options={
                "db_table": "voice_call_recordings",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_recordings_newest"),
                    models.Index(
                        condition=models.Q(("state", "queued")), fields=["next_attempt_at"], name="voice_recordings_due"
                    ),
                    models.Index(
                        condition=models.Q(("state", "fetching")),
                        fields=["lease_until"],
                        name="voice_recordings_leased",
                    ),
                    models.Index(
                        condition=models.Q(("state", "stored")), fields=["erase_at"], name="voice_recordings_erase"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "call_log"), name="voice_call_recordings_call_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("checksum__regex", "^[0-9a-f]{64}$"),
                                ("erase_at__isnull", False),
                                ("size__gt", 0),
                                ("state", "stored"),
                                ("stored_at__isnull", False),
                                models.Q(("file_key", ""), _negated=True),
                            ),
                            models.Q(models.Q(("state", "stored"), _negated=True), ("file_key", "")),
                            _connector="OR",
                        ),
                        name="voice_call_recordings_stored_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("erased_at__isnull", False), ("state", "erased")),
                            models.Q(models.Q(("state", "erased"), _negated=True), ("erased_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="voice_call_recordings_erased_at",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="voice_call_recordings_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["queued", "fetching", "stored", "missing", "erased"])),
                        name="voice_call_recordings_state_valid",
                    ),
                    TableRule(
                        name="voice_call_recordings_row_security",
                        create="""
                        ALTER TABLE "voice_call_recordings" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "voice_call_recordings" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "voice_call_recordings" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_recordings" TO lad_platform;
                        CREATE POLICY "platform" ON "voice_call_recordings" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "voice_call_recordings" TO lad_app;
                        CREATE POLICY "tenant" ON "voice_call_recordings" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "voice_call_recordings";
                        DROP POLICY IF EXISTS "tenant" ON "voice_call_recordings";
                        REVOKE ALL ON "voice_call_recordings" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="voice_call_recordings_call_log_same_tenant",
                        create="""
                        ALTER TABLE "voice_call_recordings" ADD CONSTRAINT "voice_call_recordings_call_log_same_tenant"
                        FOREIGN KEY ("tenant_id", "call_log_id") REFERENCES "voice_call_logs" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_recordings" DROP CONSTRAINT IF EXISTS "voice_call_recordings_call_log_same_tenant"',
                    ),
                    TableRule(
                        name="voice_call_recordings_carrier_account_fkey",
                        create="""
                        ALTER TABLE "voice_call_recordings" ADD CONSTRAINT "voice_call_recordings_carrier_account_fkey"
                        FOREIGN KEY ("carrier_account_id") REFERENCES "carrier_accounts" ("id")
                        ON DELETE SET NULL ("carrier_account_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_recordings" DROP CONSTRAINT IF EXISTS "voice_call_recordings_carrier_account_fkey"',
                    ),
                    TableRule(
                        name="voice_call_recordings_erased_by_user_fkey",
                        create="""
                        ALTER TABLE "voice_call_recordings" ADD CONSTRAINT "voice_call_recordings_erased_by_user_fkey"
                        FOREIGN KEY ("erased_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("erased_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_recordings" DROP CONSTRAINT IF EXISTS "voice_call_recordings_erased_by_user_fkey"',
                    ),
                    TableRule(
                        name="voice_call_recordings_tenant_fkey",
                        create="""
                        ALTER TABLE "voice_call_recordings" ADD CONSTRAINT "voice_call_recordings_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "voice_call_recordings" DROP CONSTRAINT IF EXISTS "voice_call_recordings_tenant_fkey"',
                    ),
                    TableRule(
                        name="voice_call_recordings_carrier_account_shared_or_own",
                        create="""
                        CREATE TRIGGER "voice_call_recordings_carrier_account_shared_or_own" BEFORE INSERT OR UPDATE OF carrier_account_id, tenant_id ON "voice_call_recordings"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('carrier_account_id', 'tenant_id', 'carrier_accounts', 'tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_recordings_carrier_account_shared_or_own" ON "voice_call_recordings"',
                    ),
                    TableRule(
                        name="voice_call_recordings_touch_updated_at",
                        create="""
                        CREATE TRIGGER "voice_call_recordings_touch_updated_at" BEFORE UPDATE ON "voice_call_recordings"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_recordings_touch_updated_at" ON "voice_call_recordings"',
                    ),
                    TableRule(
                        name="voice_call_recordings_audit_insert",
                        create="""
                        CREATE TRIGGER "voice_call_recordings_audit_insert" AFTER INSERT ON "voice_call_recordings" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_recordings_audit_insert" ON "voice_call_recordings"',
                    ),
                    TableRule(
                        name="voice_call_recordings_audit_update",
                        create="""
                        CREATE TRIGGER "voice_call_recordings_audit_update" AFTER UPDATE ON "voice_call_recordings" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_recordings_audit_update" ON "voice_call_recordings"',
                    ),
                    TableRule(
                        name="voice_call_recordings_audit_delete",
                        create="""
                        CREATE TRIGGER "voice_call_recordings_audit_delete" AFTER DELETE ON "voice_call_recordings" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "voice_call_recordings_audit_delete" ON "voice_call_recordings"',
                    ),
                ],
            },
        ),
    ]
