"""Campaigns, their steps and enrolments, templates and sending accounts."""

from django.apps import AppConfig

from lad.packages import import_from_features


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        # Step types, writers, mails, event types and consumers register themselves.
        import_from_features("campaigns", "step_types", "services", "mails", "events")
