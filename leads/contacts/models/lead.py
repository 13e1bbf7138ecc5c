"""Leads: people, each with a deal in the pipeline."""

from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Func, Q, Value
from django.db.models.functions import Cast, Concat, Lower
from django.utils import timezone

from lad.db.constraints import ColumnsTrigger, TableStorage, Trigger
from lad.db.fields import LowercaseEmailField, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel
from lad.db.normalised import PhoneField, WebAddressField
from lad.limits import PROVIDER_DATA
from lad.search import BYTE_ORDER, folded_column, folding

LIVE = Q(deleted_at__isnull=True)

FIRST_STAGE = "new"
FIRST_STATUS = "active"
DEFAULT_CURRENCY = "USD"

TAGS = {"type": "array", "maxItems": 50, "items": {"type": "string", "minLength": 1, "maxLength": 100}}


class Priority(models.IntegerChoices):
    UNSET = 0, "Not set"
    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"
    URGENT = 4, "Urgent"


def _text(length: int, **options: Any) -> models.CharField:
    return models.CharField(max_length=length, blank=True, default="", db_default="", **options)


def _together(*names: str) -> Concat:
    """Return the texts of the columns, with a space after each."""
    return Concat(*(each for name in names for each in (name, Value(" "))), output_field=models.TextField())


class Lead(DeletedFlag, SoftDeletable, TenantModel):
    """One person whom the tenant hopes to win, and the deal with them.

    ``stage`` and ``status`` are keys of the tenant's stages and statuses. ``phone`` is the whole number in
    E.164; ``country_code``, ``base_number`` and ``leading_zeros`` are its parts.
    """

    event_name = "leads.lead"
    label_fields = ("first_name", "last_name", "email", "phone", "company_name")
    # The parts of the number follow from ``phone``.
    bookkeeping = ("assigned_at", "last_activity_at", "country_code", "base_number", "leading_zeros")

    created_by_user = TenantUserKey(null=True, blank=True, db_index=False, editable=False)
    assigned_user = TenantUserKey(member=True, null=True, blank=True, db_index=False, verbose_name="assigned to")
    assigned_at = models.DateTimeField(null=True, blank=True, editable=False)

    first_name = _text(255)
    last_name = _text(255)
    email = LowercaseEmailField(
        "e-mail", any_script=True, max_length=255, blank=True, default="", db_default="", db_collation=BYTE_ORDER
    )
    phone = PhoneField(blank=True, default="", db_default="", db_collation=BYTE_ORDER)
    country_code = _text(10, editable=False)
    base_number = models.BigIntegerField(null=True, blank=True, editable=False)
    leading_zeros = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    title = _text(255)
    company_name = _text(500)
    company_domain = _text(255, db_collation=BYTE_ORDER)
    location = _text(500)
    linkedin_url = WebAddressField("LinkedIn", max_length=500, blank=True, default="", db_default="")

    stage = models.CharField(max_length=50, blank=True, default=FIRST_STAGE, db_default=FIRST_STAGE)
    status = models.CharField(max_length=50, blank=True, default=FIRST_STATUS, db_default=FIRST_STATUS)
    priority = models.SmallIntegerField(choices=Priority, default=Priority.UNSET, db_default=Priority.UNSET)
    estimated_value = models.DecimalField(
        max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    currency = models.CharField(
        max_length=10,
        default=DEFAULT_CURRENCY,
        db_default=DEFAULT_CURRENCY,
        validators=[RegexValidator(r"\A[A-Z]{3}\Z", "Write the currency as three capital letters, for example EUR.")],
    )
    source = _text(100)
    source_id = _text(255)
    tags = models.JSONField(default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(TAGS)])
    custom_fields = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    raw_data = models.JSONField(null=True, blank=True, validators=[PROVIDER_DATA, JsonSchemaValidator(OBJECT)])
    # ``notes`` in Python and in the API are the rows of lead_notes.
    description = models.TextField(max_length=20_000, blank=True, default="", db_default="", db_column="notes")

    is_archived = models.BooleanField("archived", default=False, db_default=False)
    last_activity_at = models.DateTimeField(
        "last activity", default=timezone.now, null=True, blank=True, editable=False
    )
    last_contacted_at = models.DateTimeField("last contact", null=True, blank=True)
    next_follow_up_at = models.DateTimeField("next follow-up", null=True, blank=True)

    # The day of the last activity, in UTC. Lists by activity read the index of the day and sort within a day, so that
    # an update touches the index once a day and not each time.
    last_activity_on = models.GeneratedField(
        expression=Cast(Func(Value("UTC"), "last_activity_at", function="timezone"), models.DateField()),
        output_field=models.DateField(null=True),
        db_persist=True,
    )
    # What a search reads. The words of the name are found by their beginning; the rest stands in a second line, where
    # parts of words are found too. The first name stands on both sides of the last name, in whatever order people
    # write them. It has no index here, see LeadSearchText.
    search_text = folded_column(
        Concat(
            folding(_together("first_name", "last_name", "first_name")),
            Value("\n"),
            folding(_together("company_name", "email", "phone", "company_domain")),
            output_field=models.TextField(),
        )
    )

    class Meta:
        db_table = "leads"
        constraints = [
            # Room on each page for new versions of its rows.
            TableStorage(name="leads_storage", parameters={"fillfactor": "85"}),
            Trigger(name="leads_search_text_insert", function="leads_keep_search_text", when="AFTER", event="INSERT"),
            ColumnsTrigger(
                name="leads_search_text_update",
                function="leads_keep_search_text",
                when="AFTER",
                event="UPDATE",
                columns=("search_text", "deleted_at"),
            ),
            models.UniqueConstraint(
                fields=["tenant", "source", "source_id"],
                condition=LIVE & ~Q(source_id=""),
                name="leads_source_key",
                violation_error_message="This lead was already imported from that source.",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="leads_email_lowercase",
                violation_error_message="Write the e-mail address in lower case.",
            ),
            models.CheckConstraint(
                condition=Q(company_domain=Lower("company_domain")),
                name="leads_company_domain_lowercase",
                violation_error_message="Write the company domain in lower case.",
            ),
            models.CheckConstraint(
                condition=Q(priority__in=Priority.values),
                name="leads_priority_valid",
                violation_error_message="Choose a priority: 0 (not set), 1 (low), 2 (medium), 3 (high) or 4 (urgent).",
            ),
            models.CheckConstraint(
                condition=Q(estimated_value__isnull=True) | Q(estimated_value__gte=0),
                name="leads_value_not_negative",
                violation_error_message="The estimated value cannot be negative.",
            ),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"),
                name="leads_currency_valid",
                violation_error_message="Write the currency as three capital letters, for example EUR.",
            ),
            models.CheckConstraint(
                condition=~Q(stage="") & ~Q(status=""),
                name="leads_stands_somewhere",
                violation_error_message="A lead needs a stage and a status.",
            ),
            models.CheckConstraint(
                condition=Q(base_number__isnull=True) | (Q(base_number__gte=0) & ~Q(country_code="")),
                name="leads_phone_parts",
                violation_error_message="A national phone number needs a country code.",
            ),
        ]
        indexes = [
            # Each serves one list or filter. docs/decisions/0021-one-write-path.md names them and says why no
            # column that most updates touch is in an index.
            models.Index(fields=["tenant", "-created_at"], name="leads_newest"),
            # Includes what the board adds up, so that it reads the index only.
            models.Index(
                fields=["tenant", "stage", "-created_at"],
                include=["is_archived", "currency", "estimated_value"],
                condition=LIVE,
                name="leads_by_stage",
            ),
            models.Index(fields=["tenant", "status", "-created_at"], condition=LIVE, name="leads_by_status"),
            models.Index(fields=["tenant", "assigned_user", "-created_at"], condition=LIVE, name="leads_by_owner"),
            models.Index(
                fields=["tenant", "source", "-created_at"], condition=LIVE & ~Q(source=""), name="leads_by_source"
            ),
            models.Index(
                fields=["tenant", "priority", "-created_at"],
                condition=LIVE & ~Q(priority=Priority.UNSET),
                name="leads_by_priority",
            ),
            models.Index(fields=["tenant", "-created_at"], condition=LIVE & Q(is_archived=True), name="leads_archived"),
            models.Index(fields=["tenant", "-last_activity_on"], condition=LIVE, name="leads_by_activity_day"),
            models.Index(fields=["tenant", "next_follow_up_at"], condition=LIVE, name="leads_by_follow_up"),
            models.Index(fields=["tenant", "email"], condition=~Q(email=""), name="leads_by_email"),
            models.Index(fields=["tenant", "phone"], condition=~Q(phone=""), name="leads_by_phone"),
            # Numbers as they are dialled within their country, whatever country that is.
            models.Index(
                fields=["tenant", "base_number"],
                condition=Q(base_number__isnull=False),
                name="leads_by_national_number",
            ),
            models.Index(
                fields=["tenant", "company_domain"], condition=~Q(company_domain=""), name="leads_by_company_domain"
            ),
        ]

    def __str__(self) -> str:
        name = self.full_name or self.email or self.phone or "Lead without a name"
        return f"{name} · {self.company_name}" if self.company_name else name

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()
