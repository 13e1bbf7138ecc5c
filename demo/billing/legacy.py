"""Demo credits from before there were wallets."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from billing.legacy.models import CreditTransaction, CreditTransactionType, UserCredit
from demo.demo_tenant import DemoTenant
from tenants.accounts.models import User

Kind = CreditTransactionType
# Type, purpose and credits of one deduction.
SPENT: Final = (
    (Kind.DEDUCTION, "apollo_email", "2"),
    (Kind.DEDUCTION, "apollo_phone", "10"),
    (Kind.DEDUCTION, "linkedin_connection", "1"),
    (Kind.USAGE, "voice_call_duration", "9"),
    (Kind.DEBIT, "template_message", "5"),
)
MOVEMENTS: Final = 12


def load(demo: DemoTenant) -> None:
    """Create legacy credits of the owner and one colleague, unused for three months."""
    for person in demo.team[:2]:
        _credits_of(demo, person)


def _credits_of(demo: DemoTenant, person: User) -> None:
    at = demo.ago(days=119)
    row = UserCredit(**demo.created(at), tenant=demo.tenant, user=person, last_usage_reset=demo.ago(days=95))
    row.balance = Decimal(0)
    movements: list[CreditTransaction] = []

    def move(kind: CreditTransactionType, amount: str, what: str) -> None:
        nonlocal at
        at += timedelta(hours=demo.random.randint(5, 40))
        before, row.balance = row.balance, row.balance + Decimal(amount)
        movements.append(
            CreditTransaction(
                **demo.created(at),
                tenant=demo.tenant,
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
        kind, what, amount = demo.random.choice(SPENT)
        move(kind, f"-{amount}", what)
    move(Kind.REFUND, "10", "apollo_phone")
    move(Kind.ADJUSTMENT, "-3", "correction")
    row.monthly_usage = Decimal(0)
    UserCredit.objects.bulk_create([row])
    CreditTransaction.objects.bulk_create(movements)
