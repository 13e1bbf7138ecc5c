"""Social profiles of leads."""

from django.db import models

from lad.db.fields import TenantForeignKey
from lad.db.json_schema import JsonSchemaValidator
from lad.db.models import TenantModel

NETWORKS = ("linkedin", "whatsapp", "instagram", "facebook")
# Known networks hold an address or a handle. Other keys come from providers and may hold anything.
HANDLES = {
    "type": "object",
    "properties": {name: {"type": "string", "maxLength": 500} for name in NETWORKS},
}


class LeadSocial(TenantModel):
    """All of a lead's handles and addresses on social networks, in one row."""

    event_name = "leads.social"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="social", db_index=False)
    data = models.JSONField(default=dict, blank=True, db_default={}, validators=[JsonSchemaValidator(HANDLES)])

    class Meta:
        db_table = "lead_social"
        verbose_name = "social profile"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "lead"],
                name="lead_social_lead_key",
                violation_error_message="This lead already has social profiles. Change those instead.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="lead_social_newest")]

    def __str__(self) -> str:
        return ", ".join(name for name in NETWORKS if self.data.get(name)) or "No profiles"
