"""The streams app. It has no tables."""

from django.apps import AppConfig


class StreamsConfig(AppConfig):
    name = "lad.streams"
    label = "streams"
    verbose_name = "Streams"
