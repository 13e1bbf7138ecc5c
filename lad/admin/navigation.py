"""The sidebar: the registered models and pages that the caller may see, by section."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from lad.tenancy.access import access_of


@dataclass(frozen=True, slots=True)
class SidebarPage:
    """A page in the sidebar that belongs to no model."""

    title: str
    url_name: str
    section: str
    icon: str
    rank: int
    visible: Callable[[HttpRequest], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of the sidebar."""

    title: str
    link: str
    section: str
    icon: str
    visible: Callable[[HttpRequest], bool]


_pages: list[SidebarPage] = []
DASHBOARD: Final = "Dashboard"
# The section of pages that everybody needs, whatever they work on.
BESIDE_DASHBOARD: Final = ""
# Sidebars differ by rights and by the current page.
MAX_SIDEBARS_KEPT: Final = 512


def add_page(page: SidebarPage) -> None:
    """Add a page to the sidebar."""
    _pages.append(page)
    _entries.cache_clear()
    _rendered.cache_clear()


def visible_entries(request: HttpRequest) -> tuple[int, ...]:
    """Return the places of the entries that the caller may see."""
    return tuple(place for place, entry in enumerate(_entries()) if entry.visible(request))


def sidebar(request: HttpRequest) -> SafeString:
    """Return the links that the caller may see, as HTML. Only the choice of links is made for each request."""
    return _rendered(visible_entries(request), _current(request.path))


@lru_cache(maxsize=1)
def _entries() -> tuple[Entry, ...]:
    """Return the sidebar of somebody who may see everything, in order. It changes only with the code."""
    site: Any = admin.site
    found: dict[str, list[tuple[int, Entry]]] = {name: [] for name in (BESIDE_DASHBOARD, *settings.ADMIN_SECTIONS)}
    for model, model_admin in site._registry.items():
        link = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        title = capfirst(model._meta.verbose_name_plural)
        entry = Entry(title, link, model_admin.section, model_admin.icon, model_admin.has_module_permission)
        found.setdefault(entry.section, []).append((model_admin.rank, entry))
    for page in _pages:
        entry = Entry(page.title, reverse(page.url_name), page.section, page.icon, page.visible)
        found.setdefault(entry.section, []).append((page.rank, entry))
    home = Entry(DASHBOARD, reverse("admin:index"), BESIDE_DASHBOARD, "space_dashboard", lambda request: True)
    ranked = [entry for entries in found.values() for _rank, entry in sorted(entries, key=lambda pair: pair[0])]
    return (home, *ranked)


def _current(path: str) -> str:
    """Return the link that the page belongs to, or an empty string. Every address begins with the dashboard's."""
    home, *entries = _entries()
    if path == home.link:
        return path
    return max((entry.link for entry in entries if path.startswith(entry.link)), key=len, default="")


@lru_cache(maxsize=MAX_SIDEBARS_KEPT)
def _rendered(places: tuple[int, ...], current: str) -> SafeString:
    entries = _entries()
    shown = [entries[place] for place in places]
    return render_to_string("lad/admin/sidebar.html", {"sidebar_links": shown, "sidebar_current": current})


def platform_only(request: HttpRequest) -> bool:
    """Return whether the caller is one of LAD's superusers."""
    access = access_of(request)
    return access.signed_in and access.unlimited
