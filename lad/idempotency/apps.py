"""Answers kept for repeated requests."""

from django.apps import AppConfig


class IdempotencyConfig(AppConfig):
    name = "lad.idempotency"
    label = "idempotency"
    verbose_name = "Repeated requests"
