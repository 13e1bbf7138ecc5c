"""What people wrote about a lead."""

from django.db import models
from django.utils.text import Truncator

from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel

EXCERPT = 80


class LeadNote(DeletedFlag, SoftDeletable, TenantModel):
    """One remark a person wrote on a lead. It outlives the person's account."""

    event_name = "leads.note"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="notes", db_index=False)
    created_by_user = TenantUserKey(null=True, blank=True, db_index=False, editable=False)
    content = models.TextField(max_length=20_000)

    class Meta:
        db_table = "lead_notes"
        verbose_name = "note"
        indexes = [
            models.Index(fields=["tenant", "lead", "-created_at"], name="lead_notes_timeline"),
            models.Index(fields=["tenant", "-created_at"], name="lead_notes_newest"),
            models.Index(fields=["tenant", "created_by_user", "-created_at"], name="lead_notes_by_author"),
        ]

    def __str__(self) -> str:
        return self.excerpt

    @property
    def excerpt(self) -> str:
        return Truncator(self.content).chars(EXCERPT)
