"""The assistant that works out a tenant's ideal customer profile."""

from django.apps import AppConfig

from lad.packages import import_from_features


class AiicpConfig(AppConfig):
    name = "aiicp"
    verbose_name = "Assistant"

    def ready(self) -> None:
        # Writers, mails, event types, consumers, jobs and parts of the leads' pages register themselves.
        import_from_features("aiicp", "services", "mails", "events", "jobs", "lead_page")
