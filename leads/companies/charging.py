"""The credits of directories: their prices, and holding, charging and releasing them.

By the platform's account nothing is sold without a price. A tenant with an account of its own pays the directory
itself, and pays LAD only what the price list names for that.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils import timezone

from billing.entitlements.models import USE
from billing.entitlements.services import quotas
from billing.entitlements.services.quotas import RemainingQuota
from billing.formatting import amount
from billing.ledger import selectors
from billing.ledger.services import wallets
from billing.pricing.models import PriceCategory
from billing.pricing.services import quoting
from billing.pricing.services.quoting import NoPrice, UsageItem
from billing.units import PriceUnit
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import held
from billing.usage.services.held import HeldUse, PlannedUse, SettledUses
from lad.tenancy.context import current_tenant_id
from leads.companies.accounts.selectors import find_account
from leads.companies.features import FEATURE

# The providers of the price list, whatever directory is behind it: by the platform's account, and by the tenant's own.
PROVIDER: Final = "apollo"
OWN_PROVIDER: Final = "apollo_own_account"
EMAIL: Final = "email"
PHONE: Final = "phone"
COMPANY_SEARCH: Final = "company_search"
ZERO: Final = Decimal(0)


def money(value: Decimal) -> str:
    """Return an amount with the currency of the price list."""
    return amount(value, quoting.LIST_CURRENCY)


@dataclass(frozen=True, slots=True)
class Funds:
    """The price of one of each component, what the tenant can spend, and what is left of the feature's quotas."""

    prices: Mapping[str, Decimal]
    available: Decimal
    left: RemainingQuota

    def cost(self, components: Collection[str]) -> Decimal:
        """Return what a use of each of the components costs, with the units beyond the quotas at their own rate."""
        own = sum((self.prices[each] for each in components), ZERO)
        return own + self.beyond(len(components)) * (self.left.overage_rate or ZERO)

    def refused(self, many: int) -> int:
        """Return how many of so many uses the quotas refuse."""
        if not self.left.enabled:
            return many
        return self.beyond(many) if self.left.overage_rate is None else 0

    def beyond(self, many: int) -> int:
        """Return how many of so many uses the quotas do not cover. Each is one use of one record."""
        limits = [each for each in (self.left.left_today, self.left.left_this_month) if each is not None]
        if not limits or self.left.unit not in (USE, PriceUnit.RECORD):
            return 0
        return max(many - int(min(limits)), 0)


def provider_of(tenant_id: UUID) -> str:
    """Return the provider of the price list that the tenant pays. Call it in the tenant's scope."""
    account = find_account(tenant_id)
    return PROVIDER if account is None or account.tenant_id is None else OWN_PROVIDER


def item(component: str, provider: str = PROVIDER) -> UsageItem:
    """Return one of the component, as the price list takes it."""
    return UsageItem(PriceCategory.ENRICHMENT, provider, component, PriceUnit.RECORD, Decimal(1))


def funds(components: Iterable[str], *, now: datetime | None = None) -> Funds:
    """Return prices, credit and quotas of the current tenant. Raises NoPrice: what has no price is not sold."""
    now = now or timezone.now()
    provider = provider_of(current_tenant_id())
    prices = _prices([item(name, provider) for name in dict.fromkeys(components)], now)
    available = selectors.spendable(wallets.paying_wallet(), now=now)
    return Funds(prices, available, quotas.remaining(feature_key=FEATURE, now=now))


def _prices(items: Sequence[UsageItem], now: datetime) -> dict[str, Decimal]:
    """Return the price of one of each component. By an own account those without one are free."""
    if not items:
        return {}
    try:
        priced = quoting.price_items(items, at=now)
    except NoPrice:
        if items[0].provider != OWN_PROVIDER:
            raise
        first, *others = items
        return {**({first.model: ZERO} if not others else _prices([first], now)), **_prices(others, now)}
    return {each.model: each.cost for each in priced}


def hold(
    uses: Mapping[str, str], *, ttl: timedelta, about: Mapping[str, str], now: datetime | None = None
) -> dict[str, HeldUse]:
    """Hold the credits of uses, each a component by its reference. Return what became of each. Idempotent."""
    provider = provider_of(current_tenant_id())
    planned = [
        PlannedUse(reference, item(component, provider), FEATURE, about) for reference, component in uses.items()
    ]
    found = held.hold_many(uses=planned, ttl=ttl, now=now)
    if provider == OWN_PROVIDER:
        return {key: HeldUse() if isinstance(each.error, NoPrice) else each for key, each in found.items()}
    return found


def settle(*, used: Collection[str], unused: Collection[str], reason: str, now: datetime | None = None) -> SettledUses:
    """Charge the uses that brought something and release the others, by their references. Idempotent."""
    return held.settle_many(used=used, unused=unused, reason=reason, now=now)


def costs(references: Collection[str]) -> dict[str, Decimal]:
    """Return what is held or charged for each reference of the current tenant."""
    rows = UsageEvent.objects.filter(tenant=current_tenant_id(), external_reference_id__in=list(references))
    rows = rows.exclude(status=UsageStatus.VOIDED)
    return dict(rows.values_list("external_reference_id", "total_cost"))
