"""What the calls of chaos_dialer.py should cost, by the sandbox's log and the price list, and what LAD charged.

A call of an account of the platform is charged by the second and by what its agent used: what LiveKit's agent reported,
or what Vapi says. A tenant's own account costs its wallet nothing here.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

import psycopg

from benchmarks.calling_judge import Judge, Real
from benchmarks.chaos_world import SandboxControl

MICRO: Final = Decimal("0.000001")
PRICES: Final = """
SELECT category, provider, model, unit_price FROM billing_pricing_catalog WHERE tenant_id IS NULL AND is_active
"""
DEBITS: Final = """
SELECT coalesce(-sum(amount), 0) FROM billing_ledger_transactions
WHERE tenant_id = %s AND transaction_type <> 'topup'
"""
WALLET: Final = "SELECT current_balance, reserved_balance FROM billing_wallets WHERE tenant_id = %s"
EVENTS: Final = """
SELECT external_reference_id, total_cost, usage_items, status FROM billing_usage_events
WHERE tenant_id = %s AND status <> 'voided'
"""
Quantities = dict[tuple[str, str, str], Decimal]


class Money:
    """Compares."""

    def __init__(self, judge: Judge, control: SandboxControl, database: psycopg.Connection[Any]) -> None:
        self._judge, self._database = judge, database
        self._prices = {(row[0], row[1], row[2]): row[3] for row in database.execute(PRICES).fetchall()}
        calls = control.ask("GET", "/voice/calls")["calls"]
        self._turns = {each["id"]: each["transcript"] for each in calls}
        self.charged = self._expected = Decimal(0)
        self._wrong = [sentence for caller in judge.world.callers for sentence in self._of(caller)]

    def wrong(self) -> list[str]:
        return self._wrong

    def sentence(self) -> str:
        return f"charged {self.charged}, by the sandbox {self._expected}"

    def _of(self, caller: Any) -> Iterator[str]:
        [(balance, reserved)] = self._database.execute(WALLET, [caller.id]).fetchall()
        [(debited,)] = self._database.execute(DEBITS, [caller.id]).fetchall()
        events = {row[0]: row for row in self._database.execute(EVENTS, [caller.id]).fetchall()}
        expected = Decimal(0)
        for real in self._judge.by_caller[str(caller.id)]:
            wanted = self._cost(real) if caller.platform else Decimal(0)
            expected += wanted
            event = events.pop(f"call:{real.our_id}", None)
            cost = event[1] if event is not None else Decimal(0)
            if cost != wanted:
                yield f"{caller.name} {real.our_id}: {cost} charged, {wanted} by the sandbox"
        self.charged += debited
        self._expected += expected
        if events:
            yield f"{caller.name}: {len(events)} charges for calls that never were"
        if reserved or balance != caller.funded - debited:
            yield f"{caller.name}: {balance} left of {caller.funded}, {debited} debited, {reserved} held"
        if debited != expected:
            yield f"{caller.name}: {debited} debited, {expected} by the sandbox"

    def _cost(self, real: Real) -> Decimal:
        """Return what a call costs by the price list. LAD's own whole seconds are taken; they are judged elsewhere."""
        row = self._judge.rows[real.our_id]
        seconds = Decimal(row["duration_seconds"])
        if not real.answered or not seconds:
            return Decimal(0)
        costs = [
            self._priced(*key, amount, real.protocol) for key, amount in self._used(real, seconds, row["facts"]).items()
        ]
        return sum(costs, Decimal(0)).quantize(MICRO, ROUND_HALF_EVEN)

    def _used(self, real: Real, seconds: Decimal, facts: Mapping[str, Any]) -> Quantities:
        turns = self._turns[real.id]
        said = sum(len(turn["text"]) for turn in turns if turn["role"] == "agent")
        heard = sum(len(turn["text"]) for turn in turns if turn["role"] == "person")
        timed = {
            ("telephony", "custom", "standard"): seconds,
            ("vm_infrastructure", "", ""): seconds,
        }
        if real.protocol == "vapi":
            tokens = {
                ("llm_prompt", "", ""): Decimal(900 + heard // 4),
                ("llm_completion", "", ""): Decimal(said // 4),
                ("tts", "", ""): Decimal(said),
            }
            return (
                {**timed, ("stt", "", ""): seconds, **tokens}
                if facts.get("usage")
                else {**timed, ("stt", "", ""): seconds}
            )
        if "report" not in self._judge.log.arrived[real.id]:
            return {**timed, ("stt", "", ""): seconds}
        spoken = sum(turn["end"] - turn["start"] for turn in turns if turn["role"] == "person")
        return {
            **timed,
            ("stt", "deepgram", "nova-3"): Decimal(str(round(spoken, 2))),
            ("llm_prompt", "openai", "gpt-4o-mini"): Decimal(900 + said // 2),
            ("llm_completion", "openai", "gpt-4o-mini"): Decimal(said // 4),
            ("tts", "cartesia", "sonic-2"): Decimal(said),
        }

    def _priced(self, category: str, provider: str, model: str, quantity: Decimal, protocol: str) -> Decimal:
        names = ((provider, model), (provider, "*"), (protocol, "standard"), (protocol, "*"))
        price = next((found for each in names if (found := self._prices.get((category, *each))) is not None), None)
        return (quantity * (price or 0)).quantize(MICRO, ROUND_HALF_UP)
