"""The leads domain in the admin."""

from leads.admin import attachments, bookings, companies, dashboard, education, leads, notes, pipeline

# Importing these registers their pages.
__all__ = ["attachments", "bookings", "companies", "dashboard", "education", "leads", "notes", "pipeline"]
