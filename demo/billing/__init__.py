"""The demo's money: prices, wallets with their ledgers, use, invoices, entitlements and legacy credits.

All of it goes through the services people use, at moments of the past.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from billing.entitlements.models import FeatureEntitlement
from billing.invoicing.models import BillingProfile, TaxPoint
from billing.ledger.models import WalletStatus
from billing.ledger.services import wallets
from billing.legacy import services as legacy_credits
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import usage
from demo.billing import invoices, legacy, prices
from demo.billing.purchases import Till
from demo.billing.purse import Purse
from demo.billing.usage import PROFILES, Spending
from demo.company import DemoCompany
from lad.db.identifiers import as_of
from lad.outbox.emission import quiet

ALLOWANCE: Final = Decimal(15)
# Feature, unit, quota per month and per day of the starter plan, price of a unit beyond it.
ENTITLED: Final = (
    ("voice-agent", "use", 200, 20, "0.15"),
    ("apollo-leads", "record", 25, None, "0.005"),
    ("campaigns", "message", 1_000, 100, None),
    ("ai-icp-assistant", "use", None, None, None),
)
TIMES: Final = {"starter": 1, "professional": 10, "enterprise": 40}
# What their invoices say of the companies.
BILLED: Final[dict[str, dict[str, Any]]] = {
    "kestrel-analytics": {
        "legal_name": "Kestrel Analytics AB",
        "address": "Storgatan 14\n114 55 Stockholm",
        "country": "SE",
        "tax_id": "SE556677889901",
        "invoice_email": "accounts@kestrel-analytics.example",
        "invoice_prefix": "KES",
    },
    "brightpath-education": {
        "legal_name": "Brightpath Education FZ-LLC",
        "address": "Knowledge Park, Block 4\nDubai",
        "country": "AE",
        "tax_id": "100345678900003",
        "tax_point": TaxPoint.USE,
        "invoice_prefix": "BRI",
        "payment_terms_days": 30,
    },
    "harbour-finch": {"legal_name": "Harbour & Finch Ltd", "country": "GB", "invoice_prefix": "HAR"},
}
# The company whose legacy credits were moved into wallets.
MOVED: Final = "kestrel-analytics"


def load_shared(now: datetime) -> None:
    """The common price list, and what credits cost."""
    prices.load_shared(now)


def load(company: DemoCompany) -> None:
    """Everything of one company. What happened before today is no news: no events are written of it."""
    # How often chance is asked here depends on the hour; what others draw afterwards should not.
    others, company.random = company.random, Random(f"billing of {company.slug}")  # noqa: S311  (demo data, no secret)
    try:
        with quiet():
            _history(company)
    finally:
        company.random = others


def _history(company: DemoCompany) -> None:
    prices.agreed(company)
    company.write(BillingProfile, BILLED[company.slug])
    _entitle(company)
    profile = PROFILES[company.slug]
    purse = Purse(company, company.ago(days=profile.days, minutes=5), threshold=profile.threshold)
    till = Till(company, purse)
    spending = Spending(company, purse, till, profile)
    spending.run()
    _void_a_mistake(company, purse, spending.events)
    # Nobody tries again by itself what could not be paid then.
    UsageEvent.objects.filter(status=UsageStatus.FAILED).update(next_charge_at=None)
    _allowances(company, purse)
    if profile.tops_up:
        till.refund(till.buy("starter", company.ago(seconds=20)))
        till.fail()
        till.keep_card(profile.threshold)
    invoices.load(company, till.paid)
    legacy.load(company)
    if company.slug == MOVED:
        legacy_credits.move(tenant_id=company.tenant.pk, now=company.now)


def _void_a_mistake(company: DemoCompany, purse: Purse, events: list[UsageEvent]) -> None:
    """The last charge but few was a mistake: given back and voided, still linked to its debit."""
    charged = UsageEvent.objects.filter(pk__in=[event.pk for event in events], status=UsageStatus.CHARGED)
    event = charged.order_by("-charged_at")[2]
    at = purse.at(company.ago(minutes=3))
    with as_of(at):
        usage.void(event=event, reason="Charged by mistake", actor=company.admin, now=at)


def _allowances(company: DemoCompany, purse: Purse) -> None:
    """Wallets of single people, filled from the tenant's: one in use, one suspended, one spent and closed."""
    statuses = (WalletStatus.ACTIVE, WalletStatus.SUSPENDED, WalletStatus.CLOSED)
    for place, (person, status) in enumerate(zip(company.team[1:4], statuses, strict=False)):
        if purse.available < ALLOWANCE:
            return
        at = company.now - timedelta(minutes=2.5 - place / 2)
        text = f"Allowance of {person.first_name}"
        purse.adjust(-ALLOWANCE, at, f"allowance_{person.pk}", text)
        own = Purse(company, at, threshold=Decimal(5), user=person)
        own.credit(ALLOWANCE, at, f"allowance_of_{person.pk}", text)
        if status == WalletStatus.CLOSED:
            own.adjust(-ALLOWANCE, at, f"closing_{person.pk}", "Given back")
            purse.credit(ALLOWANCE, at, f"closing_of_{person.pk}", "Given back")
        wallets.move(wallet=own.wallet, status=status, reason="Left the team" if status != "active" else "")


def _entitle(company: DemoCompany) -> None:
    profile, times = PROFILES[company.slug], TIMES[company.tenant.plan_tier]
    rows = [
        FeatureEntitlement(
            **company.born(company.ago(days=profile.days)),
            tenant=company.tenant,
            feature_key=feature,
            enabled=feature in profile.uses,
            quota_unit=unit,
            monthly_quota=monthly and monthly * times,
            daily_quota=daily and daily * times,
            allow_overages=rate is not None,
            overage_rate=rate and Decimal(rate),
        )
        for feature, unit, monthly, daily, rate in ENTITLED
    ]
    FeatureEntitlement.objects.bulk_create(rows)
