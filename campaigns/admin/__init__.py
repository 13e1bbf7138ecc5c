"""The campaigns domain in the admin."""

from campaigns.admin import accounts, campaigns, enrolments, steps, templates

__all__ = ["accounts", "campaigns", "enrolments", "steps", "templates"]
