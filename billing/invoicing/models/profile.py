"""Billing profiles: the recipient of a tenant's invoices and its tax."""

import json
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from phonenumbers import SUPPORTED_REGIONS

from billing.invoicing.models.prefix import PREFIX_PATTERN
from lad.db.constraints import Trigger
from lad.db.fields import LowercaseEmailField
from lad.db.models import TenantModel
from lad.languages import Language

DEFAULT_TAX_RATE: Final = Decimal("0.05")
DEFAULT_PAYMENT_TERMS_DAYS: Final = 14
MAX_PAYMENT_TERMS_DAYS: Final = 365
# What a tenant may change itself.
TENANT_FIELDS: Final = frozenset({"legal_name", "address", "country", "tax_id", "invoice_email", "language"})
DEFAULT_TAX_NAME: Final = "VAT"


class TaxPoint(models.TextChoices):
    PURCHASE = "purchase", "When credits are bought"
    USE = "use", "When they are used"


# The terms of a profile that a tenant creates. Only LAD's own staff change them.
PLATFORM_TERMS: Final[dict[str, str | int | float]] = {
    "tax_name": DEFAULT_TAX_NAME,
    "tax_rate": float(DEFAULT_TAX_RATE),
    "tax_point": TaxPoint.PURCHASE.value,
    "payment_terms_days": DEFAULT_PAYMENT_TERMS_DAYS,
    "invoice_prefix": "",
}


def check_country(code: str) -> None:
    """Raise ValidationError unless the code is an ISO 3166-1 alpha-2 code."""
    if code not in SUPPORTED_REGIONS:
        raise ValidationError("Write the country as its two-letter ISO code in capitals, such as DE or AE.")


def check_rate(rate: Decimal) -> None:
    """Raise ValidationError unless the rate is between 0 and 1."""
    if rate < 0:
        raise ValidationError("The tax rate cannot be negative. Write 0 for no tax.")
    if rate > 1:
        raise ValidationError("Write the rate as a fraction: 0.05 for 5 %.")


class BillingProfile(TenantModel):
    """How a tenant is named on its invoices, where they are sent, and how it is taxed.

    A tenant writes its ``TENANT_FIELDS``. The others decide what it owes and how its documents are numbered, so only
    LAD's own staff write them: the database refuses them to a tenant's session. Tax is charged once: when credits
    are bought, in which case period invoices carry none, or when they are used.
    """

    event_name = "billing.profile"

    legal_name = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Empty: the tenant's name."
    )
    address = models.TextField(
        max_length=500, blank=True, default="", db_default="", help_text="As printed on invoices, without the country."
    )
    country = models.CharField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        validators=[check_country],
        help_text="Two-letter ISO code, such as DE.",
    )
    tax_id = models.CharField(
        max_length=50, blank=True, default="", db_default="", help_text="Printed exactly as entered."
    )
    language = models.CharField(
        max_length=10,
        choices=Language,
        default=Language.ENGLISH,
        db_default=Language.ENGLISH,
        help_text="Of invoices, receipts and credit notes, and of the mails about them. Issued ones keep theirs.",
    )
    tax_name = models.CharField(
        max_length=30,
        default=DEFAULT_TAX_NAME,
        db_default=DEFAULT_TAX_NAME,
        help_text="Name of the tax, such as VAT or GST.",
    )
    tax_rate = models.DecimalField(
        max_digits=6,
        decimal_places=4,
        default=DEFAULT_TAX_RATE,
        db_default=DEFAULT_TAX_RATE,
        validators=[check_rate],
        help_text="As a fraction: 0.05 is 5 %.",
    )
    tax_point = models.CharField(
        max_length=20,
        choices=TaxPoint,
        default=TaxPoint.PURCHASE,
        db_default=TaxPoint.PURCHASE,
        help_text="Whether tax is charged when credits are bought or on the period invoice for their use.",
    )
    payment_terms_days = models.PositiveSmallIntegerField(
        default=DEFAULT_PAYMENT_TERMS_DAYS,
        db_default=DEFAULT_PAYMENT_TERMS_DAYS,
        validators=[MaxValueValidator(MAX_PAYMENT_TERMS_DAYS, "Payment terms can be at most 365 days.")],
        help_text="Days from the invoice to its due date.",
    )
    invoice_email = LowercaseEmailField(
        max_length=255, blank=True, default="", db_default="", help_text="Empty: the owner's address."
    )
    invoice_prefix = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(PREFIX_PATTERN, "Use capitals and digits only, such as ACME.")],
        help_text="Printed before the numbers of this tenant's invoices, and of no other's. Empty: LAD assigns one.",
    )

    # A profile is corrected, never deleted.
    privileges = ("SELECT", "INSERT", "UPDATE")
    withheld = {"UPDATE": ("id", "tenant", "created_at", *PLATFORM_TERMS)}

    class Meta:
        db_table = "billing_profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="billing_profiles_tenant_key",
                violation_error_message="The tenant already has a billing profile. Change that one.",
            ),
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
                name="billing_profiles_country_code",
                violation_error_message="Write the country as its two-letter ISO code in capitals, such as DE or AE.",
            ),
            models.CheckConstraint(
                condition=Q(tax_rate__gte=0, tax_rate__lte=1),
                name="billing_profiles_tax_rate",
                violation_error_message="Write the rate as a fraction between 0 and 1: 0.05 for 5 %.",
            ),
            models.CheckConstraint(
                condition=~Q(tax_name=""),
                name="billing_profiles_tax_named",
                violation_error_message="Give the name of the tax, such as VAT.",
            ),
            models.CheckConstraint(
                condition=Q(payment_terms_days__lte=MAX_PAYMENT_TERMS_DAYS),
                name="billing_profiles_terms",
                violation_error_message="Payment terms can be at most 365 days.",
            ),
            models.CheckConstraint(
                condition=Q(invoice_prefix="") | Q(invoice_prefix__regex=PREFIX_PATTERN),
                name="billing_profiles_prefix",
                violation_error_message="Use capitals and digits only in the prefix, such as ACME.",
            ),
            Trigger(
                name="billing_profiles_own_terms",
                function="billing_keep_terms",
                when="BEFORE",
                event="INSERT",
                parameters=(json.dumps(PLATFORM_TERMS),),
                violation_error_message="Only LAD's own staff set the tax, the terms of payment and the prefix.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_profiles_newest")]

    def __str__(self) -> str:
        return self.legal_name or str(self.tenant)


def profile_of(tenant_id: UUID) -> BillingProfile:
    """Return the tenant's profile, or an unsaved one with the defaults."""
    row: BillingProfile | None = BillingProfile.objects.select_related("tenant").filter(tenant_id=tenant_id).first()
    return row or BillingProfile(tenant_id=tenant_id)
