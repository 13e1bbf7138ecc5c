"""The kernel as a Django app: checks, roles and grants; it has no tables."""

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate, pre_migrate


class LadConfig(AppConfig):
    name = "lad"
    label = "lad"
    verbose_name = "LAD"

    def ready(self) -> None:
        from lad.db import checks  # noqa: F401  (they register themselves)
        from lad.tenancy import guard, roles  # noqa: F401  (they register themselves)

        # The signals are sent for apps with models only, and once is enough.
        sender = apps.get_app_config("contenttypes")
        pre_migrate.connect(roles.prepare_database, sender=sender)
        post_migrate.connect(roles.grant_framework_tables, sender=sender)
        # Signing in notes itself, in a scope; Django's own receiver would write without one. Apps start in the
        # order of the settings, and this one comes after django.contrib.auth, which connects it.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
