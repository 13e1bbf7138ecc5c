"""Mail that leaves LAD."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    name = "lad.mail"
    label = "mail"
    verbose_name = "Mail"
