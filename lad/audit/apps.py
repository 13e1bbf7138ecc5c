"""The audit log: who changed what."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "lad.audit"
    label = "audit"
    verbose_name = "Audit log"
