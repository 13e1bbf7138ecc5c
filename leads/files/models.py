"""Files people put on a lead."""

from django.db import models
from django.db.models.functions import Lower

from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel
from leads.search import search_key


class LeadAttachment(DeletedFlag, SoftDeletable, TenantModel):
    """One file on a lead. What it is and holds is read from the stored object, never taken from who sent it."""

    event_name = "leads.attachment"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="attachments", db_index=False)
    file_url = models.TextField(
        verbose_name="storage key",
        editable=False,
        help_text="Where the storage keeps the file; people reach it through a signed link only.",
    )
    file_name = models.CharField(max_length=255, help_text="The name it is downloaded under.")
    file_type = models.CharField(max_length=100, editable=False, help_text="Media type, found in the content.")
    file_size = models.BigIntegerField(editable=False, help_text="Bytes.")
    checksum = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the content.")
    uploaded_by_user = TenantUserKey(
        on_delete=models.SET_NULL, null=True, blank=True, db_index=False, editable=False, verbose_name="uploaded by"
    )

    name_key = search_key(Lower("file_name"), 255)

    class Meta:
        db_table = "lead_attachments"
        verbose_name = "file"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "file_url"],
                name="lead_attachments_file_url_key",
                violation_error_message="Another attachment keeps its file there already.",
            ),
            models.CheckConstraint(
                condition=models.Q(file_size__gt=0),
                name="lead_attachments_file_size_positive",
                violation_error_message="An empty file cannot be attached.",
            ),
            models.CheckConstraint(
                condition=models.Q(checksum__regex=r"^[0-9a-f]{64}$"),
                name="lead_attachments_checksum_sha256",
                violation_error_message="The checksum is a SHA-256 in hexadecimal.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="lead_attachments_newest"),
            models.Index(fields=["tenant", "lead", "-created_at"], name="lead_attachments_by_lead"),
            models.Index(fields=["tenant", "uploaded_by_user", "-created_at"], name="lead_attachments_by_uploader"),
            models.Index(fields=["tenant", "name_key"], name="lead_attachments_by_name"),
            models.Index(
                fields=["tenant", "deleted_at"],
                condition=models.Q(deleted_at__isnull=False),
                name="lead_attachments_deleted",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
