"""Leads with their notes and social profiles."""

from leads.contacts.models.lead import DEFAULT_CURRENCY, FIRST_STAGE, FIRST_STATUS, LIVE, TAGS, Lead, Priority
from leads.contacts.models.note import MAX_EXCERPT_LENGTH, LeadNote
from leads.contacts.models.search import LeadSearchText
from leads.contacts.models.social import HANDLES, NETWORKS, LeadSocial

__all__ = [
    "DEFAULT_CURRENCY",
    "FIRST_STAGE",
    "FIRST_STATUS",
    "HANDLES",
    "LIVE",
    "MAX_EXCERPT_LENGTH",
    "NETWORKS",
    "TAGS",
    "Lead",
    "LeadNote",
    "LeadSearchText",
    "LeadSocial",
    "Priority",
]
