"""Tenants, users, memberships, rights, features, invitations and domain events."""

from django.apps import AppConfig

from lad.packages import import_from_features


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        # Writers, mails, event types and consumers register themselves.
        import_from_features("tenants", "services", "mails", "events")
