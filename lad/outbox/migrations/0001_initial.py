import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DomainEvent",
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
                ("event_type", models.CharField(max_length=100)),
                ("aggregate_type", models.CharField(db_default="", max_length=100)),
                ("aggregate_id", models.UUIDField(null=True)),
                ("payload", models.JSONField()),
                ("processed", models.BooleanField(db_default=False)),
                ("processed_at", models.DateTimeField(null=True)),
                ("retry_count", models.PositiveIntegerField(db_default=0)),
                ("metadata", models.JSONField(db_default={})),
            ],
            options={
                "db_table": "domain_events",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="domain_events_newest"),
                    models.Index(fields=["tenant", "aggregate_id", "-created_at"], name="domain_events_aggregate"),
                    models.Index(fields=["tenant", "event_type", "-created_at"], name="domain_events_type"),
                    models.Index(
                        condition=models.Q(("processed", False)),
                        fields=["created_at"],
                        name="domain_events_unprocessed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="domain_events_tenant_id_key"),
                    TableRule(
                        name="domain_events_row_security",
                        create="""
                        ALTER TABLE "domain_events" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "domain_events" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "domain_events" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE (processed, processed_at, retry_count) ON "domain_events" TO lad_platform;
                        CREATE POLICY "platform" ON "domain_events" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "domain_events" TO lad_app;
                        CREATE POLICY "tenant" ON "domain_events" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "domain_events";
                        DROP POLICY IF EXISTS "tenant" ON "domain_events";
                        REVOKE ALL ON "domain_events" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="domain_events_tenant_fkey",
                        create="""
                        ALTER TABLE "domain_events" ADD CONSTRAINT "domain_events_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "domain_events" DROP CONSTRAINT IF EXISTS "domain_events_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventBatch",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("consumer", models.CharField(max_length=100)),
                (
                    "delivery_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
            ],
            options={
                "db_table": "event_batches",
                "constraints": [
                    TableRule(
                        name="event_batches_storage",
                        create='ALTER TABLE "event_batches" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)',
                        remove='ALTER TABLE "event_batches" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay)',
                    ),
                    TableRule(
                        name="event_batches_row_security",
                        create="""
                        ALTER TABLE "event_batches" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "event_batches" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "event_batches" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "event_batches" TO lad_platform;
                        CREATE POLICY "platform" ON "event_batches" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "event_batches";
                        REVOKE ALL ON "event_batches" FROM lad_app, lad_platform
                        """,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventDelivery",
            fields=[
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
                ("id", models.BigAutoField(primary_key=True)),
                (
                    "event",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="outbox.domainevent",
                    ),
                ),
                ("consumer", models.CharField(max_length=100)),
                ("aggregate_id", models.UUIDField()),
                ("slot", models.SmallIntegerField(db_default=-1)),
                ("state", models.CharField(db_default="ready", max_length=20)),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("next_attempt_at", models.DateTimeField(null=True)),
                ("batch_limit", models.PositiveSmallIntegerField(null=True)),
                ("last_error", models.TextField(db_default="")),
            ],
            options={
                "db_table": "event_deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "ready")),
                        fields=["consumer", "slot", "tenant", "id"],
                        name="event_deliveries_ready",
                    ),
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["consumer", "next_attempt_at"],
                        name="event_deliveries_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "ready"), _negated=True),
                        fields=["consumer", "aggregate_id", "id"],
                        name="event_deliveries_held",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "event", "consumer"), name="event_deliveries_once"),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["ready", "waiting", "dead"])),
                        name="event_deliveries_state_valid",
                    ),
                    TableRule(
                        name="event_deliveries_storage",
                        create='ALTER TABLE "event_deliveries" SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)',
                        remove='ALTER TABLE "event_deliveries" RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay)',
                    ),
                    TableRule(
                        name="event_deliveries_row_security",
                        create="""
                        ALTER TABLE "event_deliveries" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "event_deliveries" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "event_deliveries" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "event_deliveries" TO lad_platform;
                        CREATE POLICY "platform" ON "event_deliveries" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "event_deliveries" TO lad_app;
                        CREATE POLICY "tenant" ON "event_deliveries" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "event_deliveries";
                        DROP POLICY IF EXISTS "tenant" ON "event_deliveries";
                        REVOKE ALL ON "event_deliveries" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="event_deliveries_event_same_tenant",
                        create="""
                        ALTER TABLE "event_deliveries" ADD CONSTRAINT "event_deliveries_event_same_tenant"
                        FOREIGN KEY ("tenant_id", "event_id") REFERENCES "domain_events" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "event_deliveries" DROP CONSTRAINT IF EXISTS "event_deliveries_event_same_tenant"',
                    ),
                    TableRule(
                        name="event_deliveries_tenant_fkey",
                        create="""
                        ALTER TABLE "event_deliveries" ADD CONSTRAINT "event_deliveries_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "event_deliveries" DROP CONSTRAINT IF EXISTS "event_deliveries_tenant_fkey"',
                    ),
                ],
            },
        ),
    ]
