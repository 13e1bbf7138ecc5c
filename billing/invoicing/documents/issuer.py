"""Who issues the invoices: the company that runs LAD, as the settings name it."""

from django.conf import settings


def issuer() -> dict[str, str]:
    """Its name, address, tax id, e-mail address and bank details as they are now, to be kept with an invoice."""
    return {
        "name": settings.BILLING_ISSUER_NAME,
        "address": settings.BILLING_ISSUER_ADDRESS,
        "tax_id": settings.BILLING_ISSUER_TAX_ID,
        "email": settings.BILLING_ISSUER_EMAIL,
        "bank": settings.BILLING_ISSUER_BANK,
    }
