"""Voice agents, numbers, batches, calls and what the calls told."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    name = "voice"
    verbose_name = "Voice"

    def ready(self) -> None:
        from voice import events  # noqa: F401  (fills the catalogue and registers the consumers)
        from voice.services import writers

        writers.register()
