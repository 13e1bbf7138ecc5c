"""The demo's money: prices, wallets with their ledgers, use, invoices, entitlements and legacy credits."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.demo import invoices, legacy, prices
from billing.demo.book import Book
from billing.demo.usage import PROFILES, Spending
from billing.models import FeatureEntitlement, Price, TransactionType, UsageEvent, UsageStatus, WalletStatus
from tenants.demo.company import DemoCompany

ALLOWANCE: Final = Decimal(15)
# Feature, quota per month and per day of the starter plan, price of a unit beyond it.
ENTITLED: Final = (
    ("voice-agent", 200, 20, "0.15"),
    ("apollo-leads", 500, None, "0.025"),
    ("campaigns", 1_000, 100, None),
    ("ai-icp-assistant", None, None, None),
)
TIMES: Final = {"starter": 1, "professional": 10, "enterprise": 40}


def load_shared(now: datetime) -> None:
    """The common price list."""
    prices.load_shared(now)


def load(company: DemoCompany) -> None:
    """Everything of one company; its ledgers add up to its wallets."""
    prices.agreed(company)
    profile = PROFILES[company.slug]
    opened = company.ago(days=profile.days, minutes=5)
    book = Book(company, opened, low_balance_threshold=profile.threshold)
    spending = Spending(company, book, prices.Quotes(Price.objects.all()), profile)
    spending.run()
    _give_back(company, book, spending.events)
    allowances = _allowances(company, book)
    for each in (book, *allowances):
        each.write()
    spending.write()
    bought = [row for row in book.rows if row.transaction_type == TransactionType.TOPUP]
    invoices.load(company, bought)
    _entitle(company)
    legacy.load(company)


def _give_back(company: DemoCompany, book: Book, events: list[UsageEvent]) -> None:
    """The last charge but few was a mistake: credited back and voided, still linked to its debit."""
    event, at = [each for each in events if each.status == UsageStatus.CHARGED][-3], company.ago(minutes=3)
    cause: dict[str, Any] = {
        "reference_type": "usage_event",
        "reference_id": event.pk,
        "description": "Charged by mistake",
    }
    book.post(TransactionType.CREDIT, event.total_cost, at, f"refund_usage_{event.pk}", by=company.admin, **cause)
    event.status = UsageStatus.VOIDED


def _allowances(company: DemoCompany, book: Book) -> list[Book]:
    """Wallets of single people, filled from the tenant's: one in use, one suspended, one spent and closed."""
    people, books = company.team[1:4], []
    statuses = (WalletStatus.ACTIVE, WalletStatus.SUSPENDED, WalletStatus.CLOSED)
    for place, (person, status) in enumerate(zip(people, statuses, strict=False)):
        at = company.now - timedelta(minutes=2.5 - place / 2)
        if book.available < ALLOWANCE:
            break
        values: dict[str, Any] = {"by": company.owner, "reference_type": "manual"}
        text = f"Allowance of {person.first_name}"
        book.post(TransactionType.ADJUSTMENT, -ALLOWANCE, at, f"allowance_{person.pk}", description=text, **values)
        own = Book(company, at, user=person, status=status, low_balance_threshold=Decimal(5))
        own.post(TransactionType.CREDIT, ALLOWANCE, at, f"allowance_of_{person.pk}", description=text, **values)
        if status == WalletStatus.CLOSED:
            text = "Given back"
            own.post(TransactionType.ADJUSTMENT, -ALLOWANCE, at, f"closing_{person.pk}", description=text, **values)
            book.post(TransactionType.CREDIT, ALLOWANCE, at, f"closing_of_{person.pk}", description=text, **values)
        books.append(own)
    return books


def _entitle(company: DemoCompany) -> None:
    profile, times = PROFILES[company.slug], TIMES[company.tenant.plan_tier]
    rows = [
        FeatureEntitlement(
            **company.born(company.ago(days=profile.days)),
            tenant=company.tenant,
            feature_key=feature,
            enabled=feature in profile.uses,
            monthly_quota=monthly and monthly * times,
            daily_quota=daily and daily * times,
            allow_overages=rate is not None,
            overage_rate=rate and Decimal(rate),
        )
        for feature, monthly, daily, rate in ENTITLED
    ]
    FeatureEntitlement.objects.bulk_create(rows)
