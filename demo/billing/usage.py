"""What a company used, recorded and charged as it happened, and what became of each charge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.ledger.models import WalletStatus
from billing.ledger.services import ledger, wallets
from billing.payments.models import PaymentKind
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import usage
from demo.billing.purchases import Till
from demo.billing.purse import Purse
from demo.company import DemoCompany
from lad.db.identifiers import as_of

Component = tuple[str, str, str, str]
Amounts = list[tuple[Component, int]]

STT: Final = ("stt", "openai", "whisper-1", "second")
GPT4: Final = ("llm", "openai", "gpt-4", "token")
TURBO: Final = ("llm", "openai", "gpt-3.5-turbo", "token")
TTS: Final = ("tts", "openai", "tts-1", "character")
VOICE: Final = ("telephony", "twilio", "voice", "minute")
SMS: Final = ("telephony", "twilio", "sms", "message")
SERVER: Final = ("vm_infrastructure", "runpod", "cpu-basic", "second")
CONTACT: Final = ("enrichment", "apollo", "contact", "record")
ORGANISATION: Final = ("enrichment", "apollo", "company", "record")
A_FEW_CONTACTS: Final = dict(zip(("category", "provider", "model", "unit"), CONTACT, strict=True), quantity=12)

# A call is paid from money held for it: no call costs more.
CALL_HOLD: Final = Decimal(2)
CALL_TTL: Final = timedelta(hours=2)
# No use costs more than this; with less above the threshold the company tops up.
MARGIN: Final = Decimal(3)
# The share of uses that came to nothing.
OUTCOMES: Final = {"charged": 0.92, "voided": 0.04, "failed": 0.04}
VOIDED: Final = ("The call never connected", "Counted twice", "The provider gave it back")
STILL_PENDING: Final = timedelta(hours=3)
LATE: Final = timedelta(days=33)


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a company uses: events by feature, what it begins with, and when it tops up."""

    uses: dict[str, int]
    opening: str
    days: int
    threshold: Decimal
    tops_up: bool = True


PROFILES: Final = {
    "kestrel-analytics": Profile(
        {"voice-agent": 90, "apollo-leads": 55, "ai-icp-assistant": 45, "campaigns": 40}, "starter", 118, Decimal(25)
    ),
    "brightpath-education": Profile(
        {"voice-agent": 120, "ai-icp-assistant": 30, "apollo-leads": 20}, "professional", 116, Decimal(50)
    ),
    "harbour-finch": Profile({"apollo-leads": 24, "voice-agent": 10}, "", 9, Decimal(10), tops_up=False),
}
TRIAL: Final = Decimal(12)


def amounts_of(feature: str, company: DemoCompany) -> Amounts:
    """What one use of the feature consists of."""
    chance = company.random
    makers: dict[str, Callable[[], Amounts]] = {
        "voice-agent": lambda: _call(chance.randint(1, 14)),
        "apollo-leads": lambda: [
            (CONTACT, chance.randint(1, 60)),
            *([(ORGANISATION, chance.randint(1, 5))] if chance.random() < 0.3 else []),
        ],
        "ai-icp-assistant": lambda: [(chance.choice((TURBO, GPT4)), chance.randint(400, 5_000))],
        "campaigns": lambda: [(SMS, chance.randint(5, 120))],
    }
    return makers[feature]()


def _call(minutes: int) -> Amounts:
    return [
        (STT, 48 * minutes),
        (GPT4, 100 * minutes),
        (TTS, 50 * minutes),
        (VOICE, minutes),
        (SERVER, 60 * minutes),
    ]


class Spending:
    """Uses one wallet for a company's work, event after event."""

    def __init__(self, company: DemoCompany, purse: Purse, till: Till, profile: Profile) -> None:
        self.company, self.purse, self.till, self.profile = company, purse, till, profile
        self.events: list[UsageEvent] = []

    def run(self) -> None:
        """Everything from the first credit to the call that is under way."""
        company, opened = self.company, self.company.ago(days=self.profile.days)
        if self.profile.tops_up:
            self.till.buy(self.profile.opening, opened)
            self._promote()
        else:
            ends = company.now + timedelta(days=5)
            self.purse.credit(TRIAL, opened, "trial_credit", "Credit to try LAD with", expires_at=ends)
        for number, (at, feature) in enumerate(sorted(self._uses())):
            self._use(number, at, feature)
        self._use_late()
        self._holds_of_calls()
        self._use_just_now()

    def _promote(self) -> None:
        """Credit given away: some of it is used first, some lapsed yesterday."""
        given, company = self.company.ago(days=self.profile.days - 1), self.company
        lapses = company.ago(days=1)
        ends = company.now + timedelta(days=30)
        self.purse.credit(Decimal(10), given, "welcome", "Welcome to LAD", expires_at=ends)
        self.purse.credit(Decimal(15), given, "spare", "Credit for the beta", expires_at=lapses, priority=90)

    def _uses(self) -> Iterator[tuple[datetime, str]]:
        for feature, count in self.profile.uses.items():
            for _ in range(count):
                yield self.company.moment(days_back=self.profile.days - 2), feature

    def _use(self, number: int, at: datetime, feature: str) -> None:
        if self.profile.tops_up and self.purse.available < self.profile.threshold + MARGIN:
            kind = PaymentKind.AUTOMATIC if self.company.ago(days=60) < at else PaymentKind.CHECKOUT
            self.till.buy("starter", at - timedelta(minutes=1), kind=kind)
        outcome = self.company.one(OUTCOMES)
        if at > self.company.now - STILL_PENDING:
            outcome = UsageStatus.PENDING
        if feature == "voice-agent" and outcome == UsageStatus.CHARGED and self.purse.available >= CALL_HOLD:
            self._call(number, at)
            return
        event = self._recorded(number, feature, at)
        if outcome == UsageStatus.CHARGED:
            self._charge(event, at)
        elif outcome == UsageStatus.FAILED:
            self._charge_suspended(event, at)
        elif outcome == UsageStatus.VOIDED:
            usage.void(event=event, reason=self.company.random.choice(VOIDED), now=at + timedelta(minutes=10))

    def _recorded(self, number: int, feature: str, at: datetime, done: datetime | None = None) -> UsageEvent:
        items = [
            {"category": category, "provider": provider, "model": model, "unit": unit, "quantity": quantity}
            for (category, provider, model, unit), quantity in amounts_of(feature, self.company)
        ]
        return self._record(f"{feature.replace('-', '_')}_{self.company.slug}_{number}", feature, items, at, done or at)

    def _record(self, key: str, feature: str, items: Any, at: datetime, done: datetime) -> UsageEvent:
        with as_of(done):
            event = usage.record(
                feature_key=feature,
                items=items,
                key=key,
                user=self.company.random.choice(self.company.team),
                external_reference_id=str(self.company.key(at)),
                occurred_at=at,
                now=done,
            )
        self.events.append(event)
        return event

    def _charge(self, event: UsageEvent, at: datetime) -> None:
        at = self.purse.at(at)
        with as_of(at):
            usage.charge(event=event, now=at)

    def _charge_suspended(self, event: UsageEvent, at: datetime) -> None:
        """The wallet could not pay at that moment, and nobody tried again."""
        wallets.move(wallet=self.purse.wallet, status=WalletStatus.SUSPENDED)
        self._charge(event, at)
        wallets.move(wallet=self.purse.wallet, status=WalletStatus.ACTIVE)

    def _call(self, number: int, at: datetime) -> None:
        """A call's length is not known before: money is held, what it cost is taken, the rest given back."""
        held = self._hold(f"call_{self.company.slug}_{number}", self.purse.at(at), CALL_TTL)
        done = at + timedelta(minutes=self.company.random.randint(1, 14))
        event = self._recorded(number, "voice-agent", at, min(done, self.company.now))
        paid = self.purse.at(done)
        with as_of(paid):
            usage.capture_hold(event=event, hold=held, now=paid)

    def _hold(self, key: str, at: datetime, ttl: timedelta) -> Any:
        with as_of(at):
            posted = ledger.reserve(
                wallet=self.purse.wallet,
                amount=CALL_HOLD,
                key=f"hold_{key}",
                ttl=ttl,
                reference=ledger.Reference("voice_call", self.company.key(at)),
                description="Held for a call",
                now=at,
            )
        return posted.hold_id

    def _use_late(self) -> None:
        """A provider reported a use of last month only now."""
        if not self.profile.tops_up:
            return
        told = self.purse.at(self.company.ago(hours=2))
        event = self._record(f"late_{self.company.slug}", "apollo-leads", [A_FEW_CONTACTS], told - LATE, told)
        self._charge(event, told)

    def _use_just_now(self) -> None:
        """A use that nobody has charged yet, whatever the hour at which the demo is made."""
        at = self.company.ago(minutes=1)
        self._record(f"just_now_{self.company.slug}", "apollo-leads", [A_FEW_CONTACTS], at, at)

    def _holds_of_calls(self) -> None:
        """A call that was never answered, one whose end nobody reported, and one that is under way."""
        if not self.profile.tops_up:
            return
        now = self.company.now
        began = self.purse.at(now - timedelta(minutes=40))
        unanswered = self._hold(f"unanswered_{self.company.slug}", began, CALL_TTL)
        given_back = self.purse.at(began + timedelta(minutes=1))
        with as_of(given_back):
            ledger.release(hold=unanswered, key=f"release_unanswered_{self.company.slug}", now=given_back)
        lost = self._hold(
            f"lost_{self.company.slug}", self.purse.at(now - timedelta(minutes=30)), timedelta(minutes=15)
        )
        expired = self.purse.at(now - timedelta(minutes=14))
        with as_of(expired):
            ledger.expire(hold=lost, now=expired)
        self._hold(f"under_way_{self.company.slug}", self.purse.at(now - timedelta(minutes=4)), timedelta(hours=6))
