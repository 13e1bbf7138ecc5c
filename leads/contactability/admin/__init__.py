"""The pages of suppressions, consent, contact policies, holidays and past touches."""

from leads.contactability.admin import consents, holidays, policies, suppressions

__all__ = ["consents", "holidays", "policies", "suppressions"]
