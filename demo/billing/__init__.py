"""Demo data of billing: prices, wallets with ledgers, usage, invoices, entitlements and legacy credits.

Everything is created through the product's services at times in the past.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from billing.entitlements.models import FeatureEntitlement
from billing.invoicing.models import BillingProfile, TaxPoint
from billing.ledger.models import WalletStatus
from billing.ledger.services import wallets
from billing.legacy.services import move_credits
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services.usage import void
from demo.billing import invoices, legacy, prices
from demo.billing.demo_wallet import DemoWallet
from demo.billing.purchases import CardPurchases
from demo.billing.usage import PROFILES, UsageHistory
from demo.demo_tenant import DemoTenant
from lad.db.identifiers import as_of
from lad.outbox.emission import quiet

ALLOWANCE: Final = Decimal(15)
# Feature, unit, monthly and daily quota of the starter plan, overage rate.
ENTITLED: Final = (
    ("voice-agent", "use", 200, 20, "0.15"),
    ("apollo-leads", "record", 25, None, "0.005"),
    ("campaigns", "message", 1_000, 100, None),
    ("ai-icp-assistant", "use", None, None, None),
)
TIMES: Final = {"starter": 1, "professional": 10, "enterprise": 40}
# The tenants' billing profiles.
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
# The tenant whose legacy credits were moved into wallets.
CREDIT_REFERENCE: Final = "kestrel-analytics"


def load_shared(now: datetime) -> None:
    """Create the common price list and the credit packages."""
    prices.load_shared(now)


def load(demo: DemoTenant) -> None:
    """Create one tenant's billing data. History emits no events."""
    # The number of draws depends on the hour, so they use their own generator to keep other demo data stable.
    others, demo.random = demo.random, Random(f"billing of {demo.slug}")  # noqa: S311  (demo data, no secret)
    try:
        with quiet():
            _history(demo)
    finally:
        demo.random = others


def _history(demo: DemoTenant) -> None:
    prices.agreed(demo)
    demo.write(BillingProfile, BILLED[demo.slug], demo.admin)
    _entitle(demo)
    profile = PROFILES[demo.slug]
    demo_wallet = DemoWallet(demo, demo.ago(days=profile.days, minutes=5), threshold=profile.threshold)
    card_purchases = CardPurchases(demo, demo_wallet)
    usage_history = UsageHistory(demo, demo_wallet, card_purchases, profile)
    usage_history.run()
    _void_a_mistake(demo, demo_wallet, usage_history.events)
    # Failed charges of the past are not retried.
    UsageEvent.objects.filter(status=UsageStatus.FAILED).update(next_charge_at=None)
    _allowances(demo, demo_wallet)
    if profile.tops_up:
        card_purchases.refund(card_purchases.buy("starter", demo.ago(seconds=20)))
        card_purchases.fail()
        card_purchases.keep_card(profile.threshold)
    invoices.load(demo, card_purchases.paid)
    legacy.load(demo)
    if demo.slug == CREDIT_REFERENCE:
        move_credits(tenant_id=demo.tenant.pk, now=demo.now)


def _void_a_mistake(demo: DemoTenant, demo_wallet: DemoWallet, events: list[UsageEvent]) -> None:
    """Void one of the latest charged events, which stays linked to its reversed debit."""
    charged = UsageEvent.objects.filter(pk__in=[event.pk for event in events], status=UsageStatus.CHARGED)
    event = charged.order_by("-charged_at")[2]
    at = demo_wallet.at(demo.ago(minutes=3))
    with as_of(at):
        void(event=event, reason="Charged by mistake", actor=demo.admin, now=at)


def _allowances(demo: DemoTenant, demo_wallet: DemoWallet) -> None:
    """Fund personal wallets from the tenant's: one active, one suspended, one emptied and closed."""
    statuses = (WalletStatus.ACTIVE, WalletStatus.SUSPENDED, WalletStatus.CLOSED)
    for place, (person, status) in enumerate(zip(demo.team[1:4], statuses, strict=False)):
        if demo_wallet.available < ALLOWANCE:
            return
        at = demo.now - timedelta(minutes=2.5 - place / 2)
        text = f"Allowance of {person.first_name}"
        demo_wallet.adjust(-ALLOWANCE, at, f"allowance_{person.pk}", text)
        own = DemoWallet(demo, at, threshold=Decimal(5), user=person)
        own.credit(ALLOWANCE, at, f"allowance_of_{person.pk}", text)
        if status == WalletStatus.CLOSED:
            own.adjust(-ALLOWANCE, at, f"closing_{person.pk}", "Given back")
            demo_wallet.credit(ALLOWANCE, at, f"closing_of_{person.pk}", "Given back")
        wallets.change_status(wallet=own.wallet, status=status, reason="Left the team" if status != "active" else "")


def _entitle(demo: DemoTenant) -> None:
    profile, times = PROFILES[demo.slug], TIMES[demo.tenant.plan_tier]
    rows = [
        FeatureEntitlement(
            **demo.created(demo.ago(days=profile.days)),
            tenant=demo.tenant,
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
