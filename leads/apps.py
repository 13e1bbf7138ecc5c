"""Leads, their pipeline, notes, files, bookings, the education vertical and company caches."""

from django.apps import AppConfig

from lad.packages import import_from_features


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = "Leads"

    def ready(self) -> None:
        # Writers, mails, event types, consumers and job kinds register themselves.
        import_from_features("leads", "services", "mails", "events", "jobs")
        import_from_features("leads.companies", "services", "events", "jobs")
