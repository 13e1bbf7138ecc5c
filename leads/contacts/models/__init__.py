"""Leads with their notes and social profiles."""

from leads.contacts.models.lead import DEFAULT_CURRENCY, FIRST_STAGE, FIRST_STATUS, LIVE, TAGS, Lead, Priority
from leads.contacts.models.note import EXCERPT, LeadNote
from leads.contacts.models.social import HANDLES, NETWORKS, LeadSocial

__all__ = [
    "DEFAULT_CURRENCY",
    "EXCERPT",
    "FIRST_STAGE",
    "FIRST_STATUS",
    "HANDLES",
    "LIVE",
    "NETWORKS",
    "TAGS",
    "Lead",
    "LeadNote",
    "LeadSocial",
    "Priority",
]
