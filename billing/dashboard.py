"""What of the billing domain needs somebody now."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from billing.audit.models import AuditResult, LedgerAudit
from billing.invoicing.models import Invoice
from billing.invoicing.selectors import past_due
from billing.ledger.models import Wallet, WalletStatus
from billing.ledger.selectors import below_threshold
from billing.payments.models import EventOutcome, Payment, StripeEvent
from billing.usage.models import UsageEvent, UsageStatus
from lad.admin.dashboard import Card, Contribution, contributes
from lad.admin.permissions import access_of

# More than this is counted no further.
MANY: Final = 1_000
# A charge that failed longer ago was looked at or never will be.
RECENT: Final = timedelta(days=7)
# The ledger is proved every night.
LATE: Final = timedelta(hours=36)


@contributes
def contribution(request: HttpRequest) -> Contribution:
    access = access_of(request)
    found = Contribution()
    if access.allows("billing.view"):
        found.cards += [_invoices(), _wallets(), _payments()]
    if access.allows("usage.view"):
        found.cards.append(_failures())
    if access.platform:
        found.cards += [_proof(timezone.now()), _stripe_events(timezone.now())]
    return found


def _proof(now: datetime) -> Card:
    """The last audit of the whole ledger: proved, violated, or too long ago to say."""
    title, icon, url = "Ledger", "verified", reverse("admin:billing_ledgeraudit_changelist")
    audit = LedgerAudit.objects.filter(scope="").order_by("-created_at").first()
    if audit is None:
        return Card(title, "Not proved yet", icon, "the audit runs every night", url, "info")
    read = f"{audit.ledger_rows:,} movements, {audit.violations:,} violations"
    if audit.result == AuditResult.VIOLATED:
        return Card(title, f"{audit.violations:,} violations", "gpp_bad", read, _page(audit), "danger")
    value = f"Proved {date_format(timezone.localtime(audit.finished_at), 'j M, H:i')}"
    late = now - audit.finished_at > LATE
    return Card(title, value, icon, f"{read}; no audit since" if late else read, url, "warning" if late else "")


def _invoices() -> Card:
    count = _counted(Invoice.objects.filter(past_due(timezone.now())))
    detail = "past their due date" if count else "nobody owes anything"
    return Card(
        "Overdue invoices",
        _shown(count),
        "request_quote",
        detail,
        _list("invoice", "desk=overdue"),
        "danger" if count else "",
    )


def _wallets() -> Card:
    count = _counted(Wallet.objects.filter(below_threshold(), status=WalletStatus.ACTIVE))
    detail = "below their threshold" if count else "all hold enough"
    return Card(
        "Low wallets",
        _shown(count),
        "account_balance_wallet",
        detail,
        _list("wallet", "balance=low"),
        "warning" if count else "",
    )


def _payments() -> Card:
    count = _counted(Payment.objects.exclude(attention=""))
    return Card(
        "Card payments to look into",
        _shown(count),
        "credit_card",
        "refunds, disputes and what does not fit" if count else "all is settled",
        _list("payment", "attention=needed"),
        "danger" if count else "",
    )


def _stripe_events(now: datetime) -> Card:
    unacted = Q(outcome__in=[EventOutcome.REFUSED, EventOutcome.FAILED], created_at__gte=now - RECENT)
    count = _counted(StripeEvent.objects.filter(unacted))
    return Card(
        "Stripe events not acted on",
        _shown(count),
        "webhook",
        f"refused or failed in the last {RECENT.days} days",
        _list("stripeevent", "outcome__in=refused,failed"),
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


def _page(audit: LedgerAudit) -> str:
    return reverse("admin:billing_ledgeraudit_change", args=(audit.pk,))


def _list(name: str, query: str) -> str:
    return reverse(f"admin:billing_{name}_changelist") + f"?{query}"
