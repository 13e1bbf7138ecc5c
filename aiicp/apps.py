"""The assistant that finds the ideal customer profile."""

from django.apps import AppConfig


class AiicpConfig(AppConfig):
    name = "aiicp"
    verbose_name = "Assistant"

    def ready(self) -> None:
        from aiicp import events  # noqa: F401  (fills the catalogue and registers the consumers)
        from aiicp.services import writers

        writers.register()
