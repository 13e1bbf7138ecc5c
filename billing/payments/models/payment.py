"""Card payments, and the events that the payment provider sent about them."""

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from billing import money
from billing.constraints import status_steps
from billing.invoicing.models import TaxPoint
from lad.db.fields import SharedForeignKey, TenantForeignKey, TenantUserKey
from lad.db.models import GlobalModel, TenantModel


class PaymentKind(models.TextChoices):
    CHECKOUT = "checkout", "At the checkout"
    AUTOMATIC = "automatic", "Automatic top-up"


class PaymentStatus(models.TextChoices):
    CREATED = "created", "Created"
    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"
    REFUNDED = "refunded", "Refunded"
    UNKNOWN = "unknown", "Unknown"


UNFINISHED: Final = (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.UNKNOWN)
UNPAID: Final = (*UNFINISHED, PaymentStatus.FAILED, PaymentStatus.EXPIRED)


class Payment(TenantModel):
    """One purchase of credits by card, stored before the provider is called.

    ``amount`` is credited to the wallet; ``total`` is charged to the card: price, tax and card fee. ``attempts``
    counts claims and serves as a fencing token for what the worker writes back. Status ``unknown`` means that
    the card may have been charged; the provider is then asked. Money that arrives is credited whatever the
    status.
    """

    event_name = "billing.payment"

    wallet = TenantForeignKey("billing.Wallet", on_delete=models.PROTECT, related_name="payments", db_index=False)
    user = TenantUserKey(
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        help_text="The payer. Empty for automatic top-ups.",
    )
    package = SharedForeignKey(
        "billing.CreditPackage", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20, choices=PaymentKind)
    description = models.CharField(max_length=200)
    credits = money.amount_field()
    amount = money.amount_field(help_text="Credited to the wallet.")
    price = money.amount_field(help_text="Without tax and card fee.")
    tax = money.amount_field(default=0, db_default=0)
    tax_name = models.CharField(max_length=30, blank=True, default="", db_default="")
    tax_rate = models.DecimalField(max_digits=6, decimal_places=4, default=0, db_default=0)
    tax_point = models.CharField(
        max_length=20,
        choices=TaxPoint,
        default=TaxPoint.PURCHASE,
        db_default=TaxPoint.PURCHASE,
        help_text="Whether tax was due with the purchase or is due when the credits are used.",
    )
    fee = money.amount_field(default=0, db_default=0, help_text="Card fee charged by the provider.")
    total = money.amount_field(help_text="Charged to the card.")
    currency = money.currency_field()
    status = models.CharField(
        max_length=20, choices=PaymentStatus, default=PaymentStatus.CREATED, db_default=PaymentStatus.CREATED
    )
    idempotency_key = models.CharField(max_length=255)
    success_url = models.URLField(max_length=2000, blank=True, default="", db_default="")
    cancel_url = models.URLField(max_length=2000, blank=True, default="", db_default="")
    keep_card = models.BooleanField(
        default=False, db_default=False, help_text="Whether to save the card for automatic top-ups."
    )
    checkout_url = models.URLField(
        max_length=2000, blank=True, default="", db_default="", help_text="The page where the card is entered."
    )
    checkout_session_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    payment_intent_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    customer_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    payment_method_id = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="The saved card to charge."
    )
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the checkout expires.")
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(max_length=2000, blank=True, default="", db_default="")
    paid_at = models.DateTimeField(null=True, blank=True)
    ledger_transaction = TenantForeignKey(
        "billing.LedgerTransaction", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    refunded_total = money.amount_field(default=0, db_default=0, help_text="Refunded to the card.")
    reclaimed_amount = money.amount_field(
        default=0, db_default=0, help_text="Reclaimed from the wallet because of refunds."
    )
    suspended_wallet = models.BooleanField(
        default=False, db_default=False, help_text="Whether its open dispute is a reason why the wallet is suspended."
    )
    attention = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Why staff must review the payment. Empty: no review needed.",
    )

    announced = False
    # Payments are never deleted.
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "billing_payments"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "idempotency_key"],
                name="billing_payments_idempotency_key",
                violation_error_message="This payment already exists.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "checkout_session_id"],
                condition=~Q(checkout_session_id=""),
                name="billing_payments_session_key",
                violation_error_message="Another payment has this checkout session.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "payment_intent_id"],
                condition=~Q(payment_intent_id=""),
                name="billing_payments_intent_key",
                violation_error_message="Another payment has this payment intent.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "ledger_transaction"],
                condition=Q(ledger_transaction__isnull=False),
                name="billing_payments_ledger_key",
                violation_error_message="This ledger entry belongs to another payment.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "wallet"],
                condition=Q(kind=PaymentKind.AUTOMATIC, status__in=UNFINISHED),
                name="billing_payments_one_in_flight",
                violation_error_message="An automatic payment for this wallet is already in progress.",
            ),
            models.CheckConstraint(
                condition=Q(total=F("price") + F("tax") + F("fee")),
                name="billing_payments_total",
                violation_error_message="The total must be the price plus tax and fee.",
            ),
            models.CheckConstraint(
                condition=Q(credits__gt=0, amount__gt=0, price__gt=0, tax__gte=0, fee__gte=0),
                name="billing_payments_positive",
                violation_error_message="A payment brings credits and costs something.",
            ),
            models.CheckConstraint(
                condition=Q(refunded_total__gte=0, refunded_total__lte=F("total"))
                & Q(reclaimed_amount__gte=0, reclaimed_amount__lte=F("amount")),
                name="billing_payments_refunds",
                violation_error_message="The refund cannot exceed the payment.",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED],
                    paid_at__isnull=False,
                    ledger_transaction__isnull=False,
                )
                | Q(status__in=UNPAID, paid_at__isnull=True, ledger_transaction__isnull=True),
                name="billing_payments_credited",
                violation_error_message="A successful payment needs its ledger entry; others have none.",
            ),
            models.CheckConstraint(
                condition=~Q(idempotency_key="") & ~Q(description=""),
                name="billing_payments_keyed",
                violation_error_message="Give a description and an idempotency key.",
            ),
            money.currency_check("billing_payments"),
            status_steps(
                name="billing_payments_steps",
                steps={
                    "created": ("pending", "succeeded", "failed", "expired", "unknown"),
                    "pending": ("succeeded", "failed", "expired", "unknown"),
                    "unknown": ("created", "pending", "succeeded", "failed", "expired"),
                    # Money that arrives late is still credited.
                    "failed": ("succeeded",),
                    "expired": ("succeeded",),
                    "succeeded": ("refunded",),
                },
                open_states=("created", "pending", "unknown"),
                free_columns=(
                    "checkout_session_id",
                    "payment_intent_id",
                    "error",
                    "paid_at",
                    "ledger_transaction_id",
                    "refunded_total",
                    "reclaimed_amount",
                    "suspended_wallet",
                    "attention",
                    "lease_until",
                    "next_attempt_at",
                ),
                violation_error_message="A payment that has ended cannot be changed except by late money and refunds.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_payments_newest"),
            models.Index(fields=["tenant", "wallet", "kind", "-created_at"], name="billing_payments_wallet"),
            # Finds due payments of all tenants.
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="billing_payments_due"
            ),
            models.Index(
                fields=["lease_until"], condition=Q(lease_until__isnull=False), name="billing_payments_leased"
            ),
            # Refunds and disputes refer to the payment intent alone.
            models.Index(
                fields=["payment_intent_id"], condition=~Q(payment_intent_id=""), name="billing_payments_intent"
            ),
            models.Index(fields=["-created_at"], condition=~Q(attention=""), name="billing_payments_attention"),
        ]

    def __str__(self) -> str:
        return f"{self.description}: {money.plain(Decimal(self.total))} {self.currency}"


class EventOutcome(models.TextChoices):
    PROCESSED = "processed", "Processed"
    IGNORED = "ignored", "Nothing to do"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class StripeEvent(GlobalModel):
    """A Stripe webhook event, processed once however often it is delivered.

    ``refused`` events do not match our records and need a review. ``failed`` events raised an error here, and
    Stripe sends them again.
    """

    event_name = "billing.stripe_event"

    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100)
    object_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    received_at = models.DateTimeField(default=timezone.now, db_default=Now())
    outcome = models.CharField(max_length=20, choices=EventOutcome)
    detail = models.TextField(max_length=2000, blank=True, default="", db_default="")
    deliveries = models.PositiveIntegerField(default=1, db_default=1, help_text="How often Stripe delivered the event.")
    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    payment_id = models.UUIDField(
        null=True, blank=True, help_text="The payment that the event is about, if it is one of LAD's."
    )

    announced = False

    class Meta:
        db_table = "billing_stripe_events"
        verbose_name = "Stripe event"
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="billing_stripe_events_event_key"),
            models.CheckConstraint(
                condition=~Q(event_id="") & ~Q(type=""),
                name="billing_stripe_events_named",
                violation_error_message="An event has an id and a type.",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="billing_stripe_events_newest"),
            models.Index(fields=["tenant", "-created_at"], name="billing_stripe_events_tenant"),
            models.Index(
                fields=["-created_at"],
                condition=Q(outcome__in=[EventOutcome.REFUSED, EventOutcome.FAILED]),
                name="billing_stripe_events_open",
            ),
            models.Index(
                fields=["payment_id"], condition=Q(payment_id__isnull=False), name="billing_stripe_events_payment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
