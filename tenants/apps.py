"""Tenants, users, memberships, rights, features, invitations and domain events."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Tenants"

    def ready(self) -> None:
        from lad import writes
        from tenants import events  # noqa: F401  (fills the catalogue and registers the consumers)
        from tenants.outbox import changes
        from tenants.services import writers

        writers.register()
        writes.listen(changes.tell)
