"""The assistant that works out a tenant's ideal customer profile."""

from django.apps import AppConfig

from lad.packages import import_from_features


class AiicpConfig(AppConfig):
    name = "aiicp"
    verbose_name = "Assistant"

    def ready(self) -> None:
        # Writers, mails, event types and consumers register themselves.
        import_from_features("aiicp", "services", "mails", "events", "jobs")
