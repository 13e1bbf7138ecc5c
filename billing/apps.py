"""Wallets, ledger, usage, prices, entitlements, invoices and legacy credits."""

from django.apps import AppConfig

from lad.packages import import_from_features


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        # Writers, mails, event types and consumers register themselves.
        import_from_features("billing", "services", "mails", "events")
