"""Rows of lead files that a job imports."""

from django.db import models

from lad.db.fields import TenantForeignKey
from lad.db.json_schema import OBJECT, JsonSchemaValidator
from lad.db.models import TenantModel


class LeadFileRow(TenantModel):
    """A row of a file, until it is a lead. Rows that could not be imported stay with their job."""

    event_name = "aiicp.lead_file_row"

    updated_at = None
    job = TenantForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField(help_text="The number of the row in the file.")
    texts = models.JSONField(
        default=dict, validators=[JsonSchemaValidator(OBJECT)], help_text="What stands in the row, by column."
    )
    custom = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        validators=[JsonSchemaValidator(OBJECT)],
        help_text="Columns that are kept under their own headings.",
    )

    audited = False
    announced = False
    tenant_key = False
    privileges = ("SELECT", "INSERT", "DELETE")

    class Meta:
        db_table = "lead_file_rows"
        verbose_name = "row"
        indexes = [
            models.Index(fields=["tenant", "job", "number"], name="lead_file_rows_job"),
            models.Index(fields=["tenant", "-created_at"], name="lead_file_rows_newest"),
        ]

    def __str__(self) -> str:
        return f"Row {self.number}: {', '.join(str(value) for value in list(self.texts.values())[:3])}"
