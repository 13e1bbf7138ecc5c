import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailDelivery",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                ("kind", models.CharField(max_length=30)),
                ("to_address", models.CharField(max_length=255)),
                ("subject_id", models.UUIDField()),
                ("idempotency_key", models.CharField(max_length=100)),
                ("state", models.CharField(db_default="queued", max_length=20)),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.TextField(db_default="")),
            ],
            options={
                "db_table": "mail_deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["next_attempt_at"],
                        name="mail_deliveries_queued",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sending")), fields=["lease_until"], name="mail_deliveries_leased"
                    ),
                    models.Index(fields=["subject_id", "kind"], name="mail_deliveries_subject"),
                    models.Index(fields=["tenant", "-created_at"], name="mail_deliveries_tenant"),
                    models.Index(fields=["state", "-created_at"], name="mail_deliveries_state"),
                    models.Index(fields=["-created_at"], name="mail_deliveries_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("idempotency_key",), name="mail_deliveries_idempotency_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["queued", "sending", "sent", "failed", "unknown", "cancelled"])
                        ),
                        name="mail_deliveries_state_valid",
                    ),
                    TableRule(
                        name="mail_deliveries_row_security",
                        create="""
                        ALTER TABLE "mail_deliveries" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "mail_deliveries" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "mail_deliveries" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "mail_deliveries" TO lad_platform;
                        CREATE POLICY "platform" ON "mail_deliveries" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "mail_deliveries";
                        REVOKE ALL ON "mail_deliveries" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="mail_deliveries_touch_updated_at",
                        create="""
                        CREATE TRIGGER "mail_deliveries_touch_updated_at" BEFORE UPDATE ON "mail_deliveries"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "mail_deliveries_touch_updated_at" ON "mail_deliveries"',
                    ),
                    TableRule(
                        name="mail_deliveries_audit_insert",
                        create="""
                        CREATE TRIGGER "mail_deliveries_audit_insert" AFTER INSERT ON "mail_deliveries" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "mail_deliveries_audit_insert" ON "mail_deliveries"',
                    ),
                    TableRule(
                        name="mail_deliveries_audit_update",
                        create="""
                        CREATE TRIGGER "mail_deliveries_audit_update" AFTER UPDATE ON "mail_deliveries" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "mail_deliveries_audit_update" ON "mail_deliveries"',
                    ),
                    TableRule(
                        name="mail_deliveries_audit_delete",
                        create="""
                        CREATE TRIGGER "mail_deliveries_audit_delete" AFTER DELETE ON "mail_deliveries" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION lad_audit('')
                        """,
                        remove='DROP TRIGGER IF EXISTS "mail_deliveries_audit_delete" ON "mail_deliveries"',
                    ),
                ],
            },
        ),
    ]
