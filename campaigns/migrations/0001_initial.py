import django.contrib.postgres.functions
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import lad.db.constraints
import lad.db.fields
import lad.db.identifiers
import lad.db.shapes


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("leads", "0001_initial"),
        ("tenants", "0002_shared_rows"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Campaign",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "is_deleted",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("deleted_at__isnull", False)),
                        output_field=models.BooleanField(),
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=20000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("completed", "Completed"),
                            ("stopped", "Stopped"),
                            ("archived", "Archived"),
                        ],
                        db_default="draft",
                        default="draft",
                        editable=False,
                        max_length=50,
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(blank=True, help_text="Nothing is sent before; empty: at once.", null=True),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True, help_text="The campaign is completed then; empty: never.", null=True
                    ),
                ),
                (
                    "config",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "campaign_type": {
                                            "enum": ["linkedin_outreach", "email_outreach", "multi_channel", "inbound"]
                                        },
                                        "goal": {"maxLength": 500, "type": "string"},
                                        "last_lead_gen_date": {"pattern": "^\\d{4}-\\d{2}-\\d{2}$", "type": "string"},
                                        "lead_gen_offset": {"minimum": 0, "type": "integer"},
                                        "leads_per_day": {"maximum": 1000, "minimum": 1, "type": "integer"},
                                        "working_days": {
                                            "items": {
                                                "enum": [
                                                    "monday",
                                                    "tuesday",
                                                    "wednesday",
                                                    "thursday",
                                                    "friday",
                                                    "saturday",
                                                    "sunday",
                                                ]
                                            },
                                            "minItems": 1,
                                            "type": "array",
                                            "uniqueItems": True,
                                        },
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "execution_state",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("waiting_for_leads", "Waiting for leads"),
                            ("sleeping_until_next_day", "Sleeping until the next day"),
                            ("error", "Error"),
                            ("completed", "Completed"),
                        ],
                        db_default="active",
                        default="active",
                        editable=False,
                        max_length=50,
                    ),
                ),
                (
                    "next_run_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When the engine takes a running campaign up again.",
                        null=True,
                    ),
                ),
                (
                    "last_lead_check_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When the engine last looked for leads to go on with.",
                        null=True,
                    ),
                ),
                (
                    "last_execution_reason",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="Why the engine is in its state, in words.",
                    ),
                ),
                (
                    "created_by_user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "updated_by_user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "campaigns",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaigns_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="campaigns_status",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("status", "running")),
                        fields=["tenant", "next_run_at"],
                        name="campaigns_due",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_at__isnull", True),
                            ("ends_at__isnull", True),
                            ("starts_at__lt", models.F("ends_at")),
                            _connector="OR",
                        ),
                        name="campaigns_starts_before_it_ends",
                        violation_error_message="The campaign ends before it starts: choose a later end.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="campaigns_name_given",
                        violation_error_message="Give the campaign a name.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="campaigns_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="campaigns_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("created_by_user",),
                        name="campaigns_created_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("updated_by_user",),
                        name="campaigns_updated_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="campaigns_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "running", "paused", "completed", "stopped", "archived"])
                        ),
                        name="campaigns_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "execution_state__in",
                                ["active", "waiting_for_leads", "sleeping_until_next_day", "error", "completed"],
                            )
                        ),
                        name="campaigns_execution_state_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="campaigns_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaigns_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaigns_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaigns_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignLead",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                ("first_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("last_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("email", lad.db.fields.LowercaseEmailField(blank=True, db_default="", default="", max_length=255)),
                ("company_name", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("title", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("linkedin_url", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                ("phone", models.CharField(blank=True, db_default="", default="", max_length=50)),
                (
                    "lead_data",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("active", "Active"),
                            ("completed", "Completed"),
                            ("stopped", "Stopped"),
                            ("error", "Error"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=50,
                    ),
                ),
                (
                    "current_step_order",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        editable=False,
                        help_text="The place of the last step begun; 0 before the first.",
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("completed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "campaign",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrolments",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrolments",
                        to="leads.lead",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "enrolment",
                "db_table": "campaign_leads",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_leads_newest"),
                    models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_leads_by_campaign"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "campaign", "status", "-created_at"],
                        name="campaign_leads_progress",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="campaign_leads_status",
                    ),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="campaign_leads_by_lead"),
                    models.Index(
                        condition=models.Q(("email", ""), _negated=True),
                        fields=["tenant", "email"],
                        name="campaign_leads_email",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "campaign", "lead"),
                        name="campaign_leads_once",
                        violation_error_message="The lead is enrolled in this campaign already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("completed_at__isnull", True),
                            models.Q(("completed_at__gte", models.F("started_at")), ("started_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="campaign_leads_completed_after_started",
                        violation_error_message="An enrolment is completed after it has started.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "completed"), _negated=True),
                            ("completed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="campaign_leads_completed_when",
                        violation_error_message="Say when the enrolment was completed.",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "campaign", "id"), name="campaign_leads_campaign_key"
                    ),
                    lad.db.constraints.RowSecurity(
                        name="campaign_leads_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="campaign_leads_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign"),
                        name="campaign_leads_campaign_same_tenant",
                        on_delete="CASCADE",
                        to="campaigns.Campaign",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="campaign_leads_lead_same_tenant",
                        on_delete="CASCADE",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="campaign_leads_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "active", "completed", "stopped", "error"])),
                        name="campaign_leads_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="campaign_leads_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_leads_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_leads_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_leads_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("start", "Start"),
                            ("end", "End"),
                            ("delay", "Delay"),
                            ("condition", "Condition"),
                            ("lead_generation", "Lead generation"),
                            ("linkedin_visit", "LinkedIn: visit profile"),
                            ("linkedin_follow", "LinkedIn: follow"),
                            ("linkedin_connect", "LinkedIn: connect"),
                            ("linkedin_message", "LinkedIn: message"),
                            ("linkedin_scrape_profile", "LinkedIn: read profile"),
                            ("linkedin_company_search", "LinkedIn: search company"),
                            ("linkedin_employee_list", "LinkedIn: list employees"),
                            ("linkedin_autopost", "LinkedIn: post"),
                            ("linkedin_comment_reply", "LinkedIn: reply to comment"),
                            ("email_send", "E-mail: send"),
                            ("email_followup", "E-mail: follow up"),
                            ("whatsapp_send", "WhatsApp: send"),
                            ("voice_agent_call", "Voice agent: call"),
                            ("instagram_follow", "Instagram: follow"),
                            ("instagram_like", "Instagram: like"),
                            ("instagram_dm", "Instagram: direct message"),
                            ("instagram_autopost", "Instagram: post"),
                            ("instagram_comment_reply", "Instagram: reply to comment"),
                            ("instagram_story_view", "Instagram: view story"),
                        ],
                        max_length=50,
                    ),
                ),
                (
                    "order",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: after the last one.",
                        validators=[django.core.validators.MaxValueValidator(10000)],
                    ),
                ),
                ("title", models.CharField(max_length=255)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=20000)),
                (
                    "config",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "campaign",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "campaign_steps",
                "ordering": ["campaign", "order"],
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="campaign_steps_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("tenant", "campaign", "order", "deletion_id"),
                        name="campaign_steps_order_key",
                        nulls_distinct=False,
                        violation_error_message="Another step stands there: choose a free place or reorder the steps.",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "campaign", "id"), name="campaign_steps_campaign_key"
                    ),
                    lad.db.constraints.RowSecurity(
                        name="campaign_steps_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="campaign_steps_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign"),
                        name="campaign_steps_campaign_same_tenant",
                        on_delete="CASCADE",
                        to="campaigns.Campaign",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="campaign_steps_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "type__in",
                                [
                                    "start",
                                    "end",
                                    "delay",
                                    "condition",
                                    "lead_generation",
                                    "linkedin_visit",
                                    "linkedin_follow",
                                    "linkedin_connect",
                                    "linkedin_message",
                                    "linkedin_scrape_profile",
                                    "linkedin_company_search",
                                    "linkedin_employee_list",
                                    "linkedin_autopost",
                                    "linkedin_comment_reply",
                                    "email_send",
                                    "email_followup",
                                    "whatsapp_send",
                                    "voice_agent_call",
                                    "instagram_follow",
                                    "instagram_like",
                                    "instagram_dm",
                                    "instagram_autopost",
                                    "instagram_comment_reply",
                                    "instagram_story_view",
                                ],
                            )
                        ),
                        name="campaign_steps_type_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="campaign_steps_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_steps_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_steps_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_steps_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignLeadActivity",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("linkedin", "LinkedIn"),
                            ("email", "E-mail"),
                            ("voice", "Voice"),
                            ("whatsapp", "WhatsApp"),
                            ("sms", "SMS"),
                            ("web", "Web"),
                        ],
                        max_length=50,
                        null=True,
                    ),
                ),
                (
                    "step_type",
                    models.CharField(
                        choices=[
                            ("start", "Start"),
                            ("end", "End"),
                            ("delay", "Delay"),
                            ("condition", "Condition"),
                            ("lead_generation", "Lead generation"),
                            ("linkedin_visit", "LinkedIn: visit profile"),
                            ("linkedin_follow", "LinkedIn: follow"),
                            ("linkedin_connect", "LinkedIn: connect"),
                            ("linkedin_message", "LinkedIn: message"),
                            ("linkedin_scrape_profile", "LinkedIn: read profile"),
                            ("linkedin_company_search", "LinkedIn: search company"),
                            ("linkedin_employee_list", "LinkedIn: list employees"),
                            ("linkedin_autopost", "LinkedIn: post"),
                            ("linkedin_comment_reply", "LinkedIn: reply to comment"),
                            ("email_send", "E-mail: send"),
                            ("email_followup", "E-mail: follow up"),
                            ("whatsapp_send", "WhatsApp: send"),
                            ("voice_agent_call", "Voice agent: call"),
                            ("instagram_follow", "Instagram: follow"),
                            ("instagram_like", "Instagram: like"),
                            ("instagram_dm", "Instagram: direct message"),
                            ("instagram_autopost", "Instagram: post"),
                            ("instagram_comment_reply", "Instagram: reply to comment"),
                            ("instagram_story_view", "Instagram: view story"),
                        ],
                        max_length=50,
                    ),
                ),
                ("action_type", models.CharField(blank=True, help_text="Empty: the step's type.", max_length=50)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("queued", "Queued"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("opened", "Opened"),
                            ("clicked", "Clicked"),
                            ("connected", "Connected"),
                            ("replied", "Replied"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=50,
                    ),
                ),
                ("subject", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("message_content", models.TextField(blank=True, db_default="", default="")),
                ("error_message", models.TextField(blank=True, db_default="", default="")),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                ("executed_at", models.DateTimeField(blank=True, null=True)),
                ("provider", models.CharField(blank=True, db_default="", default="", max_length=50)),
                ("provider_event_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "campaign",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "campaign_lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="activities",
                        to="campaigns.campaignlead",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "step",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="activities",
                        to="campaigns.campaignstep",
                    ),
                ),
            ],
            options={
                "verbose_name": "activity",
                "verbose_name_plural": "activities",
                "db_table": "campaign_lead_activities",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_activities_newest"),
                    models.Index(
                        fields=["tenant", "campaign_lead", "-created_at"], name="campaign_activities_timeline"
                    ),
                    models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_activities_campaign"),
                    models.Index(
                        fields=["tenant", "campaign", "status", "-created_at"], name="campaign_activities_progress"
                    ),
                    models.Index(fields=["tenant", "status", "-created_at"], name="campaign_activities_status"),
                    models.Index(
                        condition=models.Q(("step__isnull", False)),
                        fields=["tenant", "step"],
                        name="campaign_activities_step",
                    ),
                ],
                "constraints": [
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign", "campaign_lead"),
                        name="campaign_lead_activities_lead_same_campaign",
                        on_delete="CASCADE",
                        to="campaigns.CampaignLead",
                        to_fields=("tenant", "campaign", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign", "step"),
                        name="campaign_lead_activities_step_same_campaign",
                        on_delete="SET NULL",
                        to="campaigns.CampaignStep",
                        to_fields=("tenant", "campaign", "id"),
                        violation_error_message="The step belongs to another campaign than the enrolment.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("provider_event_id", ""), _negated=True),
                        fields=("tenant", "provider", "provider_event_id"),
                        name="campaign_lead_activities_event_once",
                        violation_error_message="This event of the provider has been recorded already.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="campaign_lead_activities_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign"),
                        name="campaign_lead_activities_campaign_same_tenant",
                        on_delete="CASCADE",
                        to="campaigns.Campaign",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign_lead"),
                        name="campaign_lead_activities_campaign_lead_same_tenant",
                        on_delete="CASCADE",
                        to="campaigns.CampaignLead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "step"),
                        name="campaign_lead_activities_step_same_tenant",
                        on_delete="SET NULL",
                        to="campaigns.CampaignStep",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="campaign_lead_activities_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="campaign_lead_activities_channel_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "step_type__in",
                                [
                                    "start",
                                    "end",
                                    "delay",
                                    "condition",
                                    "lead_generation",
                                    "linkedin_visit",
                                    "linkedin_follow",
                                    "linkedin_connect",
                                    "linkedin_message",
                                    "linkedin_scrape_profile",
                                    "linkedin_company_search",
                                    "linkedin_employee_list",
                                    "linkedin_autopost",
                                    "linkedin_comment_reply",
                                    "email_send",
                                    "email_followup",
                                    "whatsapp_send",
                                    "voice_agent_call",
                                    "instagram_follow",
                                    "instagram_like",
                                    "instagram_dm",
                                    "instagram_autopost",
                                    "instagram_comment_reply",
                                    "instagram_story_view",
                                ],
                            )
                        ),
                        name="campaign_lead_activities_step_type_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "pending",
                                    "queued",
                                    "sent",
                                    "delivered",
                                    "opened",
                                    "clicked",
                                    "connected",
                                    "replied",
                                    "failed",
                                    "skipped",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="campaign_lead_activities_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="campaign_lead_activities_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CommunicationTemplate",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("linkedin", "LinkedIn"),
                            ("email", "E-mail"),
                            ("voice", "Voice"),
                            ("whatsapp", "WhatsApp"),
                            ("sms", "SMS"),
                            ("web", "Web"),
                        ],
                        max_length=50,
                    ),
                ),
                (
                    "template_key",
                    models.CharField(
                        help_text="What the same message is called in every language.",
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9][a-z0-9_.-]*$", "Use lower-case letters, digits, '.', '-' and '_'."
                            )
                        ],
                    ),
                ),
                ("category", models.CharField(blank=True, db_default="general", default="general", max_length=100)),
                (
                    "language",
                    models.CharField(
                        db_default="en",
                        default="en",
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$", "Write it like en, pt-BR or zh-Hant."
                            )
                        ],
                    ),
                ),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                ("subject", models.CharField(blank=True, db_default="", default="", max_length=500)),
                ("body", models.TextField(max_length=50000)),
                ("html_content", models.TextField(blank=True, db_default="", default="", max_length=200000)),
                (
                    "variables_schema",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "additionalProperties": {
                                        "properties": {
                                            "label": {"maxLength": 100, "type": "string"},
                                            "required": {"type": "boolean"},
                                            "sample": {"maxLength": 500, "type": "string"},
                                        },
                                        "type": "object",
                                    },
                                    "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,59}$"},
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                (
                    "is_builtin",
                    models.BooleanField(
                        db_default=False, default=False, editable=False, help_text="Ships with LAD; cannot be deleted."
                    ),
                ),
                (
                    "agent_id",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Only for this voice agent; empty: for all.",
                        null=True,
                        verbose_name="voice agent",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "template",
                "db_table": "communication_templates",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="communication_templates_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "channel", "-created_at"],
                        name="communication_templates_chan",
                    ),
                    models.Index(
                        condition=models.Q(("agent_id__isnull", False)),
                        fields=["tenant", "agent_id"],
                        name="communication_templates_agent",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "channel", "template_key", "language", "category", "agent_id"),
                        name="communication_templates_key",
                        nulls_distinct=False,
                        violation_error_message="There is a template with this key, channel, category and language already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_builtin", False), ("tenant__isnull", True), _connector="OR"),
                        name="communication_templates_builtin_is_shared",
                        violation_error_message="Only a shared template can be a built-in one.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="communication_templates_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="communication_templates_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="communication_templates_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("channel__in", ["linkedin", "email", "voice", "whatsapp", "sms", "web"])),
                        name="communication_templates_channel_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OF tenant_id",
                        function="lad_keep_tenant",
                        level="ROW",
                        name="communication_templates_keep_tenant",
                        parameters=("tenant_id",),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="communication_templates_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="communication_templates_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="communication_templates_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="communication_templates_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmailAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                ("email", lad.db.fields.LowercaseEmailField(max_length=255)),
                ("smtp_host", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "smtp_port",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                    ),
                ),
                ("smtp_username", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("smtp_password", lad.db.fields.EncryptedTextField(blank=True, db_default="", default="")),
                (
                    "smtp_secure",
                    models.BooleanField(
                        db_default=True, default=True, help_text="Speak to the server encrypted.", verbose_name="TLS"
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                (
                    "daily_send_limit",
                    models.PositiveIntegerField(
                        db_default=200, default=200, validators=[django.core.validators.MaxValueValidator(100000)]
                    ),
                ),
                ("sent_today", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("last_reset_date", models.DateField(blank=True, editable=False, null=True)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "e-mail account",
                "db_table": "email_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="email_accounts_newest"),
                    models.Index(fields=["tenant", "is_active", "-created_at"], name="email_accounts_active"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "email"),
                        name="email_accounts_email_key",
                        violation_error_message="There is an account with this address already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="email_accounts_email_lowercase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("smtp_port__isnull", True), ("smtp_port__range", (1, 65535)), _connector="OR"
                        ),
                        name="email_accounts_port_valid",
                        violation_error_message="A port is a number from 1 to 65535.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sent_today__lte", models.F("daily_send_limit"))),
                        name="email_accounts_within_limit",
                        violation_error_message="More has been sent today than that: choose a higher limit or switch the account off.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="email_accounts_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="email_accounts_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="email_accounts_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="email_accounts_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="email_accounts_audit_insert",
                        parameters=("tenant_id", "smtp_password"),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="email_accounts_audit_update",
                        parameters=("tenant_id", "smtp_password"),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="email_accounts_audit_delete",
                        parameters=("tenant_id", "smtp_password"),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LinkedinAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                ("account_name", models.CharField(max_length=255)),
                ("provider", models.CharField(db_default="unipile", default="unipile", max_length=50)),
                (
                    "unipile_account_id",
                    models.CharField(
                        help_text="What the provider calls this account.",
                        max_length=255,
                        verbose_name="provider's account id",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("pending", "Connecting"),
                            ("checkpoint", "Waits for confirmation"),
                            ("expired", "Sign-in expired"),
                            ("revoked", "Revoked"),
                            ("disconnected", "Disconnected"),
                            ("error", "Error"),
                        ],
                        db_default="active",
                        default="active",
                        max_length=30,
                    ),
                ),
                ("is_active", models.BooleanField(db_default=True, default=True)),
                ("session_cookies", lad.db.fields.EncryptedTextField(blank=True, db_default="", default="")),
                ("access_token", lad.db.fields.EncryptedTextField(blank=True, db_default="", default="")),
                ("refresh_token", lad.db.fields.EncryptedTextField(blank=True, db_default="", default="")),
                ("token_expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_verified_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "daily_action_limit",
                    models.PositiveIntegerField(
                        db_default=10, default=10, validators=[django.core.validators.MaxValueValidator(100000)]
                    ),
                ),
                (
                    "default_weekly_limit",
                    models.PositiveIntegerField(
                        db_default=70,
                        default=70,
                        help_text="Actions within any seven days.",
                        validators=[django.core.validators.MaxValueValidator(100000)],
                        verbose_name="weekly limit",
                    ),
                ),
                ("actions_today", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("last_reset_date", models.DateField(blank=True, editable=False, null=True)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    lad.db.fields.TenantUserKey(
                        db_index=False,
                        member=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "LinkedIn account",
                "db_table": "social_linkedin_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="social_linkedin_newest"),
                    models.Index(fields=["tenant", "user", "-created_at"], name="social_linkedin_by_user"),
                    models.Index(fields=["tenant", "status", "-created_at"], name="social_linkedin_status"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "provider", "unipile_account_id"),
                        name="social_linkedin_accounts_key",
                        violation_error_message="This account is connected already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("actions_today__lte", models.F("daily_action_limit"))),
                        name="social_linkedin_accounts_within",
                        violation_error_message="More has been done today than that: choose a higher limit or switch the account off.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="social_linkedin_accounts_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="social_linkedin_accounts_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="social_linkedin_accounts_user_fkey",
                        on_delete="CASCADE",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="social_linkedin_accounts_user_same_tenant",
                        on_delete="CASCADE",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="social_linkedin_accounts_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["active", "pending", "checkpoint", "expired", "revoked", "disconnected", "error"],
                            )
                        ),
                        name="social_linkedin_accounts_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="social_linkedin_accounts_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="social_linkedin_accounts_audit_insert",
                        parameters=("tenant_id", "access_token", "refresh_token", "session_cookies"),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="social_linkedin_accounts_audit_update",
                        parameters=("tenant_id", "access_token", "refresh_token", "session_cookies"),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="social_linkedin_accounts_audit_delete",
                        parameters=("tenant_id", "access_token", "refresh_token", "session_cookies"),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        default=lad.db.identifiers.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused")],
                        db_default="active",
                        default="active",
                        max_length=30,
                    ),
                ),
                (
                    "is_primary",
                    models.BooleanField(
                        db_default=False, default=False, help_text="The one account of the campaign that writes first."
                    ),
                ),
                (
                    "priority",
                    models.IntegerField(db_default=0, default=0, help_text="The higher, the earlier it is used."),
                ),
                (
                    "daily_requests_limit",
                    models.PositiveIntegerField(
                        db_default=10, default=10, validators=[django.core.validators.MaxValueValidator(100000)]
                    ),
                ),
                ("daily_requests_used", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("last_reset_date", models.DateField(blank=True, editable=False, null=True)),
                (
                    "campaign",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="accounts",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "linkedin_account",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="campaign_accounts",
                        to="campaigns.linkedinaccount",
                    ),
                ),
            ],
            options={
                "verbose_name": "campaign's LinkedIn account",
                "db_table": "campaign_linkedin_accounts",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="campaign_linkedin_newest"),
                    models.Index(fields=["tenant", "campaign", "-created_at"], name="campaign_linkedin_by_campaign"),
                    models.Index(
                        fields=["tenant", "linkedin_account", "-created_at"], name="campaign_linkedin_by_account"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "campaign", "linkedin_account"),
                        name="campaign_linkedin_accounts_key",
                        violation_error_message="The campaign uses this account already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("is_primary", True)),
                        fields=("tenant", "campaign"),
                        name="campaign_linkedin_accounts_primary",
                        violation_error_message="The campaign has a primary account already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("daily_requests_used__lte", models.F("daily_requests_limit"))),
                        name="campaign_linkedin_accounts_within",
                        violation_error_message="More has been used today than that: choose a higher limit or pause it.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="campaign_linkedin_accounts_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="campaign_linkedin_accounts_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign"),
                        name="campaign_linkedin_accounts_campaign_same_tenant",
                        on_delete="CASCADE",
                        to="campaigns.Campaign",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "linkedin_account"),
                        name="campaign_linkedin_accounts_linkedin_account_same_tenant",
                        on_delete="CASCADE",
                        to="campaigns.LinkedinAccount",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="campaign_linkedin_accounts_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "paused"])),
                        name="campaign_linkedin_accounts_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="campaign_linkedin_accounts_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_linkedin_accounts_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_linkedin_accounts_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="campaign_linkedin_accounts_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
    ]
