import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
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
            name="IdempotencyKey",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("method", models.CharField(max_length=10)),
                ("path", models.TextField()),
                ("body_hash", models.CharField(max_length=64)),
                ("response_status", models.PositiveSmallIntegerField(null=True)),
                ("response_headers", models.JSONField(db_default={})),
                ("response_body", models.BinaryField(null=True)),
            ],
            options={
                "db_table": "idempotency_keys",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="idempotency_keys_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "user", "key"), name="idempotency_keys_key"),
                    TableRule(
                        name="idempotency_keys_row_security",
                        create="""
                        ALTER TABLE "idempotency_keys" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "idempotency_keys" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "idempotency_keys" TO lad_platform;
                        CREATE POLICY "platform" ON "idempotency_keys" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "idempotency_keys" TO lad_app;
                        CREATE POLICY "tenant" ON "idempotency_keys" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "idempotency_keys";
                        DROP POLICY IF EXISTS "tenant" ON "idempotency_keys";
                        REVOKE ALL ON "idempotency_keys" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="idempotency_keys_user_fkey",
                        create="""
                        ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_user_fkey"
                        FOREIGN KEY ("user_id") REFERENCES "users" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "idempotency_keys" DROP CONSTRAINT IF EXISTS "idempotency_keys_user_fkey"',
                    ),
                    TableRule(
                        name="idempotency_keys_tenant_fkey",
                        create="""
                        ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "idempotency_keys" DROP CONSTRAINT IF EXISTS "idempotency_keys_tenant_fkey"',
                    ),
                    TableRule(
                        name="idempotency_keys_touch_updated_at",
                        create="""
                        CREATE TRIGGER "idempotency_keys_touch_updated_at" BEFORE UPDATE ON "idempotency_keys"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "idempotency_keys_touch_updated_at" ON "idempotency_keys"',
                    ),
                ],
            },
        ),
    ]
