"""Fixtures of card payments: an unpaid checkout and a top-up rule."""

from typing import Any

import pytest

from billing.ledger.models import Wallet
from billing.payments.models import AutoTopup, CreditPackage
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant
from tests.billing.payments.card_payments import start_checkout
from tests.billing.payments.stripe_server import CARD, StripeAccount
from tests.factories.billing import AutoTopupFactory


@pytest.fixture
def session(api: Any, owner: Any, wallet: Wallet, account: StripeAccount, package: CreditPackage) -> str:
    """An unpaid checkout for the tenant's wallet: 100.00 for 108.08."""
    return str(start_checkout(api(owner), package).json()["checkout_session_id"])


@pytest.fixture
def rule(tenant: Tenant, wallet: Wallet, account: StripeAccount) -> AutoTopup:
    """A rule that tops up the empty wallet with 100.00 from a valid card below 20.00."""
    with platform_context(tenant_id=tenant.pk):
        return AutoTopupFactory.create(wallet=wallet, is_enabled=True, payment_method_id=CARD)
