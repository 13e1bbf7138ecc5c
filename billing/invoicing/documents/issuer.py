"""The issuer of invoices: the company that runs LAD."""

from django.conf import settings


def issuer() -> dict[str, str]:
    """Return the issuer's current details from the settings, to be stored with an invoice."""
    return {
        "name": settings.BILLING_ISSUER_NAME,
        "address": settings.BILLING_ISSUER_ADDRESS,
        "tax_id": settings.BILLING_ISSUER_TAX_ID,
        "email": settings.BILLING_ISSUER_EMAIL,
        "bank": settings.BILLING_ISSUER_BANK,
    }
