"""The sidebar, with the pages that the caller works with most, and "All tables" with every page they may see."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from lad.tenancy.access import access_of


@dataclass(frozen=True, slots=True)
class SidebarPage:
    """A page in the navigation that belongs to no model.

    ``badge`` is the name of a URL that answers ``{"count": 3, "shown": "3"}``: the sidebar shows it beside the title.
    """

    title: str
    url_name: str
    section: str
    icon: str
    rank: int
    visible: Callable[[HttpRequest], bool]
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of the navigation. ``name`` is what settings.ADMIN_SIDEBAR calls the page."""

    name: str
    title: str
    link: str
    section: str
    icon: str
    visible: Callable[[HttpRequest], bool]
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Links below a heading."""

    title: str
    entries: Sequence[Entry]


_pages: list[SidebarPage] = []
DASHBOARD: Final = "Dashboard"
ALL_TABLES: Final = "All tables"
# The section of pages in the menu of the signed-in user.
ACCOUNT_MENU: Final = "Account"
# The most entries of a sidebar, with the dashboard and "All tables".
MAX_ENTRIES: Final = 15
# Sidebars differ by rights and by the current page.
MAX_SIDEBARS_KEPT: Final = 512


def add_page(page: SidebarPage) -> None:
    """Add a page to the navigation."""
    _pages.append(page)
    _entries.cache_clear()
    _rendered.cache_clear()


def sidebar(request: HttpRequest) -> SafeString:
    """Return the sidebar as HTML. Only the choice of links is made for each request."""
    names = tuple(entry.name for _group, entry in _chosen(request))
    platform = _sees_all_tenants(request)
    return _rendered(names, _current(request.path, names), platform=platform)


def account_links() -> Sequence[Entry]:
    """Return the links in the menu of the signed-in user."""
    return [entry for entry in _entries().values() if entry.section == ACCOUNT_MENU]


def all_tables(request: HttpRequest) -> HttpResponse:
    """Show every page that the caller may see, by section. ``q`` finds pages by words of their titles."""
    words = request.GET.get("q", "").lower().split()
    found: dict[str, list[Entry]] = {}
    for entry in _entries().values():
        text = f"{entry.title} {entry.section}".lower()
        if entry.section != ACCOUNT_MENU and all(word in text for word in words) and entry.visible(request):
            found.setdefault(entry.section, []).append(entry)
    context = {
        **admin.site.each_context(request),
        "title": ALL_TABLES,
        "term": request.GET.get("q", ""),
        "groups": [Group(section, entries) for section, entries in found.items()],
        "is_fullwidth": "1",
    }
    return TemplateResponse(request, "lad/admin/all_tables.html", context)


def _chosen(request: HttpRequest) -> Iterator[tuple[str, Entry]]:
    """Yield the most important pages that the caller may see, with their groups."""
    entries = _entries()
    pages = ((group, entries[name]) for group, name in _order(platform=_sees_all_tenants(request)))
    return islice(((group, entry) for group, entry in pages if entry.visible(request)), MAX_ENTRIES - 2)


def _sees_all_tenants(request: HttpRequest) -> bool:
    access = access_of(request)
    return access.platform and access.tenant_id is None


@lru_cache(maxsize=2)
def _order(*, platform: bool) -> tuple[tuple[str, str], ...]:
    pages = [*settings.ADMIN_PLATFORM_SIDEBAR, *settings.ADMIN_SIDEBAR] if platform else settings.ADMIN_SIDEBAR
    # A page that is in both lists stands where the first has it.
    groups: dict[str, str] = {}
    for group, name in pages:
        groups.setdefault(name, group)
    return tuple((group, name) for name, group in groups.items())


@lru_cache(maxsize=1)
def _entries() -> dict[str, Entry]:
    """Return every page by name, in the order of "All tables". They change only with the code."""
    site: Any = admin.site
    found: dict[str, list[tuple[int, Entry]]] = {name: [] for name in settings.ADMIN_SECTIONS}
    for model, model_admin in site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        title, link = capfirst(model._meta.verbose_name_plural), reverse(f"admin:{name}_changelist")
        entry = Entry(name, title, link, model_admin.section, model_admin.icon, model_admin.has_module_permission)
        found.setdefault(entry.section, []).append((model_admin.rank, entry))
    for page in _pages:
        name = page.url_name.removeprefix("admin:")
        badge = reverse(page.badge) if page.badge else ""
        entry = Entry(name, page.title, reverse(page.url_name), page.section, page.icon, page.visible, badge)
        found.setdefault(entry.section, []).append((page.rank, entry))
    ranked = (entry for entries in found.values() for _rank, entry in sorted(entries, key=lambda pair: pair[0]))
    return {entry.name: entry for entry in ranked}


def _current(path: str, shown: Sequence[str]) -> str:
    """Return the link to mark: that of the page, or of "All tables" for a page that the sidebar does not show."""
    if path == reverse("admin:index"):
        return path
    entries = _entries()
    current = max((entry for entry in entries.values() if path.startswith(entry.link)), key=_length, default=None)
    if current is None or current.section == ACCOUNT_MENU:
        return reverse("admin:all_tables") if path == reverse("admin:all_tables") else ""
    return current.link if current.name in shown else reverse("admin:all_tables")


def _length(entry: Entry) -> int:
    return len(entry.link)


@lru_cache(maxsize=MAX_SIDEBARS_KEPT)
def _rendered(names: tuple[str, ...], current: str, *, platform: bool) -> SafeString:
    entries, groups = _entries(), {name: group for group, name in _order(platform=platform)}
    shown: dict[str, list[Entry]] = {group: [] for group in settings.ADMIN_SIDEBAR_GROUPS}
    for name in names:
        shown.setdefault(groups[name], []).append(entries[name])
    context = {
        "sidebar_home": (DASHBOARD, reverse("admin:index")),
        "sidebar_tables": (ALL_TABLES, reverse("admin:all_tables")),
        "sidebar_groups": [Group(title, found) for title, found in shown.items() if found],
        "sidebar_current": current,
    }
    return render_to_string("lad/admin/sidebar.html", context)


def platform_only(request: HttpRequest) -> bool:
    """Return whether the caller is one of LAD's superusers."""
    access = access_of(request)
    return access.signed_in and access.unlimited
