"""Campaigns, their steps and enrolments, templates and sending accounts."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        from campaigns import events  # noqa: F401  (fills the catalogue and registers the consumers)
        from campaigns.services import writers

        writers.register()
