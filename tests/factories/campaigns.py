"""Factories of the campaigns app."""

from datetime import UTC, date, datetime
from typing import Any

from factory import LazyAttribute, LazyFunction, SubFactory

from campaigns.accounts.models import CampaignAccount, EmailAccount, LinkedinAccount
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, DailyCount
from campaigns.lead_generation.models import LeadGeneration
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageState
from campaigns.templates.models import CommunicationTemplate
from campaigns.webhooks.models import WebhookCall, WebhookEndpoint
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from tests.factories.base import SharedModelFactory, TenantModelFactory, unique
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MemberFactory


class CampaignFactory(TenantModelFactory[Campaign]):
    name = unique("Campaign %d")

    class Meta:
        model = Campaign


class CampaignStepFactory(TenantModelFactory[CampaignStep]):
    campaign = SubFactory(CampaignFactory)
    type = "linkedin_visit"
    order = LazyAttribute(lambda row: row.campaign.steps.count() + 1)
    title = unique("Step %d")
    # Also what a step on Instagram needs.
    config: Any = LazyFunction(lambda: {"username": "acme"})

    class Meta:
        model = CampaignStep


class StepLinkFactory(TenantModelFactory[StepLink]):
    """All links stand in one campaign of the tenant unless one is given, and leave its first step."""

    campaign: Any = LazyFunction(lambda: Campaign.objects.order_by("pk").first() or CampaignFactory())
    step: Any = LazyAttribute(
        lambda row: row.campaign.steps.order_by("order").first() or CampaignStepFactory(campaign=row.campaign)
    )
    target: Any = LazyAttribute(lambda row: CampaignStepFactory(campaign=row.campaign))
    outcome = unique("outcome-%d")

    class Meta:
        model = StepLink


class CampaignLeadFactory(TenantModelFactory[CampaignLead]):
    campaign = SubFactory(CampaignFactory)
    lead = SubFactory(LeadFactory)
    first_name = "Maya"
    email = unique("maya%d@northwind.example")

    class Meta:
        model = CampaignLead


class CampaignLeadActivityFactory(TenantModelFactory[CampaignLeadActivity]):
    """Without a word all activities stand in one campaign of the tenant, as a step and its enrolment must."""

    campaign: Any = LazyFunction(lambda: Campaign.objects.order_by("pk").first() or CampaignFactory())
    campaign_lead: Any = LazyAttribute(lambda row: CampaignLeadFactory(campaign=row.campaign))
    step: Any = LazyAttribute(lambda row: CampaignStepFactory(campaign=row.campaign))
    channel = Channel.LINKEDIN
    step_type = "linkedin_visit"
    action_type = "linkedin_visit"
    status = ActivityStatus.SENT

    class Meta:
        model = CampaignLeadActivity


class DailyCountFactory(TenantModelFactory[DailyCount]):
    campaign = SubFactory(CampaignFactory)
    day: Any = LazyFunction(lambda: date(2026, 5, 4))
    kind = DailyCount.Kind.MESSAGES
    taken = 3

    class Meta:
        model = DailyCount


class CommunicationTemplateFactory(SharedModelFactory[CommunicationTemplate]):
    name = unique("Template %d")
    channel = Channel.EMAIL
    template_key = unique("template-%d")
    subject = "Hello {{first_name}}"
    body = "How is {{company_name}}?"

    class Meta:
        model = CommunicationTemplate


class EmailAccountFactory(TenantModelFactory[EmailAccount]):
    email = unique("outreach%d@acme.example")
    smtp_host = "smtp.acme.example"
    smtp_port = 587
    # No password: a change of the server would have to bring it again.

    class Meta:
        model = EmailAccount


class LinkedinAccountFactory(TenantModelFactory[LinkedinAccount]):
    account_name = unique("Profile %d")
    user = SubFactory(MemberFactory)
    unipile_account_id = unique("unipile-%d")
    session_cookies = "li_at=secret"

    class Meta:
        model = LinkedinAccount


class CampaignAccountFactory(TenantModelFactory[CampaignAccount]):
    campaign = SubFactory(CampaignFactory)
    linkedin_account = SubFactory(LinkedinAccountFactory)

    class Meta:
        model = CampaignAccount


class MessageFactory(TenantModelFactory[Message]):
    lead = SubFactory(LeadFactory)
    channel = Channel.EMAIL
    direction = ContactDirection.OUTBOUND
    state = MessageState.SENT
    subject = unique("Message %d")
    body = "How are you?"

    class Meta:
        model = Message


class MessageEventFactory(TenantModelFactory[MessageEvent]):
    message = SubFactory(MessageFactory)
    kind = MessageEventKind.OPENED
    occurred_at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    class Meta:
        model = MessageEvent


class WebhookEndpointFactory(TenantModelFactory[WebhookEndpoint]):
    name = unique("Webhook %d")
    url = "https://crm.acme.example/leads"
    secret = "whsec_c2VjcmV0"

    class Meta:
        model = WebhookEndpoint


class WebhookCallFactory(TenantModelFactory[WebhookCall]):
    """The step and the enrolment are of the same campaign."""

    endpoint = SubFactory(WebhookEndpointFactory)
    campaign = SubFactory(CampaignFactory)
    campaign_lead: Any = LazyAttribute(lambda row: CampaignLeadFactory(campaign=row.campaign))
    step: Any = LazyAttribute(lambda row: CampaignStepFactory(campaign=row.campaign))
    activity_id: Any = LazyFunction(uuid7)

    class Meta:
        model = WebhookCall


class LeadGenerationFactory(TenantModelFactory[LeadGeneration]):
    """The step is of the same campaign."""

    campaign = SubFactory(CampaignFactory)
    step: Any = LazyAttribute(lambda row: CampaignStepFactory(campaign=row.campaign))

    class Meta:
        model = LeadGeneration
