"""Invoices and their lines."""

from typing import Final

from django.db import models
from django.db.models import F, Q

from billing.models import amounts
from billing.models.guards import status_steps
from lad.db.models import TenantModel
from lad.db.shapes import Shape

LINE_ITEMS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "quantity", "unit_price", "amount"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "feature_key": {"type": "string"},
            "quantity": amounts.QUANTITY_SHAPE,
            "unit_price": amounts.UNIT_PRICE_SHAPE,
            "amount": amounts.AMOUNT_SHAPE,
        },
    },
}


class InvoiceStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    PENDING = "pending", "Pending"
    PAID = "paid", "Paid"
    VOIDED = "voided", "Voided"
    OVERDUE = "overdue", "Overdue"


class Invoice(TenantModel):
    """What a tenant is asked to pay for a period. Past draft only its status moves on."""

    invoice_number = models.CharField(
        max_length=50, blank=True, default="", db_default="", help_text="A draft may do without."
    )
    status = models.CharField(
        max_length=20,
        choices=InvoiceStatus,
        default=InvoiceStatus.DRAFT,
        db_default=InvoiceStatus.DRAFT,
        editable=False,
    )
    subtotal = amounts.money(editable=False, default=0)
    tax = amounts.money(default=0, db_default=0)
    total = amounts.money(editable=False, default=0)
    currency = amounts.currency()
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    payment_method = models.CharField(max_length=50, blank=True, default="", db_default="", editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    line_items = models.JSONField(default=list, blank=True, db_default=[], validators=[Shape(LINE_ITEMS)])
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    class Meta:
        db_table = "billing_invoices"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "invoice_number"],
                condition=~Q(invoice_number=""),
                name="billing_invoices_number_key",
                violation_error_message="Another invoice of the tenant has this number.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.VOIDED]) | ~Q(invoice_number=""),
                name="billing_invoices_numbered",
                violation_error_message="Give the invoice a number before it is issued.",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("tax")),
                name="billing_invoices_total",
                violation_error_message="The total must be the subtotal plus the tax.",
            ),
            models.CheckConstraint(
                condition=Q(subtotal__gte=0, tax__gte=0),
                name="billing_invoices_not_negative",
                violation_error_message="Neither subtotal nor tax can be negative.",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")),
                name="billing_invoices_period",
                violation_error_message="The period must end after it begins.",
            ),
            models.CheckConstraint(
                condition=Q(status=InvoiceStatus.PAID, paid_at__isnull=False)
                | (~Q(status=InvoiceStatus.PAID) & Q(paid_at__isnull=True)),
                name="billing_invoices_paid_at",
                violation_error_message="A paid invoice says when it was paid; others do not.",
            ),
            models.CheckConstraint(
                condition=~Q(status=InvoiceStatus.OVERDUE) | Q(due_at__isnull=False),
                name="billing_invoices_overdue_since",
                violation_error_message="An invoice without a due date cannot be overdue.",
            ),
            amounts.currency_check("billing_invoices"),
            status_steps(
                name="billing_invoices_steps",
                steps={
                    "draft": ("pending", "voided"),
                    "pending": ("paid", "overdue", "voided"),
                    "overdue": ("paid", "voided"),
                },
                open_states=("draft",),
                free_columns=("paid_at", "payment_method", "metadata"),
                violation_error_message="An invoice that was issued stays as it is; only its status moves on.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_invoices_newest"),
            models.Index(fields=["tenant", "status", "due_at"], name="billing_invoices_due"),
            # The platform looks after what is unpaid in all tenants.
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=[InvoiceStatus.PENDING, InvoiceStatus.OVERDUE]),
                name="billing_invoices_unpaid",
            ),
        ]

    def __str__(self) -> str:
        return self.invoice_number or "Draft without a number"
