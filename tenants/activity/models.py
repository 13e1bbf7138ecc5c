"""The activity feed of a tenant, and the files that people took out of LAD."""

from django.db import models

from lad.db.constraints import CURRENT_TENANT
from lad.db.fields import TenantUserKey
from lad.db.models import AppendOnly, GlobalModel, TenantModel


class ActivityEntry(AppendOnly, TenantModel):
    """A sentence about one event. ``event_id`` is no foreign key: events are archived before the feed."""

    event_name = "tenants.activity_entry"

    event_id = models.UUIDField()
    event_type = models.CharField(max_length=100)
    actor = TenantUserKey(on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    actor_label = models.CharField(max_length=255, help_text="The user's name at that time, or LAD.")
    verb = models.CharField(max_length=50)
    subject_type = models.CharField(max_length=100, blank=True, default="", db_default="")
    subject_id = models.UUIDField(null=True, blank=True)
    subject_label = models.CharField(max_length=255, blank=True, default="", db_default="")
    summary = models.CharField(max_length=500)
    occurred_at = models.DateTimeField()

    class Meta:
        db_table = "activity_entries"
        verbose_name_plural = "activity entries"
        constraints = [models.UniqueConstraint(fields=["tenant", "event_id"], name="activity_entries_event_key")]
        indexes = [
            models.Index(fields=["tenant", "-occurred_at", "-id"], name="activity_entries_newest"),
            models.Index(fields=["tenant", "actor", "-occurred_at"], name="activity_entries_actor"),
            models.Index(fields=["tenant", "subject_id", "-occurred_at"], name="activity_entries_subject"),
        ]

    def __str__(self) -> str:
        return self.summary


class DataExport(GlobalModel):
    """A file of many rows that somebody downloaded from the admin. LAD's staff may export across tenants."""

    event_name = "tenants.data_export"

    tenant = models.ForeignKey(
        "tenants.Tenant", on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    user = models.ForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=50)
    row_count = models.PositiveIntegerField(null=True, blank=True)

    visible = f"tenant_id = {CURRENT_TENANT}"
    writable = visible
    privileges = ("SELECT", "INSERT")
    audit_tenant = "tenant_id"

    class Meta:
        db_table = "data_exports"
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="data_exports_tenant"),
            models.Index(fields=["user", "-created_at"], name="data_exports_user"),
        ]

    def __str__(self) -> str:
        return self.kind
