"""Voice agents, numbers, batches, calls and call analyses."""

from django.apps import AppConfig

from lad.packages import import_from_features


class VoiceConfig(AppConfig):
    name = "voice"
    verbose_name = "Voice"

    def ready(self) -> None:
        # Writers, mails, event types, consumers and what counts calls register themselves.
        import_from_features("voice", "services", "mails", "events", "jobs", "counting")
