import django.contrib.postgres.functions
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import lad.db.constraints
import lad.db.fields
import lad.db.identifiers
import lad.db.shapes
import voice.models.batch
import voice.models.checks


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("campaigns", "0001_initial"),
        ("leads", "0001_initial"),
        ("tenants", "0002_shared_rows"),
        ("tenants", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Voice",
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
                    "provider",
                    models.CharField(
                        choices=[
                            ("elevenlabs", "ElevenLabs"),
                            ("google", "Google"),
                            ("openai", "OpenAI"),
                            ("cartesia", "Cartesia"),
                            ("google_chirp", "Google Chirp"),
                            ("gemini", "Gemini"),
                            ("rime", "Rime"),
                            ("smallestai", "Smallest.ai"),
                            ("sarvam", "Sarvam"),
                            ("ultravox", "Ultravox"),
                            ("gemini_realtime", "Gemini Realtime"),
                            ("openai_realtime", "OpenAI Realtime"),
                        ],
                        max_length=50,
                    ),
                ),
                ("provider_voice_id", models.CharField(max_length=255)),
                ("description", models.TextField(blank=True, db_default="", default="", max_length=2000)),
                (
                    "gender",
                    models.CharField(
                        blank=True,
                        choices=[("female", "Female"), ("male", "Male"), ("neutral", "Neutral")],
                        max_length=20,
                        null=True,
                    ),
                ),
                ("accent", models.CharField(blank=True, db_default="", default="", max_length=100)),
                (
                    "language",
                    models.CharField(
                        db_default="en",
                        default="en",
                        max_length=10,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
                                "Write the language as a code such as en, de or en-GB.",
                            )
                        ],
                    ),
                ),
                (
                    "voice_sample_url",
                    models.URLField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=4000,
                        validators=[
                            django.core.validators.URLValidator(
                                message="Give an address that begins with https://.", schemes=["http", "https"]
                            )
                        ],
                        verbose_name="voice sample",
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {"properties": {"provider_config": {"type": "object"}}, "type": "object"}
                            )
                        ],
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
                "db_table": "voice_agent_voices",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agent_voices_newest"),
                    models.Index(fields=["tenant", "language"], name="voice_agent_voices_language"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "provider", "provider_voice_id"),
                        name="voice_agent_voices_provider_key",
                        nulls_distinct=False,
                        violation_error_message="This voice of the provider is in the list already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("voice_sample_url", ""), ("voice_sample_url__regex", "^https?://"), _connector="OR"
                        ),
                        name="voice_agent_voices_voice_sample_url_web",
                        violation_error_message="Give an address that begins with https://.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_agent_voices_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid) OR tenant_id IS NULL",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_agent_voices_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_agent_voices_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "provider__in",
                                [
                                    "elevenlabs",
                                    "google",
                                    "openai",
                                    "cartesia",
                                    "google_chirp",
                                    "gemini",
                                    "rime",
                                    "smallestai",
                                    "sarvam",
                                    "ultravox",
                                    "gemini_realtime",
                                    "openai_realtime",
                                ],
                            )
                        ),
                        name="voice_agent_voices_provider_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gender__in", ["female", "male", "neutral"])),
                        name="voice_agent_voices_gender_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE OF tenant_id",
                        function="lad_keep_tenant",
                        level="ROW",
                        name="voice_agent_voices_keep_tenant",
                        parameters=("tenant_id",),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_agent_voices_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agent_voices_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agent_voices_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agent_voices_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceAgent",
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
                ("deleted_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("deletion_id", models.UUIDField(blank=True, editable=False, null=True)),
                ("name", models.CharField(max_length=255)),
                ("agent_instructions", models.TextField(blank=True, db_default="", default="", max_length=50000)),
                ("system_instructions", models.TextField(blank=True, db_default="", default="", max_length=50000)),
                ("outbound_starter_prompt", models.TextField(blank=True, db_default="", default="", max_length=50000)),
                ("inbound_starter_prompt", models.TextField(blank=True, db_default="", default="", max_length=50000)),
                (
                    "gender",
                    models.CharField(
                        blank=True,
                        choices=[("female", "Female"), ("male", "Male"), ("neutral", "Neutral")],
                        max_length=20,
                        null=True,
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        db_default="en",
                        default="en",
                        max_length=10,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
                                "Write the language as a code such as en, de or en-GB.",
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
                (
                    "voice",
                    lad.db.fields.SharedForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agents",
                        to="voice.voice",
                    ),
                ),
            ],
            options={
                "db_table": "voice_agents",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agents_newest"),
                    models.Index(fields=["tenant", "name"], name="voice_agents_name"),
                    models.Index(fields=["tenant", "voice"], name="voice_agents_voice"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^\\s*$"), _negated=True),
                        name="voice_agents_name_given",
                        violation_error_message="Give the agent a name.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_agents_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_agents_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("voice",),
                        name="voice_agents_voice_fkey",
                        on_delete="NO ACTION",
                        to="voice.Voice",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_agents_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gender__in", ["female", "male", "neutral"])),
                        name="voice_agents_gender_valid",
                    ),
                    lad.db.constraints.SharedKeyTrigger(
                        event="INSERT OR UPDATE OF voice_id, tenant_id",
                        function="lad_refuse_foreign_shared",
                        level="ROW",
                        name="voice_agents_voice_shared_or_own",
                        parameters=("voice_id", "tenant_id"),
                        to="voice.Voice",
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_agents_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agents_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agents_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agents_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceNumber",
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
                ("country_code", models.CharField(max_length=10)),
                ("base_number", models.BigIntegerField()),
                (
                    "leading_zeros",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="How many zeros stand before the number, as in Italy."
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("twilio", "Twilio"),
                            ("vonage", "Vonage"),
                            ("vapi", "Vapi"),
                            ("livekit", "LiveKit"),
                            ("sasya", "Sasya"),
                            ("custom", "Own trunk"),
                        ],
                        default="custom",
                        max_length=50,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("inactive", "Inactive")],
                        db_default="active",
                        default="active",
                        max_length=20,
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "rules": {
                                            "properties": {
                                                "allowed_outbound": {
                                                    "items": {"type": "string"},
                                                    "type": ["string", "array"],
                                                },
                                                "inbound": {"type": "boolean"},
                                                "livekit_config": {"type": ["string", "null"]},
                                                "outbound": {"type": "boolean"},
                                                "outbound_trunk_id": {"type": ["string", "null"]},
                                                "required_lead_format": {
                                                    "items": {"type": ["string", "integer"]},
                                                    "type": "array",
                                                },
                                            },
                                            "type": "object",
                                        }
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "default_agent",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="numbers",
                        to="voice.voiceagent",
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
                "db_table": "voice_agent_numbers",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_agent_numbers_newest"),
                    models.Index(fields=["tenant", "status"], name="voice_agent_numbers_status"),
                    models.Index(fields=["tenant", "default_agent"], name="voice_agent_numbers_agent"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "country_code", "base_number", "leading_zeros"),
                        name="voice_agent_numbers_number_key",
                        violation_error_message="This number is in the list already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("base_number__gt", 0),
                            ("base_number__lt", 1000000000000000),
                            ("country_code__regex", "^\\+[1-9][0-9]{0,2}$"),
                            ("leading_zeros__lte", 3),
                        ),
                        name="voice_agent_numbers_phone",
                        violation_error_message="Give the country code with its plus and the national number without it.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_agent_numbers_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_agent_numbers_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "default_agent"),
                        name="voice_agent_numbers_default_agent_same_tenant",
                        on_delete="NO ACTION",
                        to="voice.VoiceAgent",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_agent_numbers_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("provider__in", ["twilio", "vonage", "vapi", "livekit", "sasya", "custom"])
                        ),
                        name="voice_agent_numbers_provider_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "inactive"])),
                        name="voice_agent_numbers_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_agent_numbers_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agent_numbers_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agent_numbers_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_agent_numbers_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallLog",
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
                ("to_country_code", models.CharField(max_length=10)),
                ("to_base_number", models.BigIntegerField()),
                ("to_leading_zeros", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("ringing", "Ringing"),
                            ("ongoing", "Ongoing"),
                            ("ended", "Ended"),
                            ("declined", "Declined"),
                            ("cancelled", "Cancelled"),
                            ("failed", "Failed"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=50,
                    ),
                ),
                (
                    "direction",
                    models.CharField(
                        choices=[("outbound", "Outbound"), ("inbound", "Inbound")],
                        db_default="outbound",
                        default="outbound",
                        max_length=20,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("duration_seconds", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "recording_url",
                    models.URLField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=4000,
                        validators=[
                            django.core.validators.URLValidator(
                                message="Give an address that begins with https://.", schemes=["http", "https"]
                            )
                        ],
                        verbose_name="recording",
                    ),
                ),
                (
                    "transcripts",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "items": {
                                        "properties": {
                                            "end": {"minimum": 0, "type": ["number", "null"]},
                                            "role": {"enum": ["agent", "person", "system", "tool"]},
                                            "start": {"minimum": 0, "type": ["number", "null"]},
                                            "text": {"type": "string"},
                                        },
                                        "required": ["role", "text"],
                                        "type": "object",
                                    },
                                    "type": "array",
                                }
                            )
                        ],
                        verbose_name="transcript",
                    ),
                ),
                ("cost", models.DecimalField(db_default=0, decimal_places=6, default=0, max_digits=18)),
                (
                    "currency",
                    models.CharField(
                        db_default="USD",
                        default="USD",
                        max_length=10,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}$", "Write the currency as three capital letters, such as USD."
                            )
                        ],
                    ),
                ),
                (
                    "cost_breakdown",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "items": {
                                        "properties": {
                                            "amount": {"type": ["number", "string", "null"]},
                                            "component": {"minLength": 1, "type": "string"},
                                            "cost": {"type": ["number", "string", "null"]},
                                            "model": {"type": ["string", "null"]},
                                            "provider": {"type": ["string", "null"]},
                                            "rate": {"type": ["number", "string", "null"]},
                                            "unit": {"type": ["string", "null"]},
                                        },
                                        "required": ["component"],
                                        "type": "object",
                                    },
                                    "type": "array",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "campaign",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "campaign_lead",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="campaigns.campaignlead",
                    ),
                ),
                (
                    "campaign_step",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="campaigns.campaignstep",
                    ),
                ),
                (
                    "initiated_by_user",
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
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
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
                    "agent",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="voice.voiceagent",
                    ),
                ),
                (
                    "from_number",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="voice.voicenumber",
                    ),
                ),
            ],
            options={
                "verbose_name": "call",
                "db_table": "voice_call_logs",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_logs_newest"),
                    models.Index(fields=["tenant", "status", "-created_at"], name="voice_call_logs_status"),
                    models.Index(fields=["tenant", "direction", "-created_at"], name="voice_call_logs_direction"),
                    models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_logs_agent"),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)),
                        fields=["tenant", "lead", "-created_at"],
                        name="voice_call_logs_lead",
                    ),
                    models.Index(
                        condition=models.Q(("campaign__isnull", False)),
                        fields=["tenant", "campaign", "-created_at"],
                        name="voice_call_logs_campaign",
                    ),
                    models.Index(
                        condition=models.Q(("campaign_lead__isnull", False)),
                        fields=["tenant", "campaign_lead"],
                        name="voice_call_logs_campaign_lead",
                    ),
                    models.Index(fields=["tenant", "to_base_number"], name="voice_call_logs_number"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("to_base_number__gt", 0),
                            ("to_base_number__lt", 1000000000000000),
                            ("to_country_code__regex", "^\\+[1-9][0-9]{0,2}$"),
                            ("to_leading_zeros__lte", 3),
                        ),
                        name="voice_call_logs_phone",
                        violation_error_message="Give the country code with its plus and the national number without it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recording_url", ""), ("recording_url__regex", "^https?://"), _connector="OR"
                        ),
                        name="voice_call_logs_recording_url_web",
                        violation_error_message="Give an address that begins with https://.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cost__gte", 0)),
                        name="voice_call_logs_cost_positive",
                        violation_error_message="A cost is zero or more.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ended_at__gte", models.F("started_at"))),
                        name="voice_call_logs_ends_after_start",
                        violation_error_message="A call ends after it started.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True),
                            ("status__in", ("ended", "declined", "cancelled", "failed")),
                            _connector="OR",
                        ),
                        name="voice_call_logs_ended_when_over",
                        violation_error_message="A call that is not over has not ended.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("started_at__isnull", True),
                            ("ended_at__isnull", True),
                            ("ended_at__lt", models.F("started_at")),
                            (
                                "duration_seconds__lte",
                                voice.models.checks.SecondsBetween(models.F("ended_at"), models.F("started_at")),
                            ),
                            _connector="OR",
                        ),
                        name="voice_call_logs_duration_fits",
                        violation_error_message="The duration is longer than the time from start to end.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("campaign__isnull", False),
                            models.Q(("campaign_lead__isnull", True), ("campaign_step__isnull", True)),
                            _connector="OR",
                        ),
                        name="voice_call_logs_campaign_named",
                        violation_error_message="Name the campaign along with its lead or step.",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign", "campaign_lead"),
                        name="voice_call_logs_campaign_lead_same_campaign",
                        on_delete="NO ACTION",
                        to="campaigns.CampaignLead",
                        to_fields=("tenant", "campaign", "id"),
                        violation_error_message="It belongs to another campaign than the call.",
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign", "campaign_step"),
                        name="voice_call_logs_campaign_step_same_campaign",
                        on_delete="NO ACTION",
                        to="campaigns.CampaignStep",
                        to_fields=("tenant", "campaign", "id"),
                        violation_error_message="It belongs to another campaign than the call.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="voice_call_logs_currency_code",
                        violation_error_message="Write the currency as three capital letters, such as USD.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_call_logs_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_call_logs_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("initiated_by_user",),
                        name="voice_call_logs_initiated_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="voice_call_logs_lead_same_tenant",
                        on_delete="NO ACTION",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "agent"),
                        name="voice_call_logs_agent_same_tenant",
                        on_delete="NO ACTION",
                        to="voice.VoiceAgent",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "from_number"),
                        name="voice_call_logs_from_number_same_tenant",
                        on_delete="NO ACTION",
                        to="voice.VoiceNumber",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign"),
                        name="voice_call_logs_campaign_same_tenant",
                        on_delete="NO ACTION",
                        to="campaigns.Campaign",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign_lead"),
                        name="voice_call_logs_campaign_lead_same_tenant",
                        on_delete="NO ACTION",
                        to="campaigns.CampaignLead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "campaign_step"),
                        name="voice_call_logs_campaign_step_same_tenant",
                        on_delete="NO ACTION",
                        to="campaigns.CampaignStep",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_call_logs_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["pending", "ringing", "ongoing", "ended", "declined", "cancelled", "failed"],
                            )
                        ),
                        name="voice_call_logs_status_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ["outbound", "inbound"])),
                        name="voice_call_logs_direction_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_call_logs_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_logs_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_logs_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_logs_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallBatch",
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
                ("job_id", models.CharField(default=voice.models.batch.new_job_id, editable=False, max_length=100)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                            ("stopped", "Stopped"),
                        ],
                        db_default="queued",
                        default="queued",
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("total_calls", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("completed_calls", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ("failed_calls", models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                (
                    "scheduled_at",
                    models.DateTimeField(blank=True, help_text="Nobody is called before; empty means now.", null=True),
                ),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("finished_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "base_context": {"maxLength": 20000, "type": "string"},
                                        "llm_model": {"type": "string"},
                                        "llm_provider": {"type": "string"},
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "initiated_by_user",
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
                    "voice",
                    lad.db.fields.SharedForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Instead of the agent's own.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="voice.voice",
                    ),
                ),
                (
                    "agent",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="batches",
                        to="voice.voiceagent",
                    ),
                ),
                (
                    "from_number",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="voice.voicenumber",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "call batches",
                "db_table": "voice_call_batches",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_batches_newest"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "status", "-created_at"],
                        name="voice_call_batches_status",
                    ),
                    models.Index(fields=["tenant", "agent", "-created_at"], name="voice_call_batches_agent"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True), ("status", "queued")),
                        fields=["tenant", "scheduled_at"],
                        name="voice_call_batches_due",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "job_id"), name="voice_call_batches_job_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_calls__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("completed_calls"), "+", models.F("failed_calls")
                                ),
                            )
                        ),
                        name="voice_call_batches_counters",
                        violation_error_message="No more calls can be over than there are.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("finished_at__gte", models.F("started_at"))),
                        name="voice_call_batches_finished_after_start",
                        violation_error_message="A batch finishes after it started.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", False),
                                ("status__in", ("completed", "failed", "cancelled", "stopped")),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ("completed", "failed", "cancelled", "stopped")), _negated=True
                                ),
                                ("finished_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="voice_call_batches_finished_when_over",
                        violation_error_message="A batch has a moment at which it finished when, and only when, it is over.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "running"), _negated=True),
                            ("started_at__isnull", False),
                            _connector="OR",
                        ),
                        name="voice_call_batches_running_started",
                        violation_error_message="A running batch has started.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_call_batches_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_call_batches_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("initiated_by_user",),
                        name="voice_call_batches_initiated_by_user_fkey",
                        on_delete="SET NULL",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "agent"),
                        name="voice_call_batches_agent_same_tenant",
                        on_delete="NO ACTION",
                        to="voice.VoiceAgent",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("voice",),
                        name="voice_call_batches_voice_fkey",
                        on_delete="NO ACTION",
                        to="voice.Voice",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "from_number"),
                        name="voice_call_batches_from_number_same_tenant",
                        on_delete="SET NULL",
                        to="voice.VoiceNumber",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_call_batches_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["queued", "running", "completed", "failed", "cancelled", "stopped"])
                        ),
                        name="voice_call_batches_status_valid",
                    ),
                    lad.db.constraints.SharedKeyTrigger(
                        event="INSERT OR UPDATE OF voice_id, tenant_id",
                        function="lad_refuse_foreign_shared",
                        level="ROW",
                        name="voice_call_batches_voice_shared_or_own",
                        parameters=("voice_id", "tenant_id"),
                        to="voice.Voice",
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_call_batches_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_batches_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_batches_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_batches_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoicePermission",
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
                ("is_active", models.BooleanField(db_default=True, default=True)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "number",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="permissions",
                        to="voice.voicenumber",
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
                (
                    "voice",
                    lad.db.fields.SharedForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="permissions",
                        to="voice.voice",
                    ),
                ),
            ],
            options={
                "db_table": "voice_permissions",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_permissions_newest"),
                    models.Index(fields=["tenant", "number"], name="voice_permissions_number"),
                    models.Index(fields=["tenant", "voice"], name="voice_permissions_voice"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__isnull", False), ("voice__isnull", False), _connector="OR"),
                        name="voice_permissions_target",
                        violation_error_message="Choose a number, a voice or both.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "user", "number", "voice"),
                        name="voice_permissions_target_key",
                        nulls_distinct=False,
                        violation_error_message="This member has this permission already.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_permissions_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_permissions_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="voice_permissions_user_fkey",
                        on_delete="CASCADE",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="voice_permissions_user_same_tenant",
                        on_delete="CASCADE",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "number"),
                        name="voice_permissions_number_same_tenant",
                        on_delete="CASCADE",
                        to="voice.VoiceNumber",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("voice",),
                        name="voice_permissions_voice_fkey",
                        on_delete="NO ACTION",
                        to="voice.Voice",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_permissions_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.SharedKeyTrigger(
                        event="INSERT OR UPDATE OF voice_id, tenant_id",
                        function="lad_refuse_foreign_shared",
                        level="ROW",
                        name="voice_permissions_voice_shared_or_own",
                        parameters=("voice_id", "tenant_id"),
                        to="voice.Voice",
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_permissions_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_permissions_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_permissions_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_permissions_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VoiceProfile",
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
                    "preferences",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "notify_on_missed_call": {"type": "boolean"},
                                        "time_zone": {"type": "string"},
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "default_agent",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="voice.voiceagent",
                    ),
                ),
                (
                    "default_number",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="voice.voicenumber",
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
                "db_table": "voice_user_profiles",
                "indexes": [models.Index(fields=["tenant", "-created_at"], name="voice_user_profiles_newest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "user"),
                        name="voice_user_profiles_user_key",
                        violation_error_message="This member has a profile already.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_user_profiles_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_user_profiles_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("user",),
                        name="voice_user_profiles_user_fkey",
                        on_delete="CASCADE",
                        to="tenants.User",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "user"),
                        name="voice_user_profiles_user_same_tenant",
                        on_delete="CASCADE",
                        to="tenants.Membership",
                        to_fields=("tenant", "user"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "default_agent"),
                        name="voice_user_profiles_default_agent_same_tenant",
                        on_delete="SET NULL",
                        to="voice.VoiceAgent",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "default_number"),
                        name="voice_user_profiles_default_number_same_tenant",
                        on_delete="SET NULL",
                        to="voice.VoiceNumber",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_user_profiles_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_user_profiles_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_user_profiles_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_user_profiles_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_user_profiles_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallBatchEntry",
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
                    "to_phone",
                    models.CharField(
                        blank=True,
                        help_text="With its country, such as +971501234567; empty: the lead's.",
                        max_length=50,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("dispatched", "Dispatched"),
                            ("completed", "Completed"),
                            ("failed", "Failed"),
                            ("declined", "Declined"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="queued",
                        default="queued",
                        editable=False,
                        max_length=30,
                    ),
                ),
                (
                    "error_message",
                    models.TextField(blank=True, db_default="", default="", editable=False, max_length=2000),
                ),
                ("retry_count", models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True,
                        db_default={},
                        default=dict,
                        validators=[
                            lad.db.shapes.Shape(
                                {
                                    "properties": {
                                        "context": {"maxLength": 20000, "type": "string"},
                                        "entry_index": {"minimum": 0, "type": "integer"},
                                        "knowledge_base_store_ids": {
                                            "items": {"type": "string"},
                                            "maxItems": 200,
                                            "type": "array",
                                        },
                                        "lead_name": {"type": "string"},
                                    },
                                    "type": "object",
                                }
                            )
                        ],
                    ),
                ),
                (
                    "batch",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="voice.callbatch",
                    ),
                ),
                (
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="call_entries",
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
                    "call_log",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batch_entries",
                        to="voice.calllog",
                        verbose_name="call",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "call batch entries",
                "db_table": "voice_call_batch_entries",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_batch_entry_newest"),
                    models.Index(fields=["tenant", "batch", "-created_at"], name="voice_call_batch_entry_batch"),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["tenant", "batch", "status", "retry_count"],
                        name="voice_call_batch_entry_status",
                    ),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)),
                        fields=["tenant", "lead", "-created_at"],
                        name="voice_call_batch_entry_lead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("tenant", "batch", "to_phone"),
                        name="voice_call_batch_entries_phone_key",
                        violation_error_message="The batch calls this number already.",
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "call_log"),
                        name="voice_call_batch_entries_call_key",
                        violation_error_message="This call belongs to another entry.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_phone__regex", "^\\+[1-9][0-9]{4,14}$")),
                        name="voice_call_batch_entries_phone",
                        violation_error_message="Write the number with its country, such as +971501234567.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("retry_count__lte", 10)),
                        name="voice_call_batch_entries_retries",
                        violation_error_message="At most 10 retries.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_call_batch_entries_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(
                        fields=("tenant", "id"), name="voice_call_batch_entries_tenant_id_key"
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "batch"),
                        name="voice_call_batch_entries_batch_same_tenant",
                        on_delete="CASCADE",
                        to="voice.CallBatch",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="voice_call_batch_entries_lead_same_tenant",
                        on_delete="SET NULL",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "call_log"),
                        name="voice_call_batch_entries_call_log_same_tenant",
                        on_delete="NO ACTION",
                        to="voice.CallLog",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_call_batch_entries_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                ["queued", "running", "dispatched", "completed", "failed", "declined", "cancelled"],
                            )
                        ),
                        name="voice_call_batch_entries_status_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_call_batch_entries_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallAnalysis",
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
                ("summary", models.TextField(blank=True, db_default="", default="")),
                (
                    "sentiment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("very_interested", "Very interested"),
                            ("positive", "Positive"),
                            ("neutral", "Neutral"),
                            ("negative", "Negative"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
                (
                    "lead_category",
                    models.CharField(
                        blank=True,
                        choices=[("Hot Lead", "Hot lead"), ("Warm Lead", "Warm lead"), ("Cold Lead", "Cold lead")],
                        max_length=50,
                        null=True,
                    ),
                ),
                (
                    "disposition",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("PROCEED IMMEDIATELY", "Proceed immediately"),
                            ("FOLLOW UP IN 3 DAYS", "Follow up in 3 days"),
                            ("FOLLOW UP IN 7 DAYS", "Follow up in 7 days"),
                            ("NURTURE (7 DAYS)", "Nurture, 7 days"),
                            ("DON'T PURSUE", "Don't pursue"),
                        ],
                        max_length=50,
                        null=True,
                    ),
                ),
                ("recommended_action", models.TextField(blank=True, db_default="", default="")),
                (
                    "engagement_level",
                    models.CharField(
                        blank=True,
                        choices=[("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        max_length=20,
                        null=True,
                    ),
                ),
                (
                    "key_points",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape({"items": {"type": "string"}, "maxItems": 200, "type": "array"})
                        ],
                    ),
                ),
                (
                    "prospect_questions",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape({"items": {"type": "string"}, "maxItems": 200, "type": "array"})
                        ],
                    ),
                ),
                (
                    "prospect_concerns",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape({"items": {"type": "string"}, "maxItems": 200, "type": "array"})
                        ],
                    ),
                ),
                (
                    "stages_reached",
                    models.JSONField(
                        blank=True,
                        db_default=[],
                        default=list,
                        validators=[
                            lad.db.shapes.Shape({"items": {"type": "string"}, "maxItems": 200, "type": "array"})
                        ],
                    ),
                ),
                (
                    "lead_extraction",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "raw_analysis",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                ("cost", models.DecimalField(db_default=0, decimal_places=6, default=0, max_digits=18)),
                (
                    "metadata",
                    models.JSONField(
                        blank=True, db_default={}, default=dict, validators=[lad.db.shapes.Shape({"type": "object"})]
                    ),
                ),
                (
                    "lead",
                    lad.db.fields.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="call_analyses",
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
                    "call_log",
                    lad.db.fields.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="analysis",
                        to="voice.calllog",
                        verbose_name="call",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "call analyses",
                "db_table": "voice_call_analysis",
                "indexes": [
                    models.Index(fields=["tenant", "-created_at"], name="voice_call_analysis_newest"),
                    models.Index(fields=["tenant", "sentiment", "-created_at"], name="voice_call_analysis_sentiment"),
                    models.Index(
                        fields=["tenant", "lead_category", "-created_at"], name="voice_call_analysis_category"
                    ),
                    models.Index(
                        condition=models.Q(("lead__isnull", False)),
                        fields=["tenant", "lead", "-created_at"],
                        name="voice_call_analysis_lead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "call_log"),
                        name="voice_call_analysis_call_key",
                        violation_error_message="This call has its analysis already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cost__gte", 0)),
                        name="voice_call_analysis_cost_positive",
                        violation_error_message="A cost is zero or more.",
                    ),
                    lad.db.constraints.RowSecurity(
                        name="voice_call_analysis_row_security",
                        platform_privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        privileges=("SELECT", "INSERT", "UPDATE", "DELETE"),
                        visible="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                        writable="tenant_id = (SELECT NULLIF(current_setting('lad.tenant_id', true), '')::uuid)",
                    ),
                    lad.db.constraints.ReferencedKey(fields=("tenant", "id"), name="voice_call_analysis_tenant_id_key"),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "call_log"),
                        name="voice_call_analysis_call_log_same_tenant",
                        on_delete="CASCADE",
                        to="voice.CallLog",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant", "lead"),
                        name="voice_call_analysis_lead_same_tenant",
                        on_delete="SET NULL",
                        to="leads.Lead",
                        to_fields=("tenant", "id"),
                    ),
                    lad.db.constraints.KeyConstraint(
                        fields=("tenant",),
                        name="voice_call_analysis_tenant_fkey",
                        on_delete="CASCADE",
                        to="tenants.Tenant",
                        to_fields=("id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sentiment__in", ["very_interested", "positive", "neutral", "negative"])),
                        name="voice_call_analysis_sentiment_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lead_category__in", ["Hot Lead", "Warm Lead", "Cold Lead"])),
                        name="voice_call_analysis_lead_category_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "disposition__in",
                                [
                                    "PROCEED IMMEDIATELY",
                                    "FOLLOW UP IN 3 DAYS",
                                    "FOLLOW UP IN 7 DAYS",
                                    "NURTURE (7 DAYS)",
                                    "DON'T PURSUE",
                                ],
                            )
                        ),
                        name="voice_call_analysis_disposition_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("engagement_level__in", ["high", "medium", "low"])),
                        name="voice_call_analysis_engagement_level_valid",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_touch_updated_at",
                        level="ROW",
                        name="voice_call_analysis_touch_updated_at",
                        parameters=(),
                        transition="",
                        when="BEFORE",
                    ),
                    lad.db.constraints.Trigger(
                        event="INSERT",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_analysis_audit_insert",
                        parameters=("tenant_id",),
                        transition="NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="UPDATE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_analysis_audit_update",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows NEW TABLE AS new_rows",
                        when="AFTER",
                    ),
                    lad.db.constraints.Trigger(
                        event="DELETE",
                        function="lad_audit",
                        level="STATEMENT",
                        name="voice_call_analysis_audit_delete",
                        parameters=("tenant_id",),
                        transition="OLD TABLE AS old_rows",
                        when="AFTER",
                    ),
                ],
            },
        ),
    ]
