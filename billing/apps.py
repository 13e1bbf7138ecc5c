"""Wallets, ledger, usage, prices, entitlements, invoices and legacy credits."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from billing import events  # noqa: F401  (fills the catalogue and registers the consumers)
        from billing.documents import mail
        from billing.services import notices, writers

        writers.register()
        mail.register()
        notices.register()
