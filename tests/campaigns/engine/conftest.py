"""A running campaign, a clock of its own, and a sender that delivers what the engine queued."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.design.services import lifecycle
from campaigns.engine.worker import RunReport, run_due
from campaigns.enrolment.models import CampaignLead, CampaignLeadActivity
from campaigns.enrolment.services.enrolment import enrol
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageEvent, MessageKind, MessageState
from campaigns.messages.services import settle
from lad import writes
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from tenants.teams.models import Tenant
from tests.factories.campaigns import EmailAccountFactory
from tests.factories.leads import LeadFactory

# A Wednesday, ten o'clock where the leads are.
MORNING = datetime(2026, 5, 6, 6, tzinfo=UTC)
EMAIL = {"subject": "Hello {{first_name}}", "body": "Dear {{first_name}}"}


@dataclass
class Outreach:
    """One tenant's campaign under test. ``now`` is its clock."""

    tenant: Tenant
    campaign: Campaign
    now: datetime = MORNING
    steps: dict[str, CampaignStep] = field(default_factory=dict)

    def inside(self) -> AbstractContextManager[None]:
        return tenant_context(self.tenant.pk)

    def add(self, *steps: tuple[str, str, dict[str, Any]], links: Sequence[tuple[str, str, str | None]] = ()) -> None:
        """Add steps, given by title, type and config, and links, given by step, outcome and target."""
        with self.inside():
            for title, type_, config in steps:
                values = {"campaign": self.campaign, "type": type_, "title": title, "config": config}
                self.steps[title] = writes.create(CampaignStep, values)
            for step, outcome, target in links:
                to = self.steps[target] if target else None
                writes.create(StepLink, {"step": self.steps[step], "outcome": outcome, "target": to})

    def configure(self, **config: Any) -> None:
        with self.inside():
            self.campaign.refresh_from_db()
            writes.update(self.campaign, {"config": {**self.campaign.config, **config}})

    def enrol(self, number: int = 1, **values: Any) -> list[CampaignLead]:
        """Enrol new leads and return the enrolments."""
        with platform_context(tenant_id=self.tenant.pk):
            leads = [
                LeadFactory.create(
                    **{
                        "first_name": "Maya",
                        "email": f"maya{i}-{self.campaign.pk.hex[-6:]}@northwind.example",
                        **values,
                    }
                )
                for i in range(number)
            ]
        with self.inside():
            enrol(campaign=self.campaign, leads=[lead.pk for lead in leads], actor=None, now=self.now)
            return list(CampaignLead.objects.filter(campaign=self.campaign).order_by("pk"))[-number:]

    def start(self) -> None:
        with self.inside():
            self.campaign = lifecycle.start(campaign=self.campaign, actor=None, now=self.now)

    def run(self, **later: float) -> RunReport:
        """Let time pass and the engine work."""
        self.now += timedelta(**later)
        return run_due(now=self.now)

    def deliver(self, state: MessageState = MessageState.SENT, error: str = "") -> int:
        """Settle every queued message now, as a sender would, and return how many there were."""
        with self.inside():
            queued = list(Message.objects.filter(state=MessageState.QUEUED).values_list("pk", flat=True))
            Message.objects.filter(pk__in=queued).update(occurred_at=self.now if state == MessageState.SENT else None)
            return settle(queued, state=state, error=error)

    def receive(
        self,
        enrolment: CampaignLead,
        kind: MessageKind = MessageKind.REPLY,
        channel: Channel = Channel.EMAIL,
        **metadata: Any,
    ) -> None:
        """Receive a message of the enrolment's lead."""
        with self.inside():
            message = Message.objects.create(
                tenant_id=self.tenant.pk,
                lead_id=enrolment.lead_id,
                campaign_id=enrolment.campaign_id,
                campaign_lead_id=enrolment.pk,
                channel=channel,
                direction=ContactDirection.INBOUND,
                kind=kind,
                state=MessageState.RECEIVED,
                occurred_at=self.now,
                metadata=metadata,
            )
            hooks.received([message])

    def happen(self, enrolment: CampaignLead, kind: str, *, is_machine: bool = False, **detail: Any) -> None:
        """Record something that happened to the newest message of an enrolment."""
        with self.inside():
            message = Message.objects.filter(campaign_lead=enrolment.pk).latest("created_at")
            if kind in ("opened", "clicked") and not is_machine:
                Message.objects.filter(pk=message.pk).update(**{f"{kind}_at": self.now})
            event = MessageEvent.objects.create(
                tenant_id=self.tenant.pk,
                message=message,
                kind=kind,
                occurred_at=self.now,
                is_machine=is_machine,
                detail=detail,
            )
            hooks.happened([event])

    def state(self, enrolment: CampaignLead) -> tuple[str, str, str]:
        """Return status, title of the next step, and reason."""
        with self.inside():
            row = CampaignLead.objects.select_related("next_step").get(pk=enrolment.pk)
            return row.status, row.next_step.title if row.next_step else "", row.reason

    def due(self, enrolment: CampaignLead) -> datetime | None:
        with self.inside():
            return CampaignLead.objects.get(pk=enrolment.pk).next_action_at

    def path(self, enrolment: CampaignLead) -> list[str]:
        """Return the titles of the steps done for an enrolment, with the status where it is not delivered."""
        with self.inside():
            rows = CampaignLeadActivity.objects.filter(campaign_lead=enrolment.pk).order_by("created_at", "pk")
            return [
                row.step.title + ("" if row.status == "delivered" else f" {row.status}")
                for row in rows.select_related("step")
            ]

    def messages(self, *states: MessageState) -> list[Message]:
        with self.inside():
            rows = Message.objects.filter(direction=ContactDirection.OUTBOUND).order_by("created_at", "pk")
            return list(rows.filter(state__in=states) if states else rows)

    def reload(self) -> Campaign:
        with self.inside():
            self.campaign = Campaign.objects.get(pk=self.campaign.pk)
            return self.campaign


@pytest.fixture
def outreach(tenant: Tenant, campaign: Campaign) -> Outreach:
    """A draft of a tenant with a mailbox."""
    with platform_context(tenant_id=tenant.pk):
        EmailAccountFactory.create(status="connected")
    return Outreach(tenant, campaign)


@pytest.fixture
def running(outreach: Outreach) -> Callable[..., list[CampaignLead]]:
    """``running(steps…, links=…, leads=2, config=…)`` starts the campaign with these and returns the enrolments."""

    def start(*steps: Any, links: Any = (), leads: int = 1, config: Any = None, **values: Any) -> list[CampaignLead]:
        outreach.add(*steps, links=links)
        if config:
            outreach.configure(**config)
        enrolments = outreach.enrol(leads, **values)
        outreach.start()
        return enrolments

    return start
