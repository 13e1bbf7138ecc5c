"""Campaigns, their steps and enrolments, templates and sending accounts."""

from django.apps import AppConfig

from lad.packages import import_from_features


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        # Writers, mails, event types and consumers register themselves.
        import_from_features("campaigns", "services", "mails", "events")
