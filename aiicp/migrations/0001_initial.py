import django.contrib.postgres.functions
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import aiicp.models.expansion
import lad.db.constraints
import lad.db.fields
import lad.db.identifiers
import lad.db.shapes


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0002_shared_rows"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversation",
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
                    "title",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Empty: named after the first message.",
                        max_length=255,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("archived", "Archived"), ("completed", "Completed")],
                        db_default="active",
                        default="active",
                        editable=False,
                        max_length=50,
                    ),
                ),
                (
                    "icp_data",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="What the conversation has said of the ideal customer: roles, industries, locations, company size …",
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "capture_rules": {"type": "object"},
                                        "companies": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "company_size": {"enum": ["smb", "mid-market", "enterprise"], "type": "string"},
                                        "confidence_score": {"maximum": 100, "minimum": 0, "type": "number"},
                                        "deal_type": {"maxLength": 500, "type": "string"},
                                        "inbound_data_ready": {"type": "boolean"},
                                        "inbound_source": {
                                            "items": {
                                                "enum": ["website", "whatsapp", "ads", "crm", "webhook"],
                                                "type": "string",
                                            },
                                            "type": "array",
                                        },
                                        "industries": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "inferred_strategy": {
                                            "enum": ["people_search", "company_search", "people_enrichment"],
                                            "type": "string",
                                        },
                                        "keywords": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "linkedin_urls": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "locations": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "outreach_type": {"enum": ["inbound", "outbound"], "type": "string"},
                                        "problem_statement": {"maxLength": 5000, "type": "string"},
                                        "roles": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "target_knowledge": {"enum": ["known", "discovery"], "type": "string"},
                                        "technologies": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                        verbose_name="ideal customer",
                    ),
                ),
                (
                    "search_params",
                    models.JSONField(
                        blank=True,
                        help_text="The search that follows from it, in Apollo's words; null until there is one.",
                        null=True,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "include_similar_titles": {"type": "boolean"},
                                        "organization_industries": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "organization_locations": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "organization_num_employees_ranges": {
                                            "items": {"pattern": "^\\d+,\\d+$", "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "page": {"maximum": 500, "minimum": 1, "type": "integer"},
                                        "per_page": {"maximum": 100, "minimum": 1, "type": "integer"},
                                        "person_locations": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "person_seniorities": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "person_titles": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "q_keywords": {"maxLength": 500, "type": "string"},
                                        "q_organization_domains_list": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "q_organization_keyword_tags": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                        verbose_name="search parameters",
                    ),
                ),
                (
                    "search_triggered",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        editable=False,
                        help_text="Whether the search has been started.",
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="How far the assistant has come with its questions: stage, progress, step_index.",
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "progress": {
                                            "enum": ["collecting_info", "awaiting_confirmation", "ready_for_execution"],
                                            "type": "string",
                                        },
                                        "stage": {
                                            "enum": [
                                                "init",
                                                "outreach_type",
                                                "inbound_flow",
                                                "outbound_target_knowledge",
                                                "outbound_known_target",
                                                "outbound_icp_discovery",
                                                "confirmation",
                                                "ready_for_execution",
                                            ],
                                            "type": "string",
                                        },
                                        "step_index": {"minimum": 0, "type": "integer"},
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                ("archived_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_column="organization_id",
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
                        help_text="Whose conversation it is; nobody else's.",
                        member=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "ai_conversations",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_conversations_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "user", "-created_at"],
                        name="ai_conversations_of_user",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="ai_conversations_status",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("archived_at__isnull", False), ("status", "archived")),
                            models.Q(models.Q(("status", "archived"), _negated=True), ("archived_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="ai_conversations_archived_at",
                        violation_error_message="An archived conversation says when it was archived, any other does not: archive or reopen it instead of setting its status.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="ai_conversations_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="ai_conversations_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="ai_conversations_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="ai_conversations_user_fkey",
                        on_delete="CASCADE",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="ai_conversations_user_same_tenant",
                        on_delete="CASCADE",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "archived", "completed"])),
                        name="ai_conversations_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="ai_conversations_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="ai_conversations_audit_insert",
                        parameters=("organization_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="ai_conversations_audit_update",
                        parameters=("organization_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="ai_conversations_audit_delete",
                        parameters=("organization_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IcpProfile",
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
                ("description", models.TextField(blank=True, db_default="", default="", max_length=5000)),
                (
                    "icp_data",
                    models.JSONField(
                        help_text="Who the ideal customer is: roles, industries, locations, company size …",
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "capture_rules": {"type": "object"},
                                        "companies": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "company_size": {"enum": ["smb", "mid-market", "enterprise"], "type": "string"},
                                        "confidence_score": {"maximum": 100, "minimum": 0, "type": "number"},
                                        "deal_type": {"maxLength": 500, "type": "string"},
                                        "inbound_data_ready": {"type": "boolean"},
                                        "inbound_source": {
                                            "items": {
                                                "enum": ["website", "whatsapp", "ads", "crm", "webhook"],
                                                "type": "string",
                                            },
                                            "type": "array",
                                        },
                                        "industries": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "inferred_strategy": {
                                            "enum": ["people_search", "company_search", "people_enrichment"],
                                            "type": "string",
                                        },
                                        "keywords": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "linkedin_urls": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "locations": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "outreach_type": {"enum": ["inbound", "outbound"], "type": "string"},
                                        "problem_statement": {"maxLength": 5000, "type": "string"},
                                        "roles": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "target_knowledge": {"enum": ["known", "discovery"], "type": "string"},
                                        "technologies": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                        verbose_name="ideal customer",
                    ),
                ),
                (
                    "search_params",
                    models.JSONField(
                        blank=True,
                        help_text="The search that finds them, in Apollo's words; null: it follows from the profile.",
                        null=True,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "include_similar_titles": {"type": "boolean"},
                                        "organization_industries": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "organization_locations": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "organization_num_employees_ranges": {
                                            "items": {"pattern": "^\\d+,\\d+$", "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "page": {"maximum": 500, "minimum": 1, "type": "integer"},
                                        "per_page": {"maximum": 100, "minimum": 1, "type": "integer"},
                                        "person_locations": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "person_seniorities": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "person_titles": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "q_keywords": {"maxLength": 500, "type": "string"},
                                        "q_organization_domains_list": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "q_organization_keyword_tags": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                        verbose_name="search parameters",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_default=True, default=True, help_text="Whether it is offered for new searches."
                    ),
                ),
                ("usage_count", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "source_conversation",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        help_text="The conversation it was saved from.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="profiles",
                        to="aiicp.conversation",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_column="organization_id",
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
                        help_text="Who saved it.",
                        member=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "customer profile",
                "db_table": "ai_icp_profiles",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_icp_profiles_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "user", "-created_at"],
                        name="ai_icp_profiles_of_user",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "is_active", "-usage_count"],
                        name="ai_icp_profiles_most_used",
                    ),
                    models.Index(
                        condition=models.Q(("source_conversation__isnull", False)),
                        fields=["tenant", "source_conversation"],
                        name="ai_icp_profiles_source",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("usage_count", 0), ("last_used_at__isnull", False), _connector="OR"),
                        name="ai_icp_profiles_last_use",
                        violation_error_message="A profile that was used says when it was last.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="ai_icp_profiles_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="ai_icp_profiles_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="ai_icp_profiles_user_fkey",
                        on_delete="CASCADE",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="ai_icp_profiles_user_same_tenant",
                        on_delete="CASCADE",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "source_conversation"),
                        name="ai_icp_profiles_source_conversation_same_tenant",
                        on_delete="SET NULL",
                        to="aiicp.Conversation",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="ai_icp_profiles_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="ai_icp_profiles_audit_insert",
                        parameters=("organization_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="ai_icp_profiles_audit_update",
                        parameters=("organization_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="ai_icp_profiles_audit_delete",
                        parameters=("organization_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeywordExpansion",
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
                ("original_keyword", aiicp.models.expansion.KeywordField(max_length=255)),
                (
                    "expanded_keywords",
                    models.JSONField(
                        help_text="A list of keywords, the closest first.",
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "items": {"maxLength": 255, "minLength": 1, "type": "string"},
                                    "maxItems": 200,
                                    "type": "array",
                                    "uniqueItems": True,
                                }
                            )
                        ],
                    ),
                ),
                (
                    "context",
                    aiicp.models.expansion.KeywordField(
                        db_default="general",
                        default="general",
                        help_text="What the keyword is read as: general, industry, technology …",
                        max_length=100,
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The model that found them; empty: a person.",
                        max_length=100,
                    ),
                ),
                (
                    "usage_count",
                    models.PositiveIntegerField(
                        db_default=1,
                        default=1,
                        editable=False,
                        help_text="How often it was looked up, the first time included.",
                    ),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        blank=True,
                        db_column="organization_id",
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
                "db_table": "ai_keyword_expansions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_keyword_expansions_newest"),
                    models.Index(fields=["tenant", "-usage_count"], name="ai_keyword_expansions_used"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "original_keyword", "context"),
                        name="ai_keyword_expansions_keyword_key",
                        nulls_distinct=False,
                        violation_error_message="This keyword is expanded already in this context: change that row.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "original_keyword",
                                django.db.models.functions.text.Lower(
                                    django.db.models.functions.text.Trim("original_keyword")
                                ),
                            ),
                            models.Q(("original_keyword", ""), _negated=True),
                        ),
                        name="ai_keyword_expansions_keyword_normal",
                        violation_error_message="A keyword is stored trimmed and in lower case, and is not empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "context",
                                django.db.models.functions.text.Lower(django.db.models.functions.text.Trim("context")),
                            ),
                            models.Q(("context", ""), _negated=True),
                        ),
                        name="ai_keyword_expansions_context_normal",
                        violation_error_message="A context is stored trimmed and in lower case, and is not empty.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="ai_keyword_expansions_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR organization_id IS NULL",
                        writable="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="ai_keyword_expansions_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OF organization_id",
                        function="lad_keep_tenant",
                        level="ROW",
                        name="ai_keyword_expansions_keep_tenant",
                        parameters=("organization_id",),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="ai_keyword_expansions_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
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
                ("role", models.CharField(choices=[("user", "User"), ("assistant", "Assistant")], max_length=20)),
                ("content", models.TextField()),
                (
                    "message_data",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="What was understood from the message or offered with it: extracted, suggestions, options …",
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "extracted": {
                                            "properties": {
                                                "capture_rules": {"type": "object"},
                                                "companies": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "company_size": {
                                                    "enum": ["smb", "mid-market", "enterprise"],
                                                    "type": "string",
                                                },
                                                "confidence_score": {"maximum": 100, "minimum": 0, "type": "number"},
                                                "deal_type": {"maxLength": 500, "type": "string"},
                                                "inbound_data_ready": {"type": "boolean"},
                                                "inbound_source": {
                                                    "items": {
                                                        "enum": ["website", "whatsapp", "ads", "crm", "webhook"],
                                                        "type": "string",
                                                    },
                                                    "type": "array",
                                                },
                                                "industries": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "inferred_strategy": {
                                                    "enum": ["people_search", "company_search", "people_enrichment"],
                                                    "type": "string",
                                                },
                                                "keywords": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "linkedin_urls": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "locations": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "outreach_type": {"enum": ["inbound", "outbound"], "type": "string"},
                                                "problem_statement": {"maxLength": 5000, "type": "string"},
                                                "roles": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "target_knowledge": {"enum": ["known", "discovery"], "type": "string"},
                                                "technologies": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                            },
                                            "type": "object",
                                        },
                                        "intent": {"maxLength": 500, "type": "string"},
                                        "options": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "search_params": {
                                            "properties": {
                                                "include_similar_titles": {"type": "boolean"},
                                                "organization_industries": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "organization_locations": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "organization_num_employees_ranges": {
                                                    "items": {"pattern": "^\\d+,\\d+$", "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "page": {"maximum": 500, "minimum": 1, "type": "integer"},
                                                "per_page": {"maximum": 100, "minimum": 1, "type": "integer"},
                                                "person_locations": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "person_seniorities": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "person_titles": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "q_keywords": {"maxLength": 500, "type": "string"},
                                                "q_organization_domains_list": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                                "q_organization_keyword_tags": {
                                                    "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                                    "maxItems": 200,
                                                    "type": "array",
                                                },
                                            },
                                            "type": "object",
                                        },
                                        "stage": {
                                            "enum": [
                                                "init",
                                                "outreach_type",
                                                "inbound_flow",
                                                "outbound_target_knowledge",
                                                "outbound_known_target",
                                                "outbound_icp_discovery",
                                                "confirmation",
                                                "ready_for_execution",
                                            ],
                                            "type": "string",
                                        },
                                        "step_index": {"minimum": 0, "type": "integer"},
                                        "suggestions": {
                                            "items": {"maxLength": 500, "minLength": 1, "type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "tokens_used",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="What the model counted for its answer; null where none answered.",
                        null=True,
                    ),
                ),
                (
                    "model",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The model that answered; empty for people.",
                        max_length=100,
                    ),
                ),
                (
                    "conversation",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="aiicp.conversation",
                    ),
                ),
                (
                    "tenant",
                    lad.db.fields.TenantKey(
                        db_column="organization_id",
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "ai_messages",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="ai_messages_newest"),
                    models.Index(fields=["tenant", "conversation", "created_at"], name="ai_messages_in_order"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("content", ""), _negated=True),
                        name="ai_messages_content_said",
                        violation_error_message="Say something: a message is not empty.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="ai_messages_row_security",
                        platform_privileges=("SELECT", "INSERT"),
                        privileges=("SELECT", "INSERT"),
                        visible="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="organization_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="ai_messages_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "conversation"),
                        name="ai_messages_conversation_same_tenant",
                        on_delete="CASCADE",
                        to="aiicp.Conversation",
                        to_fields=("tenant", "id"),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["user", "assistant"])), name="ai_messages_role_valid"
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OR DELETE",
                        function="lad_refuse_change",
                        level="ROW",
                        name="ai_messages_append_only",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="TRUNCATE",
                        function="lad_refuse_change",
                        level="STATEMENT",
                        name="ai_messages_no_truncate",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
    ]
