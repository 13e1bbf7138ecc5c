import datetime

import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0003_search"),
        ("leads", "0005_outcomes"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ConsentRecord",
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
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("channel", models.CharField(max_length=20)),
                ("purpose", models.CharField(default="outreach", max_length=20)),
                ("status", models.CharField(max_length=20)),
                ("given_at", models.DateTimeField()),
                ("source", models.CharField(max_length=200)),
                ("evidence", models.TextField(db_default="")),
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
            ],
            options={
                "db_table": "consent_records",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="consent_records_newest"),
                    models.Index(
                        fields=["tenant", "lead", "channel", "purpose", "-given_at"], name="consent_records_lead"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="consent_records_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["outreach", "service"])),
                        name="consent_records_purpose_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["given", "withdrawn"])), name="consent_records_status_valid"
                    ),
                    TableRule(
                        name="consent_records_row_security",
                        create="""
                        ALTER TABLE "consent_records" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "consent_records" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "consent_records" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "consent_records" TO lad_platform;
                        CREATE POLICY "platform" ON "consent_records" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "consent_records" TO lad_app;
                        CREATE POLICY "tenant" ON "consent_records" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "consent_records";
                        DROP POLICY IF EXISTS "tenant" ON "consent_records";
                        REVOKE ALL ON "consent_records" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="consent_records_lead_same_tenant",
                        create="""
                        ALTER TABLE "consent_records" ADD CONSTRAINT "consent_records_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "consent_records" DROP CONSTRAINT IF EXISTS "consent_records_lead_same_tenant"',
                    ),
                    TableRule(
                        name="consent_records_created_by_user_fkey",
                        create="""
                        ALTER TABLE "consent_records" ADD CONSTRAINT "consent_records_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE NO ACTION DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "consent_records" DROP CONSTRAINT IF EXISTS "consent_records_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="consent_records_tenant_fkey",
                        create="""
                        ALTER TABLE "consent_records" ADD CONSTRAINT "consent_records_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "consent_records" DROP CONSTRAINT IF EXISTS "consent_records_tenant_fkey"',
                    ),
                    TableRule(
                        name="consent_records_audit_insert",
                        create="""
                        CREATE TRIGGER "consent_records_audit_insert" AFTER INSERT ON "consent_records" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "consent_records_audit_insert" ON "consent_records"',
                    ),
                    TableRule(
                        name="consent_records_audit_update",
                        create="""
                        CREATE TRIGGER "consent_records_audit_update" AFTER UPDATE ON "consent_records" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "consent_records_audit_update" ON "consent_records"',
                    ),
                    TableRule(
                        name="consent_records_audit_delete",
                        create="""
                        CREATE TRIGGER "consent_records_audit_delete" AFTER DELETE ON "consent_records" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "consent_records_audit_delete" ON "consent_records"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactPolicy",
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
                ("contact_from", models.TimeField(default=datetime.time(8, 0))),
                ("contact_until", models.TimeField(default=datetime.time(20, 0))),
                ("contact_days", models.JSONField(db_default=[])),
                ("skips_holidays", models.BooleanField(db_default=True)),
                ("consent_required", models.JSONField(db_default=[])),
                ("caps", models.JSONField(db_default={})),
                ("max_per_day", models.PositiveSmallIntegerField(db_default=3)),
                ("max_per_week", models.PositiveSmallIntegerField(db_default=7)),
                ("company_stop_days", models.PositiveSmallIntegerField(db_default=0)),
            ],
            options={
                "db_table": "contact_policies",
                "constraints": [
                    models.UniqueConstraint(fields=("tenant",), name="contact_policies_tenant_key"),
                    models.CheckConstraint(
                        condition=models.Q(("contact_from__lt", models.F("contact_until"))),
                        name="contact_policies_hours",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="contact_policies_tenant_id_key"),
                    TableRule(
                        name="contact_policies_row_security",
                        create="""
                        ALTER TABLE "contact_policies" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "contact_policies" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "contact_policies" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "contact_policies" TO lad_platform;
                        CREATE POLICY "platform" ON "contact_policies" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "contact_policies" TO lad_app;
                        CREATE POLICY "tenant" ON "contact_policies" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "contact_policies";
                        DROP POLICY IF EXISTS "tenant" ON "contact_policies";
                        REVOKE ALL ON "contact_policies" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="contact_policies_tenant_fkey",
                        create="""
                        ALTER TABLE "contact_policies" ADD CONSTRAINT "contact_policies_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "contact_policies" DROP CONSTRAINT IF EXISTS "contact_policies_tenant_fkey"',
                    ),
                    TableRule(
                        name="contact_policies_touch_updated_at",
                        create="""
                        CREATE TRIGGER "contact_policies_touch_updated_at" BEFORE UPDATE ON "contact_policies"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_policies_touch_updated_at" ON "contact_policies"',
                    ),
                    TableRule(
                        name="contact_policies_audit_insert",
                        create="""
                        CREATE TRIGGER "contact_policies_audit_insert" AFTER INSERT ON "contact_policies" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_policies_audit_insert" ON "contact_policies"',
                    ),
                    TableRule(
                        name="contact_policies_audit_update",
                        create="""
                        CREATE TRIGGER "contact_policies_audit_update" AFTER UPDATE ON "contact_policies" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_policies_audit_update" ON "contact_policies"',
                    ),
                    TableRule(
                        name="contact_policies_audit_delete",
                        create="""
                        CREATE TRIGGER "contact_policies_audit_delete" AFTER DELETE ON "contact_policies" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_policies_audit_delete" ON "contact_policies"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Holiday",
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
                ("day", models.DateField()),
                ("name", models.CharField(max_length=200)),
                ("country", models.CharField(db_default="", max_length=2)),
            ],
            options={
                "db_table": "contact_holidays",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="contact_holidays_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "day", "country"), name="contact_holidays_key"),
                    models.UniqueConstraint(fields=("tenant", "id"), name="contact_holidays_tenant_id_key"),
                    TableRule(
                        name="contact_holidays_row_security",
                        create="""
                        ALTER TABLE "contact_holidays" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "contact_holidays" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "contact_holidays" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "contact_holidays" TO lad_platform;
                        CREATE POLICY "platform" ON "contact_holidays" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "contact_holidays" TO lad_app;
                        CREATE POLICY "tenant" ON "contact_holidays" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "contact_holidays";
                        DROP POLICY IF EXISTS "tenant" ON "contact_holidays";
                        REVOKE ALL ON "contact_holidays" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="contact_holidays_tenant_fkey",
                        create="""
                        ALTER TABLE "contact_holidays" ADD CONSTRAINT "contact_holidays_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "contact_holidays" DROP CONSTRAINT IF EXISTS "contact_holidays_tenant_fkey"',
                    ),
                    TableRule(
                        name="contact_holidays_touch_updated_at",
                        create="""
                        CREATE TRIGGER "contact_holidays_touch_updated_at" BEFORE UPDATE ON "contact_holidays"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_holidays_touch_updated_at" ON "contact_holidays"',
                    ),
                    TableRule(
                        name="contact_holidays_audit_insert",
                        create="""
                        CREATE TRIGGER "contact_holidays_audit_insert" AFTER INSERT ON "contact_holidays" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_holidays_audit_insert" ON "contact_holidays"',
                    ),
                    TableRule(
                        name="contact_holidays_audit_update",
                        create="""
                        CREATE TRIGGER "contact_holidays_audit_update" AFTER UPDATE ON "contact_holidays" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_holidays_audit_update" ON "contact_holidays"',
                    ),
                    TableRule(
                        name="contact_holidays_audit_delete",
                        create="""
                        CREATE TRIGGER "contact_holidays_audit_delete" AFTER DELETE ON "contact_holidays" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "contact_holidays_audit_delete" ON "contact_holidays"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadTouch",
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
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="leads.lead",
                    ),
                ),
                ("channel", models.CharField(max_length=20)),
                ("direction", models.CharField(max_length=20)),
                ("purpose", models.CharField(db_default="outreach", max_length=20)),
                ("source_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
            ],
            options={
                "db_table": "lead_touches",
                "indexes": [
                    models.Index(fields=["tenant", "lead", "-occurred_at"], name="lead_touches_lead"),
                    models.Index(fields=["tenant", "-created_at"], name="lead_touches_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "source_id", "direction"), name="lead_touches_source"),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="lead_touches_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["outbound", "inbound"])),
                        name="lead_touches_direction_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("purpose__in", ["outreach", "service"])), name="lead_touches_purpose_valid"
                    ),
                    TableRule(
                        name="lead_touches_row_security",
                        create="""
                        ALTER TABLE "lead_touches" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "lead_touches" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "lead_touches" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "lead_touches" TO lad_platform;
                        CREATE POLICY "platform" ON "lead_touches" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, DELETE ON "lead_touches" TO lad_app;
                        CREATE POLICY "tenant" ON "lead_touches" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "lead_touches";
                        DROP POLICY IF EXISTS "tenant" ON "lead_touches";
                        REVOKE ALL ON "lead_touches" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="lead_touches_lead_same_tenant",
                        create="""
                        ALTER TABLE "lead_touches" ADD CONSTRAINT "lead_touches_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_touches" DROP CONSTRAINT IF EXISTS "lead_touches_lead_same_tenant"',
                    ),
                    TableRule(
                        name="lead_touches_tenant_fkey",
                        create="""
                        ALTER TABLE "lead_touches" ADD CONSTRAINT "lead_touches_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "lead_touches" DROP CONSTRAINT IF EXISTS "lead_touches_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suppression",
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
                ("channel", models.CharField(default="all", max_length=20)),
                ("scope", models.CharField(db_default="address", max_length=20)),
                ("address", models.CharField(db_collation="C", db_default="", max_length=500)),
                ("address_hash", models.CharField(max_length=64)),
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
                ("reason", models.CharField(default="manual", max_length=30)),
                ("source", models.CharField(db_default="", max_length=200)),
                ("evidence", models.JSONField(db_default={})),
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
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "suppressions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="suppressions_newest"),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)), fields=["tenant", "lead"], name="suppressions_lead"
                    ),
                    models.Index(fields=["tenant", "reason", "-created_at"], name="suppressions_reason"),
                    models.Index(
                        condition=models.Q(("address", ""), _negated=True),
                        fields=["tenant", "address"],
                        name="suppressions_address",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "address_hash", "channel", "scope"),
                        name="suppressions_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="suppressions_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("channel__in", ["all", "linkedin", "email", "voice", "whatsapp", "sms", "web"])
                        ),
                        name="suppressions_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("scope__in", ["address", "domain"])), name="suppressions_scope_valid"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "reason__in",
                                [
                                    "unsubscribed",
                                    "bounced",
                                    "soft_bounces",
                                    "complained",
                                    "manual",
                                    "imported",
                                    "company_replied",
                                    "legal",
                                    "erased",
                                ],
                            )
                        ),
                        name="suppressions_reason_valid",
                    ),
                    TableRule(
                        name="suppressions_row_security",
                        create="""
                        ALTER TABLE "suppressions" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "suppressions" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "suppressions" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "suppressions" TO lad_platform;
                        CREATE POLICY "platform" ON "suppressions" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE ON "suppressions" TO lad_app;
                        CREATE POLICY "tenant" ON "suppressions" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "suppressions";
                        DROP POLICY IF EXISTS "tenant" ON "suppressions";
                        REVOKE ALL ON "suppressions" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="suppressions_lead_same_tenant",
                        create="""
                        ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE SET NULL ("lead_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "suppressions" DROP CONSTRAINT IF EXISTS "suppressions_lead_same_tenant"',
                    ),
                    TableRule(
                        name="suppressions_created_by_user_fkey",
                        create="""
                        ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_created_by_user_fkey"
                        FOREIGN KEY ("created_by_user_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("created_by_user_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "suppressions" DROP CONSTRAINT IF EXISTS "suppressions_created_by_user_fkey"',
                    ),
                    TableRule(
                        name="suppressions_tenant_fkey",
                        create="""
                        ALTER TABLE "suppressions" ADD CONSTRAINT "suppressions_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "suppressions" DROP CONSTRAINT IF EXISTS "suppressions_tenant_fkey"',
                    ),
                    TableRule(
                        name="suppressions_touch_updated_at",
                        create="""
                        CREATE TRIGGER "suppressions_touch_updated_at" BEFORE UPDATE ON "suppressions"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "suppressions_touch_updated_at" ON "suppressions"',
                    ),
                    TableRule(
                        name="suppressions_audit_insert",
                        create="""
                        CREATE TRIGGER "suppressions_audit_insert" AFTER INSERT ON "suppressions" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "suppressions_audit_insert" ON "suppressions"',
                    ),
                    TableRule(
                        name="suppressions_audit_update",
                        create="""
                        CREATE TRIGGER "suppressions_audit_update" AFTER UPDATE ON "suppressions" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "suppressions_audit_update" ON "suppressions"',
                    ),
                    TableRule(
                        name="suppressions_audit_delete",
                        create="""
                        CREATE TRIGGER "suppressions_audit_delete" AFTER DELETE ON "suppressions" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('tenant_id')
                        """,
                        remove='DROP TRIGGER IF EXISTS "suppressions_audit_delete" ON "suppressions"',
                    ),
                ],
            },
        ),
    ]
