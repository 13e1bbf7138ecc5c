"""The price list: what one unit of a component costs, and from when to when."""

from datetime import datetime
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from billing.models import amounts
from lad.db.constraints import NoOverlap
from lad.db.models import SharedModel

ANY_MODEL = "*"


class PriceCategory(models.TextChoices):
    ENRICHMENT = "enrichment", "Enrichment"
    LLM = "llm", "Language model"
    LLM_PROMPT = "llm_prompt", "Language model, prompt"
    LLM_COMPLETION = "llm_completion", "Language model, completion"
    STT = "stt", "Speech to text"
    TTS = "tts", "Text to speech"
    TELEPHONY = "telephony", "Telephony"
    VM_INFRASTRUCTURE = "vm_infrastructure", "Servers"


class PriceUnit(models.TextChoices):
    RECORD = "record", "Record"
    TOKEN = "token", "Token"
    SECOND = "second", "Second"
    MINUTE = "minute", "Minute"
    CHARACTER = "character", "Character"
    MESSAGE = "message", "Message"


class Price(SharedModel):
    """The price of one unit of a component in a period, for everybody or, over that, for one tenant.

    ``model`` may be ``*``: any model of the provider that has no price of its own. A new price is a new
    row; the old one ends where it begins, so that past use can be priced again.
    """

    category = models.CharField(max_length=50, choices=PriceCategory)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=255, help_text="The exact model, or * for any other model of the provider.")
    unit = models.CharField(max_length=30, choices=PriceUnit)
    unit_price = amounts.unit_price(help_text="In US dollars.")
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")
    effective_from = models.DateTimeField(default=timezone.now, db_default=Now())
    effective_to = models.DateTimeField(null=True, blank=True, help_text="Empty: until further notice.")
    is_active = models.BooleanField(default=True, db_default=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    # What a tenant pays is the platform's to say.
    privileges = ("SELECT",)

    class Meta:
        db_table = "billing_pricing_catalog"
        constraints = [
            NoOverlap(
                name="billing_pricing_catalog_one_price",
                fields=("tenant", "category", "provider", "model", "unit"),
                start="effective_from",
                end="effective_to",
                condition=Q(is_active=True),
                violation_error_message="Another active price holds in this period: end it first.",
            ),
            models.CheckConstraint(
                condition=Q(effective_to__gt=F("effective_from")) | Q(effective_to__isnull=True),
                name="billing_pricing_catalog_period",
                violation_error_message="A price must end after it begins.",
            ),
            models.CheckConstraint(
                condition=Q(unit_price__gte=0),
                name="billing_pricing_catalog_not_negative",
                violation_error_message="A price cannot be negative.",
            ),
            # Components are matched letter by letter.
            models.CheckConstraint(
                condition=Q(provider=Lower("provider")) & ~Q(provider="") & ~Q(model=""),
                name="billing_pricing_catalog_component",
                violation_error_message="Write the provider in lower case, and name a model or *.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_prices_newest"),
            models.Index(
                fields=["tenant", "category", "provider", "model", "unit", "-effective_from"],
                name="billing_prices_lookup",
            ),
            # The price list is read by component, the common prices beside those of tenants.
            models.Index(
                fields=["category", "provider", "model", "unit", "-effective_from"], name="billing_prices_component"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component}: {self.shown_price} per {self.unit}"

    @property
    def component(self) -> str:
        """What is priced, in one line."""
        return f"{self.category} · {self.provider} · {self.model}"

    @property
    def shown_price(self) -> str:
        """The price without zeros that say nothing."""
        return f"{Decimal(self.unit_price).normalize():f}"

    def holds_at(self, moment: datetime) -> bool:
        """Whether use at that moment may be priced with it."""
        return (
            self.is_active and self.effective_from <= moment and (not self.effective_to or moment < self.effective_to)
        )
