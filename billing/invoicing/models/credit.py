"""Credit that a document left owed to a customer and that was deducted from a later invoice."""

from django.db import models
from django.db.models import F, Q

from billing import money
from lad.db.constraints import Trigger
from lad.db.fields import TenantForeignKey
from lad.db.models import AppendOnly, TenantModel


class CreditApplication(AppendOnly, TenantModel):
    """Part of the credit that one document owes the customer, deducted from the amount due of a later invoice."""

    event_name = "billing.credit_application"

    source = TenantForeignKey(
        "billing.Invoice",
        on_delete=models.PROTECT,
        related_name="credit_given",
        db_index=False,
        help_text="The document that owed it.",
    )
    target = TenantForeignKey(
        "billing.Invoice",
        on_delete=models.PROTECT,
        related_name="credit_received",
        db_index=False,
        help_text="The invoice whose amount due it reduced.",
    )
    amount = money.amount_field()

    announced = False

    class Meta:
        db_table = "billing_credit_applications"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "source", "target"],
                name="billing_credit_applications_key",
                violation_error_message="This credit was already deducted from the invoice.",
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & ~Q(source=F("target")),
                name="billing_credit_applications_amount",
                violation_error_message="Deduct an amount above 0 from another invoice.",
            ),
            Trigger(
                name="billing_credit_applications_sums",
                function="billing_check_application",
                when="BEFORE",
                event="INSERT",
                violation_error_message="Deduct no more credit than is owed, from an invoice that says so.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_applied_newest"),
            models.Index(fields=["tenant", "target"], name="billing_applied_target"),
        ]

    def __str__(self) -> str:
        return f"{money.plain(self.amount)} of {self.source}"
