"""Celery tasks of card payments."""

import contextlib

from celery import shared_task
from django.utils import timezone

from billing.payments.providers.cards import NotConfigured
from billing.payments.providers.stripe import provider
from billing.payments.services import auto_topup, settlement
from lad.tenancy.context import platform_context


@shared_task(name="billing.settle_payments")
def settle_payments() -> None:
    """Send due automatic payments, and look up open payments at the provider."""
    with contextlib.suppress(NotConfigured):
        settlement.settle_due(cards=provider())


@shared_task(name="billing.consider_top_ups")
def consider_top_ups() -> None:
    """Start automatic payments for wallets below their rules' thresholds."""
    with platform_context():
        auto_topup.start_due_topups(now=timezone.now())
