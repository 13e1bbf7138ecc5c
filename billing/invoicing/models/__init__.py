"""Invoices and the profiles they are written to."""

from billing.invoicing.models.credit import CreditApplication
from billing.invoicing.models.invoice import (
    CREDIT_NOTES,
    INVOICES,
    ISSUER,
    LEGACY_NUMBERS,
    LINE_ITEMS,
    RECIPIENT,
    SIGNED_QUANTITY,
    TAX_LINES,
    UNPAID,
    Invoice,
    InvoiceKind,
    InvoiceSeries,
    InvoiceStatus,
)
from billing.invoicing.models.prefix import PREFIX_PATTERN, NumberPrefix
from billing.invoicing.models.profile import (
    DEFAULT_PAYMENT_TERMS_DAYS,
    DEFAULT_TAX_RATE,
    MAX_PAYMENT_TERMS_DAYS,
    TENANT_FIELDS,
    BillingProfile,
    TaxPoint,
    check_country,
    check_rate,
    profile_of,
)

__all__ = [
    "CREDIT_NOTES",
    "DEFAULT_PAYMENT_TERMS_DAYS",
    "DEFAULT_TAX_RATE",
    "INVOICES",
    "ISSUER",
    "LEGACY_NUMBERS",
    "LINE_ITEMS",
    "MAX_PAYMENT_TERMS_DAYS",
    "PREFIX_PATTERN",
    "RECIPIENT",
    "SIGNED_QUANTITY",
    "TAX_LINES",
    "TENANT_FIELDS",
    "UNPAID",
    "BillingProfile",
    "CreditApplication",
    "Invoice",
    "InvoiceKind",
    "InvoiceSeries",
    "InvoiceStatus",
    "NumberPrefix",
    "TaxPoint",
    "check_country",
    "check_rate",
    "profile_of",
]
