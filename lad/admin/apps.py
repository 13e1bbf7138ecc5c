"""The admin site, in place of Django's default one."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class LadAdminConfig(AdminConfig):
    default_site = "lad.admin.site.LadAdminSite"


class LadAdminSiteConfig(AppConfig):
    """Comes before unfold so that LAD's templates win over its."""

    name = "lad.admin"
    label = "lad_adminsite"
