"""The jobs app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "lad.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from lad.jobs import deletion  # noqa: F401  (it registers its job kind)
