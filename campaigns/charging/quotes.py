"""Say what a campaign will cost at most, and whether the wallet has it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Count

from billing import money
from billing.ledger import selectors
from billing.ledger.models import Wallet, WalletStatus
from billing.pricing.services import quoting
from billing.pricing.services.quoting import NoPrice
from campaigns.charging.services import inside, usage_item
from campaigns.charging.units import units_of_step
from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign
from campaigns.design.step_specs import PriceComponent, step_types
from campaigns.enrolment.models import OPEN_ENROLMENTS

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class StepQuote:
    """The highest cost of one step: ``messages`` is how many open enrolments can still reach it."""

    step_id: UUID
    title: str
    unit_price: Decimal
    messages: int

    @property
    def at_most(self) -> Decimal:
        return self.unit_price * self.messages


@dataclass(frozen=True, slots=True)
class CampaignQuote:
    """The highest cost of a campaign's open enrolments, and the balance that the wallet can spend.

    ``at_most`` takes the dearest way through the steps for each enrolment, and each step once. ``first`` is the lowest
    price of a step that an enrolment can come to next; None if nothing is charged.
    """

    steps: tuple[StepQuote, ...]
    at_most: Decimal
    first: Decimal | None
    available: Decimal
    currency: str

    @property
    def enough(self) -> bool:
        """Return whether the wallet has what the campaign costs at most."""
        return self.available >= self.at_most

    @property
    def payable(self) -> bool:
        """Return whether the wallet can pay at least one message."""
        return self.first is None or self.available >= self.first

    @property
    def warning(self) -> str:
        """Return what to do about too little credit, or an empty string."""
        if self.enough:
            return ""
        return (
            f"The campaign may cost up to {money.plain(self.at_most)} {self.currency}, but the wallet has "
            f"{money.plain(self.available)}. It pauses when the credit ends. Top up the wallet to avoid that."
        )


@dataclass(frozen=True, slots=True)
class _Priced:
    """The graph of a campaign, and the prices of the steps that are charged: for each lead, or ``once`` for all."""

    graph: Graph
    prices: Mapping[UUID, Decimal]
    once: Mapping[UUID, Decimal]


def quote(campaign: Campaign, *, now: datetime) -> CampaignQuote:
    """Return what the campaign's open enrolments will cost at most at the prices of now. Nothing is held.

    Steps that the price list has no price for are free. Runs in a few statements, whatever the number of enrolments.
    """
    with inside(campaign.tenant_id):
        return _quote(campaign, now)


def _quote(campaign: Campaign, now: datetime) -> CampaignQuote:
    priced = _priced(campaign, now)
    starts = _starts(campaign, priced)
    reached = _reached(starts, priced)
    steps = tuple(
        StepQuote(pk, priced.graph.by_id[pk].title, price, reached.get(pk, 0)) for pk, price in priced.prices.items()
    )
    once = tuple(
        StepQuote(pk, priced.graph.by_id[pk].title, price, min(reached.get(pk, 0), 1))
        for pk, price in priced.once.items()
    )
    for_leads = sum((_dearest(start, priced) * many for start, many in starts.items()), ZERO)
    return CampaignQuote(
        steps=steps + once,
        at_most=for_leads + sum((each.at_most for each in once), ZERO),
        first=min((price for start in starts for price in _next_prices(start, priced)), default=None),
        available=_available(campaign.tenant_id, now),
        currency=quoting.LIST_CURRENCY,
    )


def _available(tenant_id: UUID, now: datetime) -> Decimal:
    """Return what the tenant's wallet can spend; nothing if it has none yet."""
    wallet = Wallet.objects.filter(tenant=tenant_id, user__isnull=True).first()
    if wallet is None or wallet.status != WalletStatus.ACTIVE or wallet.currency != quoting.LIST_CURRENCY:
        return ZERO
    return selectors.spendable(wallet, now=now)


def _priced(campaign: Campaign, now: datetime) -> _Priced:
    graph = graph_of(campaign)
    prices = dict(_prices(graph.steps, now))
    once = {key: price for key, price in prices.items() if step_types.get(graph.by_id[key].type).for_everybody}
    return _Priced(graph, {key: price for key, price in prices.items() if key not in once}, once)


def _prices(steps: Sequence[Step], now: datetime) -> Iterator[tuple[UUID, Decimal]]:
    """Yield the steps that are charged, with the price of one message."""
    known: dict[tuple[PriceComponent, int], Decimal | None] = {}
    for step in steps:
        component = step_types.get(step.type).metered if step.type in step_types else None
        if component is None:
            continue
        key = component, units_of_step(step)
        if key not in known:
            known[key] = _price(*key, now)
        price = known[key]
        if price is not None:
            yield step.id, price


def _price(component: PriceComponent, units: int, now: datetime) -> Decimal | None:
    """Return the price of one message that takes so many units; None if the list has no price for it."""
    try:
        [priced] = quoting.price_items([usage_item(component, Decimal(units))], at=now)
    except NoPrice:
        return None
    return priced.cost


def _starts(campaign: Campaign, priced: _Priced) -> dict[UUID, int]:
    """Return how many open enrolments stand before each step. New ones stand before the first."""
    open_rows = campaign.enrolments.filter(status__in=OPEN_ENROLMENTS).order_by()
    starts: dict[UUID, int] = {}
    for step_id, order, many in open_rows.values_list("next_step", "current_step_order").annotate(n=Count("pk")):
        place = priced.graph.by_id.get(step_id) or priced.graph.beginning(order)
        if place is not None:
            starts[place.id] = starts.get(place.id, 0) + many
    return starts


def _reached(starts: Mapping[UUID, int], priced: _Priced) -> dict[UUID, int]:
    """Return how many enrolments can come to each step."""
    reached: dict[UUID, int] = {}
    for start, many in starts.items():
        for step_id in priced.graph.reachable(start) | {start}:
            reached[step_id] = reached.get(step_id, 0) + many
    return reached


def _dearest(start: UUID, priced: _Priced) -> Decimal:
    """Return the cost of the dearest way from a step. Where steps form a circle, each of its steps counts once."""
    costs: dict[frozenset[UUID], Decimal] = {}
    for circle in priced.graph.circles(start):
        own = sum((priced.prices.get(step_id, ZERO) for step_id in circle), ZERO)
        places = {other for step_id in circle for other in priced.graph.following[step_id] if other not in circle}
        after = [cost for others, cost in costs.items() if places & others]
        costs[circle] = own + max(after, default=ZERO)
    return costs[circle]


def _next_prices(start: UUID, priced: _Priced) -> Iterator[Decimal]:
    """Yield the prices of the first charged steps that an enrolment can come to."""
    seen, waiting = {start}, [start]
    while waiting:
        step_id = waiting.pop()
        if step_id in priced.prices:
            yield priced.prices[step_id]
            continue
        for after in priced.graph.following[step_id]:
            if after not in seen:
                seen.add(after)
                waiting.append(after)
