"""Offer the voice agents by name to the steps of campaigns that call."""

from uuid import UUID

from campaigns.design.admin.setting_choices import Choices, offers
from voice.agents.models import VoiceAgent


@offers("agent_id")
def _agents(tenant_id: UUID) -> Choices:
    rows = VoiceAgent.objects.filter(tenant=tenant_id).order_by("name")
    return [(str(row.pk), row.name) for row in rows]
