"""The billing domain in the admin."""

from billing.admin import (
    audits,
    credits,
    dashboard,
    entitlements,
    holds,
    invoices,
    ledger,
    payments,
    prices,
    profiles,
    usage,
    usage_explorer,
    wallets,
)

__all__ = [
    "audits",
    "credits",
    "dashboard",
    "entitlements",
    "holds",
    "invoices",
    "ledger",
    "payments",
    "prices",
    "profiles",
    "usage",
    "usage_explorer",
    "wallets",
]
