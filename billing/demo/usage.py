"""What a company used, priced from the catalogue, and what became of each charge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.demo.book import Book
from billing.demo.prices import Quotes
from billing.models import LedgerTransaction, TransactionType, UsageEvent, UsageStatus
from tenants.demo.company import DemoCompany

Component = tuple[str, str, str, str]
Amounts = list[tuple[Component, Decimal]]

STT: Final = ("stt", "openai", "whisper-1", "second")
GPT4: Final = ("llm", "openai", "gpt-4", "token")
TURBO: Final = ("llm", "openai", "gpt-3.5-turbo", "token")
TTS: Final = ("tts", "openai", "tts-1", "character")
VOICE: Final = ("telephony", "twilio", "voice", "minute")
SMS: Final = ("telephony", "twilio", "sms", "message")
SERVER: Final = ("vm_infrastructure", "runpod", "cpu-basic", "second")
CONTACT: Final = ("enrichment", "apollo", "contact", "record")
ORGANISATION: Final = ("enrichment", "apollo", "company", "record")

TOP_UP: Final = Decimal(99)
# The share of uses that came to nothing, and why.
OUTCOMES: Final = {"charged": 0.92, "voided": 0.04, "failed": 0.04}
FAILURES: Final = ("Insufficient balance.", "The wallet is suspended.", "The charge timed out.")
STILL_PENDING: Final = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a company uses: events by feature, what it begins with, and when it tops up."""

    uses: dict[str, int]
    opening: Decimal
    days: int
    threshold: Decimal
    tops_up: bool = True


PROFILES: Final = {
    "kestrel-analytics": Profile(
        {"voice-agent": 90, "apollo-leads": 55, "ai-icp-assistant": 45, "campaigns": 40}, Decimal(199), 118, Decimal(25)
    ),
    "brightpath-education": Profile(
        {"voice-agent": 120, "ai-icp-assistant": 30, "apollo-leads": 20}, Decimal(499), 116, Decimal(50)
    ),
    "harbour-finch": Profile({"apollo-leads": 24, "voice-agent": 10}, Decimal(12), 9, Decimal(10), tops_up=False),
}


def amounts_of(feature: str, company: DemoCompany) -> Amounts:
    """What one use of the feature consists of."""
    chance = company.random
    makers: dict[str, Callable[[], Amounts]] = {
        "voice-agent": lambda: _call(chance.randint(1, 14)),
        "apollo-leads": lambda: [
            (CONTACT, Decimal(chance.randint(1, 60))),
            *([(ORGANISATION, Decimal(chance.randint(1, 5)))] if chance.random() < 0.3 else []),
        ],
        "ai-icp-assistant": lambda: [(chance.choice((TURBO, GPT4)), Decimal(chance.randint(400, 5_000)))],
        "campaigns": lambda: [(SMS, Decimal(chance.randint(5, 120)))],
    }
    return makers[feature]()


def _call(minutes: int) -> Amounts:
    return [
        (STT, Decimal(48 * minutes)),
        (GPT4, Decimal(100 * minutes)),
        (TTS, Decimal(50 * minutes)),
        (VOICE, Decimal(minutes)),
        (SERVER, Decimal(60 * minutes)),
    ]


class Spending:
    """Uses one wallet for a company's work, event after event."""

    def __init__(self, company: DemoCompany, book: Book, quotes: Quotes, profile: Profile) -> None:
        self.company, self.book, self.quotes, self.profile = company, book, quotes, profile
        self.events: list[UsageEvent] = []

    def run(self) -> None:
        company, opened = self.company, self.company.ago(days=self.profile.days)
        if self.profile.tops_up:
            self._top_up(self.profile.opening, opened, "opening")
        else:
            gift: dict[str, Any] = {
                "by": company.admin,
                "reference_type": "manual",
                "description": "Credit to try LAD with",
            }
            self.book.post(TransactionType.CREDIT, self.profile.opening, opened, "trial_credit", **gift)
        for number, (at, feature) in enumerate(sorted(self._uses())):
            self._use(number, at, feature)
        self._hold_for_a_call_under_way()

    def _uses(self) -> Iterator[tuple[datetime, str]]:
        for feature, count in self.profile.uses.items():
            for _ in range(count):
                yield self.company.moment(days_back=self.profile.days - 1), feature

    def _use(self, number: int, at: datetime, feature: str) -> None:
        event = self._metered(number, at, feature)
        cost = event.total_cost
        if cost + self.profile.threshold > self.book.available and self.profile.tops_up:
            self._top_up(TOP_UP, at - timedelta(minutes=1), str(number))
        outcome = self.company.one(OUTCOMES)
        if at > self.company.now - STILL_PENDING:
            outcome = UsageStatus.PENDING
        elif cost > self.book.available:
            outcome = UsageStatus.FAILED
        event.status = UsageStatus(outcome)
        if outcome == UsageStatus.CHARGED:
            self._charge(event, at)
        if outcome == UsageStatus.FAILED:
            poor = cost > self.book.available
            event.error_message = FAILURES[0] if poor else self.company.random.choice(FAILURES[1:])
            event.retry_count = self.company.random.randint(1, 3)
        self.events.append(event)

    def _metered(self, number: int, at: datetime, feature: str) -> UsageEvent:
        items = [self.quotes.item(component, many, at) for component, many in amounts_of(feature, self.company)]
        return UsageEvent(
            **self.company.born(at),
            tenant=self.company.tenant,
            user=self.company.random.choice(self.company.team),
            feature_key=feature,
            usage_items=items,
            total_quantity=sum(Decimal(item["quantity"]) for item in items),
            total_cost=sum(Decimal(item["cost"]) for item in items),
            idempotency_key=f"{feature.replace('-', '_')}_{self.company.slug}_{number}",
            external_reference_id=str(self.company.key(at)),
        )

    def _charge(self, event: UsageEvent, at: datetime) -> None:
        cause: dict[str, Any] = {"reference_type": "usage_event", "reference_id": event.pk}
        done = at
        if event.feature_key == "voice-agent" and event.total_cost * 2 <= self.book.available:
            # A call's length is not known before: twice its cost is held and given back.
            done = at + timedelta(minutes=float(event.total_quantity) / 100)
            held = event.total_cost * 2
            key = f"hold_usage_{event.pk}"
            self.book.post(TransactionType.RESERVATION, -held, at, key, description="Held for a call", **cause)
            self.book.post(TransactionType.RELEASE, held, done, f"release_usage_{event.pk}", **cause)
        debit = self._debit(event, done, cause)
        event.ledger_transaction, event.charged_at = debit, debit.created_at

    def _debit(self, event: UsageEvent, at: datetime, cause: dict[str, Any]) -> LedgerTransaction:
        key, text = f"charge_usage_{event.pk}", f"Use of {event.feature_key}"
        return self.book.post(TransactionType.DEBIT, -event.total_cost, at, key, description=text, **cause)

    def _top_up(self, amount: Decimal, at: datetime, number: str) -> None:
        self.book.post(
            TransactionType.TOPUP,
            amount,
            at,
            f"stripe_session_{number}",
            by=self.company.owner,
            reference_type="stripe_payment",
            description="Credits bought",
        )

    def _hold_for_a_call_under_way(self) -> None:
        now = self.company.now
        event = self._metered(len(self.events), now - timedelta(minutes=4), "voice-agent")
        self.events.append(event)
        if event.total_cost <= self.book.available:
            self.book.post(
                TransactionType.RESERVATION,
                -event.total_cost,
                now - timedelta(minutes=4),
                f"hold_usage_{event.pk}",
                reference_type="usage_event",
                reference_id=event.pk,
                description="Held for a call",
            )

    def write(self) -> None:
        UsageEvent.objects.bulk_create(self.events)
