"""Packages of credits, as they are sold."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from billing import money as amounts
from lad.db.models import SharedModel


class CreditPackage(SharedModel):
    """A number of credits at a price, for everybody or for one tenant. What was sold keeps its own figures."""

    event_name = "billing.credit_package"

    key = models.CharField(max_length=50, help_text="How programs name it, such as starter.")
    name = models.CharField(max_length=100)
    credits = models.PositiveIntegerField()
    price = amounts.money(help_text="Without tax and card fee.")
    currency = amounts.currency()
    popular = models.BooleanField(default=False, db_default=False, help_text="Shown as the one most people choose.")
    position = models.PositiveSmallIntegerField(default=0, db_default=0)
    is_active = models.BooleanField(default=True, db_default=True, help_text="Whether it can be bought.")

    # What credits cost is the platform's to say.
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
            amounts.currency_check("billing_credit_packages"),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_packages_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def price_per_credit(self) -> Decimal:
        """What one credit of it costs, to the sixth decimal."""
        return amounts.to_line(self.price / self.credits)
