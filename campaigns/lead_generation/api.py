"""Searches for leads in the API. The engine writes them; the API only reads."""

from typing import Final

from campaigns.lead_generation.models import LeadGeneration
from lad.api import router

AREA: Final = "campaigns"

router.register(
    LeadGeneration,
    area=AREA,
    feature="campaigns",
    methods=router.READ,
    exclude=["attempts", "lease_until", "key"],
    filters=["campaign", "step", "next_run_at", "created_at"],
)
