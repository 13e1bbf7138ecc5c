"""Tenants, users, memberships, rights, features and invitations."""

from django.apps import AppConfig

from lad.packages import import_from_features


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        # Writers, mails, event types, consumers and job kinds register themselves.
        import_from_features("tenants", "services", "mails", "events", "jobs")
