"""What happened in a tenant, written in the transaction that did it."""

from django.db import models

from lad.db.models import TenantModel


class DomainEvent(TenantModel):
    """One fact. Immutable but for ``processed``, ``processed_at`` and ``retry_count``, which tell of its deliveries."""

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
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="domain_events_newest"),
            models.Index(fields=["tenant", "aggregate_id", "-created_at"], name="domain_events_aggregate"),
            models.Index(fields=["tenant", "event_type", "-created_at"], name="domain_events_type"),
            models.Index(fields=["created_at"], condition=models.Q(processed=False), name="domain_events_unprocessed"),
        ]

    def __str__(self) -> str:
        return self.event_type
