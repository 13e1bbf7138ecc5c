"""The card provider of this installation."""

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from billing.payments.providers.cards import NotConfigured

if TYPE_CHECKING:
    from billing.payments.providers.stripe import StripeCards


def provider() -> "StripeCards":
    """Return the configured provider. Raises NotConfigured."""
    if not (settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRET):
        raise NotConfigured
    return _provider(settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_URL)


@lru_cache(maxsize=4)
def _provider(secret_key: str, webhook_secret: str, address: str) -> "StripeCards":
    # Imported here: Stripe's library takes 20 MB, which an installation without card payments saves.
    from billing.payments.providers.stripe import StripeCards

    return StripeCards(secret_key=secret_key, webhook_secret=webhook_secret, address=address)
