"""What of the billing domain needs somebody now."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus, UsageEvent, UsageStatus, Wallet, WalletStatus
from lad.adminsite.dashboard import Card, Contribution, contributes
from lad.adminsite.permissions import access_of

# More than this is counted no further.
MANY: Final = 1_000
# A charge that failed longer ago was looked at or never will be.
RECENT: Final = timedelta(days=7)


@contributes
def contribution(request: HttpRequest) -> Contribution:
    access = access_of(request)
    found = Contribution()
    if access.allows("billing.view"):
        found.cards += [_invoices(), _wallets()]
    if access.allows("usage.view"):
        found.cards.append(_failures())
    return found


def _invoices() -> Card:
    unpaid = Q(status=InvoiceStatus.OVERDUE) | Q(status=InvoiceStatus.PENDING, due_at__lt=timezone.now())
    count = _counted(Invoice.objects.filter(unpaid))
    detail = "past their due date" if count else "nobody owes anything"
    return Card(
        "Overdue invoices",
        _shown(count),
        "request_quote",
        detail,
        _list("invoice", "status__exact=overdue"),
        "danger" if count else "",
    )


def _wallets() -> Card:
    rows = Wallet.objects.filter(
        status=WalletStatus.ACTIVE, low_balance_threshold__gt=F("current_balance") - F("reserved_balance")
    )
    count = _counted(rows)
    detail = "below their threshold" if count else "all hold enough"
    return Card(
        "Low wallets",
        _shown(count),
        "account_balance_wallet",
        detail,
        _list("wallet", "balance=low"),
        "warning" if count else "",
    )


def _failures() -> Card:
    rows = UsageEvent.objects.filter(status=UsageStatus.FAILED, created_at__gte=timezone.now() - RECENT)
    count = _counted(rows)
    return Card(
        "Failed charges",
        _shown(count),
        "money_off",
        f"in the last {RECENT.days} days",
        _list("usageevent", "status__exact=failed"),
        "warning" if count else "",
    )


def _counted(rows: QuerySet[Any]) -> int:
    return rows.order_by()[: MANY + 1].count()


def _shown(count: int) -> str:
    return f"{count:,}" if count <= MANY else f"over {MANY:,}"


def _list(name: str, query: str) -> str:
    return reverse(f"admin:billing_{name}_changelist") + f"?{query}"
