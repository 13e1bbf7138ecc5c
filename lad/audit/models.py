"""Who changed what."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lad.audit.trigger import WrittenByTrigger
from lad.db.fields import DatabaseKey
from lad.db.models import AppendOnly, TenantModel


class AuditAction(models.TextChoices):
    CREATED = "created", "Created"
    UPDATED = "updated", "Changed"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Restored"


class AuditEntry(AppendOnly, TenantModel):
    """What one statement changed in one row, or in many rows at once; written by the trigger ``lad_audit`` alone.

    ``changes`` maps columns to [old, new], secrets masked. An entry of many rows has ``row_ids`` and a
    ``bucket`` instead of ``row_id``; what differs between its rows is in ``row_changes``, which maps
    columns to [olds, news] in the order of ``row_ids``. Rows without a tenant are seen by the platform only.
    ``source`` is where the change came from: api, admin, a task's name, command, or sql.
    """

    event_name = "tenants.audit_entry"

    # No key in the database: the log outlives what it tells of.
    tenant = DatabaseKey(  # type: ignore[assignment]
        "tenants.Tenant", on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, editable=False
    )
    table_name = models.CharField(max_length=63, editable=False)
    action = models.CharField(max_length=10, choices=AuditAction, editable=False)
    row_id = models.UUIDField(null=True, editable=False)
    row_ids = ArrayField(models.UUIDField(), null=True, editable=False)
    bucket = models.IntegerField(null=True, editable=False)
    row_count = models.IntegerField(editable=False)
    changes = models.JSONField(editable=False)
    row_changes = models.JSONField(null=True, editable=False)
    actor_id = models.UUIDField(null=True, editable=False)
    request_id = models.CharField(max_length=64, editable=False)
    source = models.CharField(max_length=100, editable=False)
    login = models.CharField(max_length=63, editable=False)

    privileges: ClassVar[tuple[str, ...]] = ("SELECT",)
    platform_privileges: ClassVar[tuple[str, ...]] = ("SELECT",)

    class Meta:
        db_table = "audit_entries"
        verbose_name_plural = "audit entries"
        ordering = ["-created_at", "-id"]
        constraints = [
            WrittenByTrigger(name="audit_entries_written_by_trigger", uncompressed=("row_ids", "row_changes")),
            models.CheckConstraint(
                condition=models.Q(row_id__isnull=False, row_ids__isnull=True, bucket__isnull=True)
                | models.Q(row_id__isnull=True, row_ids__isnull=False, bucket__isnull=False),
                name="audit_entries_one_row_or_many",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="audit_entries_newest"),
            # A key belongs to one tenant anyway, and the platform looks rows up without knowing whose they are.
            models.Index(
                fields=["row_id", "created_at"], condition=models.Q(row_id__isnull=False), name="audit_entries_row"
            ),
            models.Index(
                fields=["table_name", "bucket", "tenant"],
                condition=models.Q(bucket__isnull=False),
                name="audit_entries_bucket",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.action}"
