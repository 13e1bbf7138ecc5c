"""List billing items that need attention."""

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
from lad.admin.dashboard import Card, Contribution, contributes_to_dashboard
from lad.tenancy.access import access_of

MAX_COUNTED: Final = 1_000
# Older failures have been handled or never will be.
RECENT_PERIOD: Final = timedelta(days=7)
# The audit runs every night.
MAX_AUDIT_AGE: Final = timedelta(hours=36)


@contributes_to_dashboard
def contribution(request: HttpRequest) -> Contribution:
    access = access_of(request)
    found = Contribution()
    if access.allows("billing.view"):
        found.cards += [_invoices(), _wallets(), _payments()]
    if access.allows("usage.view"):
        found.cards.append(_failures())
    if access.platform and access.allows("billing.view"):
        found.cards += [_last_audit(timezone.now()), _stripe_events(timezone.now())]
    return found


def _last_audit(now: datetime) -> Card:
    """Return the card of the last audit of the whole ledger."""
    title, icon, url = "Ledger", "verified", reverse("admin:billing_ledgeraudit_changelist")
    audit = LedgerAudit.objects.filter(scope="").order_by("-created_at").first()
    if audit is None:
        return Card(title, "Not audited yet", icon, "the audit runs every night", url, "info")
    checked = f"{audit.ledger_rows:,} transactions, {audit.violations:,} violations"
    if audit.result == AuditResult.VIOLATED:
        return Card(title, f"{audit.violations:,} violations", "gpp_bad", checked, _page(audit), "danger")
    value = f"Audited {date_format(timezone.localtime(audit.finished_at), 'j M, H:i')}"
    late = now - audit.finished_at > MAX_AUDIT_AGE
    return Card(title, value, icon, f"{checked}; no audit since" if late else checked, url, "warning" if late else "")


def _invoices() -> Card:
    count = _counted(Invoice.objects.filter(past_due(timezone.now())))
    detail = "past their due date" if count else "no overdue invoices"
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
    detail = "below their threshold" if count else "none below its threshold"
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
        "Card payments to review",
        _shown(count),
        "credit_card",
        "refunds, disputes and mismatches" if count else "nothing to review",
        _list("payment", "attention=needed"),
        "danger" if count else "",
    )


def _stripe_events(now: datetime) -> Card:
    unprocessed = Q(outcome__in=[EventOutcome.REFUSED, EventOutcome.FAILED], created_at__gte=now - RECENT_PERIOD)
    count = _counted(StripeEvent.objects.filter(unprocessed))
    return Card(
        "Unprocessed Stripe events",
        _shown(count),
        "webhook",
        f"refused or failed in the last {RECENT_PERIOD.days} days",
        _list("stripeevent", "outcome__in=refused,failed"),
        "warning" if count else "",
    )


def _failures() -> Card:
    rows = UsageEvent.objects.filter(status=UsageStatus.FAILED, created_at__gte=timezone.now() - RECENT_PERIOD)
    count = _counted(rows)
    return Card(
        "Failed charges",
        _shown(count),
        "money_off",
        f"in the last {RECENT_PERIOD.days} days",
        _list("usageevent", "status__exact=failed"),
        "warning" if count else "",
    )


def _counted(rows: QuerySet[Any]) -> int:
    return rows.order_by()[: MAX_COUNTED + 1].count()


def _shown(count: int) -> str:
    return f"{count:,}" if count <= MAX_COUNTED else f"over {MAX_COUNTED:,}"


def _page(audit: LedgerAudit) -> str:
    return reverse("admin:billing_ledgeraudit_change", args=(audit.pk,))


def _list(name: str, query: str) -> str:
    return reverse(f"admin:billing_{name}_changelist") + f"?{query}"
