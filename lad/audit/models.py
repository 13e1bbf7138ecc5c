"""The audit log."""

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
    """The change that one statement made to one row or to many rows. Only the trigger ``lad_audit`` writes it.

    ``changes`` maps columns to [old, new] with secrets masked. An entry of many rows has ``row_ids`` and a
    ``bucket`` instead of ``row_id``; ``row_changes`` maps the columns that differ between its rows to
    [olds, news] in the order of ``row_ids``. Only the platform sees entries without a tenant. ``source`` is
    api, admin, a task's name, command or sql. ``client_address`` and ``client_agent`` are those of the request.
    """

    event_name = "tenants.audit_entry"

    # No key in the database: the log outlives the tenant.
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
    client_address = models.CharField(max_length=45, editable=False, default="", db_default="")
    client_agent = models.CharField(max_length=255, editable=False, default="", db_default="")

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
            # Without the tenant: a row id is unique anyway, and the platform looks rows up by id alone.
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
