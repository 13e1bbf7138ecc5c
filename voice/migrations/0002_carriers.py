import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("tenants", "0014_booking_link"),
        ("voice", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="CarrierAccount",
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
                ("deleted_at", models.DateTimeField(null=True)),
                ("deletion_id", models.UUIDField(null=True)),
                ("name", models.CharField(max_length=100)),
                ("carrier", models.CharField(default="livekit", max_length=50)),
                ("base_url", models.CharField(db_default="", max_length=500)),
                ("key_id", models.CharField(db_default="", max_length=200)),
                ("secret", models.TextField(db_default="")),
                ("webhook_secret", models.TextField(db_default="")),
                ("agent", models.CharField(db_default="", max_length=200)),
                ("is_active", models.BooleanField(db_default=True)),
                ("status", models.CharField(db_default="untested", max_length=20)),
                ("status_reason", models.TextField(db_default="")),
                ("tested_at", models.DateTimeField(null=True)),
                ("numbers", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "carrier_accounts",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="carrier_accounts_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "name"),
                        name="carrier_accounts_name_key",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="carrier_accounts_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["untested", "connected", "refused", "unreachable"])),
                        name="carrier_accounts_status_valid",
                    ),
                    TableRule(
                        name="carrier_accounts_row_security",
                        create="""
                        ALTER TABLE "carrier_accounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "carrier_accounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "carrier_accounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "carrier_accounts" TO lad_platform;
                        CREATE POLICY "platform" ON "carrier_accounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "carrier_accounts" TO lad_app;
                        CREATE POLICY "tenant_read" ON "carrier_accounts" FOR SELECT TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL);
                        CREATE POLICY "tenant_insert" ON "carrier_accounts" FOR INSERT TO lad_app WITH CHECK (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_update" ON "carrier_accounts" FOR UPDATE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid));
                        CREATE POLICY "tenant_delete" ON "carrier_accounts" FOR DELETE TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "carrier_accounts";
                        DROP POLICY IF EXISTS "tenant_read" ON "carrier_accounts";
                        DROP POLICY IF EXISTS "tenant_insert" ON "carrier_accounts";
                        DROP POLICY IF EXISTS "tenant_update" ON "carrier_accounts";
                        DROP POLICY IF EXISTS "tenant_delete" ON "carrier_accounts";
                        REVOKE ALL ON "carrier_accounts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="carrier_accounts_tenant_fkey",
                        create="""
                        ALTER TABLE "carrier_accounts" ADD CONSTRAINT "carrier_accounts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "carrier_accounts" DROP CONSTRAINT IF EXISTS "carrier_accounts_tenant_fkey"',
                    ),
                    TableRule(
                        name="carrier_accounts_keep_tenant",
                        create="""
                        CREATE TRIGGER "carrier_accounts_keep_tenant" BEFORE UPDATE OF tenant_id ON "carrier_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_keep_tenant('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "carrier_accounts_keep_tenant" ON "carrier_accounts"',
                    ),
                    TableRule(
                        name="carrier_accounts_touch_updated_at",
                        create="""
                        CREATE TRIGGER "carrier_accounts_touch_updated_at" BEFORE UPDATE ON "carrier_accounts"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "carrier_accounts_touch_updated_at" ON "carrier_accounts"',
                    ),
                    TableRule(
                        name="carrier_accounts_audit_update",
                        create="""
                        CREATE TRIGGER "carrier_accounts_audit_update" AFTER UPDATE ON "carrier_accounts"
                        FOR EACH ROW WHEN (OLD."name" IS DISTINCT FROM NEW."name" OR OLD."carrier" IS DISTINCT FROM NEW."carrier" OR OLD."base_url" IS DISTINCT FROM NEW."base_url" OR OLD."key_id" IS DISTINCT FROM NEW."key_id" OR OLD."secret" IS DISTINCT FROM NEW."secret" OR OLD."webhook_secret" IS DISTINCT FROM NEW."webhook_secret" OR OLD."agent" IS DISTINCT FROM NEW."agent" OR OLD."is_active" IS DISTINCT FROM NEW."is_active" OR OLD."status" IS DISTINCT FROM NEW."status" OR OLD."deleted_at" IS DISTINCT FROM NEW."deleted_at")
                        EXECUTE FUNCTION lad_audit_row('tenant_id', 'secret', 'webhook_secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "carrier_accounts_audit_update" ON "carrier_accounts"',
                    ),
                    TableRule(
                        name="carrier_accounts_audit_insert",
                        create="""
                        CREATE TRIGGER "carrier_accounts_audit_insert" AFTER INSERT ON "carrier_accounts" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret', 'webhook_secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "carrier_accounts_audit_insert" ON "carrier_accounts"',
                    ),
                    TableRule(
                        name="carrier_accounts_audit_delete",
                        create="""
                        CREATE TRIGGER "carrier_accounts_audit_delete" AFTER DELETE ON "carrier_accounts" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id', 'secret', 'webhook_secret')
                        """,
                        remove='DROP TRIGGER IF EXISTS "carrier_accounts_audit_delete" ON "carrier_accounts"',
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="voicenumber",
            name="carrier_reference",
            field=models.CharField(db_default="", max_length=200),
        ),
        migrations.AddField(
            model_name="voicenumber",
            name="carrier_account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="voice.carrieraccount",
            ),
        ),
        migrations.AddIndex(
            model_name="voicenumber",
            index=models.Index(fields=["tenant", "carrier_account"], name="voice_agent_numbers_carrier"),
        ),
        migrations.AddConstraint(
            model_name="voicenumber",
            constraint=TableRule(
                name="voice_agent_numbers_carrier_account_fkey",
                create="""
                        ALTER TABLE "voice_agent_numbers" ADD CONSTRAINT "voice_agent_numbers_carrier_account_fkey"
                        FOREIGN KEY ("carrier_account_id") REFERENCES "carrier_accounts" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                remove='ALTER TABLE "voice_agent_numbers" DROP CONSTRAINT IF EXISTS "voice_agent_numbers_carrier_account_fkey"',
            ),
        ),
        migrations.AddConstraint(
            model_name="voicenumber",
            constraint=TableRule(
                name="voice_agent_numbers_carrier_account_shared_or_own",
                create="""
                        CREATE TRIGGER "voice_agent_numbers_carrier_account_shared_or_own" BEFORE INSERT OR UPDATE OF carrier_account_id, tenant_id ON "voice_agent_numbers"
                        FOR EACH ROW EXECUTE FUNCTION lad_refuse_foreign_shared('carrier_account_id', 'tenant_id', 'carrier_accounts', 'tenant_id')
                        """,
                remove='DROP TRIGGER IF EXISTS "voice_agent_numbers_carrier_account_shared_or_own" ON "voice_agent_numbers"',
            ),
        ),
    ]
