"""The price list: the price of each component over time."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from billing import money
from billing.units import PriceUnit
from lad.db.constraints import NoOverlap, Trigger
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import SharedModel

ANY_MODEL = "*"


# Identifies what is priced. Together with the tenant it is the key of a price's versions.
COMPONENT: Final = ("category", "provider", "model", "unit")


TIERS_SCHEMA: Final = {
    "type": "array",
    "maxItems": 20,
    "items": {
        "type": "object",
        "required": ["up_to", "unit_price"],
        "additionalProperties": False,
        "properties": {
            "up_to": {"type": ["string", "null"], "pattern": money.QUANTITY_SHAPE["pattern"]},
            "unit_price": money.UNIT_PRICE_SHAPE,
            "flat_fee": money.QUANTITY_SHAPE,
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
    MESSAGING = "messaging", "Messages"


class PriceScheme(models.TextChoices):
    UNIT = "unit", "Per unit"
    PACKAGE = "package", "Per package, started packages in full"
    GRADUATED = "graduated", "Graduated: each unit at its tier's price"
    VOLUME = "volume", "Volume: all units at the price of the tier reached"


TIERED: Final = (PriceScheme.GRADUATED, PriceScheme.VOLUME)


def tiers_ascend(tiers: object) -> None:
    """Require tiers with rising limits, of which only the last is open-ended."""
    if not isinstance(tiers, list) or not tiers or not all(isinstance(tier, dict) for tier in tiers):
        return
    ends = [tier.get("up_to") for tier in tiers]
    if ends[-1] is not None:
        raise ValidationError("The last tier must be open-ended: set its up_to to null.", code="tiers")
    if None in ends[:-1]:
        raise ValidationError("Only the last tier may be open-ended: give the others an up_to.", code="tiers")
    try:
        bounds = [Decimal(0), *(Decimal(end) for end in ends[:-1])]
    except (ArithmeticError, TypeError, ValueError):
        # The JSON schema reports the problem.
        return
    if any(upper <= lower for lower, upper in pairwise(bounds)):
        raise ValidationError("Each tier's up_to must be greater than that of the tier before.", code="tiers")


class Price(SharedModel):
    """The price of a component for a period: a common price, or one tenant's own, which takes precedence.

    ``model`` may be ``*`` for any model of the provider without a price of its own. A price change is a new
    row; the old one ends where it starts, so that past usage can be priced again. Tiers apply to the quantity
    of one usage event.
    """

    event_name = "billing.price"

    category = models.CharField(max_length=50, choices=PriceCategory)
    provider = models.CharField(max_length=50)
    model = models.CharField(max_length=255, help_text="The exact model, or * for any other model of the provider.")
    unit = models.CharField(max_length=30, choices=PriceUnit)
    scheme = models.CharField(max_length=20, choices=PriceScheme, default=PriceScheme.UNIT, db_default=PriceScheme.UNIT)
    unit_price = money.unit_price_field(
        help_text="In US dollars, per unit; per package if sold in packages; per unit of the first tier if tiered."
    )
    package_size = money.amount_field(
        null=True, blank=True, help_text="Units per package. Empty unless sold in packages."
    )
    tiers: Any = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        validators=[JsonSchemaValidator(TIERS_SCHEMA), tiers_ascend],
        help_text='For graduated and volume prices: [{"up_to": "1000", "unit_price": "0.02", "flat_fee": "1"}, '
        '{"up_to": null, "unit_price": "0.01"}]. up_to is the last unit of a tier; flat_fee is charged once.',
    )
    version = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Numbers the prices of a component, from 1."
    )
    description = models.TextField(max_length=2000, blank=True, default="", db_default="")
    effective_from = models.DateTimeField(default=timezone.now, db_default=Now())
    effective_to = models.DateTimeField(null=True, blank=True, help_text="Empty: until further notice.")
    is_active = models.BooleanField(default=True, db_default=True)
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    # Only the platform sets prices.
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
                violation_error_message="Another active price covers this period. End it first.",
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
                violation_error_message="Package prices need a size, tiered prices tiers, unit prices neither.",
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
                violation_error_message="This price has been in force. End it and create a new one.",
            ),
            models.UniqueConstraint(
                fields=["tenant", *COMPONENT, "version"],
                name="billing_pricing_catalog_version_key",
                nulls_distinct=False,
                violation_error_message="The component already has a price of this version.",
            ),
            # Components are matched exactly.
            models.CheckConstraint(
                condition=Q(provider=Lower("provider")) & ~Q(provider="") & ~Q(model=""),
                name="billing_pricing_catalog_component",
                violation_error_message="Write the provider in lower case, and give a model or *.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_prices_newest"),
            models.Index(
                fields=["tenant", "category", "provider", "model", "unit", "-effective_from"],
                name="billing_prices_lookup",
            ),
            # The price list reads common and tenants' prices together.
            models.Index(
                fields=["category", "provider", "model", "unit", "-effective_from"], name="billing_prices_component"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.component}: {self.formatted_price}"

    @property
    def component(self) -> str:
        """Return the component as one line of text."""
        return f"{self.category} · {self.provider} · {self.model}"

    @property
    def formatted_price(self) -> str:
        """Return the terms as one line of text, without trailing zeros."""
        if self.scheme == PriceScheme.PACKAGE and self.package_size:
            return f"{money.plain(self.unit_price)} per {money.plain(self.package_size)} {self.unit}s"
        if self.scheme in TIERED and self.tiers:
            steps = "; ".join(_describe_tier(tier) for tier in self.tiers)
            return f"{self.scheme} per {self.unit}: {steps}"
        return f"{money.plain(self.unit_price)} per {self.unit}"

    @property
    def key(self) -> tuple[str, ...]:
        """Return the component as category, provider, model and unit."""
        return tuple(str(getattr(self, name)) for name in COMPONENT)

    def is_in_force_at(self, moment: datetime) -> bool:
        """Return whether the price applies at that time."""
        return (
            self.is_active and self.effective_from <= moment and (not self.effective_to or moment < self.effective_to)
        )


def _describe_tier(tier: dict[str, Any]) -> str:
    reach = f"up to {tier['up_to']}" if tier["up_to"] is not None else "beyond"
    fee = f" + {tier['flat_fee']}" if Decimal(tier.get("flat_fee") or 0) else ""
    return f"{reach} {tier['unit_price']}{fee}"
