"""A campaign with steps, leads, messages and activities, for tests of its numbers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from campaigns.design.models import Campaign, CampaignStep
from campaigns.enrolment.models import ActivityStatus, CampaignLead, EnrolmentStatus
from campaigns.messages.models import Message, MessageEventKind
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.factories.campaigns import (
    CampaignLeadActivityFactory,
    CampaignLeadFactory,
    CampaignStepFactory,
    MessageEventFactory,
    MessageFactory,
)

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


@dataclass
class Scenario:
    """A campaign of four steps: a search, an e-mail, a wait and a LinkedIn message."""

    campaign: Campaign
    tenant: Tenant
    steps: dict[str, CampaignStep] = field(default_factory=dict)

    def enrolment(self, **values: Any) -> CampaignLead:
        with platform_context(tenant_id=self.tenant.pk):
            made: CampaignLead = CampaignLeadFactory.create(
                campaign=self.campaign, **{"status": EnrolmentStatus.ACTIVE, "started_at": AT, **values}
            )
        return made

    def activity(self, enrolment: CampaignLead, step: str, status: ActivityStatus, **values: Any) -> Any:
        made = self.steps[step]
        with platform_context(tenant_id=self.tenant.pk):
            return CampaignLeadActivityFactory.create(
                campaign=self.campaign,
                campaign_lead=enrolment,
                step=made,
                step_type=made.type,
                status=status,
                **{"executed_at": AT, **values},
            )

    def message(self, enrolment: CampaignLead, step: str = "email", *, events: str = "", **values: Any) -> Message:
        """Write a message of an activity, with events such as ``"opened clicked!"``: ``!`` marks a machine's."""
        activity_id = uuid7()
        with platform_context(tenant_id=self.tenant.pk):
            made: Message = MessageFactory.create(
                lead=enrolment.lead,
                campaign=self.campaign,
                campaign_lead=enrolment,
                step=self.steps[step],
                activity_id=activity_id,
                **{"occurred_at": AT, **values},
            )
            for name in events.split():
                MessageEventFactory.create(
                    message=made,
                    kind=MessageEventKind(name.rstrip("!")),
                    occurred_at=AT,
                    is_machine=name.endswith("!"),
                )
        self.activity(enrolment, step, ActivityStatus.SENT, pk=activity_id)
        return made


@pytest.fixture
def scenario(tenant: Tenant, campaign: Campaign) -> Scenario:
    made = Scenario(campaign, tenant)
    types = {"search": "lead_generation", "email": "email_send", "wait": "delay", "linkedin": "linkedin_message"}
    with platform_context(tenant_id=tenant.pk):
        for name, type_ in types.items():
            made.steps[name] = CampaignStepFactory.create(campaign=campaign, type=type_, title=name, config={})
    return made


@pytest.fixture
def ask(call: Callable[..., Any], campaign: Campaign) -> Callable[..., dict[str, Any]]:
    """``ask("funnel")`` returns a page of the campaign from the API."""

    def get(page: str, **query: Any) -> dict[str, Any]:
        response = call("get", "campaigns", campaign, page, query)
        assert response.status_code == 200, response.content
        body: dict[str, Any] = response.json()
        return body

    return get
