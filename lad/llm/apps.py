"""The app of language models."""

from django.apps import AppConfig


class LanguageModelsConfig(AppConfig):
    name = "lad.llm"
    label = "llm"
    verbose_name = "Language models"
