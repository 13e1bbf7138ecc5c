"""What Celery runs for the billing domain. Every task looks for work in the database; none carries any."""

import contextlib

from celery import shared_task
from django.utils import timezone

from billing.payments.providers.cards import NotConfigured
from billing.payments.providers.stripe import provider
from billing.payments.services import auto_topup
from billing.payments.services import settlement as charges
from lad.tenancy.context import platform_context


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
