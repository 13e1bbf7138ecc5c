"""What a tenant's people read about what happened."""

from django.db import models

from lad.db.fields import TenantUserKey
from lad.db.models import AppendOnly, TenantModel


class ActivityEntry(AppendOnly, TenantModel):
    """One event told in a sentence. ``event_id`` is no key: the feed outlives the archived events."""

    event_name = "tenants.activity_entry"

    event_id = models.UUIDField()
    event_type = models.CharField(max_length=100)
    actor = TenantUserKey(on_delete=models.PROTECT, null=True, blank=True, db_index=False)
    actor_label = models.CharField(max_length=255, help_text="The person's name at that time, or the platform's.")
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
