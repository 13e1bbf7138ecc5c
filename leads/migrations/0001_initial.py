import django.contrib.postgres.functions
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import lad.db.constraints
import lad.db.fields
import lad.db.identifiers
import lad.db.shapes
import lad.timezones
import leads.availability
import leads.models.company_cache


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0002_shared_rows"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lead",
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
                ("assigned_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("first_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("last_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "email",
                    lad.db.fields.LowercaseEmailField(
                        blank=True, db_collation="C", db_default="", default="", max_length=255, verbose_name="e-mail"
                    ),
                ),
                ("phone", models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=50)),
                (
                    "country_code",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=10),
                ),
                ("base_number", models.BigIntegerField(blank=True, editable=False, null=True)),
                ("leading_zeros", models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
                ("title", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("company_name", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "company_domain",
                    models.CharField(blank=True, db_collation="C", db_default="", default="", max_length=255),
                ),
                ("location", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "linkedin_url",
                    models.URLField(blank=True, db_default="", default="", max_length=500, verbose_name="LinkedIn"),
                ),
                ("stage", models.CharField(blank=True, db_default="new", default="new", max_length=50)),
                ("status", models.CharField(blank=True, db_default="active", default="active", max_length=50)),
                (
                    "priority",
                    models.SmallIntegerField(
                        choices=[(0, "Not set"), (1, "Low"), (2, "Medium"), (3, "High"), (4, "Urgent")],
                        db_default=0,
                        default=0,
                    ),
                ),
                (
                    "estimated_value",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=12,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        db_default="USD",
                        default="USD",
                        max_length=10,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Z]{3}\\Z", "Give the currency as three capital letters, such as EUR."
                            )
                        ],
                    ),
                ),
                ("source", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("source_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "tags",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "items": {"maxLength": 100, "minLength": 1, "type": "string"},
                                    "maxItems": 50,
                                    "type": "array",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "custom_fields",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "raw_data",
                    models.JSONField(blank=True, null=True, validators=[lad.db.shapes.Shape({"type": "object"})]),
                ),
                (
                    "description",
                    models.TextField(blank=True, db_column="notes", db_default="", default="", max_length=20000),
                ),
                ("is_archived", models.BooleanField(db_default=False, default=False, verbose_name="archived")),
                (
                    "last_activity_at",
                    models.DateTimeField(
                        blank=True,
                        default=django.utils.timezone.now,
                        editable=False,
                        null=True,
                        verbose_name="last activity",
                    ),
                ),
                ("last_contacted_at", models.DateTimeField(blank=True, null=True, verbose_name="last contact")),
                ("next_follow_up_at", models.DateTimeField(blank=True, null=True, verbose_name="next follow-up")),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower(
                            django.db.models.functions.text.Trim(
                                django.db.models.functions.text.Concat("first_name", models.Value(" "), "last_name")
                            )
                        ),
                        output_field=models.CharField(db_collation="C", max_length=511),
                    ),
                ),
                (
                    "last_name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("last_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
                    ),
                ),
                (
                    "company_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("company_name"),
                        output_field=models.CharField(db_collation="C", max_length=500),
                    ),
                ),
                (
                    "assigned_user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        member=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
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
            ],
            options={
                "db_table": "leads",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="leads_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "stage", "-created_at"],
                        include=("is_archived", "currency", "estimated_value"),
                        name="leads_by_stage",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="leads_by_status",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "assigned_user", "-created_at"],
                        name="leads_by_owner",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "source", "-created_at"],
                        name="leads_by_source",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "priority", "-created_at"],
                        name="leads_by_priority",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("is_archived", True)),
                        fields=["tenant", "-created_at"],
                        name="leads_archived",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "-last_activity_at"],
                        name="leads_by_activity",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "next_follow_up_at"],
                        name="leads_by_follow_up",
                    ),
                    models.Index(fields=["tenant", "email"], name="leads_by_email"),
                    models.Index(fields=["tenant", "phone"], name="leads_by_phone"),
                    models.Index(fields=["tenant", "company_domain"], name="leads_by_company_domain"),
                    models.Index(fields=["tenant", "name_key"], name="leads_by_name"),
                    models.Index(fields=["tenant", "last_name_key"], name="leads_by_last_name"),
                    models.Index(fields=["tenant", "company_key"], name="leads_by_company"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), models.Q(("source_id", ""), _negated=True)),
                        fields=("tenant", "source", "source_id"),
                        name="leads_source_key",
                        violation_error_message="This lead was already taken over from that source.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="leads_email_lowercase",
                        violation_error_message="Write the e-mail address in lower case.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("company_domain", django.db.models.functions.text.Lower("company_domain"))),
                        name="leads_company_domain_lowercase",
                        violation_error_message="Write the company's domain in lower case.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("priority__in", [0, 1, 2, 3, 4])),
                        name="leads_priority_valid",
                        violation_error_message="The priority is one of 0 (not set), 1 low, 2 medium, 3 high and 4 urgent.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("estimated_value__isnull", True), ("estimated_value__gte", 0), _connector="OR"
                        ),
                        name="leads_value_not_negative",
                        violation_error_message="The estimated value is nothing or more.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="leads_currency_valid",
                        violation_error_message="Give the currency as three capital letters, such as EUR.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("stage", ""), _negated=True), models.Q(("status", ""), _negated=True)
                        ),
                        name="leads_stands_somewhere",
                        violation_error_message="A lead always has a stage and a status.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("base_number__isnull", True),
                            models.Q(("base_number__gte", 0), models.Q(("country_code", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="leads_phone_parts",
                        violation_error_message="A national number comes with its country code.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="leads_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="leads_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("created_by_user",),
                        name="leads_created_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("assigned_user",),
                        name="leads_assigned_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "assigned_user"),
                        name="leads_assigned_user_same_tenant",
                        on_delete="SET NULL",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="leads_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="leads_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="leads_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="leads_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="leads_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EducationStudent",
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
                (
                    "student_parent_name",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="parent"),
                ),
                (
                    "parent_designation",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="What the parent does for a living.",
                        max_length=255,
                    ),
                ),
                (
                    "program_interested_in",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="programme"),
                ),
                (
                    "country_interested",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="country"),
                ),
                (
                    "intake_year",
                    models.IntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(2000),
                            django.core.validators.MaxValueValidator(2100),
                        ],
                    ),
                ),
                (
                    "intake_month",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("january", "January"),
                            ("february", "February"),
                            ("march", "March"),
                            ("april", "April"),
                            ("may", "May"),
                            ("june", "June"),
                            ("july", "July"),
                            ("august", "August"),
                            ("september", "September"),
                            ("october", "October"),
                            ("november", "November"),
                            ("december", "December"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
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
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="student",
                        to="leads.lead",
                    ),
                ),
            ],
            options={
                "verbose_name": "student",
                "db_table": "education_students",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="education_students_newest"),
                    models.Index(fields=["tenant", "intake_year", "intake_month"], name="education_students_intake"),
                    models.Index(fields=["tenant", "country_interested"], name="education_students_country"),
                    models.Index(fields=["tenant", "program_interested_in"], name="education_students_programme"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "lead"),
                        name="education_students_lead_key",
                        violation_error_message="This lead is a student already: change that entry instead.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("intake_year__isnull", True),
                            models.Q(("intake_year__gte", 2000), ("intake_year__lte", 2100)),
                            _connector="OR",
                        ),
                        name="education_students_intake_year_sane",
                        violation_error_message="The intake is between 2000 and 2100.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="education_students_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="education_students_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="education_students_lead_same_tenant",
                        on_delete="CASCADE",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="education_students_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "intake_month__in",
                                [
                                    "january",
                                    "february",
                                    "march",
                                    "april",
                                    "may",
                                    "june",
                                    "july",
                                    "august",
                                    "september",
                                    "october",
                                    "november",
                                    "december",
                                ],
                            )
                        ),
                        name="education_students_intake_month_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="education_students_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="education_students_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="education_students_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="education_students_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadAttachment",
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
                (
                    "file_url",
                    models.TextField(
                        editable=False,
                        help_text="Where the storage keeps the file; people reach it through a signed link only.",
                        verbose_name="storage key",
                    ),
                ),
                ("file_name", models.CharField(help_text="The name it is downloaded under.", max_length=255)),
                (
                    "file_type",
                    models.CharField(editable=False, help_text="Media type, found in the content.", max_length=100),
                ),
                ("file_size", models.BigIntegerField(editable=False, help_text="Bytes.")),
                ("checksum", models.CharField(editable=False, help_text="SHA-256 of the content.", max_length=64)),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("file_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
                    ),
                ),
                (
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
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
                (
                    "uploaded_by_user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "file",
                "db_table": "lead_attachments",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="lead_attachments_newest"),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="lead_attachments_by_lead"),
                    models.Index(
                        fields=["tenant", "uploaded_by_user", "-created_at"], name="lead_attachments_by_uploader"
                    ),
                    models.Index(fields=["tenant", "name_key"], name="lead_attachments_by_name"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", False)),
                        fields=["tenant", "deleted_at"],
                        name="lead_attachments_deleted",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "file_url"),
                        name="lead_attachments_file_url_key",
                        violation_error_message="Another attachment keeps its file there already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("file_size__gt", 0)),
                        name="lead_attachments_file_size_positive",
                        violation_error_message="An empty file cannot be attached.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("checksum__regex", "^[0-9a-f]{64}$")),
                        name="lead_attachments_checksum_sha256",
                        violation_error_message="The checksum is a SHA-256 in hexadecimal.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="lead_attachments_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="lead_attachments_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="lead_attachments_lead_same_tenant",
                        on_delete="CASCADE",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("uploaded_by_user",),
                        name="lead_attachments_uploaded_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="lead_attachments_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="lead_attachments_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_attachments_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_attachments_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_attachments_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadBooking",
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
                ("retry_count", models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
                (
                    "booking_type",
                    models.CharField(
                        choices=[
                            ("auto_followup", "Automatic follow-up"),
                            ("manual_followup", "Follow-up"),
                            ("callback_requested", "Call back"),
                            ("scheduled_call", "Scheduled call"),
                            ("system_retry", "Another attempt"),
                            ("auto_consultation", "Automatic consultation"),
                            ("consultation", "Consultation"),
                            ("initial_consult", "First consultation"),
                            ("application_review", "Application review"),
                            ("demo", "Demonstration"),
                            ("onboarding", "Onboarding"),
                            ("support", "Support"),
                        ],
                        default="manual_followup",
                        max_length=30,
                        verbose_name="what",
                    ),
                ),
                (
                    "booking_source",
                    models.CharField(
                        choices=[
                            ("voice_agent", "Voice agent"),
                            ("user_ui", "A person"),
                            ("campaign", "Campaign"),
                            ("system", "System"),
                            ("api", "API"),
                            ("web", "Web site"),
                            ("phone", "Phone"),
                            ("email", "E-mail"),
                            ("chat", "Chat"),
                            ("referral", "Referral"),
                        ],
                        default="user_ui",
                        max_length=30,
                        verbose_name="source",
                    ),
                ),
                ("scheduled_at", models.DateTimeField(verbose_name="from")),
                (
                    "buffer_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="Until when the time is taken; left empty, a quarter of an hour.",
                        verbose_name="until",
                    ),
                ),
                (
                    "timezone",
                    models.CharField(
                        db_default="UTC",
                        default="UTC",
                        help_text="Where the lead is, as in Asia/Dubai; times are stored in UTC.",
                        max_length=50,
                        validators=[lad.timezones.validate],
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("scheduled", "Scheduled"),
                            ("confirmed", "Confirmed"),
                            ("in_progress", "In progress"),
                            ("completed", "Completed"),
                            ("missed", "Missed"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        db_default="scheduled",
                        default="scheduled",
                        max_length=30,
                    ),
                ),
                (
                    "call_result",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("answered", "Answered"),
                            ("no_answer", "No answer"),
                            ("busy", "Busy"),
                            ("voicemail", "Voicemail"),
                            ("rejected", "Rejected"),
                        ],
                        max_length=30,
                        null=True,
                    ),
                ),
                ("notes", models.TextField(blank=True, db_default="", default="", max_length=20000)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                ("task_name", models.TextField(blank=True, db_default="", default="", editable=False)),
                ("task_scheduled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "task_status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("scheduled", "Scheduled"),
                            ("executed", "Executed"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        db_default="pending",
                        default="pending",
                        editable=False,
                        max_length=30,
                    ),
                ),
                ("executed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("execution_attempts", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("last_execution_error", models.TextField(blank=True, db_default="", default="", editable=False)),
                (
                    "idempotency_key",
                    models.CharField(blank=True, db_default="", default="", editable=False, max_length=255),
                ),
                (
                    "parent_retry_count",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                parent_booking__isnull=False,
                                then=django.db.models.expressions.CombinedExpression(
                                    models.F("retry_count"), "-", models.Value(1)
                                ),
                            ),
                            default=None,
                        ),
                        output_field=models.SmallIntegerField(null=True),
                    ),
                ),
                (
                    "assigned_user",
                    lad.db.fields.TenantUserKey(
                        blank=True,
                        db_index=False,
                        member=True,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="held by",
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
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bookings",
                        to="leads.lead",
                    ),
                ),
                (
                    "parent_booking",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="retries",
                        to="leads.leadbooking",
                        verbose_name="previous attempt",
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
                "verbose_name": "booking",
                "db_table": "lead_bookings",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="lead_bookings_newest"),
                    models.Index(fields=["tenant", "lead", "-created_at"], name="lead_bookings_of_lead"),
                    models.Index(fields=["tenant", "scheduled_at"], name="lead_bookings_calendar"),
                    models.Index(
                        condition=models.Q(
                            ("deleted_at__isnull", True), ("status__in", ["scheduled", "confirmed", "in_progress"])
                        ),
                        fields=["tenant", "scheduled_at"],
                        name="lead_bookings_open",
                    ),
                    models.Index(fields=["tenant", "assigned_user", "scheduled_at"], name="lead_bookings_of_person"),
                    models.Index(fields=["tenant", "status", "scheduled_at"], name="lead_bookings_by_status"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "task_status", "task_scheduled_at"],
                        name="lead_bookings_tasks",
                    ),
                ],
                "constraints": [
                    lad.db.constraints.NoOverlap(
                        condition=models.Q(
                            ("deleted_at__isnull", True),
                            ("status__in", ["scheduled", "confirmed", "in_progress"]),
                            ("assigned_user__isnull", False),
                        ),
                        end="buffer_until",
                        fields=("tenant", "assigned_user"),
                        name="lead_bookings_slot",
                        start="scheduled_at",
                        violation_error_message="The person has another booking at that time.",
                    ),
                    lad.db.constraints.NoOverlap(
                        condition=models.Q(
                            ("deleted_at__isnull", True),
                            ("status__in", ["scheduled", "confirmed", "in_progress"]),
                            ("booking_type__in", ["auto_followup", "manual_followup", "scheduled_call"]),
                        ),
                        end="buffer_until",
                        fields=("tenant", "lead"),
                        name="lead_bookings_one_follow_up",
                        start="scheduled_at",
                        violation_error_message="The lead has another follow-up at that time.",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "lead", "id", "retry_count"), name="lead_bookings_attempt_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead", "parent_booking", "parent_retry_count"),
                        name="lead_bookings_attempt_follows",
                        on_delete="NO ACTION",
                        to="leads.LeadBooking",
                        to_fields=("tenant", "lead", "id", "retry_count"),
                        violation_error_message="An attempt follows one of the same lead and counts one more than it.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True), ("parent_booking__isnull", False)),
                        fields=("tenant", "parent_booking"),
                        name="lead_bookings_one_next_attempt",
                        violation_error_message="The booking has been followed by another attempt already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        fields=("tenant", "idempotency_key"),
                        name="lead_bookings_idempotency_key",
                        violation_error_message="This booking was made already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("parent_booking__isnull", True), ("retry_count", 0)),
                            models.Q(("parent_booking__isnull", False), ("retry_count__gt", 0)),
                            _connector="OR",
                        ),
                        name="lead_bookings_retry_has_parent",
                        violation_error_message="Only what follows another attempt counts as a retry.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("buffer_until__gt", models.F("scheduled_at"))),
                        name="lead_bookings_ends_after_start",
                        violation_error_message="A booking ends after it starts.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("assigned_user__isnull", False),
                            models.Q(("status__in", ["scheduled", "confirmed", "in_progress"]), _negated=True),
                            _connector="OR",
                        ),
                        name="lead_bookings_held_by_someone",
                        violation_error_message="An open booking is held by somebody: give the lead an owner first.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="lead_bookings_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="lead_bookings_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="lead_bookings_lead_same_tenant",
                        on_delete="CASCADE",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("assigned_user",),
                        name="lead_bookings_assigned_user_fkey",
                        on_delete="NO ACTION",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "assigned_user"),
                        name="lead_bookings_assigned_user_same_tenant",
                        on_delete="NO ACTION",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "parent_booking"),
                        name="lead_bookings_parent_booking_same_tenant",
                        on_delete="NO ACTION",
                        to="leads.LeadBooking",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("created_by_user",),
                        name="lead_bookings_created_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="lead_bookings_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "booking_type__in",
                                [
                                    "auto_followup",
                                    "manual_followup",
                                    "callback_requested",
                                    "scheduled_call",
                                    "system_retry",
                                    "auto_consultation",
                                    "consultation",
                                    "initial_consult",
                                    "application_review",
                                    "demo",
                                    "onboarding",
                                    "support",
                                ],
                            )
                        ),
                        name="lead_bookings_booking_type_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "booking_source__in",
                                [
                                    "voice_agent",
                                    "user_ui",
                                    "campaign",
                                    "system",
                                    "api",
                                    "web",
                                    "phone",
                                    "email",
                                    "chat",
                                    "referral",
                                ],
                            )
                        ),
                        name="lead_bookings_booking_source_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["scheduled", "confirmed", "in_progress", "completed", "missed", "cancelled", "failed"],
                            )
                        ),
                        name="lead_bookings_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("call_result__in", ["answered", "no_answer", "busy", "voicemail", "rejected"])
                        ),
                        name="lead_bookings_call_result_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("task_status__in", ["pending", "scheduled", "executed", "cancelled", "failed"])
                        ),
                        name="lead_bookings_task_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="lead_bookings_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_bookings_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_bookings_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_bookings_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadNote",
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
                ("content", models.TextField(max_length=20000)),
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
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
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
                "verbose_name": "note",
                "db_table": "lead_notes",
                "indexes": [
                    models.Index(fields=["tenant", "lead", "-created_at"], name="lead_notes_timeline"),
                    models.Index(fields=["tenant", "-created_at"], name="lead_notes_newest"),
                    models.Index(fields=["tenant", "created_by_user", "-created_at"], name="lead_notes_by_author"),
                ],
                "constraints": [
                    lad.db.constraints.RowSecurity(
                        name="lead_notes_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="lead_notes_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="lead_notes_lead_same_tenant",
                        on_delete="CASCADE",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("created_by_user",),
                        name="lead_notes_created_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="lead_notes_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="lead_notes_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_notes_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_notes_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_notes_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadSocial",
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
                    "data",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "facebook": {"maxLength": 500, "type": "string"},
                                        "instagram": {"maxLength": 500, "type": "string"},
                                        "linkedin": {"maxLength": 500, "type": "string"},
                                        "whatsapp": {"maxLength": 500, "type": "string"},
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="social",
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
                "verbose_name": "social profile",
                "db_table": "lead_social",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_social_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "lead"),
                        name="lead_social_lead_key",
                        violation_error_message="The lead has its social profiles already: change those.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="lead_social_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="lead_social_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="lead_social_lead_same_tenant",
                        on_delete="CASCADE",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="lead_social_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="lead_social_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_social_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_social_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_social_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadStage",
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
                    "key",
                    models.CharField(
                        max_length=50,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9_-]+\\Z",
                                "A key is small letters, digits, hyphens and underscores, such as follow_up.",
                            )
                        ],
                    ),
                ),
                ("label", models.CharField(max_length=100)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                (
                    "color",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A#[0-9A-Fa-f]{6}\\Z",
                                "Give the colour as # and six hexadecimal digits, such as #3B82F6.",
                            )
                        ],
                    ),
                ),
                ("display_order", models.PositiveIntegerField(blank=True)),
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
                "verbose_name": "stage",
                "db_table": "lead_stages",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_stages_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "key"),
                        name="lead_stages_key",
                        violation_error_message="There is a stage with this key already.",
                    ),
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["IMMEDIATE"],
                        fields=("tenant", "display_order"),
                        name="lead_stages_order",
                        violation_error_message="Another stage stands at this place.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z0-9_-]+$")),
                        name="lead_stages_key_valid",
                        violation_error_message="A key is small letters, digits, hyphens and underscores, such as follow_up.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("color", ""), ("color__regex", "^#[0-9A-Fa-f]{6}$"), _connector="OR"),
                        name="lead_stages_color_valid",
                        violation_error_message="Give the colour as # and six hexadecimal digits, such as #3B82F6.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="lead_stages_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="lead_stages_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="lead_stages_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="lead_stages_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_stages_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_stages_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_stages_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LeadStatus",
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
                    "key",
                    models.CharField(
                        max_length=50,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z0-9_-]+\\Z",
                                "A key is small letters, digits, hyphens and underscores, such as follow_up.",
                            )
                        ],
                    ),
                ),
                ("label", models.CharField(max_length=100)),
                (
                    "color",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=20,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A#[0-9A-Fa-f]{6}\\Z",
                                "Give the colour as # and six hexadecimal digits, such as #3B82F6.",
                            )
                        ],
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
                "verbose_name": "status",
                "verbose_name_plural": "statuses",
                "db_table": "lead_statuses",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="lead_statuses_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "key"),
                        name="lead_statuses_key",
                        violation_error_message="There is a status with this key already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("key__regex", "^[a-z0-9_-]+$")),
                        name="lead_statuses_key_valid",
                        violation_error_message="A key is small letters, digits, hyphens and underscores, such as follow_up.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("color", ""), ("color__regex", "^#[0-9A-Fa-f]{6}$"), _connector="OR"),
                        name="lead_statuses_color_valid",
                        violation_error_message="Give the colour as # and six hexadecimal digits, such as #3B82F6.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="lead_statuses_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="lead_statuses_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="lead_statuses_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="lead_statuses_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_statuses_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_statuses_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="lead_statuses_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CompanySearchCache",
            fields=[
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
                ("id", models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                ("search_keywords", leads.models.company_cache.QueryTextField(max_length=255)),
                (
                    "search_location",
                    leads.models.company_cache.QueryTextField(blank=True, db_default="", default="", max_length=255),
                ),
                (
                    "search_industry",
                    leads.models.company_cache.QueryTextField(blank=True, db_default="", default="", max_length=255),
                ),
                ("apollo_organization_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("company_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("company_domain", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "company_data",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "page_number",
                    models.IntegerField(
                        db_default=1,
                        default=1,
                        help_text="The page of the answer it stood on.",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "access_count",
                    models.IntegerField(
                        db_default=0,
                        default=0,
                        help_text="How often the answer was used again.",
                        validators=[django.core.validators.MinValueValidator(0)],
                    ),
                ),
                ("last_accessed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("company_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
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
                "verbose_name": "company search result",
                "db_table": "company_search_cache",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="company_search_cache_newest"),
                    models.Index(fields=["tenant", "-last_accessed_at"], name="company_search_cache_used"),
                    models.Index(fields=["tenant", "name_key"], name="company_search_cache_name"),
                    models.Index(fields=["tenant", "company_domain"], name="company_search_cache_domain"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant",
                            "search_keywords",
                            "search_location",
                            "search_industry",
                            "apollo_organization_id",
                            "page_number",
                        ),
                        name="company_search_cache_search_key",
                        violation_error_message="This company is kept for this page of the search already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("page_number__gte", 1)),
                        name="company_search_cache_page_number_positive",
                        violation_error_message="Pages are counted from 1.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("access_count__gte", 0)),
                        name="company_search_cache_access_count_positive",
                        violation_error_message="Nothing is read less than never.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="company_search_cache_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="company_search_cache_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="company_search_cache_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="company_search_cache_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EducationCounsellor",
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
                (
                    "counselor_code",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="A short name of their own, for lists.",
                        max_length=50,
                        verbose_name="code",
                    ),
                ),
                ("display_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "designation",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Their position, such as Senior counsellor.",
                        max_length=255,
                    ),
                ),
                ("specialization", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "timezone",
                    models.CharField(
                        db_default="UTC",
                        default="UTC",
                        max_length=64,
                        validators=[lad.timezones.validate],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "availability_rules",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        help_text="Windows per weekday under “weekly”, dates that differ under “exceptions”; in their time zone.",
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "additionalProperties": False,
                                    "properties": {
                                        "exceptions": {
                                            "items": {
                                                "additionalProperties": False,
                                                "properties": {
                                                    "date": {
                                                        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                                                        "type": "string",
                                                    },
                                                    "reason": {"maxLength": 200, "type": "string"},
                                                    "windows": {
                                                        "items": {
                                                            "additionalProperties": False,
                                                            "properties": {
                                                                "end": {
                                                                    "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                    "type": "string",
                                                                },
                                                                "start": {
                                                                    "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                    "type": "string",
                                                                },
                                                            },
                                                            "required": ["start", "end"],
                                                            "type": "object",
                                                        },
                                                        "maxItems": 12,
                                                        "type": "array",
                                                    },
                                                },
                                                "required": ["date", "windows"],
                                                "type": "object",
                                            },
                                            "maxItems": 366,
                                            "type": "array",
                                        },
                                        "weekly": {
                                            "additionalProperties": False,
                                            "properties": {
                                                "friday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                                "monday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                                "saturday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                                "sunday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                                "thursday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                                "tuesday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                                "wednesday": {
                                                    "items": {
                                                        "additionalProperties": False,
                                                        "properties": {
                                                            "end": {
                                                                "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
                                                                "type": "string",
                                                            },
                                                            "start": {
                                                                "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
                                                                "type": "string",
                                                            },
                                                        },
                                                        "required": ["start", "end"],
                                                        "type": "object",
                                                    },
                                                    "maxItems": 12,
                                                    "type": "array",
                                                },
                                            },
                                            "type": "object",
                                        },
                                    },
                                    "type": "object",
                                }
                            ),
                            leads.availability.validate,
                        ],
                        verbose_name="availability",
                    ),
                ),
                (
                    "max_sessions_per_day",
                    models.IntegerField(
                        blank=True,
                        db_default=20,
                        default=20,
                        help_text="Empty: as many as fit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        db_default=True, default=True, help_text="Whether they take bookings at present."
                    ),
                ),
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
                "verbose_name": "counsellor",
                "db_table": "education_counsellors",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="education_counsellors_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "is_active"],
                        name="education_counsellors_active",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "user"),
                        name="education_counsellors_user_key",
                        violation_error_message="This member is a counsellor already: change that entry instead.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("deleted_at__isnull", True), models.Q(("counselor_code", ""), _negated=True)
                        ),
                        fields=("tenant", "counselor_code"),
                        name="education_counsellors_code_key",
                        violation_error_message="Another counsellor has this code.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("max_sessions_per_day__isnull", True), ("max_sessions_per_day__gt", 0), _connector="OR"
                        ),
                        name="education_counsellors_sessions_positive",
                        violation_error_message="A counsellor takes at least one session a day; switch them off instead.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="education_counsellors_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="education_counsellors_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="education_counsellors_user_fkey",
                        on_delete="CASCADE",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="education_counsellors_user_same_tenant",
                        on_delete="CASCADE",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="education_counsellors_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="education_counsellors_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="education_counsellors_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="education_counsellors_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="education_counsellors_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmployeeCache",
            fields=[
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
                ("id", models.BigAutoField(editable=False, primary_key=True, serialize=False)),
                (
                    "company_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The directory's id of the company.",
                        max_length=255,
                        verbose_name="company",
                    ),
                ),
                ("company_name", models.CharField(blank=True, db_default="", default="", max_length=255)),
                ("company_domain", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "employee_name",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="name"),
                ),
                (
                    "employee_title",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="title"),
                ),
                (
                    "employee_email",
                    lad.db.fields.LowercaseEmailField(
                        blank=True, db_default="", default="", max_length=255, verbose_name="e-mail"
                    ),
                ),
                (
                    "employee_phone",
                    models.CharField(blank=True, db_default="", default="", max_length=50, verbose_name="phone"),
                ),
                (
                    "employee_linkedin_url",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        validators=[
                            django.core.validators.URLValidator(["https", "http"]),
                            django.core.validators.MaxLengthValidator(2000),
                        ],
                        verbose_name="LinkedIn",
                    ),
                ),
                (
                    "employee_photo_url",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        validators=[
                            django.core.validators.URLValidator(["https", "http"]),
                            django.core.validators.MaxLengthValidator(2000),
                        ],
                        verbose_name="photo",
                    ),
                ),
                ("employee_headline", models.TextField(blank=True, db_default="", default="", verbose_name="headline")),
                (
                    "employee_city",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="city"),
                ),
                (
                    "employee_state",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="state"),
                ),
                (
                    "employee_country",
                    models.CharField(blank=True, db_default="", default="", max_length=255, verbose_name="country"),
                ),
                ("apollo_person_id", models.CharField(blank=True, db_default="", default="", max_length=255)),
                (
                    "data_source",
                    models.CharField(
                        choices=[
                            ("apollo_io", "Apollo"),
                            ("unipile", "Unipile"),
                            ("linkedin_search", "LinkedIn search"),
                        ],
                        db_default="apollo_io",
                        default="apollo_io",
                        max_length=50,
                    ),
                ),
                (
                    "employee_data",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                ("last_fetched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "name_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower("employee_name"),
                        output_field=models.CharField(db_collation="C", max_length=255),
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
                "verbose_name": "employee",
                "db_table": "employees_cache",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="employees_cache_newest"),
                    models.Index(fields=["tenant", "company_id"], name="employees_cache_company"),
                    models.Index(fields=["tenant", "company_domain"], name="employees_cache_domain"),
                    models.Index(
                        condition=models.Q(("employee_email", ""), _negated=True),
                        fields=["tenant", "employee_email"],
                        name="employees_cache_email",
                    ),
                    models.Index(fields=["tenant", "name_key"], name="employees_cache_name"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("apollo_person_id", ""), _negated=True),
                        fields=("tenant", "company_id", "apollo_person_id"),
                        name="employees_cache_person_key",
                        violation_error_message="This person is kept for this company already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("apollo_person_id", ""), models.Q(("employee_linkedin_url", ""), _negated=True)
                        ),
                        fields=("tenant", "company_id", "employee_linkedin_url"),
                        name="employees_cache_profile_key",
                        violation_error_message="This profile is kept for this company already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("employee_email", django.db.models.functions.text.Lower("employee_email"))),
                        name="employees_cache_email_lowercase",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="employees_cache_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="employees_cache_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="employees_cache_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("data_source__in", ["apollo_io", "unipile", "linkedin_search"])),
                        name="employees_cache_data_source_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="employees_cache_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
    ]
