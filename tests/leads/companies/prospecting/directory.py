"""A directory in memory that counts what it charges for, and helpers that look at the tenant's money."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.ledger.models import Hold, HoldStatus, LedgerTransaction, TransactionType, Wallet
from billing.ledger.services import ledger, wallets
from lad.tenancy.context import platform_context, tenant_context
from leads.companies.accounts.models import DirectoryAccount
from leads.companies.apollo.phones import PhoneDelivery
from leads.companies.apollo.queries import CompanyQuery, PeopleQuery
from leads.companies.apollo.records import (
    Company,
    CompanyPage,
    FoundPerson,
    PeopleAnswer,
    PeoplePage,
    Person,
    Phone,
)
from leads.companies.reveals import worker
from tests.factories.billing import PriceFactory

PRICES = {"email": Decimal(2), "phone": Decimal(10), "company_search": Decimal(1)}
MOBILE = "+971501234567"


def person_id(number: int) -> str:
    return f"person-{number}"


def found(number: int, **values: Any) -> FoundPerson:
    given = {"title": "Clinic manager", "company_name": f"Clinic {number}", "has_email": True, "has_phone": True}
    return FoundPerson(**{"id": person_id(number), "first_name": "Anna", "last_name": "Hu***n", **given, **values})


def matched(number: int, **values: Any) -> Person:
    company = Company(id=f"company-{number}", name=f"Clinic {number}", domain=f"clinic{number}.example")
    given: dict[str, Any] = {
        "first_name": "Anna",
        "last_name": f"Hussein{number}",
        "name": f"Anna Hussein{number}",
        "title": "Clinic manager",
        "email": f"anna@clinic{number}.example",
        "email_status": "verified",
        "linkedin_url": f"https://www.linkedin.com/in/anna-{number}",
        "city": "Dubai",
        "country": "United Arab Emirates",
        "company": company,
        "data": {"id": person_id(number), "email": f"anna@clinic{number}.example", "seniority": "manager"},
    }
    return Person(id=person_id(number), **{**given, **values})


def phones(*numbers: str, of: int = 1) -> PhoneDelivery:
    return PhoneDelivery({person_id(of): tuple(Phone(each, "mobile", "high") for each in numbers)})


@dataclass
class Directory:
    """Answers from memory. ``fails`` is raised by the next calls, one each; ``meanwhile`` is called inside a call."""

    people: dict[str, Person | None] = field(default_factory=dict)
    found: Sequence[FoundPerson] = ()
    companies: Sequence[Company] = ()
    total: int = 0
    asked: list[list[str]] = field(default_factory=list)
    searches: list[Any] = field(default_factory=list)
    fails: list[BaseException] = field(default_factory=list)
    # Raised by the next reveals, one each.
    fails_reveals: list[BaseException] = field(default_factory=list)
    results: Mapping[str, PhoneDelivery] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None

    def search_people(self, query: PeopleQuery) -> PeoplePage:
        self.searches.append(query)
        self._fail()
        return PeoplePage(tuple(self.found), self.total or len(self.found), query.page, query.per_page)

    def search_companies(self, query: CompanyQuery) -> CompanyPage:
        self.searches.append(query)
        self._fail()
        return CompanyPage(tuple(self.companies), self.total or len(self.companies), query.page, query.per_page)

    def bulk_match(self, ids: Sequence[str], *, phones: bool = False, webhook_url: str = "") -> PeopleAnswer:
        self.asked.append(list(ids))
        self._fail()
        if self.fails_reveals:
            raise self.fails_reveals.pop(0)
        self.meanwhile()
        return PeopleAnswer({each: self.people.get(each) for each in ids}, "request-1" if phones else "")

    def phone_result(self, request_id: str) -> PhoneDelivery | None:
        return self.results.get(request_id)

    def _fail(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    def run(self) -> int:
        return worker.run_due(directory_of=lambda _account: self)


def list_prices(*, provider: str = "apollo", prices: Mapping[str, Decimal] = PRICES) -> None:
    with platform_context():
        for model, price in prices.items():
            PriceFactory.create(
                tenant_id=None,
                category="enrichment",
                provider=provider,
                model=model,
                unit="record",
                unit_price=price,
                effective_from=timezone.now() - timedelta(days=30),
            )


def connect() -> None:
    with platform_context():
        DirectoryAccount.objects.create(tenant=None, name="Apollo", api_key="secret")


def fund(tenant: Any, amount: int = 100) -> None:
    with tenant_context(tenant.pk):
        ledger.topup(wallet=wallets.open_wallet(), amount=Decimal(amount), key=f"fund-{amount}")


def books(tenant: Any) -> tuple[Decimal, Decimal]:
    """Return what the tenant was charged, and what is still held."""
    with tenant_context(tenant.pk):
        debits = LedgerTransaction.objects.filter(transaction_type=TransactionType.DEBIT)
        charged = sum((-row.amount if row.amount < 0 else row.amount for row in debits), Decimal(0))
        held = sum((row.remaining for row in _holds()), Decimal(0))
        assert Wallet.objects.get(user=None).reserved_balance == held
        return charged, held


def _holds() -> list[Any]:
    rows = list(Hold.objects.filter(status=HoldStatus.HELD))
    for row in rows:
        row.remaining = row.amount
    return rows


def spend(tenant: Any, amount: int) -> None:
    with tenant_context(tenant.pk):
        ledger.debit(wallet=wallets.open_wallet(), amount=Decimal(amount), key="elsewhere")
