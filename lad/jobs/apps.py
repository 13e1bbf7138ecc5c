"""The jobs app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "lad.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from lad.jobs import deletion, restoring  # noqa: F401  (they register their job kinds)
