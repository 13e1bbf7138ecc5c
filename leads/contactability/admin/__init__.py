"""The pages of suppressions, consent, contact policies, holidays and past touches."""

from leads.contactability.admin import consents, holidays, lines, policies, suppressions

__all__ = ["consents", "holidays", "lines", "policies", "suppressions"]
