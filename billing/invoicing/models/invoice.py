"""Invoices and their number series."""

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import F, Q

from billing import money
from billing.constraints import status_steps
from lad.db.constraints import DeferredTrigger, NoOverlap, TableStorage, Trigger
from lad.db.fields import TenantForeignKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import TenantModel
from lad.limits import KILOBYTE, JsonLimit

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
            "unit_price": money.UNIT_PRICE_SHAPE,
            "amount": money.AMOUNT_SHAPE,
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
            "taxable": money.AMOUNT_SHAPE,
            "amount": money.AMOUNT_SHAPE,
        },
    },
}
RECIPIENT: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        name: {"type": "string"}
        for name in ("name", "address", "country", "tax_id", "tax_name", "email", "timezone", "language")
    },
}

ISSUER: Final = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: {"type": "string"} for name in ("name", "address", "tax_id", "email", "bank")},
}

INVOICES: Final = "INV"
CREDIT_NOTES: Final = "CN"
# The series of invoices that were numbered by hand before LAD assigned numbers.
LEGACY_NUMBERS: Final = "OLD"


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
    """A tenant's gapless number series: 1, 2, 3, each used by one finalised invoice."""

    event_name = "billing.invoice_series"

    series = models.CharField(max_length=10, default=INVOICES)
    prefix = models.CharField(
        max_length=30, blank=True, default="", db_default="", help_text="Printed before the number."
    )
    last_number = models.BigIntegerField(default=0, db_default=0, editable=False)

    # A series is never restarted.
    privileges = ("SELECT", "INSERT", "UPDATE")
    # The invoice's audit entry already records each number taken.
    audited_columns = ("series", "prefix", "tenant_id")
    announced = False

    class Meta:
        db_table = "billing_invoice_series"
        verbose_name_plural = "invoice series"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "series"],
                name="billing_invoice_series_key",
                violation_error_message="The tenant already has this series.",
            ),
            models.CheckConstraint(
                condition=Q(series__regex=r"^[A-Z]+$"),
                name="billing_invoice_series_code",
                violation_error_message="Name the series in capital letters, such as INV.",
            ),
            models.CheckConstraint(
                condition=Q(last_number__gte=0),
                name="billing_invoice_series_counts_up",
                violation_error_message="Numbers start at 1.",
            ),
            Trigger(
                name="billing_invoice_series_steps",
                function="billing_check_series",
                when="BEFORE",
                event="INSERT OR UPDATE OR DELETE",
                violation_error_message="A series increases by one and is never restarted.",
            ),
            DeferredTrigger(
                name="billing_invoice_series_used",
                function="billing_check_number_used",
                when="AFTER",
                event="UPDATE OF last_number",
                violation_error_message="A number that was taken must be used by an invoice.",
            ),
            TableStorage(name="billing_invoice_series_storage", parameters={"fillfactor": "50"}),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="billing_series_newest")]

    def __str__(self) -> str:
        return f"{self.prefix}…" if self.prefix else self.series


class Invoice(TenantModel):
    """An invoice, receipt or credit note. It gets its number when it is finalised.

    After that only its status and payment columns change; mistakes are corrected by a credit note, which is a
    row of this table with positive amounts. ``prepaid_amount`` is what wallets have already paid. A document with
    ``credit_owed`` stays pending until that is deducted from later invoices or paid back.
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
    subtotal = money.amount_field(editable=False, default=0)
    tax = money.amount_field(default=0, db_default=0, editable=False)
    total = money.amount_field(editable=False, default=0)
    prepaid_amount = money.amount_field(
        default=0, db_default=0, editable=False, help_text="Paid from wallets when the usage was charged."
    )
    applied_credit = money.amount_field(
        default=0, db_default=0, editable=False, help_text="Credit from earlier documents that reduces the amount due."
    )
    credit_owed = money.amount_field(
        default=0,
        db_default=0,
        editable=False,
        help_text="What the document leaves owed to the customer, until it is deducted or paid back.",
    )
    currency = money.currency_field()
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    finalised_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    paid_at = models.DateTimeField(null=True, blank=True, editable=False)
    payment_method = models.CharField(max_length=50, blank=True, default="", db_default="", editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    line_items = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        validators=[JsonLimit(max_bytes=1024 * KILOBYTE, max_values=50_000), JsonSchemaValidator(LINE_ITEMS)],
    )
    tax_lines = models.JSONField(
        default=list, blank=True, db_default=[], editable=False, validators=[JsonSchemaValidator(TAX_LINES)]
    )
    recipient = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        validators=[JsonSchemaValidator(RECIPIENT)],
        help_text="The recipient at the time the invoice was finalised.",
    )
    issuer = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        validators=[JsonSchemaValidator(ISSUER)],
        help_text="The issuer at the time the invoice was finalised.",
    )
    corrects = TenantForeignKey(
        "billing.Invoice",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="credit_notes",
        db_index=False,
        help_text="The invoice that this credit note corrects.",
    )
    payment = TenantForeignKey(
        "billing.Payment",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="receipts",
        db_index=False,
        help_text="The card payment that this receipt is for.",
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    class Meta:
        db_table = "billing_invoices"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "invoice_number"],
                condition=~Q(invoice_number=""),
                name="billing_invoices_number_key",
                violation_error_message="Another invoice of this tenant has this number.",
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
                violation_error_message="This payment already has a receipt.",
            ),
            NoOverlap(
                name="billing_invoices_one_per_period",
                fields=("tenant", "currency"),
                start="period_start",
                end="period_end",
                condition=Q(kind=InvoiceKind.USAGE) & ~Q(status=InvoiceStatus.VOIDED),
                violation_error_message="Another invoice covers usage of this period.",
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
                violation_error_message="A credit note names the invoice it corrects and has its own series.",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") + F("tax")),
                name="billing_invoices_total",
                violation_error_message="The total must be the subtotal plus the tax.",
            ),
            # A usage invoice is negative if reversals exceed the charges of its period.
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.USAGE) | Q(subtotal__gte=0, tax__gte=0),
                name="billing_invoices_not_negative",
                violation_error_message="Subtotal and tax cannot be negative.",
            ),
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.USAGE, prepaid_amount=F("subtotal")) | Q(prepaid_amount=0),
                name="billing_invoices_prepaid",
                violation_error_message="The prepaid amount is the subtotal on usage invoices and 0 on others.",
            ),
            models.CheckConstraint(
                condition=Q(applied_credit=0)
                | Q(
                    kind__in=[InvoiceKind.USAGE, InvoiceKind.MANUAL],
                    applied_credit__gt=0,
                    applied_credit__lte=F("total") - F("prepaid_amount"),
                ),
                name="billing_invoices_applied",
                violation_error_message="Credit can be deducted from an amount due only.",
            ),
            models.CheckConstraint(
                condition=Q(credit_owed=0)
                | Q(
                    kind__in=[InvoiceKind.USAGE, InvoiceKind.CREDIT_NOTE],
                    credit_owed__gt=0,
                    applied_credit=0,
                    due_at__isnull=True,
                ),
                name="billing_invoices_owed",
                violation_error_message="Only a negative invoice or a credit note leaves credit owed to the customer.",
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
                violation_error_message="A paid invoice needs the time of payment; others have none.",
            ),
            models.CheckConstraint(
                condition=~Q(status=InvoiceStatus.OVERDUE) | Q(due_at__isnull=False),
                name="billing_invoices_overdue_since",
                violation_error_message="An invoice without a due date cannot be overdue.",
            ),
            money.currency_check("billing_invoices"),
            Trigger(
                name="billing_invoices_finalised",
                function="billing_check_finalised",
                when="BEFORE",
                event="INSERT OR UPDATE",
                violation_error_message="An invoice starts as a draft and is finalised with the number just taken.",
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
                violation_error_message="An issued invoice cannot be changed except for its status.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_invoices_newest"),
            models.Index(fields=["tenant", "status", "due_at"], name="billing_invoices_due"),
            # Finds what is owed to a tenant.
            models.Index(
                fields=["tenant", "currency", "finalised_at"],
                condition=Q(status=InvoiceStatus.PENDING, credit_owed__gt=0),
                name="billing_invoices_owing",
            ),
            models.Index(
                fields=["tenant", "corrects"], condition=Q(corrects__isnull=False), name="billing_invoices_corrects"
            ),
            # Finds unpaid invoices of all tenants.
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
        """Return what the customer has to pay: the total less what wallets paid and less credit from earlier documents.

        It is in whole minor units, and negative if it is owed to the customer.
        """
        due = money.round_to_minor(self.total - self.prepaid_amount, self.currency)
        return due - money.round_to_minor(Decimal(self.applied_credit), self.currency)
