"""Domain events and their deliveries."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from lad.db.constraints import TableStorage
from lad.db.fields import TenantForeignKey
from lad.db.models import GlobalModel, TenantModel


class DomainEvent(TenantModel):
    """A fact, recorded in the transaction that caused it.

    Immutable except for ``processed``, ``processed_at`` and ``retry_count``, which follow its deliveries.
    """

    event_name = "tenants.domain_event"

    updated_at = None
    event_type = models.CharField(max_length=100)
    aggregate_type = models.CharField(max_length=100, blank=True, default="", db_default="")
    aggregate_id = models.UUIDField(null=True, blank=True)
    payload = models.JSONField()
    processed = models.BooleanField(default=False, db_default=False)
    processed_at = models.DateTimeField(null=True, blank=True)
    retry_count = models.PositiveIntegerField(default=0, db_default=0)
    metadata = models.JSONField(default=dict, blank=True, db_default={})

    audited = False
    announced = False
    privileges = ("SELECT", "INSERT")
    platform_privileges = ("SELECT", "INSERT", "UPDATE (processed, processed_at, retry_count)")

    class Meta:
        db_table = "domain_events"
        # No index names a column that changes, and a page has room for changed rows: no index is written again.
        constraints = [TableStorage(name="domain_events_storage", parameters={"fillfactor": "75"})]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="domain_events_newest"),
            models.Index(fields=["tenant", "aggregate_id", "-created_at"], name="domain_events_aggregate"),
            models.Index(fields=["tenant", "event_type", "-created_at"], name="domain_events_type"),
        ]

    def __str__(self) -> str:
        return self.event_type


# Rows live for milliseconds: leave room for updates in place and vacuum after a few hundred dead rows.
SHORT_LIVED = {
    "fillfactor": "70",
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "500",
    "autovacuum_vacuum_cost_delay": "0",
}


class DeliveryState(models.TextChoices):
    READY = "ready", "Ready"
    WAITING = "waiting", "Waiting"
    DEAD = "dead", "Dead"


class EventDelivery(TenantModel):
    """An event that one consumer has not finished. Deleted in the transaction of the consumer's effects.

    ``id`` gives the order within an aggregate. A ``waiting`` delivery with ``next_attempt_at`` is retried
    then; without it, it is parked behind an earlier delivery of its aggregate. ``batch_limit`` is the
    largest batch it may run in, set after a worker died with it.
    """

    event_name = "tenants.event_delivery"

    id = models.BigAutoField(primary_key=True)
    updated_at = None
    event = TenantForeignKey("outbox.DomainEvent", on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    consumer = models.CharField(max_length=100)
    aggregate_id = models.UUIDField()
    slot = models.SmallIntegerField(default=-1, db_default=-1)
    state = models.CharField(
        max_length=20, choices=DeliveryState, default=DeliveryState.READY, db_default=DeliveryState.READY
    )
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    batch_limit = models.PositiveSmallIntegerField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="", db_default="")

    audited = False
    tenant_key = False
    announced = False
    privileges = ("SELECT", "INSERT")

    class Meta:
        db_table = "event_deliveries"
        verbose_name_plural = "event deliveries"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "event", "consumer"], name="event_deliveries_once"),
            TableStorage(name="event_deliveries_storage", parameters=SHORT_LIVED),
        ]
        # Claims cross tenants: they select the consumer first and then each tenant in turn.
        indexes = [
            models.Index(
                fields=["consumer", "slot", "tenant", "id"], condition=Q(state="ready"), name="event_deliveries_ready"
            ),
            models.Index(
                fields=["consumer", "next_attempt_at"], condition=Q(state="waiting"), name="event_deliveries_due"
            ),
            models.Index(
                fields=["consumer", "aggregate_id", "id"],
                condition=~Q(state="ready"),
                name="event_deliveries_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} · {self.state}"


class EventBatch(GlobalModel):
    """Deliveries that one worker is running. A free advisory lock on the row means that the worker died."""

    event_name = "tenants.event_batch"

    updated_at = None
    consumer = models.CharField(max_length=100)
    delivery_ids = ArrayField(models.BigIntegerField())

    audited = False
    announced = False

    class Meta:
        db_table = "event_batches"
        verbose_name_plural = "event batches"
        constraints = [TableStorage(name="event_batches_storage", parameters=SHORT_LIVED)]

    def __str__(self) -> str:
        return f"{self.consumer} · {len(self.delivery_ids)}"
