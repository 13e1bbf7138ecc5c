import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule

# The worker counts what is older than the figures, one campaign after the other.
COUNT_WHAT_IS_THERE = """
ALTER TABLE campaigns NO FORCE ROW LEVEL SECURITY;
INSERT INTO campaign_figure_recounts (tenant_id, campaign_id, reason)
SELECT tenant_id, id, 'LAD was updated.' FROM campaigns;
ALTER TABLE campaigns FORCE ROW LEVEL SECURITY
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0014_sequences"),
        ("lad", "0003_search"),
        ("leads", "0011_follow_ups"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignFigure",
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
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("face", models.CharField(max_length=10)),
                ("day", models.DateField(null=True)),
                ("step_id", models.UUIDField(null=True)),
                ("step_type", models.CharField(db_default="", max_length=50)),
                ("variant", models.CharField(db_default="", max_length=30)),
                ("channel", models.CharField(db_default="", max_length=20)),
                ("account_id", models.UUIDField(null=True)),
                ("detail", models.CharField(db_default="", max_length=40)),
                ("metric", models.CharField(max_length=40)),
                ("number", models.BigIntegerField()),
            ],
            options={
                "db_table": "campaign_figures",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_figures_newest"),
                    models.Index(
                        condition=models.Q(("day__isnull", True)),
                        fields=["tenant", "face", "campaign"],
                        name="campaign_figures_totals",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant",
                            "campaign",
                            "face",
                            "day",
                            "step_id",
                            "step_type",
                            "variant",
                            "channel",
                            "account_id",
                            "detail",
                            "metric",
                        ),
                        name="campaign_figures_key",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("face__in", ["step", "account", "people", "happened", "variant", "cohort", "state"])
                        ),
                        name="campaign_figures_face_valid",
                    ),
                    TableRule(
                        name="campaign_figures_storage",
                        create='ALTER TABLE "campaign_figures" SET (fillfactor = 80)',
                        remove='ALTER TABLE "campaign_figures" RESET (fillfactor)',
                    ),
                    TableRule(
                        name="campaign_figures_row_security",
                        create="""
                        ALTER TABLE "campaign_figures" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_figures" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_figures" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_figures" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_figures" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "campaign_figures" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_figures" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_figures";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_figures";
                        REVOKE ALL ON "campaign_figures" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="campaign_figures_campaign_same_tenant",
                        create="""
                        ALTER TABLE "campaign_figures" ADD CONSTRAINT "campaign_figures_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_figures" DROP CONSTRAINT IF EXISTS "campaign_figures_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="campaign_figures_tenant_fkey",
                        create="""
                        ALTER TABLE "campaign_figures" ADD CONSTRAINT "campaign_figures_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "campaign_figures" DROP CONSTRAINT IF EXISTS "campaign_figures_tenant_fkey"',
                    ),
                    TableRule(
                        name="campaign_figures_touch_updated_at",
                        create="""
                        CREATE TRIGGER "campaign_figures_touch_updated_at" BEFORE UPDATE ON "campaign_figures"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "campaign_figures_touch_updated_at" ON "campaign_figures"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EnrolmentMilestone",
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
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("campaign_lead_id", models.UUIDField()),
                ("milestone", models.CharField(max_length=20)),
                ("split_id", models.UUIDField(null=True)),
                ("number", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("step_id", models.UUIDField(null=True)),
                ("variant", models.CharField(db_default="", max_length=30)),
                ("channel", models.CharField(db_default="", max_length=20)),
                ("account_id", models.UUIDField(null=True)),
            ],
            options={
                "db_table": "enrolment_milestones",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="enrolment_milestones_newest"),
                    models.Index(fields=["tenant", "campaign", "milestone"], name="enrolment_milestones_campaign"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "campaign_lead_id", "milestone", "split_id"),
                        name="enrolment_milestones_once",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "milestone__in",
                                [
                                    "enrolled",
                                    "started",
                                    "assigned",
                                    "contacted",
                                    "delivered",
                                    "opened",
                                    "clicked",
                                    "connected",
                                    "replied",
                                    "interested",
                                    "booked",
                                    "bounced",
                                    "unsubscribed",
                                    "complained",
                                    "finished",
                                    "goal",
                                ],
                            )
                        ),
                        name="enrolment_milestones_milestone_valid",
                    ),
                    TableRule(
                        name="enrolment_milestones_row_security",
                        create="""
                        ALTER TABLE "enrolment_milestones" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "enrolment_milestones" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "enrolment_milestones" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "enrolment_milestones" TO lad_platform;
                        CREATE POLICY "platform" ON "enrolment_milestones" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT ON "enrolment_milestones" TO lad_app;
                        CREATE POLICY "tenant" ON "enrolment_milestones" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "enrolment_milestones";
                        DROP POLICY IF EXISTS "tenant" ON "enrolment_milestones";
                        REVOKE ALL ON "enrolment_milestones" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="enrolment_milestones_campaign_same_tenant",
                        create="""
                        ALTER TABLE "enrolment_milestones" ADD CONSTRAINT "enrolment_milestones_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "enrolment_milestones" DROP CONSTRAINT IF EXISTS "enrolment_milestones_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="enrolment_milestones_tenant_fkey",
                        create="""
                        ALTER TABLE "enrolment_milestones" ADD CONSTRAINT "enrolment_milestones_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "enrolment_milestones" DROP CONSTRAINT IF EXISTS "enrolment_milestones_tenant_fkey"',
                    ),
                    TableRule(
                        name="enrolment_milestones_touch_updated_at",
                        create="""
                        CREATE TRIGGER "enrolment_milestones_touch_updated_at" BEFORE UPDATE ON "enrolment_milestones"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "enrolment_milestones_touch_updated_at" ON "enrolment_milestones"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FigureEntry",
            fields=[
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("id", models.BigAutoField(primary_key=True)),
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
                ("campaign_id", models.UUIDField()),
                ("campaign_lead_id", models.UUIDField(null=True)),
                ("metric", models.CharField(max_length=40)),
                ("at", models.DateTimeField(null=True)),
                ("step_id", models.UUIDField(null=True)),
                ("step_type", models.CharField(db_default="", max_length=50)),
                ("variant", models.CharField(db_default="", max_length=30)),
                ("channel", models.CharField(db_default="", max_length=20)),
                ("account_id", models.UUIDField(null=True)),
                ("detail", models.CharField(db_default="", max_length=40)),
                ("source", models.CharField(max_length=20)),
                ("number", models.IntegerField()),
            ],
            options={
                "db_table": "campaign_figure_entries",
                "indexes": [models.Index(fields=["tenant", "campaign_id", "id"], name="campaign_figure_entries_next")],
                "constraints": [
                    TableRule(
                        name="campaign_figure_entries_owned_by_functions",
                        create='CREATE POLICY "functions" ON "campaign_figure_entries" TO CURRENT_USER USING (true) WITH CHECK (true)',
                        remove='DROP POLICY IF EXISTS "functions" ON "campaign_figure_entries"',
                    ),
                    TableRule(
                        name="campaign_figure_entries_storage",
                        create='ALTER TABLE "campaign_figure_entries" SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)',
                        remove='ALTER TABLE "campaign_figure_entries" RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold)',
                    ),
                    TableRule(
                        name="campaign_figure_entries_row_security",
                        create="""
                        ALTER TABLE "campaign_figure_entries" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_figure_entries" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_figure_entries" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_figure_entries" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_figure_entries" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "campaign_figure_entries" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_figure_entries" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_figure_entries";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_figure_entries";
                        REVOKE ALL ON "campaign_figure_entries" FROM lad_app, lad_platform
                        """,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FigureRecount",
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
                ("campaign_id", models.UUIDField()),
                ("reason", models.CharField(max_length=100)),
            ],
            options={
                "db_table": "campaign_figure_recounts",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="figure_recounts_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "campaign_id"), name="campaign_figure_recounts_once"),
                    TableRule(
                        name="campaign_figure_recounts_owned_by_functions",
                        create='CREATE POLICY "functions" ON "campaign_figure_recounts" TO CURRENT_USER USING (true) WITH CHECK (true)',
                        remove='DROP POLICY IF EXISTS "functions" ON "campaign_figure_recounts"',
                    ),
                    TableRule(
                        name="campaign_figure_recounts_row_security",
                        create="""
                        ALTER TABLE "campaign_figure_recounts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "campaign_figure_recounts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "campaign_figure_recounts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "campaign_figure_recounts" TO lad_platform;
                        CREATE POLICY "platform" ON "campaign_figure_recounts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT ON "campaign_figure_recounts" TO lad_app;
                        CREATE POLICY "tenant" ON "campaign_figure_recounts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "campaign_figure_recounts";
                        DROP POLICY IF EXISTS "tenant" ON "campaign_figure_recounts";
                        REVOKE ALL ON "campaign_figure_recounts" FROM lad_app, lad_platform
                        """,
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="message",
            name="bounced_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="delivered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="campaignlead",
            constraint=TableRule(
                name="campaign_leads_figures_insert",
                create="""
                        CREATE TRIGGER "campaign_leads_figures_insert" AFTER INSERT ON "campaign_leads" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_enrolments()
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_leads_figures_insert" ON "campaign_leads"',
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignlead",
            constraint=TableRule(
                name="campaign_leads_figures_update",
                create="""
                        CREATE TRIGGER "campaign_leads_figures_update" AFTER UPDATE ON "campaign_leads" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_enrolments()
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_leads_figures_update" ON "campaign_leads"',
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignlead",
            constraint=TableRule(
                name="campaign_leads_figures_delete",
                create="""
                        CREATE TRIGGER "campaign_leads_figures_delete" AFTER DELETE ON "campaign_leads" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_enrolments()
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_leads_figures_delete" ON "campaign_leads"',
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignleadactivity",
            constraint=TableRule(
                name="campaign_lead_activities_figures_insert",
                create="""
                        CREATE TRIGGER "campaign_lead_activities_figures_insert" AFTER INSERT ON "campaign_lead_activities" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_activities()
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_lead_activities_figures_insert" ON "campaign_lead_activities"',
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignleadactivity",
            constraint=TableRule(
                name="campaign_lead_activities_figures_update",
                create="""
                        CREATE TRIGGER "campaign_lead_activities_figures_update" AFTER UPDATE ON "campaign_lead_activities" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_activities()
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_lead_activities_figures_update" ON "campaign_lead_activities"',
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignleadactivity",
            constraint=TableRule(
                name="campaign_lead_activities_figures_delete",
                create="""
                        CREATE TRIGGER "campaign_lead_activities_figures_delete" AFTER DELETE ON "campaign_lead_activities" REFERENCING OLD TABLE AS old_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_count_activities()
                        """,
                remove='DROP TRIGGER IF EXISTS "campaign_lead_activities_figures_delete" ON "campaign_lead_activities"',
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=TableRule(
                name="messages_figures_insert",
                create="""
                        CREATE TRIGGER "messages_figures_insert" AFTER INSERT ON "messages"
                        FOR EACH ROW WHEN (NEW.state IN ('sent', 'received') AND NEW.campaign_id IS NOT NULL)
                        EXECUTE FUNCTION campaigns_count_messages()
                        """,
                remove='DROP TRIGGER IF EXISTS "messages_figures_insert" ON "messages"',
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=TableRule(
                name="messages_figures_update",
                create="""
                        CREATE TRIGGER "messages_figures_update" AFTER UPDATE ON "messages"
                        FOR EACH ROW WHEN ((OLD.state IN ('sent', 'received') OR NEW.state IN ('sent', 'received')) AND (OLD.state, OLD.kind, OLD.action, OLD.campaign_id, OLD.campaign_lead_id, OLD.step_id, OLD.email_account_id, OLD.linkedin_account_id, OLD.channel_account_id, OLD.occurred_at, OLD.opened_at, OLD.clicked_at, OLD.replied_at, OLD.bounced_at, OLD.delivered_at) IS DISTINCT FROM (NEW.state, NEW.kind, NEW.action, NEW.campaign_id, NEW.campaign_lead_id, NEW.step_id, NEW.email_account_id, NEW.linkedin_account_id, NEW.channel_account_id, NEW.occurred_at, NEW.opened_at, NEW.clicked_at, NEW.replied_at, NEW.bounced_at, NEW.delivered_at))
                        EXECUTE FUNCTION campaigns_count_messages()
                        """,
                remove='DROP TRIGGER IF EXISTS "messages_figures_update" ON "messages"',
            ),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=TableRule(
                name="messages_figures_delete",
                create="""
                        CREATE TRIGGER "messages_figures_delete" AFTER DELETE ON "messages"
                        FOR EACH ROW WHEN (OLD.state IN ('sent', 'received') AND OLD.campaign_id IS NOT NULL)
                        EXECUTE FUNCTION campaigns_count_messages()
                        """,
                remove='DROP TRIGGER IF EXISTS "messages_figures_delete" ON "messages"',
            ),
        ),
        migrations.AddConstraint(
            model_name="messageevent",
            constraint=TableRule(
                name="message_events_figures_insert",
                create="""
                        CREATE TRIGGER "message_events_figures_insert" AFTER INSERT ON "message_events" REFERENCING NEW TABLE AS new_rows
                        FOR EACH STATEMENT EXECUTE FUNCTION campaigns_note_events()
                        """,
                remove='DROP TRIGGER IF EXISTS "message_events_figures_insert" ON "message_events"',
            ),
        ),
        InstallSql("campaigns.figures", "campaigns_activity_facts", 1),
        InstallSql("campaigns.figures", "campaigns_has_message", 1),
        InstallSql("campaigns.figures", "campaigns_count_activities", 1),
        InstallSql("campaigns.figures", "campaigns_enrolment_facts", 1),
        InstallSql("campaigns.figures", "campaigns_count_enrolments", 1),
        InstallSql("campaigns.figures", "campaigns_message_facts", 1),
        InstallSql("campaigns.figures", "campaigns_count_messages", 1),
        InstallSql("campaigns.figures", "campaigns_note_events", 1),
        migrations.RunSQL(COUNT_WHAT_IS_THERE, migrations.RunSQL.noop),
    ]
