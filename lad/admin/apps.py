"""Replace Django's default admin site with LAD's."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class LadAdminConfig(AdminConfig):
    default_site = "lad.admin.site.LadAdminSite"


class LadAdminSiteConfig(AppConfig):
    """List it before unfold, so that LAD's templates override unfold's."""

    name = "lad.admin"
    label = "lad_adminsite"
