"""Usage events: metered use of a feature and its cost."""

from decimal import Decimal
from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from billing import money
from billing.constraints import status_steps
from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import TenantModel

USAGE_ITEMS: Final = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["category", "provider", "model", "unit", "quantity", "unit_price", "cost"],
        "properties": {
            "category": {"type": "string", "minLength": 1, "maxLength": 50},
            "provider": {"type": "string", "minLength": 1, "maxLength": 50},
            "model": {"type": "string", "minLength": 1, "maxLength": 255},
            "unit": {"type": "string", "minLength": 1, "maxLength": 30},
            "quantity": money.QUANTITY_SHAPE,
            "unit_price": money.UNIT_PRICE_SHAPE,
            "cost": money.QUANTITY_SHAPE,
            "price_id": {"type": "string", "format": "uuid"},
            "price_version": {"type": "integer", "minimum": 1},
            "scheme": {"type": "string", "minLength": 1, "maxLength": 20},
            "description": {"type": "string"},
        },
    },
}


class UsageStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    CHARGED = "charged", "Charged"
    VOIDED = "voided", "Voided"
    FAILED = "failed", "Failed"


class UsageEvent(TenantModel):
    """One use of a feature with its cost components, charged once a ledger debit has paid for it.

    Each item keeps the price and price version at the time of use, so that it can be priced again.
    """

    event_name = "billing.usage_event"

    user = TenantUserKey(on_delete=models.SET_NULL, null=True, blank=True, db_index=False)
    feature_key = models.CharField(max_length=100)
    occurred_at = models.DateTimeField(
        default=timezone.now,
        db_default=Now(),
        help_text="When the feature was used. Prices of that time apply.",
    )
    usage_items = models.JSONField(validators=[JsonSchemaValidator(USAGE_ITEMS)])
    total_quantity = money.amount_field()
    total_cost = money.amount_field()
    quota_units = money.amount_field(
        default=0, db_default=0, editable=False, help_text="Units counted against the feature's quota."
    )
    quota_unit = models.CharField(
        max_length=30,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="What those units are. Empty: whatever the entitlement counts.",
    )
    quota_day = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="The day whose quota it was counted in. A later change of time zone keeps it.",
    )
    quota_month = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="The first day of the month whose quota it was counted in. Empty: the month of that day.",
    )
    currency = money.currency_field()
    status = models.CharField(
        max_length=20, choices=UsageStatus, default=UsageStatus.PENDING, db_default=UsageStatus.PENDING
    )
    ledger_transaction = TenantForeignKey(
        "billing.LedgerTransaction",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="usage_events",
        db_index=False,
    )
    charged_at = models.DateTimeField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255)
    external_reference_id = models.CharField(
        max_length=255,
        blank=True,
        default="",
        db_default="",
        help_text="The call, campaign or request behind the usage.",
    )
    error_message = models.TextField(max_length=5000, blank=True, default="", db_default="")
    retry_count = models.PositiveIntegerField(default=0, db_default=0)
    next_charge_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the next automatic charge is due. Empty: never."
    )
    voided_at = models.DateTimeField(null=True, blank=True, editable=False)
    void_reason = models.TextField(max_length=2000, blank=True, default="", db_default="", editable=False)
    intent = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        editable=False,
        help_text="Digests of the request's values, to recognise a repeated request.",
    )
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    # Set by ``usage.record`` when the event had already been recorded.
    replayed: bool = False

    audited = False
    announced = False
    # Usage events are voided, never deleted.
    privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        db_table = "billing_usage_events"
        constraints = [
            # Sums are index-only scans, which need recently vacuumed pages.
            TableStorage(
                name="billing_usage_events_storage",
                parameters={
                    "autovacuum_vacuum_scale_factor": "0.01",
                    "autovacuum_vacuum_insert_scale_factor": "0.01",
                    "autovacuum_analyze_scale_factor": "0.02",
                },
            ),
            models.UniqueConstraint(
                fields=["tenant", "idempotency_key"],
                name="billing_usage_events_idempotency_key",
                violation_error_message="This usage is already recorded.",
            ),
            models.UniqueConstraint(
                fields=["tenant", "ledger_transaction"],
                condition=Q(ledger_transaction__isnull=False),
                name="billing_usage_events_debit_key",
                violation_error_message="This debit already pays for another usage event.",
            ),
            models.CheckConstraint(
                condition=~Q(idempotency_key=""),
                name="billing_usage_events_keyed",
                violation_error_message="Give an idempotency key for this usage event.",
            ),
            models.CheckConstraint(
                condition=Q(total_quantity__gte=0, total_cost__gte=0),
                name="billing_usage_events_not_negative",
                violation_error_message="Quantity and cost cannot be negative.",
            ),
            # A voided event may stay linked to the debit that was reversed.
            models.CheckConstraint(
                condition=Q(
                    status__in=[UsageStatus.CHARGED, UsageStatus.VOIDED],
                    ledger_transaction__isnull=False,
                    charged_at__isnull=False,
                )
                | (~Q(status=UsageStatus.CHARGED) & Q(ledger_transaction__isnull=True, charged_at__isnull=True)),
                name="billing_usage_events_charged_by_debit",
                violation_error_message="A charged usage event needs its debit and charge time; others have neither.",
            ),
            models.CheckConstraint(
                condition=~Q(status=UsageStatus.FAILED) | ~Q(error_message=""),
                name="billing_usage_events_failure_explained",
                violation_error_message="Say why the charge failed.",
            ),
            models.CheckConstraint(
                condition=Q(status=UsageStatus.VOIDED) | Q(voided_at__isnull=True, void_reason=""),
                name="billing_usage_events_void_explained",
                violation_error_message="Only a voided usage event has a void time and reason.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[UsageStatus.PENDING, UsageStatus.FAILED]) | Q(next_charge_at__isnull=True),
                name="billing_usage_events_settled",
                violation_error_message="A charged or voided usage event has no next charge.",
            ),
            money.currency_check("billing_usage_events"),
            status_steps(
                name="billing_usage_events_steps",
                steps={
                    "pending": ("charged", "voided", "failed"),
                    "failed": ("pending", "voided"),
                    "charged": ("voided",),
                },
                open_states=("pending", "failed"),
                free_columns=("user_id", "metadata", "retry_count", "voided_at", "void_reason"),
                violation_error_message="A charged or voided usage event cannot be changed.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="billing_usage_newest"),
            models.Index(fields=["tenant", "status", "-created_at"], name="billing_usage_status"),
            models.Index(fields=["tenant", "feature_key", "-created_at"], name="billing_usage_feature"),
            models.Index(
                fields=["tenant", "user", "-created_at"], condition=Q(user__isnull=False), name="billing_usage_user"
            ),
            # Lists unpaid events of all tenants.
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=[UsageStatus.PENDING, UsageStatus.FAILED]),
                name="billing_usage_unsettled",
            ),
            # Finds due events of all tenants for the charging task.
            models.Index(
                fields=["next_charge_at"], condition=Q(next_charge_at__isnull=False), name="billing_usage_chargeable"
            ),
            # Covers sums over a period, which filter by the time of use.
            models.Index(
                fields=["tenant", "-occurred_at"],
                include=["currency", "status", "feature_key", "user", "total_cost"],
                name="billing_usage_occurred",
            ),
            models.Index(
                fields=["tenant", "external_reference_id"],
                condition=~Q(external_reference_id=""),
                name="billing_usage_external",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature_key} {Decimal(self.total_cost).normalize():f} {self.currency}"
