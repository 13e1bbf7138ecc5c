"""Files attached to leads."""

from django.db import models
from django.db.models import F

from lad.db.fields import TenantForeignKey, TenantUserKey
from lad.db.models import DeletedFlag, SoftDeletable, TenantModel
from lad.search import search_text


class LeadAttachment(DeletedFlag, SoftDeletable, TenantModel):
    """One file attached to a lead. Type, size and checksum come from its content, never from the upload's headers."""

    event_name = "leads.attachment"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="attachments", db_index=False)
    file_url = models.TextField(
        verbose_name="storage key",
        editable=False,
        help_text="Key of the file in the storage. Users download it through a signed link.",
    )
    file_name = models.CharField(max_length=255, help_text="Name of the downloaded file.")
    file_type = models.CharField(max_length=100, editable=False, help_text="Media type, detected from the content.")
    file_size = models.BigIntegerField(editable=False, help_text="Bytes.")
    checksum = models.CharField(max_length=64, editable=False, help_text="SHA-256 of the content.")
    uploaded_by_user = TenantUserKey(
        on_delete=models.SET_NULL, null=True, blank=True, db_index=False, editable=False, verbose_name="uploaded by"
    )

    name_text = search_text(F("file_name"))

    class Meta:
        db_table = "lead_attachments"
        verbose_name = "file"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "file_url"],
                name="lead_attachments_file_url_key",
                violation_error_message="Another attachment has this storage key.",
            ),
            models.CheckConstraint(
                condition=models.Q(file_size__gt=0),
                name="lead_attachments_file_size_positive",
                violation_error_message="An empty file cannot be attached.",
            ),
            models.CheckConstraint(
                condition=models.Q(checksum__regex=r"^[0-9a-f]{64}$"),
                name="lead_attachments_checksum_sha256",
                violation_error_message="The checksum must be a SHA-256 in hexadecimal.",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at"], name="lead_attachments_newest"),
            models.Index(fields=["tenant", "lead", "-created_at"], name="lead_attachments_by_lead"),
            models.Index(fields=["tenant", "uploaded_by_user", "-created_at"], name="lead_attachments_by_uploader"),
            models.Index(fields=["tenant", "name_text"], name="lead_attachments_by_name"),
            models.Index(
                fields=["tenant", "deleted_at"],
                condition=models.Q(deleted_at__isnull=False),
                name="lead_attachments_deleted",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name
