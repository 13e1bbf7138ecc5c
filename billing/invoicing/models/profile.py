"""Who an invoice is written to, and how a tenant is taxed."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from phonenumbers import SUPPORTED_REGIONS

from lad.db.fields import LowercaseEmailField
from lad.db.models import TenantModel

# What the checkout has always added.
DEFAULT_TAX_RATE: Final = Decimal("0.05")
DEFAULT_TERMS_DAYS: Final = 14
LONGEST_TERMS_DAYS: Final = 365
PREFIX: Final = r"^[A-Z0-9]+$"


class TaxPoint(models.TextChoices):
    PURCHASE = "purchase", "When credits are bought"
    USE = "use", "When they are used"


def check_country(code: str) -> None:
    """Refuse what is no ISO 3166-1 alpha-2 code."""
    if code not in SUPPORTED_REGIONS:
        raise ValidationError("Write the country as its two-letter ISO code in capitals, such as DE or AE.")


def check_rate(rate: Decimal) -> None:
    """Refuse what is no share."""
    if rate < 0:
        raise ValidationError("A tax rate cannot be negative; write 0 for none.")
    if rate > 1:
        raise ValidationError("Write the rate as a share: 0.05 for 5 %.")


class BillingProfile(TenantModel):
    """What a tenant's invoices say of it, where they go, and when and how much tax they carry.

    Tax is due once: when credits are bought (then period invoices carry none) or when they are used.
    """

    event_name = "billing.profile"

    legal_name = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Empty: the name of the tenant."
    )
    address = models.TextField(
        max_length=500, blank=True, default="", db_default="", help_text="As it stands on an invoice, without country."
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
        max_length=50, blank=True, default="", db_default="", help_text="Printed as it is written here."
    )
    tax_name = models.CharField(
        max_length=30, default="VAT", db_default="VAT", help_text="What the tax is called, such as VAT or GST."
    )
    tax_rate = models.DecimalField(
        max_digits=6,
        decimal_places=4,
        default=DEFAULT_TAX_RATE,
        db_default=DEFAULT_TAX_RATE,
        validators=[check_rate],
        help_text="As a share: 0.05 is 5 %.",
    )
    tax_point = models.CharField(
        max_length=20,
        choices=TaxPoint,
        default=TaxPoint.PURCHASE,
        db_default=TaxPoint.PURCHASE,
        help_text="When tax is due: on the purchase of credits, or on the period invoice for their use.",
    )
    payment_terms_days = models.PositiveSmallIntegerField(
        default=DEFAULT_TERMS_DAYS,
        db_default=DEFAULT_TERMS_DAYS,
        validators=[MaxValueValidator(LONGEST_TERMS_DAYS, "A year (365 days) is the longest an invoice may wait.")],
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
        validators=[RegexValidator(PREFIX, "Use capitals and digits only, such as ACME.")],
        help_text="Set before the numbers of this tenant's invoices; empty for none.",
    )

    # A tenant has one for good; it is corrected, not deleted.
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "billing_profiles"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                name="billing_profiles_tenant_key",
                violation_error_message="The tenant has a billing profile already: change that one.",
            ),
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
                name="billing_profiles_country_code",
                violation_error_message="Write the country as its two-letter ISO code in capitals, such as DE or AE.",
            ),
            models.CheckConstraint(
                condition=Q(tax_rate__gte=0, tax_rate__lte=1),
                name="billing_profiles_tax_rate",
                violation_error_message="Write the rate as a share between 0 and 1: 0.05 for 5 %.",
            ),
            models.CheckConstraint(
                condition=~Q(tax_name=""),
                name="billing_profiles_tax_named",
                violation_error_message="Say what the tax is called, such as VAT.",
            ),
            models.CheckConstraint(
                condition=Q(payment_terms_days__lte=LONGEST_TERMS_DAYS),
                name="billing_profiles_terms",
                violation_error_message="A year (365 days) is the longest an invoice may wait.",
            ),
            models.CheckConstraint(
                condition=Q(invoice_prefix="") | Q(invoice_prefix__regex=PREFIX),
                name="billing_profiles_prefix",
                violation_error_message="Use capitals and digits only in the prefix, such as ACME.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_profiles_newest")]

    def __str__(self) -> str:
        return self.legal_name or str(self.tenant)


def profile_of(tenant_id: UUID) -> BillingProfile:
    """The tenant's profile; an unsaved one with the defaults when it has none."""
    row: BillingProfile | None = BillingProfile.objects.select_related("tenant").filter(tenant_id=tenant_id).first()
    return row or BillingProfile(tenant_id=tenant_id)
