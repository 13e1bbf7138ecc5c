import django.contrib.postgres.functions
import django.db.models.functions.datetime
from django.db import migrations, models

from lad.db.operations import TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("lad", "0001_functions"),
        ("tenants", "0004_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="AttemptBudget",
            fields=[
                ("id", models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), primary_key=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("updated_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("kind", models.CharField(max_length=40)),
                ("subject", models.CharField(db_default="", max_length=255)),
                ("client", models.CharField(db_default="", max_length=64)),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("last_attempt_at", models.DateTimeField()),
                ("whole_at", models.DateTimeField()),
            ],
            options={
                "db_table": "attempt_budgets",
                "indexes": [
                    models.Index(fields=["whole_at"], name="attempt_budgets_whole"),
                    models.Index(fields=["subject"], name="attempt_budgets_subject"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "subject", "client"), name="attempt_budgets_key"),
                    TableRule(
                        name="attempt_budgets_row_security",
                        create="""
                        ALTER TABLE "attempt_budgets" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "attempt_budgets" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "attempt_budgets" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "attempt_budgets" TO lad_platform;
                        CREATE POLICY "platform" ON "attempt_budgets" TO lad_platform USING (true) WITH CHECK (true)
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "attempt_budgets";
                        REVOKE ALL ON "attempt_budgets" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="attempt_budgets_touch_updated_at",
                        create="""
                        CREATE TRIGGER "attempt_budgets_touch_updated_at" BEFORE UPDATE ON "attempt_budgets"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "attempt_budgets_touch_updated_at" ON "attempt_budgets"',
                    ),
                ],
            },
        ),
        migrations.DeleteModel(
            name="SignInFailure",
        ),
    ]
