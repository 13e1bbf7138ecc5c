"""Celery tasks of card payments."""

import contextlib
from datetime import timedelta

from django.utils import timezone

from billing.payments.providers.cards import NotConfigured
from billing.payments.providers.configured import provider
from billing.payments.services import auto_topup, settlement
from lad.schedule import regular_task
from lad.tenancy.context import platform_context


def _has_work() -> bool:
    try:
        provider()
    except NotConfigured:
        return False
    return settlement.has_work()


@regular_task("billing.settle_payments", has_work=_has_work)
def settle_payments() -> None:
    """Send due automatic payments, and look up open payments at the provider."""
    with contextlib.suppress(NotConfigured):
        settlement.settle_due(cards=provider())


@regular_task("billing.consider_top_ups", every=timedelta(minutes=1))
def consider_top_ups() -> None:
    """Start automatic payments for wallets below their rules' thresholds."""
    with platform_context():
        auto_topup.start_due_topups(now=timezone.now())
