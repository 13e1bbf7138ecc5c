"""The price list: what one unit of a component costs, and from when to when."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from billing import money as amounts
from lad.db.constraints import NoOverlap, Trigger
from lad.db.models import SharedModel
from lad.db.shapes import Shape

ANY_MODEL = "*"
# What is priced; with whose price it is, the key of a price's versions.
COMPONENT: Final = ("category", "provider", "model", "unit")
TIERS: Final = {
    "type": "array",
    "maxItems": 20,
    "items": {
        "type": "object",
        "required": ["up_to", "unit_price"],
        "additionalProperties": False,
        "properties": {
            "up_to": {"type": ["string", "null"], "pattern": amounts.QUANTITY_SHAPE["pattern"]},
            "unit_price": amounts.UNIT_PRICE_SHAPE,
            "flat_fee": amounts.QUANTITY_SHAPE,
        },
    },
}


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


class PriceScheme(models.TextChoices):
    UNIT = "unit", "Per unit"
    PACKAGE = "package", "Per package, begun ones in full"
    GRADUATED = "graduated", "Graduated: each unit at its tier's price"
    VOLUME = "volume", "Volume: all units at the price of the tier reached"


TIERED: Final = (PriceScheme.GRADUATED, PriceScheme.VOLUME)


def tiers_ascend(tiers: Any) -> None:
    """Each tier reaches further than the one before, and only the last one has no end."""
    if not isinstance(tiers, list) or not tiers or not all(isinstance(tier, dict) for tier in tiers):
        return
    ends = [tier.get("up_to") for tier in tiers]
    if ends[-1] is not None:
        raise ValidationError("Let the last tier have no end: its up_to must be null.", code="tiers")
    if None in ends[:-1]:
        raise ValidationError("Only the last tier has no end: give the others their up_to.", code="tiers")
    try:
        bounds = [Decimal(0), *(Decimal(end) for end in ends[:-1])]
    except (ArithmeticError, TypeError, ValueError):
        # The shape says what is wrong with it.
        return
    if any(upper <= lower for lower, upper in pairwise(bounds)):
        raise ValidationError("Let each tier reach further than the one before.", code="tiers")


class Price(SharedModel):
    """The price of a component in a period, for everybody or, over that, for one tenant.

    ``model`` may be ``*``: any model of the provider that has no price of its own. A new price is a new
    row; the old one ends where it begins, so that past use can be priced again. Tiers are those of the
    quantity of one use.
    """

    event_name = "billing.price"

    category = models.CharField(max_length=50, choices=PriceCategory)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=255, help_text="The exact model, or * for any other model of the provider.")
    unit = models.CharField(max_length=30, choices=PriceUnit)
    scheme = models.CharField(max_length=20, choices=PriceScheme, default=PriceScheme.UNIT, db_default=PriceScheme.UNIT)
    unit_price = amounts.unit_price(
        help_text="In US dollars, of one unit; of one package where it is sold by the package, and of a unit of the "
        "first tier where there are tiers."
    )
    package_size = amounts.money(
        null=True, blank=True, help_text="How many units a package holds; empty unless sold by the package."
    )
    tiers: Any = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        validators=[Shape(TIERS), tiers_ascend],
        help_text='Of a graduated or volume price: [{"up_to": "1000", "unit_price": "0.02", "flat_fee": "1"}, '
        '{"up_to": null, "unit_price": "0.01"}]. up_to is the last unit of the tier, flat_fee is owed once for it.',
    )
    version = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Counts the prices this component has had, from 1."
    )
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
            models.CheckConstraint(
                condition=Q(scheme=PriceScheme.UNIT, package_size__isnull=True, tiers=[])
                | Q(scheme=PriceScheme.PACKAGE, package_size__isnull=False, package_size__gt=0, tiers=[])
                | (Q(scheme__in=TIERED, package_size__isnull=True) & ~Q(tiers=[])),
                name="billing_pricing_catalog_scheme",
                violation_error_message="A package has a size, graduated and volume prices have tiers, and no other.",
            ),
            Trigger(
                name="billing_pricing_catalog_number",
                function="billing_pricing_catalog_number",
                when="BEFORE",
                event=f"INSERT OR UPDATE OF tenant_id, {', '.join(COMPONENT)}, version",
            ),
            Trigger(
                name="billing_pricing_catalog_settled",
                function="billing_pricing_catalog_settled",
                when="BEFORE",
                event=f"UPDATE OF {', '.join(COMPONENT)}, scheme, unit_price, package_size, tiers, effective_from",
                violation_error_message="It has been in force: end it and begin a new price.",
            ),
            models.UniqueConstraint(
                fields=["tenant", *COMPONENT, "version"],
                name="billing_pricing_catalog_version_key",
                nulls_distinct=False,
                violation_error_message="The component has a price of this version already.",
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
        return f"{self.component}: {self.shown_price}"

    @property
    def component(self) -> str:
        """What is priced, in one line."""
        return f"{self.category} · {self.provider} · {self.model}"

    @property
    def shown_price(self) -> str:
        """The price in one line, without zeros that say nothing."""
        if self.scheme == PriceScheme.PACKAGE and self.package_size:
            return f"{amounts.plain(self.unit_price)} per {amounts.plain(self.package_size)} {self.unit}s"
        if self.scheme in TIERED and self.tiers:
            steps = "; ".join(_tier_in_words(tier) for tier in self.tiers)
            return f"{self.scheme} per {self.unit}: {steps}"
        return f"{amounts.plain(self.unit_price)} per {self.unit}"

    @property
    def key(self) -> tuple[str, ...]:
        """What is priced: category, provider, model and unit."""
        return tuple(str(getattr(self, name)) for name in COMPONENT)

    def holds_at(self, moment: datetime) -> bool:
        """Whether use at that moment may be priced with it."""
        return (
            self.is_active and self.effective_from <= moment and (not self.effective_to or moment < self.effective_to)
        )


def _tier_in_words(tier: dict[str, Any]) -> str:
    reach = f"up to {tier['up_to']}" if tier["up_to"] is not None else "beyond"
    fee = f" + {tier['flat_fee']}" if Decimal(tier.get("flat_fee") or 0) else ""
    return f"{reach} {tier['unit_price']}{fee}"
