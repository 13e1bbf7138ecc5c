"""Factories of the campaigns app."""

from datetime import UTC, date, datetime
from typing import Any

from factory import LazyAttribute, LazyFunction, SubFactory

from campaigns.accounts.models import (
    ActionCount,
    CampaignAccount,
    ChannelAccount,
    EmailAccount,
    LinkedinAccount,
    TemplateStatus,
    WhatsappTemplate,
)
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.editor.models import SequenceTemplate
from campaigns.enrolment.models import ActivityStatus, CampaignLead, CampaignLeadActivity, DailyCount
from campaigns.figures.models import CampaignFigure, EnrolmentMilestone, Face, FigureEntry, FigureRecount, Milestone
from campaigns.inbox.models import Conversation, ConversationState, Label, MessageText
from campaigns.lead_generation.models import LeadGeneration
from campaigns.messages.models import Message, MessageEvent, MessageEventKind, MessageState
from campaigns.network_contacts.models import NetworkContact
from campaigns.provider_reports.models import ProviderReport
from campaigns.templates.models import CommunicationTemplate
from campaigns.webhooks.models import WebhookCall, WebhookEndpoint
from lad.db.identifiers import uuid7
from lad.tenancy.context import current_tenant_id
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


class SequenceTemplateFactory(TenantModelFactory[SequenceTemplate]):
    name = unique("Sequence %d")
    steps: Any = LazyFunction(
        lambda: [{"key": "wait", "type": "delay", "title": "Wait", "config": {"days": 2}, "links": {}}]
    )

    class Meta:
        model = SequenceTemplate


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


class ChannelAccountFactory(TenantModelFactory[ChannelAccount]):
    account_name = unique("Number %d")
    channel = Channel.WHATSAPP
    provider_account_id = unique("whatsapp-%d")
    address = "+971501234567"

    class Meta:
        model = ChannelAccount


class WhatsappTemplateFactory(TenantModelFactory[WhatsappTemplate]):
    channel_account = SubFactory(ChannelAccountFactory)
    name = unique("introduction_%d")
    language = "en"
    status = TemplateStatus.APPROVED
    body = "Hello {{1}}, may we talk?"
    variables = 1

    class Meta:
        model = WhatsappTemplate


class NetworkContactFactory(TenantModelFactory[NetworkContact]):
    lead = SubFactory(LeadFactory)
    channel = Channel.LINKEDIN
    channel_account: Any = None
    # One of both.
    linkedin_account: Any = LazyAttribute(lambda row: None if row.channel_account else LinkedinAccountFactory.create())
    provider_id = unique("person-%d")

    class Meta:
        model = NetworkContact


class ActionCountFactory(TenantModelFactory[ActionCount]):
    account_id: Any = LazyFunction(uuid7)
    action = "invitation"
    day: Any = LazyFunction(lambda: date(2026, 5, 4))
    taken = 3

    class Meta:
        model = ActionCount


class ProviderReportFactory(TenantModelFactory[ProviderReport]):
    provider = "unipile"
    account_id: Any = LazyFunction(uuid7)
    kind = "message_received"
    key = unique("report-%d")

    class Meta:
        model = ProviderReport


class ConversationFactory(TenantModelFactory[Conversation]):
    lead = SubFactory(LeadFactory)
    state = ConversationState.OPEN
    moved_at: Any = LazyFunction(lambda: datetime(2026, 5, 4, 9, tzinfo=UTC))
    last_message_at: Any = LazyFunction(lambda: datetime(2026, 5, 4, 9, tzinfo=UTC))
    last_channel = Channel.EMAIL
    last_direction = ContactDirection.INBOUND
    preview = "Thank you"
    label = Label.INTERESTED

    class Meta:
        model = Conversation


class MessageTextFactory(TenantModelFactory[MessageText]):
    """Its id is that of its message."""

    conversation = SubFactory(ConversationFactory)
    id: Any = LazyAttribute(lambda row: MessageFactory.create(lead=row.conversation.lead).pk)
    said_at: Any = LazyFunction(lambda: datetime(2026, 5, 4, 9, tzinfo=UTC))
    text = " thank you"

    class Meta:
        model = MessageText


class CampaignFigureFactory(TenantModelFactory[CampaignFigure]):
    campaign = SubFactory(CampaignFactory)
    face = Face.PEOPLE
    metric = unique("metric-%d")
    number = 3

    class Meta:
        model = CampaignFigure


class EnrolmentMilestoneFactory(TenantModelFactory[EnrolmentMilestone]):
    campaign = SubFactory(CampaignFactory)
    campaign_lead_id: Any = LazyFunction(uuid7)
    milestone = Milestone.CONTACTED
    number = 1
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)

    class Meta:
        model = EnrolmentMilestone


class FigureEntryFactory(TenantModelFactory[FigureEntry]):
    tenant_id: Any = LazyFunction(current_tenant_id)
    campaign_id: Any = LazyFunction(uuid7)
    metric = "activity_sent"
    source = "activity"
    number = 1

    class Meta:
        model = FigureEntry


class FigureRecountFactory(TenantModelFactory[FigureRecount]):
    tenant_id: Any = LazyFunction(current_tenant_id)
    campaign_id: Any = LazyFunction(uuid7)
    reason = "LAD was updated."

    class Meta:
        model = FigureRecount
