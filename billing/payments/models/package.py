"""Credit packages for sale."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from billing import money
from lad.db.models import SharedModel


class CreditPackage(SharedModel):
    """A number of credits at a price, for all tenants or for one. Payments keep the figures they were sold at."""

    event_name = "billing.credit_package"

    key = models.CharField(max_length=50, help_text="Identifier in the API, such as starter.")
    name = models.CharField(max_length=100)
    credits = models.PositiveIntegerField()
    price = money.amount_field(help_text="Without tax and card fee.")
    currency = money.currency_field()
    popular = models.BooleanField(default=False, db_default=False, help_text="Highlighted as the most popular package.")
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    is_active = models.BooleanField(default=True, db_default=True, help_text="Whether it can be bought.")

    # Only the platform sets prices.
    privileges = ("SELECT",)

    class Meta:
        db_table = "billing_credit_packages"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"],
                nulls_distinct=False,
                name="billing_credit_packages_key",
                violation_error_message="Another package has this key.",
            ),
            models.CheckConstraint(
                condition=Q(key=Lower("key")) & ~Q(key="") & ~Q(name=""),
                name="billing_credit_packages_named",
                violation_error_message="Give the package a key in lower case and a name.",
            ),
            models.CheckConstraint(
                condition=Q(credits__gt=0, price__gt=0),
                name="billing_credit_packages_positive",
                violation_error_message="A package holds at least one credit and costs something.",
            ),
            money.currency_check("billing_credit_packages"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_packages_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def price_per_credit(self) -> Decimal:
        """Return the price of one credit, to six decimals."""
        return money.round_amount(self.price / self.credits)
