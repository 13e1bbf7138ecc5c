"""Prices, credit and calls for the tests of charging, and what the books say."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.ledger.models import Hold, HoldStatus, LedgerTransaction, Wallet
from billing.ledger.services import ledger, wallets
from billing.usage.models import UsageEvent
from lad.tenancy.context import current_tenant_id, platform_context
from tests.factories.billing import PriceFactory
from tests.factories.leads import LeadFactory
from tests.factories.voice import CallLogFactory, CallPlacementFactory, CarrierAccountFactory, VoiceNumberFactory
from voice.calls.models import CallLog
from voice.calls.services import CallReport, record_call_status
from voice.carriers.outcomes import Outcome
from voice.charging import services as charging
from voice.dialer import hooks
from voice.dialer.hooks import CallOver, DetailsCame
from voice.dialer.models import CallPlacement, PlacementState

PRICES = {
    ("telephony", "second"): Decimal("0.001"),
    ("stt", "second"): Decimal("0.0005"),
    ("llm_prompt", "token"): Decimal("0.000001"),
    ("llm_completion", "token"): Decimal("0.00001"),
    ("tts", "character"): Decimal("0.0001"),
    ("vm_infrastructure", "second"): Decimal("0.0002"),
}
# Five minutes of each.
HELD = Decimal("0.777")
USAGE = [
    {"component": "stt", "unit": "seconds", "amount": "20.5", "provider": "deepgram", "model": "nova-3"},
    {"component": "llm", "unit": "prompt_tokens", "amount": "2000", "provider": "openai", "model": "gpt-4o-mini"},
    {"component": "llm", "unit": "completion_tokens", "amount": "100", "provider": "openai", "model": "gpt-4o-mini"},
    {"component": "tts", "unit": "characters", "amount": "400", "provider": "cartesia", "model": "sonic-2"},
]
SECONDS = 60
# 60 s of lines and machine, and what USAGE says of the rest.
CHARGED = Decimal("0.12525")
BY_TIME = Decimal("0.102")


def list_prices(provider: str = "livekit", **changed: Any) -> None:
    """Price every component of a carrier. Name a category with None to leave it out, or with a price of its own."""
    with platform_context():
        for (category, unit), price in PRICES.items():
            wanted = changed.get(category, price)
            if wanted is not None:
                PriceFactory.create(
                    category=category, provider=provider, model="*", unit=unit, unit_price=wanted,
                    effective_from=timezone.now() - timedelta(days=30),
                )  # fmt: skip


def fund(amount: str) -> Wallet:
    wallet = wallets.open_wallet()
    ledger.topup(wallet=wallet, amount=Decimal(amount), key=f"fund-{amount}")
    return wallet


def number(*, own: bool = False, carrier: str = "livekit") -> Any:
    with platform_context(tenant_id=current_tenant_id()):
        account = CarrierAccountFactory.create(carrier=carrier, tenant_id=current_tenant_id() if own else None)
        return VoiceNumberFactory.create(carrier_account=account)


def place(many: int = 1, *, batch: Any = None, state: str = PlacementState.PLACING, **values: Any) -> list[Any]:
    """Return placements of calls from one number, by the platform's account unless a number is given."""
    caller = values.pop("number", None) or number()
    with platform_context(tenant_id=current_tenant_id()):
        return [
            CallPlacementFactory.create(
                call_log=CallLogFactory.create(
                    from_number=caller, lead=LeadFactory.create(), campaign=None, campaign_lead=None, campaign_step=None
                ),
                carrier_account=caller.carrier_account,
                batch=batch,
                state=state,
                **values,
            )
            for _number in range(many)
        ]


def hold(placements: list[Any], now: Any = None) -> charging.HeldCredits:
    return charging.hold_for(placements, now=now or timezone.now())


def held_call(**values: Any) -> Any:
    [placement] = place(**values)
    assert hold([placement]).allowed == {placement.call_log_id}
    return placement


def end(placement: Any, status: str = "ended", *, seconds: int = SECONDS, outcome: str = "", **facts: Any) -> CallLog:
    """Let a call end as the dialer does it, with what the carrier told."""
    call = CallLog.objects.get(pk=placement.call_log_id)
    CallPlacement.objects.filter(pk=placement.pk).update(state=PlacementState.SETTLED, facts=facts)
    placement.refresh_from_db()
    found = outcome or {"ended": Outcome.ANSWERED, "declined": Outcome.BUSY}.get(status, Outcome.UNKNOWN)
    report = CallReport(duration_seconds=seconds)
    call = record_call_status(call=call, status=status, report=report, outcome=Outcome(found))
    hooks.tell(CallOver(call, placement, Outcome(found), timezone.now()))
    return call


def tell(placement: Any, **facts: Any) -> CallLog:
    """Let details of a call come after its end."""
    CallPlacement.objects.filter(pk=placement.pk).update(facts={**placement.facts, **facts})
    placement.refresh_from_db()
    call = CallLog.objects.get(pk=placement.call_log_id)
    hooks.tell_details(DetailsCame(call, placement, timezone.now()))
    return CallLog.objects.get(pk=call.pk)


def books() -> tuple[Decimal, Decimal, Mapping[str, int]]:
    """Return what is available and reserved, and how many uses there are in each status."""
    wallet = Wallet.objects.get(user=None)
    statuses: dict[str, int] = {}
    for status in UsageEvent.objects.order_by("pk").values_list("status", flat=True):
        statuses[status] = statuses.get(status, 0) + 1
    return wallet.available_balance, wallet.reserved_balance, statuses


def debits() -> list[Decimal]:
    """Return every amount that left the wallet or came back to it for uses, oldest first."""
    rows = LedgerTransaction.objects.exclude(transaction_type__in=("topup", "reservation", "release"))
    return [row.amount for row in rows.order_by("wallet_version")]


def holds() -> int:
    return Hold.objects.filter(status=HoldStatus.HELD).count()
