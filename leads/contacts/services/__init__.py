"""What other features and the apps above may do with leads."""

from leads.contacts.services.activity import ContactDirection, record_activity, record_contact

__all__ = ["ContactDirection", "record_activity", "record_contact"]
