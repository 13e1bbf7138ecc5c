"""Build the demo calls with transcripts, costs and analyses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings

from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLead
from demo.demo_tenant import DemoTenant
from demo.voice.agents import AgentsAndNumbers
from demo.voice.call_scripts import ScriptedCall, script_call
from demo.voice.setups import VoiceSetup
from lad import phones
from leads.contacts.models import Lead
from voice.analysis.models import CallAnalysis, Disposition
from voice.calls.models import CallLog
from voice.carriers.outcomes import AnsweredBy, Outcome
from voice.statuses import CallStatus, Direction

STATUSES: Final[dict[CallStatus, float]] = {
    CallStatus.ENDED: 58,
    CallStatus.DECLINED: 20,
    CallStatus.FAILED: 9,
    CallStatus.CANCELLED: 5,
    CallStatus.ONGOING: 0.4,
    CallStatus.RINGING: 0.3,
    CallStatus.PENDING: 0.2,
}
INBOUND_SHARE: Final = 0.15
ANALYSED_SHARE: Final = 0.9
CAMPAIGN_SHARE: Final = 0.25
FOLLOW_UP_SHARE: Final = 0.4
# Under way. Where there is a sandbox the dialer makes such calls itself, and these would never end.
LIVE: Final = (CallStatus.ONGOING, CallStatus.RINGING, CallStatus.PENDING)
# Outcome, the carrier's word for it, and the reason that is kept.
FAILED_AS: Final = (
    (Outcome.CARRIER_FAILED, "twilio-failed-to-connect-call", "The carrier did not take the call."),
    (Outcome.WRONG_NUMBER, "sip-outbound-unallocated-number", "The number is not in service."),
    (Outcome.CARRIER_FAILED, "phone-call-provider-closed-websocket", "The line was dropped."),
)
DECLINED_AS: Final = (
    (Outcome.NO_ANSWER, "customer-did-not-answer"),
    (Outcome.BUSY, "customer-busy"),
    (Outcome.DECLINED, "vonage-rejected"),
)
ENDED_AS: Final = ("customer-ended-call", "assistant-ended-call")
_CENT: Final = Decimal("0.000001")


@dataclass
class PhoneBook:
    """The tenant's leads with a number, and their enrolments in campaigns."""

    demo: DemoTenant
    leads: list[Lead] = field(init=False)
    enrolments: list[CampaignLead] = field(init=False)
    steps: dict[Any, CampaignStep] = field(init=False)
    _position: int = 0

    def __post_init__(self) -> None:
        self.leads = list(Lead.objects.exclude(phone="").order_by("pk")[:400])
        self.demo.random.shuffle(self.leads)
        known = {lead.pk: lead for lead in self.leads}
        self.enrolments = [row for row in CampaignLead.objects.order_by("pk")[:400] if row.lead_id in known]
        steps = CampaignStep.objects.filter(type="voice_agent_call").order_by("order")
        self.steps = {step.campaign_id: step for step in steps}

    def next(self) -> Lead:
        """Return the next lead, starting again after the last."""
        self._position += 1
        return self.leads[self._position % len(self.leads)]


@dataclass
class CallBuilder:
    """Collects calls and their analyses, and writes them in bulk."""

    demo: DemoTenant
    setup: VoiceSetup
    resources: AgentsAndNumbers
    logs: list[CallLog] = field(default_factory=list)
    analyses: list[CallAnalysis] = field(default_factory=list)

    def add(self, lead: Lead, status: str, made: datetime, **more: Any) -> CallLog:
        """Add a call to or from the lead, created at ``made``, and return it."""
        demo, index = self.demo, skewed_index(self.demo, len(self.resources.agents))
        agent, spec = self.resources.agents[index], self.setup.agents[index]
        phone = phones.parse(lead.phone)
        call = CallLog(
            **demo.created(made),
            tenant=demo.tenant,
            lead=lead,
            agent=agent,
            from_number=self.resources.numbers[index % len(self.resources.numbers)],
            **phone.columns("to_"),
            status=status,
            **{"direction": Direction.OUTBOUND, "initiated_by_user": demo.random.choice(demo.team), **more},
        )
        inbound = call.direction == Direction.INBOUND
        scripted = script_call(demo, self.setup, spec, first=lead.first_name, email=lead.email, inbound=inbound)
        self._fill_in(call, scripted, made)
        self.logs.append(call)
        if call.status == CallStatus.ENDED and demo.random.random() < ANALYSED_SHARE:
            self.analyses.append(_analysis(demo, call, scripted))
        return call

    def _fill_in(self, call: CallLog, scripted: ScriptedCall, made: datetime) -> None:
        ring = timedelta(seconds=self.demo.random.randint(4, 22))
        began = made + ring
        if call.status in (CallStatus.ENDED, CallStatus.ONGOING):
            call.started_at = began
            call.metadata = {"room_name": f"call-{call.pk.hex[-8:]}"}
        if call.status == CallStatus.ENDED:
            call.ended_at = began + timedelta(seconds=scripted.seconds + 1)
            call.duration_seconds = scripted.seconds
            call.transcripts = scripted.turns
            call.outcome, call.answered_by = Outcome.ANSWERED, AnsweredBy.HUMAN
            call.cause = self.demo.random.choice(ENDED_AS)
            call.cost_breakdown = list(_costs(scripted))
            call.cost = sum((Decimal(item["cost"]) for item in call.cost_breakdown), Decimal(0))
        elif call.status == CallStatus.FAILED:
            call.ended_at = began
            call.outcome, call.cause, reason = self.demo.random.choice(FAILED_AS)
            call.metadata = {"reason": reason}
        elif call.status == CallStatus.DECLINED:
            call.ended_at = began
            call.outcome, call.cause = self.demo.random.choice(DECLINED_AS)
        elif call.status == CallStatus.CANCELLED:
            call.ended_at = made + timedelta(seconds=2)
            call.outcome = Outcome.CANCELLED

    def save(self) -> None:
        CallLog.objects.bulk_create(self.logs, batch_size=200)
        CallAnalysis.objects.bulk_create(self.analyses, batch_size=200)


def skewed_index(demo: DemoTenant, count: int) -> int:
    """Return a random index below ``count``, low ones more often."""
    return min(int(demo.random.triangular(0, count, 0)), count - 1)


def load(demo: DemoTenant, setup: VoiceSetup, resources: AgentsAndNumbers, book: PhoneBook) -> None:
    calls = CallBuilder(demo, setup, resources)
    statuses = {status: share for status, share in STATUSES.items() if not (settings.SANDBOX_URL and status in LIVE)}
    for status in demo.spread(statuses, setup.calls):
        live = status in LIVE
        made = demo.ago(minutes=demo.random.randint(1, 4)) if live else demo.moment()
        inbound = status == CallStatus.ENDED and demo.random.random() < INBOUND_SHARE
        more: dict[str, Any] = {"direction": Direction.INBOUND, "initiated_by_user": None} if inbound else {}
        lead = book.next()
        if not inbound and book.enrolments and demo.random.random() < CAMPAIGN_SHARE:
            enrolment = demo.random.choice(book.enrolments)
            lead = next(each for each in book.leads if each.pk == enrolment.lead_id)
            more = {
                "campaign_id": enrolment.campaign_id,
                "campaign_lead": enrolment,
                "campaign_step": book.steps.get(enrolment.campaign_id),
                "initiated_by_user": None,
            }
        calls.add(lead, status, made, **more)
    calls.save()


def _costs(scripted: ScriptedCall) -> Iterator[dict[str, Any]]:
    characters = sum(len(turn["text"]) for turn in scripted.turns if turn["role"] == "agent")
    words = sum(len(turn["text"].split()) for turn in scripted.turns)
    for component, provider, model, unit, amount, rate in (
        ("telephony", "twilio", "voice", "second", scripted.seconds, "0.000217"),
        ("stt", "deepgram", "nova-3", "second", scripted.seconds, "0.000072"),
        ("llm_prompt", "groq", "llama-3.3-70b", "token", words * 40, "0.00000059"),
        ("llm_completion", "groq", "llama-3.3-70b", "token", words * 2, "0.00000079"),
        ("tts", "cartesia", "sonic-2", "character", characters, "0.000038"),
        ("vm_infrastructure", "digitalocean", "", "second", scripted.seconds, "0.000012"),
    ):
        cost = (Decimal(amount) * Decimal(rate)).quantize(_CENT)
        yield {
            "component": component,
            "provider": provider,
            "model": model,
            "unit": unit,
            "amount": amount,
            "rate": rate,
            "cost": str(cost),
        }


def _analysis(demo: DemoTenant, call: CallLog, scripted: ScriptedCall) -> CallAnalysis:
    script = scripted.script
    later = script.disposition == Disposition.NURTURE and demo.random.random() < FOLLOW_UP_SHARE
    return CallAnalysis(
        **demo.created(call.created_at + timedelta(seconds=scripted.seconds + 60)),
        tenant=demo.tenant,
        call_log=call,
        lead=call.lead,
        summary=script.summary.format(**scripted.names),
        sentiment=script.sentiment,
        lead_category=script.category,
        disposition=Disposition.FOLLOW_UP_7 if later else script.disposition,
        recommended_action=script.action,
        engagement_level=script.engagement,
        key_points=[point.format(**scripted.names) for point in script.points],
        prospect_questions=[question.format(**scripted.names) for question in script.questions],
        prospect_concerns=list(script.concerns),
        stages_reached=list(script.stages),
        lead_extraction=script.extraction,
        raw_analysis={"sentiment_full": {"combined_score": demo.random.randint(20, 95)}},
        cost=Decimal("0.0021"),
    )
