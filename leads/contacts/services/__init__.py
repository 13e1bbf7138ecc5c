"""Services of leads for other features and the apps above."""

from leads.contacts.services.activity import Touch, record_activity, record_contacts, retract_contacts

__all__ = ["Touch", "record_activity", "record_contacts", "retract_contacts"]
