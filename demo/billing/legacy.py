"""The credits people had before there were wallets."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from billing.legacy.models import CreditTransaction, CreditTransactionType, UserCredit
from demo.company import DemoCompany
from tenants.accounts.models import User

Kind = CreditTransactionType
# What credits were spent on, and how many at a time.
SPENT: Final = (
    (Kind.DEDUCTION, "apollo_email", "2"),
    (Kind.DEDUCTION, "apollo_phone", "10"),
    (Kind.DEDUCTION, "linkedin_connection", "1"),
    (Kind.USAGE, "voice_call_duration", "9"),
    (Kind.DEBIT, "template_message", "5"),
)
MOVEMENTS: Final = 12


def load(company: DemoCompany) -> None:
    """The owner and one colleague; none of it moved for three months."""
    for person in company.team[:2]:
        _credits_of(company, person)


def _credits_of(company: DemoCompany, person: User) -> None:
    at = company.ago(days=119)
    row = UserCredit(**company.born(at), tenant=company.tenant, user=person, last_usage_reset=company.ago(days=95))
    row.balance = Decimal(0)
    movements: list[CreditTransaction] = []

    def move(kind: CreditTransactionType, amount: str, what: str) -> None:
        nonlocal at
        at += timedelta(hours=company.random.randint(5, 40))
        before, row.balance = row.balance, row.balance + Decimal(amount)
        movements.append(
            CreditTransaction(
                **company.born(at),
                tenant=company.tenant,
                user=person,
                user_credit=row,
                transaction_type=kind,
                amount=Decimal(amount),
                balance_before=before,
                balance_after=row.balance,
                reference_type="api_request",
                description=what,
                metadata={"usage_type": what},
            )
        )

    move(Kind.PURCHASE, "1000", "pack_starter")
    for _ in range(MOVEMENTS):
        kind, what, amount = company.random.choice(SPENT)
        move(kind, f"-{amount}", what)
    move(Kind.REFUND, "10", "apollo_phone")
    move(Kind.ADJUSTMENT, "-3", "correction")
    row.monthly_usage = Decimal(0)
    UserCredit.objects.bulk_create([row])
    CreditTransaction.objects.bulk_create(movements)
