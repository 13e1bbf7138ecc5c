"""What decides whether a lead may be contacted: suppressions, consent, policy, holidays and past touches."""

from datetime import time
from typing import ClassVar, Final

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import SoftDeletable, TenantModel
from lad.db.normalised import CountryField
from lad.moments import WEEKDAYS
from lad.search import BYTE_ORDER
from leads.channels import Channel
from leads.contactability.public_holidays import COUNTRIES

ALL_CHANNELS: Final = "all"
MAX_TOUCHES: Final = 1_000
ON_ALL_CHANNELS: Final = "To one lead, on all channels. 0 is no limit."

COUNTRY_CODES = {"type": "array", "items": {"enum": sorted(COUNTRIES)}, "uniqueItems": True}
DAYS = {"type": "array", "items": {"enum": list(WEEKDAYS)}, "uniqueItems": True}
CHANNELS = {"type": "array", "items": {"enum": Channel.values}, "uniqueItems": True}
# Channel → the most messages to one lead in a day and in seven days.
CAPS = {
    "type": "object",
    "propertyNames": {"enum": Channel.values},
    "additionalProperties": {
        "type": "object",
        "properties": {
            "per_day": {"type": "integer", "minimum": 1, "maximum": MAX_TOUCHES},
            "per_week": {"type": "integer", "minimum": 1, "maximum": MAX_TOUCHES},
        },
        "additionalProperties": False,
    },
}


class Purpose(models.TextChoices):
    """Why a lead is contacted. Outreach needs more permission than an answer to the lead."""

    OUTREACH = "outreach", "Outreach"
    SERVICE = "service", "Answer or service"


class SuppressionScope(models.TextChoices):
    ADDRESS = "address", "One address"
    DOMAIN = "domain", "Whole company"


class SuppressionReason(models.TextChoices):
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    BOUNCED = "bounced", "Address does not exist"
    SOFT_BOUNCES = "soft_bounces", "Could not be reached several times"
    COMPLAINED = "complained", "Complained about spam"
    MANUAL = "manual", "Entered by hand"
    IMPORTED = "imported", "Imported"
    COMPANY_REPLIED = "company_replied", "A colleague answered"
    LEGAL = "legal", "Legal request"
    ERASED = "erased", "Personal data erased"


class PublicHolidays(models.TextChoices):
    """The countries whose public holidays count."""

    OWN = "own", "Of the tenant's country"
    LEADS = "leads", "Of each lead's country"
    CHOSEN = "chosen", "Of chosen countries"
    NONE = "none", "None"


class Suppression(SoftDeletable, TenantModel):
    """An address or a whole company that is not contacted, on one channel or all.

    ``address_hash`` identifies the address and stays when personal data is erased; ``address`` is for people to
    read and is emptied then. Deleting the row lifts the suppression.
    """

    event_name = "leads.suppression"

    channel = models.CharField(
        max_length=20, choices=[(ALL_CHANNELS, "All channels"), *Channel.choices], default=ALL_CHANNELS
    )
    scope = models.CharField(
        max_length=20,
        choices=SuppressionScope,
        default=SuppressionScope.ADDRESS,
        db_default=SuppressionScope.ADDRESS,
    )
    address = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        db_collation=BYTE_ORDER,
        help_text="An e-mail address, a telephone number, a LinkedIn or Instagram page, or the domain of a company.",
    )
    address_hash = models.CharField(max_length=64, editable=False)
    lead = TenantForeignKey(
        "leads.Lead", on_delete=models.SET_NULL, null=True, blank=True, related_name="suppressions", db_index=False
    )
    reason = models.CharField(max_length=30, choices=SuppressionReason, default=SuppressionReason.MANUAL)
    source = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Where the request came from."
    )
    evidence = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(OBJECT)])
    created_by_user = TenantUserKey(null=True, blank=True, db_index=False, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty means it does not expire.")

    class Meta:
        db_table = "suppressions"
        verbose_name = "do-not-contact entry"
        verbose_name_plural = "do-not-contact entries"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "address_hash", "channel", "scope"],
                condition=Q(deleted_at__isnull=True),
                name="suppressions_key",
                violation_error_message="This is on the do-not-contact list already.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="suppressions_newest"),
            models.Index(fields=["tenant", "lead"], condition=Q(lead__isnull=False), name="suppressions_lead"),
            models.Index(fields=["tenant", "reason", "-created_at"], name="suppressions_reason"),
            models.Index(fields=["tenant", "address"], condition=~Q(address=""), name="suppressions_address"),
        ]

    def __str__(self) -> str:
        if self.address:
            return self.address
        return "Erased address" if self.reason == SuppressionReason.ERASED else "A lead without an address"


class ConsentStatus(models.TextChoices):
    GIVEN = "given", "Given"
    WITHDRAWN = "withdrawn", "Withdrawn"


class SuppressionLine(TenantModel):
    """A line of a list that a job imports, until its address is on the do-not-contact list."""

    MAX_TEXT: ClassVar[int] = 500

    event_name = "leads.suppression_line"

    updated_at = None
    job = TenantForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(help_text="The number of the line in the file.")
    text = models.CharField(max_length=MAX_TEXT)

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "DELETE")

    class Meta:
        db_table = "suppression_lines"
        verbose_name = "line"
        indexes = [
            models.Index(fields=["tenant", "job", "number"], name="suppression_lines_job"),
            models.Index(fields=["tenant", "-created_at"], name="suppression_lines_newest"),
        ]

    def __str__(self) -> str:
        return f"Line {self.number}: {self.text}"


class ConsentRecord(TenantModel):
    """A lead gave or withdrew consent. The newest record for a channel and purpose counts.

    A tenant can neither change nor delete a record; it goes with its lead.
    """

    updated_at = None

    event_name = "leads.consent"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="consents", db_index=False)
    channel = models.CharField(max_length=20, choices=Channel)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.OUTREACH)
    status = models.CharField(max_length=20, choices=ConsentStatus)
    given_at = models.DateTimeField(help_text="When the lead said so.")
    source = models.CharField(max_length=200, help_text="Where the lead said so, for example a form or a call.")
    evidence = models.TextField(
        max_length=5_000, blank=True, default="", db_default="", help_text="The words, the file or the address of it."
    )
    created_by_user = TenantUserKey(null=True, blank=True, on_delete=models.PROTECT, db_index=False, editable=False)

    tenant_key = False
    privileges = ("SELECT", "INSERT")

    class Meta:
        db_table = "consent_records"
        verbose_name = "consent"
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="consent_records_newest"),
            models.Index(fields=["tenant", "lead", "channel", "purpose", "-given_at"], name="consent_records_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_status_display()}"


class ContactPolicy(TenantModel):
    """When and how often a tenant's leads may be contacted. A tenant has one; without one the defaults hold."""

    event_name = "leads.contact_policy"

    contact_from = models.TimeField(default=time(8), help_text="Outreach begins at this time of the lead's day.")
    contact_until = models.TimeField(default=time(20), help_text="Outreach ends at this time of the lead's day.")
    contact_days = models.JSONField(
        default=list, blank=True, db_default=[], validators=[JsonSchemaValidator(DAYS)], help_text="Empty means all."
    )
    skips_holidays = models.BooleanField(default=True, db_default=True)
    public_holidays = models.CharField(
        max_length=20,
        choices=PublicHolidays,
        default=PublicHolidays.OWN,
        db_default=PublicHolidays.OWN,
        help_text="Whose public holidays count beside your own days, for leads in these countries.",
    )
    holiday_countries = models.JSONField(
        "chosen countries",
        default=list,
        blank=True,
        db_default=[],
        validators=[JsonSchemaValidator(COUNTRY_CODES)],
        help_text="Two-letter codes. They count if the public holidays are those of chosen countries.",
    )
    consent_required = models.JSONField(
        "channels that need consent",
        default=list,
        blank=True,
        db_default=[],
        validators=[JsonSchemaValidator(CHANNELS)],
        help_text="Outreach on these channels is refused without a consent on record.",
    )
    caps = models.JSONField(
        "limits by channel", default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(CAPS)]
    )
    max_per_day = models.PositiveSmallIntegerField(
        default=3, db_default=3, validators=[MaxValueValidator(MAX_TOUCHES)], help_text=ON_ALL_CHANNELS
    )
    max_per_week = models.PositiveSmallIntegerField(
        default=7, db_default=7, validators=[MaxValueValidator(MAX_TOUCHES)], help_text=ON_ALL_CHANNELS
    )
    company_stop_days = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="When a lead answers, the colleagues are not contacted for this many days. 0 switches it off.",
    )

    class Meta:
        db_table = "contact_policies"
        verbose_name_plural = "contact policies"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="contact_policies_tenant_key",
                violation_error_message="The tenant has a contact policy already. Change that one.",
            ),
            models.CheckConstraint(
                condition=Q(contact_from__lt=F("contact_until")),
                name="contact_policies_hours",
                violation_error_message="The end must be later than the beginning.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contact_from:%H:%M} to {self.contact_until:%H:%M}"


class Holiday(TenantModel):
    """A day on which a tenant contacts nobody, or nobody in one country."""

    event_name = "leads.holiday"

    day = models.DateField()
    name = models.CharField(max_length=200)
    country = CountryField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        help_text="Two-letter ISO code, such as DE: only for leads there. Empty means everywhere.",
    )

    class Meta:
        db_table = "contact_holidays"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "day", "country"],
                name="contact_holidays_key",
                violation_error_message="This day is a holiday already.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="contact_holidays_newest")]

    def __str__(self) -> str:
        return f"{self.day}: {self.name}"


class ContactDirection(models.TextChoices):
    """Who contacted whom."""

    OUTBOUND = "outbound", "Outbound"
    INBOUND = "inbound", "Inbound"


class LeadTouch(TenantModel):
    """One contact with a lead, for limits of how often. ``source_id`` is the message or call that it was.

    A touch is recorded when a message is claimed for sending and removed if the message certainly was not sent.
    """

    updated_at = None

    event_name = "leads.touch"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="touches", db_index=False)
    channel = models.CharField(max_length=20, choices=Channel)
    direction = models.CharField(max_length=20, choices=ContactDirection)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.OUTREACH, db_default=Purpose.OUTREACH)
    source_id = models.UUIDField()
    occurred_at = models.DateTimeField()

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "DELETE")

    class Meta:
        db_table = "lead_touches"
        verbose_name_plural = "lead touches"
        constraints = [models.UniqueConstraint(fields=["tenant", "source_id", "direction"], name="lead_touches_source")]
        indexes = [
            models.Index(fields=["tenant", "lead", "-occurred_at"], name="lead_touches_lead"),
            models.Index(fields=["tenant", "-created_at"], name="lead_touches_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.get_direction_display().lower()}"
