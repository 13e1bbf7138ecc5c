"""Calls with what was said, what they cost and what they told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from campaigns.design.models import CampaignStep
from campaigns.enrolment.models import CampaignLead
from demo.company import DemoCompany
from demo.voice.cast import Cast
from demo.voice.talks import Said, hold
from demo.voice.team import Crew
from lad import phones
from leads.contacts.models import Lead
from voice.analysis.models import CallAnalysis, Disposition
from voice.calls.models import CallLog
from voice.statuses import CallStatus, Direction

STATUSES: Final = {
    CallStatus.ENDED: 58,
    CallStatus.DECLINED: 20,
    CallStatus.FAILED: 9,
    CallStatus.CANCELLED: 5,
    CallStatus.ONGOING: 1,
    CallStatus.RINGING: 1,
    CallStatus.PENDING: 2,
}
INBOUND: Final = 0.15
ANALYSED: Final = 0.9
OF_CAMPAIGNS: Final = 0.25
CALLED_IN_A_WEEK: Final = 0.4
REASONS: Final = ("The carrier did not take the call.", "The number is not in service.", "The line was dropped.")
DECLINED_AS: Final = ("no_answer", "busy", "rejected")
_CENT: Final = Decimal("0.000001")


@dataclass
class PhoneBook:
    """The company's leads who have a number, and those of them who stand in a campaign."""

    company: DemoCompany
    leads: list[Lead] = field(init=False)
    enrolments: list[CampaignLead] = field(init=False)
    steps: dict[Any, CampaignStep] = field(init=False)
    _place: int = 0

    def __post_init__(self) -> None:
        self.leads = list(Lead.objects.exclude(phone="").order_by("pk")[:400])
        self.company.random.shuffle(self.leads)
        known = {lead.pk: lead for lead in self.leads}
        self.enrolments = [row for row in CampaignLead.objects.order_by("pk")[:400] if row.lead_id in known]
        steps = CampaignStep.objects.filter(type="voice_agent_call").order_by("order")
        self.steps = {step.campaign_id: step for step in steps}

    def next(self) -> Lead:
        """Another lead, going round."""
        self._place += 1
        return self.leads[self._place % len(self.leads)]


@dataclass
class Calls:
    """Calls on their way into the tables, with their analyses."""

    company: DemoCompany
    cast: Cast
    crew: Crew
    logs: list[CallLog] = field(default_factory=list)
    analyses: list[CallAnalysis] = field(default_factory=list)

    def add(self, lead: Lead, status: str, made: datetime, **more: Any) -> CallLog:
        """One call to or from the lead in the status, made at that moment."""
        company, index = self.company, company_index(self.company, len(self.crew.agents))
        agent, persona = self.crew.agents[index], self.cast.personas[index]
        phone = phones.parse(lead.phone)
        call = CallLog(
            **company.born(made),
            tenant=company.tenant,
            lead=lead,
            agent=agent,
            from_number=self.crew.numbers[index % len(self.crew.numbers)],
            to_country_code=phone.country_code,
            to_base_number=phone.base_number,
            to_leading_zeros=phone.leading_zeros,
            status=status,
            **{"direction": Direction.OUTBOUND, "initiated_by_user": company.random.choice(company.team), **more},
        )
        inbound = call.direction == Direction.INBOUND
        said = hold(company, self.cast, persona, first=lead.first_name, email=lead.email, inbound=inbound)
        self._take_course(call, said, made)
        self.logs.append(call)
        if call.status == CallStatus.ENDED and company.random.random() < ANALYSED:
            self.analyses.append(_analysis(company, call, said))
        return call

    def _take_course(self, call: CallLog, said: Said, made: datetime) -> None:
        ring = timedelta(seconds=self.company.random.randint(4, 22))
        began = made + ring
        if call.status in (CallStatus.ENDED, CallStatus.ONGOING):
            call.started_at = began
            call.metadata = {"room_name": f"call-{call.pk.hex[-8:]}"}
        if call.status == CallStatus.ENDED:
            call.ended_at = began + timedelta(seconds=said.seconds + 1)
            call.duration_seconds = said.seconds
            call.transcripts = said.turns
            call.recording_url = f"https://recordings.example/{self.company.slug}/{call.pk}.mp3"
            call.cost_breakdown = list(_costs(said))
            call.cost = sum((Decimal(item["cost"]) for item in call.cost_breakdown), Decimal(0))
        elif call.status == CallStatus.FAILED:
            call.ended_at = began
            call.metadata = {"reason": self.company.random.choice(REASONS)}
        elif call.status == CallStatus.DECLINED:
            call.ended_at = began
            call.metadata = {"provider_status": self.company.random.choice(DECLINED_AS)}
        elif call.status == CallStatus.CANCELLED:
            call.ended_at = made + timedelta(seconds=2)

    def save(self) -> None:
        CallLog.objects.bulk_create(self.logs, batch_size=200)
        CallAnalysis.objects.bulk_create(self.analyses, batch_size=200)


def company_index(company: DemoCompany, count: int) -> int:
    """One of so many, the first more often than the last."""
    return min(int(company.random.triangular(0, count, 0)), count - 1)


def load(company: DemoCompany, cast: Cast, crew: Crew, book: PhoneBook) -> None:
    calls = Calls(company, cast, crew)
    for status in company.spread(STATUSES, cast.calls):
        live = status in (CallStatus.PENDING, CallStatus.RINGING, CallStatus.ONGOING)
        made = company.ago(minutes=company.random.randint(1, 4)) if live else company.moment()
        inbound = status == CallStatus.ENDED and company.random.random() < INBOUND
        more: dict[str, Any] = {"direction": Direction.INBOUND, "initiated_by_user": None} if inbound else {}
        lead = book.next()
        if not inbound and book.enrolments and company.random.random() < OF_CAMPAIGNS:
            enrolment = company.random.choice(book.enrolments)
            lead = next(each for each in book.leads if each.pk == enrolment.lead_id)
            more = {
                "campaign_id": enrolment.campaign_id,
                "campaign_lead": enrolment,
                "campaign_step": book.steps.get(enrolment.campaign_id),
                "initiated_by_user": None,
            }
        calls.add(lead, status, made, **more)
    calls.save()


def _costs(said: Said) -> Iterator[dict[str, Any]]:
    characters = sum(len(turn["text"]) for turn in said.turns if turn["role"] == "agent")
    words = sum(len(turn["text"].split()) for turn in said.turns)
    for component, provider, model, unit, amount, rate in (
        ("telephony", "twilio", "voice", "second", said.seconds, "0.000217"),
        ("stt", "deepgram", "nova-3", "second", said.seconds, "0.000072"),
        ("llm_prompt", "groq", "llama-3.3-70b", "token", words * 40, "0.00000059"),
        ("llm_completion", "groq", "llama-3.3-70b", "token", words * 2, "0.00000079"),
        ("tts", "cartesia", "sonic-2", "character", characters, "0.000038"),
        ("vm_infrastructure", "digitalocean", "", "second", said.seconds, "0.000012"),
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


def _analysis(company: DemoCompany, call: CallLog, said: Said) -> CallAnalysis:
    talk = said.talk
    later = talk.disposition == Disposition.NURTURE and company.random.random() < CALLED_IN_A_WEEK
    return CallAnalysis(
        **company.born(call.created_at + timedelta(seconds=said.seconds + 60)),
        tenant=company.tenant,
        call_log=call,
        lead=call.lead,
        summary=talk.summary.format(**said.names),
        sentiment=talk.sentiment,
        lead_category=talk.category,
        disposition=Disposition.FOLLOW_UP_7 if later else talk.disposition,
        recommended_action=talk.action,
        engagement_level=talk.engagement,
        key_points=[point.format(**said.names) for point in talk.points],
        prospect_questions=[question.format(**said.names) for question in talk.questions],
        prospect_concerns=list(talk.concerns),
        stages_reached=list(talk.stages),
        lead_extraction=talk.extraction,
        raw_analysis={"sentiment_full": {"combined_score": company.random.randint(20, 95)}},
        cost=Decimal("0.0021"),
    )
