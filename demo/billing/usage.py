"""A tenant's usage history, recorded and charged as it happened."""

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
from demo.billing.demo_wallet import DemoWallet
from demo.billing.purchases import CardPurchases
from demo.demo_tenant import DemoTenant
from lad.db.identifiers import as_of

Component = tuple[str, str, str, str]
Quantities = list[tuple[Component, int]]

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

# Calls are paid from a hold; no call costs more than this.
CALL_HOLD: Final = Decimal(2)
CALL_TTL: Final = timedelta(hours=2)
# No usage costs more than this. The tenant tops up when less than this is left above the threshold.
MARGIN: Final = Decimal(3)
# How charges end, by share.
OUTCOMES: Final = {"charged": 0.92, "voided": 0.04, "failed": 0.04}
VOIDED: Final = ("The call never connected", "Counted twice", "The provider gave it back")
STILL_PENDING: Final = timedelta(hours=3)
LATE: Final = timedelta(days=33)


@dataclass(frozen=True, slots=True)
class UsageProfile:
    """How much a tenant uses: events by feature, its first package, and when it tops up."""

    uses: dict[str, int]
    opening: str
    days: int
    threshold: Decimal
    tops_up: bool = True


PROFILES: Final = {
    "kestrel-analytics": UsageProfile(
        {"voice-agent": 90, "apollo-leads": 55, "ai-icp-assistant": 45, "campaigns": 40}, "starter", 118, Decimal(25)
    ),
    "brightpath-education": UsageProfile(
        {"voice-agent": 120, "ai-icp-assistant": 30, "apollo-leads": 20}, "professional", 116, Decimal(50)
    ),
    "harbour-finch": UsageProfile({"apollo-leads": 24, "voice-agent": 10}, "", 9, Decimal(10), tops_up=False),
}
TRIAL: Final = Decimal(12)


def sample_quantities(feature: str, demo: DemoTenant) -> Quantities:
    """Return random quantities of the components that one use of the feature consists of."""
    chance = demo.random
    makers: dict[str, Callable[[], Quantities]] = {
        "voice-agent": lambda: _call(chance.randint(1, 14)),
        "apollo-leads": lambda: [
            (CONTACT, chance.randint(1, 60)),
            *([(ORGANISATION, chance.randint(1, 5))] if chance.random() < 0.3 else []),
        ],
        "ai-icp-assistant": lambda: [(chance.choice((TURBO, GPT4)), chance.randint(400, 5_000))],
        "campaigns": lambda: [(SMS, chance.randint(5, 120))],
    }
    return makers[feature]()


def _call(minutes: int) -> Quantities:
    return [
        (STT, 48 * minutes),
        (GPT4, 100 * minutes),
        (TTS, 50 * minutes),
        (VOICE, minutes),
        (SERVER, 60 * minutes),
    ]


class UsageHistory:
    """Creates a tenant's usage events in order and charges them to one wallet."""

    def __init__(
        self, demo: DemoTenant, demo_wallet: DemoWallet, card_purchases: CardPurchases, profile: UsageProfile
    ) -> None:
        self.demo, self.demo_wallet, self.card_purchases, self.profile = demo, demo_wallet, card_purchases, profile
        self.events: list[UsageEvent] = []

    def run(self) -> None:
        """Create the history from the first credit to the call in progress."""
        demo, opened = self.demo, self.demo.ago(days=self.profile.days)
        if self.profile.tops_up:
            self.card_purchases.buy(self.profile.opening, opened)
            self._promote()
        else:
            ends = demo.now + timedelta(days=5)
            self.demo_wallet.credit(TRIAL, opened, "trial_credit", "Credit to try LAD with", expires_at=ends)
        for number, (at, feature) in enumerate(sorted(self._uses())):
            self._use(number, at, feature)
        self._use_late()
        self._holds_of_calls()
        self._use_just_now()

    def _promote(self) -> None:
        """Grant promotional credit: one grant is spent first, the other expired yesterday."""
        given, demo = self.demo.ago(days=self.profile.days - 1), self.demo
        lapses = demo.ago(days=1)
        ends = demo.now + timedelta(days=30)
        self.demo_wallet.credit(Decimal(10), given, "welcome", "Welcome to LAD", expires_at=ends)
        self.demo_wallet.credit(Decimal(15), given, "spare", "Credit for the beta", expires_at=lapses, priority=90)

    def _uses(self) -> Iterator[tuple[datetime, str]]:
        for feature, count in self.profile.uses.items():
            for _ in range(count):
                yield self.demo.moment(days_back=self.profile.days - 2), feature

    def _use(self, number: int, at: datetime, feature: str) -> None:
        if self.profile.tops_up and self.demo_wallet.available < self.profile.threshold + MARGIN:
            kind = PaymentKind.AUTOMATIC if self.demo.ago(days=60) < at else PaymentKind.CHECKOUT
            self.card_purchases.buy("starter", at - timedelta(minutes=1), kind=kind)
        outcome = self.demo.pick(OUTCOMES)
        if at > self.demo.now - STILL_PENDING:
            outcome = UsageStatus.PENDING
        if feature == "voice-agent" and outcome == UsageStatus.CHARGED and self.demo_wallet.available >= CALL_HOLD:
            self._call(number, at)
            return
        event = self._recorded(number, feature, at)
        if outcome == UsageStatus.CHARGED:
            self._charge(event, at)
        elif outcome == UsageStatus.FAILED:
            self._charge_suspended(event, at)
        elif outcome == UsageStatus.VOIDED:
            usage.void(event=event, reason=self.demo.random.choice(VOIDED), now=at + timedelta(minutes=10))

    def _recorded(self, number: int, feature: str, at: datetime, done: datetime | None = None) -> UsageEvent:
        items = [
            {"category": category, "provider": provider, "model": model, "unit": unit, "quantity": quantity}
            for (category, provider, model, unit), quantity in sample_quantities(feature, self.demo)
        ]
        return self._record(f"{feature.replace('-', '_')}_{self.demo.slug}_{number}", feature, items, at, done or at)

    def _record(self, key: str, feature: str, items: list[dict[str, Any]], at: datetime, done: datetime) -> UsageEvent:
        with as_of(done):
            event = usage.record(
                feature_key=feature,
                items=items,
                key=key,
                user=self.demo.random.choice(self.demo.team),
                external_reference_id=str(self.demo.key(at)),
                occurred_at=at,
                now=done,
            )
        self.events.append(event)
        return event

    def _charge(self, event: UsageEvent, at: datetime) -> None:
        at = self.demo_wallet.at(at)
        with as_of(at):
            usage.charge(event=event, now=at)

    def _charge_suspended(self, event: UsageEvent, at: datetime) -> None:
        """Fail the charge while the wallet is suspended, without a retry."""
        wallets.change_status(wallet=self.demo_wallet.wallet, status=WalletStatus.SUSPENDED)
        self._charge(event, at)
        wallets.change_status(wallet=self.demo_wallet.wallet, status=WalletStatus.ACTIVE)

    def _call(self, number: int, at: datetime) -> None:
        """Pay for a call from a hold, since its length is not known in advance, and release the rest."""
        held = self._hold(f"call_{self.demo.slug}_{number}", self.demo_wallet.at(at), CALL_TTL)
        done = at + timedelta(minutes=self.demo.random.randint(1, 14))
        event = self._recorded(number, "voice-agent", at, min(done, self.demo.now))
        paid = self.demo_wallet.at(done)
        with as_of(paid):
            usage.capture_hold(event=event, hold=held, now=paid)

    def _hold(self, key: str, at: datetime, ttl: timedelta) -> Any:
        with as_of(at):
            posted = ledger.reserve(
                wallet=self.demo_wallet.wallet,
                amount=CALL_HOLD,
                key=f"hold_{key}",
                ttl=ttl,
                reference=ledger.Reference("voice_call", self.demo.key(at)),
                description="Held for a call",
                now=at,
            )
        return posted.hold_id

    def _use_late(self) -> None:
        """Record usage of last month that its provider reported only now."""
        if not self.profile.tops_up:
            return
        reported_at = self.demo_wallet.at(self.demo.ago(hours=2))
        event = self._record(
            f"late_{self.demo.slug}", "apollo-leads", [A_FEW_CONTACTS], reported_at - LATE, reported_at
        )
        self._charge(event, reported_at)

    def _use_just_now(self) -> None:
        """Record usage that is not charged yet, at whatever hour the demo is created."""
        at = self.demo.ago(minutes=1)
        self._record(f"just_now_{self.demo.slug}", "apollo-leads", [A_FEW_CONTACTS], at, at)

    def _holds_of_calls(self) -> None:
        """Create holds of an unanswered call, of a call whose end was never reported, and of a call in progress."""
        if not self.profile.tops_up:
            return
        now = self.demo.now
        began = self.demo_wallet.at(now - timedelta(minutes=40))
        unanswered = self._hold(f"unanswered_{self.demo.slug}", began, CALL_TTL)
        given_back = self.demo_wallet.at(began + timedelta(minutes=1))
        with as_of(given_back):
            ledger.release(hold=unanswered, key=f"release_unanswered_{self.demo.slug}", now=given_back)
        lost = self._hold(
            f"lost_{self.demo.slug}", self.demo_wallet.at(now - timedelta(minutes=30)), timedelta(minutes=15)
        )
        expired = self.demo_wallet.at(now - timedelta(minutes=14))
        with as_of(expired):
            ledger.expire(hold=lost, now=expired)
        self._hold(f"under_way_{self.demo.slug}", self.demo_wallet.at(now - timedelta(minutes=4)), timedelta(hours=6))
