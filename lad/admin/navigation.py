"""The sidebar: what is registered, by section, as far as the caller may see it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from lad.admin.permissions import access_of


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the admin that is not a model's."""

    title: str
    url_name: str
    section: str
    icon: str
    rank: int
    visible: Callable[[HttpRequest], bool]


_pages: list[Page] = []
DASHBOARD: Final = "Dashboard"


def add_page(page: Page) -> None:
    """Put a page into the sidebar."""
    _pages.append(page)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar as unfold wants it."""
    site: Any = admin.site
    home = {"title": DASHBOARD, "icon": "space_dashboard", "link": reverse("admin:index")}
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {name: [] for name in settings.ADMIN_SECTIONS}
    for model, model_admin in site._registry.items():
        if model_admin.has_module_permission(request):
            link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            title = capfirst(model._meta.verbose_name_plural)
            item = {"title": title, "icon": model_admin.icon, "link": link, "active": request.path.startswith(link)}
            found.setdefault(model_admin.section, []).append((model_admin.rank, item))
    for page in _pages:
        if page.visible(request):
            link = reverse(page.url_name)
            item = {"title": page.title, "icon": page.icon, "link": link, "active": request.path.startswith(link)}
            found.setdefault(page.section, []).append((page.rank, item))
    groups = [
        {"title": name, "items": [item for _rank, item in sorted(items, key=lambda pair: pair[0])]}
        for name, items in found.items()
        if items
    ]
    return [{"title": None, "items": [home]}, *groups]


def platform_only(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.signed_in and access.platform
