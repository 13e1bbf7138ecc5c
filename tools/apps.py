"""The developers' tools: commands that write the generated documentation."""

from django.apps import AppConfig


class ToolsConfig(AppConfig):
    name = "tools"
    label = "tools"
