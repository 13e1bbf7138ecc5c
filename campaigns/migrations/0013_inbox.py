import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from lad.db.operations import InstallSql, TableRule


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_accounts"),
        ("lad", "0003_search"),
        ("leads", "0011_follow_ups"),
        ("tenants", "0014_booking_link"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        InstallSql("campaigns.inbox", "inbox_word_numbers", 1),
        migrations.CreateModel(
            name="Conversation",
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
                ("channel", models.CharField(db_default="", max_length=20)),
                ("address", models.CharField(db_default="", max_length=320)),
                ("name", models.CharField(db_default="", max_length=255)),
                (
                    "campaign",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                ("state", models.CharField(default="sent", max_length=20)),
                (
                    "assigned_to",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("snoozed_until", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("unread_count", models.PositiveIntegerField(db_default=0)),
                ("moved_at", models.DateTimeField()),
                ("last_message_at", models.DateTimeField()),
                ("last_inbound_at", models.DateTimeField(null=True)),
                ("last_outbound_at", models.DateTimeField(null=True)),
                ("last_channel", models.CharField(max_length=20)),
                ("last_direction", models.CharField(max_length=20)),
                ("last_message", models.UUIDField(null=True)),
                ("last_account", models.UUIDField(null=True)),
                ("preview", models.CharField(db_default="", max_length=200)),
                ("label", models.CharField(db_default="", max_length=20)),
                ("label_source", models.CharField(db_default="", max_length=20)),
                ("label_reason", models.CharField(db_default="", max_length=500)),
                ("labelled_at", models.DateTimeField(null=True)),
                ("suggested_label", models.CharField(db_default="", max_length=20)),
                ("suggested_reason", models.CharField(db_default="", max_length=500)),
                ("suggestion_due_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "inbox_conversations",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="inbox_conversations_newest"),
                    models.Index(fields=["tenant", "-moved_at", "-id"], name="inbox_conversations_moved"),
                    models.Index(fields=["tenant", "state", "-moved_at", "-id"], name="inbox_conversations_state"),
                    models.Index(
                        condition=models.Q(("assigned_to__isnull", False)),
                        fields=["tenant", "assigned_to", "-moved_at", "-id"],
                        name="inbox_conversations_assignee",
                    ),
                    models.Index(
                        condition=models.Q(("unread_count__gt", 0)),
                        fields=["tenant", "-moved_at", "-id"],
                        name="inbox_conversations_unread",
                    ),
                    models.Index(
                        condition=models.Q(("label", ""), _negated=True),
                        fields=["tenant", "label", "-moved_at", "-id"],
                        name="inbox_conversations_label",
                    ),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False), models.Q(("state", "sent"), _negated=True)),
                        fields=["tenant", "campaign", "-moved_at", "-id"],
                        name="inbox_conversations_campaign",
                    ),
                    models.Index(
                        condition=models.Q(("state", "sent"), _negated=True),
                        fields=["tenant", "last_channel", "-moved_at", "-id"],
                        name="inbox_conversations_channel",
                    ),
                    models.Index(
                        condition=models.Q(("snoozed_until__isnull", False)),
                        fields=["snoozed_until"],
                        name="inbox_conversations_snoozed",
                    ),
                    models.Index(
                        condition=models.Q(("suggestion_due_at__isnull", False)),
                        fields=["suggestion_due_at"],
                        name="inbox_conversations_suggest",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lead__isnull", False)),
                        fields=("tenant", "lead"),
                        name="inbox_conversations_lead_key",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lead__isnull", True)),
                        fields=("tenant", "channel", "address"),
                        name="inbox_conversations_address_key",
                    ),
                    models.UniqueConstraint(fields=("tenant", "id"), name="inbox_conversations_tenant_id_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web", ""])
                        ),
                        name="inbox_conversations_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["sent", "open", "closed"])),
                        name="inbox_conversations_state_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("last_channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])
                        ),
                        name="inbox_conversations_last_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_direction__in", ["outbound", "inbound"])),
                        name="inbox_conversations_last_direction_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "label__in",
                                [
                                    "interested",
                                    "question",
                                    "not_now",
                                    "not_interested",
                                    "wrong_person",
                                    "unsubscribe",
                                    "out_of_office",
                                    "",
                                ],
                            )
                        ),
                        name="inbox_conversations_label_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("label_source__in", ["rule", "model", "person", ""])),
                        name="inbox_conversations_label_source_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "suggested_label__in",
                                [
                                    "interested",
                                    "question",
                                    "not_now",
                                    "not_interested",
                                    "wrong_person",
                                    "unsubscribe",
                                    "out_of_office",
                                    "",
                                ],
                            )
                        ),
                        name="inbox_conversations_suggested_label_valid",
                    ),
                    TableRule(
                        name="inbox_conversations_row_security",
                        create="""
                        ALTER TABLE "inbox_conversations" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "inbox_conversations" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "inbox_conversations" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "inbox_conversations" TO lad_platform;
                        CREATE POLICY "platform" ON "inbox_conversations" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "inbox_conversations" TO lad_app;
                        CREATE POLICY "tenant" ON "inbox_conversations" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "inbox_conversations";
                        DROP POLICY IF EXISTS "tenant" ON "inbox_conversations";
                        REVOKE ALL ON "inbox_conversations" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="inbox_conversations_lead_same_tenant",
                        create="""
                        ALTER TABLE "inbox_conversations" ADD CONSTRAINT "inbox_conversations_lead_same_tenant"
                        FOREIGN KEY ("tenant_id", "lead_id") REFERENCES "leads" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_conversations" DROP CONSTRAINT IF EXISTS "inbox_conversations_lead_same_tenant"',
                    ),
                    TableRule(
                        name="inbox_conversations_campaign_same_tenant",
                        create="""
                        ALTER TABLE "inbox_conversations" ADD CONSTRAINT "inbox_conversations_campaign_same_tenant"
                        FOREIGN KEY ("tenant_id", "campaign_id") REFERENCES "campaigns" ("tenant_id", "id")
                        ON DELETE SET NULL ("campaign_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_conversations" DROP CONSTRAINT IF EXISTS "inbox_conversations_campaign_same_tenant"',
                    ),
                    TableRule(
                        name="inbox_conversations_assigned_to_fkey",
                        create="""
                        ALTER TABLE "inbox_conversations" ADD CONSTRAINT "inbox_conversations_assigned_to_fkey"
                        FOREIGN KEY ("assigned_to_id") REFERENCES "users" ("id")
                        ON DELETE SET NULL ("assigned_to_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_conversations" DROP CONSTRAINT IF EXISTS "inbox_conversations_assigned_to_fkey"',
                    ),
                    TableRule(
                        name="inbox_conversations_assigned_to_same_tenant",
                        create="""
                        ALTER TABLE "inbox_conversations" ADD CONSTRAINT "inbox_conversations_assigned_to_same_tenant"
                        FOREIGN KEY ("tenant_id", "assigned_to_id") REFERENCES "memberships" ("tenant_id", "user_id")
                        ON DELETE SET NULL ("assigned_to_id") DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_conversations" DROP CONSTRAINT IF EXISTS "inbox_conversations_assigned_to_same_tenant"',
                    ),
                    TableRule(
                        name="inbox_conversations_tenant_fkey",
                        create="""
                        ALTER TABLE "inbox_conversations" ADD CONSTRAINT "inbox_conversations_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_conversations" DROP CONSTRAINT IF EXISTS "inbox_conversations_tenant_fkey"',
                    ),
                    TableRule(
                        name="inbox_conversations_touch_updated_at",
                        create="""
                        CREATE TRIGGER "inbox_conversations_touch_updated_at" BEFORE UPDATE ON "inbox_conversations"
                        FOR EACH ROW EXECUTE FUNCTION lad_touch_updated_at()
                        """,
                        remove='DROP TRIGGER IF EXISTS "inbox_conversations_touch_updated_at" ON "inbox_conversations"',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageText",
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
                    "conversation",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="campaigns.conversation",
                    ),
                ),
                ("said_at", models.DateTimeField()),
                ("text", models.TextField(db_collation="C")),
            ],
            options={
                "db_table": "inbox_message_texts",
                "indexes": [
                    models.Index(fields=["tenant", "conversation"], name="inbox_message_texts_of"),
                    django.contrib.postgres.indexes.GinIndex(
                        models.Func(
                            models.F("tenant"), models.F("said_at"), models.F("text"), function="inbox_word_numbers"
                        ),
                        gin_pending_list_limit=512,
                        name="inbox_message_texts_words",
                    ),
                ],
                "constraints": [
                    TableRule(
                        name="inbox_message_texts_owned_by_functions",
                        create='CREATE POLICY "functions" ON "inbox_message_texts" TO CURRENT_USER USING (true) WITH CHECK (true)',
                        remove='DROP POLICY IF EXISTS "functions" ON "inbox_message_texts"',
                    ),
                    TableRule(
                        name="inbox_message_texts_message_same_tenant",
                        create="""
                        ALTER TABLE "inbox_message_texts" ADD CONSTRAINT "inbox_message_texts_message_same_tenant"
                        FOREIGN KEY ("tenant_id", "id") REFERENCES "messages" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_message_texts" DROP CONSTRAINT IF EXISTS "inbox_message_texts_message_same_tenant"',
                    ),
                    TableRule(
                        name="inbox_message_texts_row_security",
                        create="""
                        ALTER TABLE "inbox_message_texts" ENABLE ROW LEVEL SECURITY;
                        ALTER TABLE "inbox_message_texts" FORCE ROW LEVEL SECURITY;
                        REVOKE ALL ON "inbox_message_texts" FROM PUBLIC, lad_app, lad_platform;
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "inbox_message_texts" TO lad_platform;
                        CREATE POLICY "platform" ON "inbox_message_texts" TO lad_platform USING (true) WITH CHECK (true);
                        GRANT SELECT, INSERT, UPDATE, DELETE ON "inbox_message_texts" TO lad_app;
                        CREATE POLICY "tenant" ON "inbox_message_texts" TO lad_app USING (tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid))
                        """,
                        remove="""
                        DROP POLICY IF EXISTS "platform" ON "inbox_message_texts";
                        DROP POLICY IF EXISTS "tenant" ON "inbox_message_texts";
                        REVOKE ALL ON "inbox_message_texts" FROM lad_app, lad_platform
                        """,
                    ),
                    TableRule(
                        name="inbox_message_texts_conversation_same_tenant",
                        create="""
                        ALTER TABLE "inbox_message_texts" ADD CONSTRAINT "inbox_message_texts_conversation_same_tenant"
                        FOREIGN KEY ("tenant_id", "conversation_id") REFERENCES "inbox_conversations" ("tenant_id", "id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_message_texts" DROP CONSTRAINT IF EXISTS "inbox_message_texts_conversation_same_tenant"',
                    ),
                    TableRule(
                        name="inbox_message_texts_tenant_fkey",
                        create="""
                        ALTER TABLE "inbox_message_texts" ADD CONSTRAINT "inbox_message_texts_tenant_fkey"
                        FOREIGN KEY ("tenant_id") REFERENCES "tenants" ("id")
                        ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE
                        """,
                        remove='ALTER TABLE "inbox_message_texts" DROP CONSTRAINT IF EXISTS "inbox_message_texts_tenant_fkey"',
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("lead__isnull", True), models.Q(("from_address", ""), _negated=True)),
                fields=["tenant", "channel", "from_address", "-created_at"],
                name="messages_stranger",
            ),
        ),
        InstallSql("campaigns.inbox", "inbox_found", 1),
    ]
