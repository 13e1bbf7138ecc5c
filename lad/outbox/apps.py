"""The outbox app."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "lad.outbox"
    label = "outbox"
    verbose_name = "Events"

    def ready(self) -> None:
        from lad import writes
        from lad.outbox import changes

        writes.listen(changes.emit_changes)
