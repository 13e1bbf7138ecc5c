"""What campaigns do when something happens elsewhere."""

from typing import Any

import pytest

from campaigns.enrolment.models import CampaignLead
from campaigns.templates.models import CommunicationTemplate
from lad import writes
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.contacts.models import Lead
from tests.factories.campaigns import CampaignLeadFactory, CommunicationTemplateFactory
from tests.factories.leads import LeadFactory
from tests.factories.voice import VoiceAgentFactory

pytestmark = pytest.mark.django_db


def test_an_archived_lead_leaves_its_campaigns(tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        lead, other = LeadFactory.create(), LeadFactory.create()
        leaving, staying = CampaignLeadFactory.create(lead=lead), CampaignLeadFactory.create(lead=other)
        done = CampaignLeadFactory.create(lead=lead, status="error")
        writes.update(Lead.objects.get(pk=lead.pk), {"is_archived": True})
        writes.update(Lead.objects.get(pk=other.pk), {"title": "Head of Data"})
    drain()
    with platform_context():
        states = {row.pk: row.status for row in CampaignLead.objects.all()}
    assert states == {leaving.pk: "stopped", staying.pk: "pending", done.pk: "error"}


def test_templates_of_a_deleted_voice_agent_are_for_all(tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        agent, other = VoiceAgentFactory.create(), VoiceAgentFactory.create()
        freed = CommunicationTemplateFactory.create(agent_id=agent.pk)
        kept = CommunicationTemplateFactory.create(agent_id=other.pk)
        writes.delete(agent)
    drain()
    with platform_context():
        agents = {row.pk: row.agent_id for row in CommunicationTemplate.objects.all()}
    assert agents == {freed.pk: None, kept.pk: other.pk}
