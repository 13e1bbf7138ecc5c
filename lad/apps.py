"""The kernel as a Django app: system checks, database roles and grants. It has no tables."""

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_migrate, pre_migrate

from lad.garbage import look_seldom


class LadConfig(AppConfig):
    name = "lad"
    label = "lad"
    verbose_name = "LAD"

    def ready(self) -> None:
        from lad.db import (
            checks,  # noqa: F401  (they register themselves)
            timestamps,
        )
        from lad.tenancy import guard, roles  # noqa: F401  (they register themselves)

        look_seldom()
        timestamps.install_loader()
        # Django sends these signals for apps with models only. Listening to one app runs the receivers once.
        sender = apps.get_app_config("contenttypes")
        pre_migrate.connect(roles.prepare_database, sender=sender)
        post_migrate.connect(roles.grant_framework_tables, sender=sender)
        # LAD records sign-ins in a scope; Django's receiver would write outside any. It is connected already,
        # because django.contrib.auth comes earlier in INSTALLED_APPS.
        user_logged_in.disconnect(dispatch_uid="update_last_login")
