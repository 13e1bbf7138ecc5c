"""The billing domain in the admin."""

from billing.admin import credits, dashboard, entitlements, invoices, prices, usage, wallets

__all__ = ["credits", "dashboard", "entitlements", "invoices", "prices", "usage", "wallets"]
