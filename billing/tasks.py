"""What Celery runs for the billing domain. Every task looks for work in the database; none carries any."""

import contextlib

from celery import shared_task
from django.utils import timezone

from billing import audit
from billing.providers.cards import NotConfigured
from billing.providers.stripe import provider
from billing.services import auto_topup, charges, invoices, sweeps, usage
from lad.tenancy.context import platform_context

# Drafting a big tenant's month may take long; what was done stays done when it is cut off.
LONGEST_TENDING = 3600
# Reading a ledger of many millions of movements takes minutes.
LONGEST_AUDIT = 6 * 3600


@shared_task(
    name="billing.tend_invoices", acks_late=False, time_limit=LONGEST_TENDING, soft_time_limit=LONGEST_TENDING - 60
)
def tend_invoices() -> None:
    """Mark what is overdue, and draft the invoices of a month that has ended."""
    invoices.tend(now=timezone.now())


@shared_task(name="billing.expire_holds")
def expire_holds() -> None:
    """Give back what holds set aside past their time."""
    sweeps.expire_holds()


@shared_task(name="billing.expire_lots")
def expire_lots() -> None:
    """Take out what is left of credit that has expired."""
    sweeps.expire_lots()


@shared_task(name="billing.charge_pending_usage")
def charge_pending_usage() -> None:
    """Charge what was used and is not paid yet."""
    usage.charge_due()


@shared_task(name="billing.settle_payments")
def settle_payments() -> None:
    """Send the automatic payments that are due, and ask the provider after those whose fate is open."""
    with contextlib.suppress(NotConfigured):
        charges.settle_due(cards=provider())


@shared_task(name="billing.consider_top_ups")
def consider_top_ups() -> None:
    """Begin automatic payments for the wallets that are below their rules' thresholds."""
    with platform_context():
        auto_topup.consider(now=timezone.now())


# An audit is not begun again while it runs, however long it takes.
@shared_task(name="billing.prove_ledger", acks_late=False, time_limit=LONGEST_AUDIT, soft_time_limit=LONGEST_AUDIT)
def prove_ledger() -> None:
    """Hold every promise of the ledger against all its rows."""
    audit.prove()
