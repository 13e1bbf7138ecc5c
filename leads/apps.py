"""Leads, their pipeline, notes, files, bookings, the education vertical and company caches."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    name = "leads"
    verbose_name = "Leads"

    def ready(self) -> None:
        from leads import events  # noqa: F401  (fills the catalogue and registers the consumers)
        from leads.services import writers

        writers.register()
