"""Factories of the voice app's models."""

from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from factory import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory

from campaigns.design.models import Campaign
from tests.factories.base import SharedModelFactory, TenantModelFactory, unique
from tests.factories.campaigns import CampaignFactory, CampaignLeadFactory, CampaignStepFactory
from tests.factories.leads import LeadFactory
from tests.factories.tenants import MemberFactory, TenantFactory
from voice.agents.models import (
    Gender,
    KnowledgeText,
    Voice,
    VoiceAgent,
    VoiceAgentVersion,
    VoicePermission,
    VoiceProfile,
)
from voice.analysis.models import (
    AnsweredBy,
    CallAnalysis,
    CallAnalysisRequest,
    CallAnalysisVersion,
    CallOutcome,
    LeadCategory,
    Sentiment,
)
from voice.batches.models import CallBatch, CallBatchEntry
from voice.calls.models import CallLog
from voice.carriers.models import CarrierAccount
from voice.dialer.models import CallPlacement, CarrierReport, DialingPolicy
from voice.inbound.models import InboundCall
from voice.numbers.models import NumberDay, VoiceNumber
from voice.recordings.models import CallRecording

FIRST_NUMBER = 612_000_000


class VoiceFactory(SharedModelFactory[Voice]):
    provider = "cartesia"
    provider_voice_id = unique("voice-%d")
    description = unique("Calm voice %d")
    gender = Gender.FEMALE
    language = "en"
    voice_sample_url = unique("https://samples.voices.example/%d.mp3")

    class Meta:
        model = Voice


class VoiceAgentFactory(TenantModelFactory[VoiceAgent]):
    name = unique("Agent %d")
    agent_instructions = "Find out whether a demo would help."
    gender = Gender.FEMALE

    class Meta:
        model = VoiceAgent


class CarrierAccountFactory(SharedModelFactory[CarrierAccount]):
    name = unique("Carrier %d")
    carrier = "livekit"
    base_url = "https://calls.carrier.example"
    key_id = "a-key-of-a-carrier"
    secret = "a-secret-of-a-carrier-that-is-long-enough"
    agent = "lad-agent"

    class Meta:
        model = CarrierAccount


class VoiceNumberFactory(TenantModelFactory[VoiceNumber]):
    country_code = "+39"
    base_number: Any = Sequence(lambda number: FIRST_NUMBER + number)
    leading_zeros = 1
    provider = "twilio"

    class Meta:
        model = VoiceNumber


class VoiceProfileFactory(TenantModelFactory[VoiceProfile]):
    user = SubFactory(MemberFactory)
    default_agent = SubFactory(VoiceAgentFactory)
    default_number = SubFactory(VoiceNumberFactory)

    class Meta:
        model = VoiceProfile


class VoicePermissionFactory(TenantModelFactory[VoicePermission]):
    user = SubFactory(MemberFactory)
    number = SubFactory(VoiceNumberFactory)

    class Meta:
        model = VoicePermission


class CallBatchFactory(TenantModelFactory[CallBatch]):
    agent = SubFactory(VoiceAgentFactory)
    from_number = SubFactory(VoiceNumberFactory)

    class Meta:
        model = CallBatch


class CallBatchEntryFactory(TenantModelFactory[CallBatchEntry]):
    batch = SubFactory(CallBatchFactory)
    lead = SubFactory(LeadFactory)
    to_phone = unique("+4420790%05d")

    class Meta:
        model = CallBatchEntry


class CallLogFactory(TenantModelFactory[CallLog]):
    """A pending call. Unless a campaign is given, all calls belong to one campaign of the tenant."""

    agent = SubFactory(VoiceAgentFactory)
    from_number = SubFactory(VoiceNumberFactory)
    to_country_code = "+44"
    to_base_number: Any = Sequence(lambda number: 2_079_000_000 + number)
    campaign: Any = LazyFunction(lambda: Campaign.objects.order_by("pk").first() or CampaignFactory())
    campaign_lead: Any = LazyAttribute(lambda row: CampaignLeadFactory(campaign=row.campaign))
    campaign_step: Any = LazyAttribute(lambda row: CampaignStepFactory(campaign=row.campaign))
    lead = SelfAttribute("campaign_lead.lead")

    class Meta:
        model = CallLog


class CallAnalysisFactory(TenantModelFactory[CallAnalysis]):
    call_log = SubFactory(CallLogFactory)
    lead = SelfAttribute("call_log.lead")
    summary = unique("They want to see it work, number %d.")
    sentiment = Sentiment.POSITIVE
    lead_category = LeadCategory.WARM
    outcome = CallOutcome.INTERESTED
    answered_by = AnsweredBy.HUMAN
    key_points: Any = LazyFunction(lambda: ["Has a budget"])

    class Meta:
        model = CallAnalysis


class CallAnalysisVersionFactory(TenantModelFactory[CallAnalysisVersion]):
    analysis = SubFactory(CallAnalysisFactory)
    number: Any = Sequence(lambda number: number + 1)
    analyser_version = "1"
    content: Any = LazyFunction(lambda: {"summary": "They were busy."})

    class Meta:
        model = CallAnalysisVersion


class CallAnalysisRequestFactory(TenantModelFactory[CallAnalysisRequest]):
    call_log = SubFactory(CallLogFactory)

    class Meta:
        model = CallAnalysisRequest


class NumberDayFactory(TenantModelFactory[NumberDay]):
    number = SubFactory(VoiceNumberFactory)
    day: Any = Sequence(lambda number: date(2026, 1, 1) + timedelta(days=number))

    class Meta:
        model = NumberDay


class CallPlacementFactory(TenantModelFactory[CallPlacement]):
    call_log = SubFactory(CallLogFactory)
    agent = SelfAttribute("call_log.agent")
    number = SelfAttribute("call_log.from_number")
    to_phone = SelfAttribute("call_log.phone.e164")

    class Meta:
        model = CallPlacement


class CarrierReportFactory(TenantModelFactory[CarrierReport]):
    carrier_account = SubFactory(CarrierAccountFactory)
    event_id = unique("event-%d")
    kind = "state"
    call_log = SubFactory(CallLogFactory)
    happened_at: Any = LazyFunction(timezone.now)

    class Meta:
        model = CarrierReport


class DialingPolicyFactory(TenantModelFactory[DialingPolicy]):
    """A tenant has only one, so without ``tenant`` the factory creates a new tenant."""

    tenant: Any = SubFactory(TenantFactory)

    class Meta:
        model = DialingPolicy


class CallRecordingFactory(TenantModelFactory[CallRecording]):
    call_log = SubFactory(CallLogFactory)

    class Meta:
        model = CallRecording


class VoiceAgentVersionFactory(TenantModelFactory[VoiceAgentVersion]):
    """A draft."""

    agent = SubFactory(VoiceAgentFactory)
    agent_instructions = "Ask for the size of the team."

    class Meta:
        model = VoiceAgentVersion


class KnowledgeTextFactory(TenantModelFactory[KnowledgeText]):
    agent = SubFactory(VoiceAgentFactory)
    name = unique("Text %d")
    content = "We are open from nine to five."

    class Meta:
        model = KnowledgeText


class InboundCallFactory(TenantModelFactory[InboundCall]):
    call_log = SubFactory(CallLogFactory, direction="inbound")
    carrier_account = SubFactory(CarrierAccountFactory)
    reference = unique("inbound-%d")

    class Meta:
        model = InboundCall
