"""Services of leads for other features and the apps above."""

from leads.contacts.services.activity import ContactDirection, record_activity, record_contact

__all__ = ["ContactDirection", "record_activity", "record_contact"]
