"""Invoices, their lines, and the numbers they get."""

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import F, Q

from billing import money as amounts
from billing.constraints import status_steps
from lad.db.constraints import DeferredTrigger, NoOverlap, TableStorage, Trigger
from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel
from lad.db.shapes import Shape

SIGNED_QUANTITY: Final = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}
LINE_ITEMS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "quantity", "unit_price", "amount"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "feature_key": {"type": "string"},
            "quantity": SIGNED_QUANTITY,
            "unit_price": amounts.UNIT_PRICE_SHAPE,
            "amount": amounts.AMOUNT_SHAPE,
            "category": {"type": "string"},
            "provider": {"type": "string"},
            "model": {"type": "string"},
            "unit": {"type": "string"},
            "uses": {"type": "integer"},
            "used_in": {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}$"},
        },
    },
}
TAX_LINES: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "rate", "taxable", "amount"],
        "additionalProperties": False,
        "properties": {
            "name": {"type": "string", "minLength": 1},
            "rate": {"type": "string", "pattern": r"^[0-9](\.[0-9]{1,4})?$"},
            "taxable": amounts.AMOUNT_SHAPE,
            "amount": amounts.AMOUNT_SHAPE,
        },
    },
}
RECIPIENT: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        name: {"type": "string"} for name in ("name", "address", "country", "tax_id", "tax_name", "email", "timezone")
    },
}

ISSUER: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {"type": "string"} for name in ("name", "address", "tax_id", "email", "bank")},
}

INVOICES: Final = "INV"
CREDIT_NOTES: Final = "CN"
# What was numbered by hand before numbers were assigned.
TYPED: Final = "OLD"


class InvoiceStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    PENDING = "pending", "Pending"
    PAID = "paid", "Paid"
    VOIDED = "voided", "Voided"
    OVERDUE = "overdue", "Overdue"


class InvoiceKind(models.TextChoices):
    USAGE = "usage", "Usage of a period"
    TOPUP = "topup", "Credits bought"
    MANUAL = "manual", "Written by hand"
    CREDIT_NOTE = "credit_note", "Credit note"


UNPAID: Final = (InvoiceStatus.PENDING, InvoiceStatus.OVERDUE)


class InvoiceSeries(TenantModel):
    """One sequence of numbers of a tenant: 1, 2, 3 without a gap, each on one finalised invoice."""

    event_name = "billing.invoice_series"

    series = models.CharField(max_length=10, default=INVOICES)
    prefix = models.CharField(
        max_length=30, blank=True, default="", db_default="", help_text="What stands before the number."
    )
    last_number = models.BigIntegerField(default=0, db_default=0, editable=False)

    # A series is never begun again.
    privileges = ("SELECT", "INSERT", "UPDATE")
    # Every number taken rewrites the row; the invoice that has it tells of that.
    audited_columns = ("series", "prefix", "tenant_id")
    announced = False

    class Meta:
        db_table = "billing_invoice_series"
        verbose_name_plural = "invoice series"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "series"],
                name="billing_invoice_series_key",
                violation_error_message="The tenant has this series already.",
            ),
            models.CheckConstraint(
                condition=Q(series__regex=r"^[A-Z]+$"),
                name="billing_invoice_series_code",
                violation_error_message="Name the series in capital letters, such as INV.",
            ),
            models.CheckConstraint(
                condition=Q(last_number__gte=0),
                name="billing_invoice_series_counts_up",
                violation_error_message="Numbers begin at 1.",
            ),
            Trigger(
                name="billing_invoice_series_steps",
                function="billing_check_series",
                when="BEFORE",
                event="INSERT OR UPDATE OR DELETE",
                violation_error_message="A series goes up by one and is never begun again.",
            ),
            DeferredTrigger(
                name="billing_invoice_series_used",
                function="billing_check_number_used",
                when="AFTER",
                event="UPDATE OF last_number",
                violation_error_message="A number that was taken must be on an invoice.",
            ),
            TableStorage(name="billing_invoice_series_storage", parameters={"fillfactor": "50"}),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_series_newest")]

    def __str__(self) -> str:
        return f"{self.prefix}…" if self.prefix else self.series


class Invoice(TenantModel):
    """What a tenant is asked to pay, or has paid, with a number of its own once it is finalised.

    Past draft only its status moves on; a mistake is corrected by a credit note, which is a row of
    this table with positive amounts. ``prepaid_amount`` is what wallets paid already.
    """

    event_name = "billing.invoice"

    kind = models.CharField(
        max_length=20, choices=InvoiceKind, default=InvoiceKind.MANUAL, db_default=InvoiceKind.MANUAL, editable=False
    )
    series = models.CharField(max_length=10, default=INVOICES, db_default=INVOICES, editable=False)
    sequence_number = models.BigIntegerField(null=True, blank=True, editable=False)
    invoice_number = models.CharField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Assigned when the invoice is finalised.",
    )
    status = models.CharField(
        max_length=20,
        choices=InvoiceStatus,
        default=InvoiceStatus.DRAFT,
        db_default=InvoiceStatus.DRAFT,
        editable=False,
    )
    subtotal = amounts.money(editable=False, default=0)
    tax = amounts.money(default=0, db_default=0, editable=False)
    total = amounts.money(editable=False, default=0)
    prepaid_amount = amounts.money(
        default=0, db_default=0, editable=False, help_text="What wallets paid already when it was used."
    )
    currency = amounts.currency()
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    finalised_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    payment_method = models.CharField(max_length=50, blank=True, default="", db_default="", editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    line_items = models.JSONField(default=list, blank=True, db_default=[], validators=[Shape(LINE_ITEMS)])
    tax_lines = models.JSONField(default=list, blank=True, db_default=[], editable=False, validators=[Shape(TAX_LINES)])
    recipient = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        validators=[Shape(RECIPIENT)],
        help_text="Who it is written to, as it was when the invoice was finalised.",
    )
    issuer = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        validators=[Shape(ISSUER)],
        help_text="Who it is from, as they were when the invoice was finalised.",
    )
    corrects = TenantForeignKey(
        "billing.Invoice",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="credit_notes",
        db_index=False,
        help_text="The invoice that a credit note takes back, in whole or in part.",
    )
    payment = TenantForeignKey(
        "billing.Payment",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="receipts",
        db_index=False,
        help_text="The card payment it is the receipt of.",
    )
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
            models.UniqueConstraint(
                fields=["tenant", "series", "sequence_number"],
                name="billing_invoices_sequence_key",
                violation_error_message="Another invoice of the series has this number.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "payment"],
                condition=Q(payment__isnull=False),
                name="billing_invoices_receipt_key",
                violation_error_message="This payment has its receipt.",
            ),
            NoOverlap(
                name="billing_invoices_one_per_period",
                fields=("tenant", "currency"),
                start="period_start",
                end="period_end",
                condition=Q(kind=InvoiceKind.USAGE) & ~Q(status=InvoiceStatus.VOIDED),
                violation_error_message="Another invoice covers use of this period.",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[InvoiceStatus.DRAFT, InvoiceStatus.VOIDED],
                    invoice_number="",
                    sequence_number__isnull=True,
                    finalised_at__isnull=True,
                )
                | (
                    ~Q(status=InvoiceStatus.DRAFT)
                    & ~Q(invoice_number="")
                    & Q(sequence_number__gt=0, finalised_at__isnull=False)
                ),
                name="billing_invoices_numbered",
                violation_error_message="A finalised invoice has a number; a draft has none.",
            ),
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.CREDIT_NOTE, series=CREDIT_NOTES, corrects__isnull=False)
                | (~Q(kind=InvoiceKind.CREDIT_NOTE) & ~Q(series=CREDIT_NOTES) & Q(corrects__isnull=True)),
                name="billing_invoices_credit_note",
                violation_error_message="A credit note names the invoice it corrects and is in a series of its own.",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("tax")),
                name="billing_invoices_total",
                violation_error_message="The total must be the subtotal plus the tax.",
            ),
            # A period in which more was given back than used comes to less than nothing.
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.USAGE) | Q(subtotal__gte=0, tax__gte=0),
                name="billing_invoices_not_negative",
                violation_error_message="Neither subtotal nor tax can be negative.",
            ),
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.USAGE, prepaid_amount=F("subtotal")) | Q(prepaid_amount=0),
                name="billing_invoices_prepaid",
                violation_error_message="Wallets pay for use, all of it, and for nothing else.",
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
            Trigger(
                name="billing_invoices_finalised",
                function="billing_check_finalised",
                when="BEFORE",
                event="INSERT OR UPDATE",
                violation_error_message="An invoice begins as a draft and is finalised with the number just taken.",
            ),
            status_steps(
                name="billing_invoices_steps",
                steps={
                    "draft": ("pending", "voided"),
                    "pending": ("paid", "overdue", "voided"),
                    "overdue": ("paid", "voided"),
                },
                open_states=("draft",),
                free_columns=("paid_at", "payment_method", "sent_at", "metadata"),
                violation_error_message="An invoice that was issued stays as it is; only its status moves on.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_invoices_newest"),
            models.Index(fields=["tenant", "status", "due_at"], name="billing_invoices_due"),
            models.Index(
                fields=["tenant", "corrects"], condition=Q(corrects__isnull=False), name="billing_invoices_corrects"
            ),
            # The platform looks after what is unpaid in all tenants.
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=[InvoiceStatus.PENDING, InvoiceStatus.OVERDUE]),
                name="billing_invoices_unpaid",
            ),
        ]

    def __str__(self) -> str:
        return self.invoice_number or "Draft without a number"

    @property
    def amount_due(self) -> Decimal:
        """What it asks for, to the cent: the total less what wallets paid already."""
        return amounts.to_cent(self.total - self.prepaid_amount)
