"""Where a lead is found on social networks."""

from django.db import models

from lad.db.fields import TenantForeignKey
from lad.db.models import TenantModel
from lad.db.shapes import Shape

NETWORKS = ("linkedin", "whatsapp", "instagram", "facebook")
# The known networks hold an address or a handle; what a provider adds is kept as it came.
HANDLES = {
    "type": "object",
    "properties": {name: {"type": "string", "maxLength": 500} for name in NETWORKS},
}


class LeadSocial(TenantModel):
    """A lead's handles and addresses on social networks, all in one row."""

    event_name = "leads.social"

    lead = TenantForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="social", db_index=False)
    data = models.JSONField(default=dict, blank=True, db_default={}, validators=[Shape(HANDLES)])

    class Meta:
        db_table = "lead_social"
        verbose_name = "social profile"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "lead"],
                name="lead_social_lead_key",
                violation_error_message="The lead has its social profiles already: change those.",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-created_at"], name="lead_social_newest")]

    def __str__(self) -> str:
        return ", ".join(name for name in NETWORKS if self.data.get(name)) or "No profiles"
