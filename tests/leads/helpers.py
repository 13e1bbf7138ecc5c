"""Addresses that the tests of leads call."""

LEADS = "/api/v1/leads/"
STAGES = "/api/v1/lead-stages/"
STATUSES = "/api/v1/lead-statuses/"
NOTES = "/api/v1/lead-notes/"
SOCIAL = "/api/v1/lead-social/"
BOOKINGS = "/api/v1/lead-bookings/"
