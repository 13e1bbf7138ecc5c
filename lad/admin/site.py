"""LAD's admin site."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth.views import PasswordChangeView
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.views.decorators.cache import never_cache
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from lad.admin import switcher
from lad.admin.dashboard import dashboard
from lad.admin.navigation import account_links, all_tables, sidebar
from lad.admin.permissions import AreaPermissions
from lad.admin.shortening import KEPT_LENGTH, SHOWN_LENGTH
from lad.limits import searchable
from lad.tenancy.access import access_of
from lad.texts import cut

# What a page shows depends on its request here; the rest of unfold's context is configuration.
OWN_CONTEXT = {"has_permission", "is_popup", "available_apps", "log_entries", "sidebar_navigation", "account_links"}
# Limits of the search in the sidebar.
MAX_ROWS_PER_MODEL = 5
MAX_RESULTS = 100
# Shorter terms match too many rows.
MIN_TERM_LENGTH = 2


class RowAutocomplete(AutocompleteJsonView):
    """Offer the rows that a key may point to, as the admin of their model lists them."""

    def get_queryset(self) -> Any:
        model_admin: Any = self.model_admin
        rows = model_admin.autocomplete_queryset(self.request, self.source_field)
        rows = rows.complex_filter(self.source_field.get_limit_choices_to())
        return model_admin.get_search_results(self.request, rows, self.term)[0]

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        """Return an option, with a name of bounded length."""
        return {"id": str(getattr(obj, to_field_name)), "text": cut(obj, SHOWN_LENGTH), "title": cut(obj, KEPT_LENGTH)}


class OwnPassword(PasswordChangeView):
    """Tells the form which session changes the password: the others end."""

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "session_id": access_of(self.request).details.get("session_id")}


class LadAdminSite(UnfoldAdminSite):
    """Platform staff see all tenants or one; a tenant's staff see their tenant, by their role."""

    index_title = "Dashboard"
    enable_nav_sidebar = True
    empty_value_display = "–"
    password_change_form: Any = None
    on_sign_in: Callable[[HttpRequest, HttpResponse], None] | None = None
    _theme: dict[str, Any] | None = None

    def register(self, model_or_iterable: object, admin_class: type[Any] | None = None, **options: Any) -> None:
        """Register only classes built on LAD's bases: Django's own models, such as groups, are not used."""
        if admin_class is not None and issubclass(admin_class, AreaPermissions):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        access = access_of(request)
        return bool(access.signed_in and access.user.is_staff and access.scoped)

    def get_urls(self) -> list[Any]:
        """Leave out the addresses of rows by content type: LAD's rows have no page outside the admin."""
        return [each for each in super().get_urls() if getattr(each, "name", None) != "view_on_site"]

    def extra_urls(self) -> list[Any]:
        return [
            path("tenant/", self.admin_view(switcher.switch), name="switch_tenant"),
            path("tenant/options/", self.admin_view(switcher.options), name="tenant_options"),
            path("tables/", self.admin_view(all_tables), name="all_tables"),
            *(path(route, self.admin_view(view), name=name) for route, view, name in _extra_pages),
            *(path(route, never_cache(view), name=name) for route, view, name in _public_pages),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what every page shows. The theme is the same for everybody, so it is read once in each process."""
        access = access_of(request)
        if self._theme is None:
            shown = super().each_context(request)
            self._theme = {name: shown[name] for name in shown.keys() - OWN_CONTEXT}
        allowed = self.has_permission(request)
        return {
            **self._theme,
            "has_permission": allowed,
            "is_popup": False,
            "available_apps": (),
            "log_entries": (),
            "sidebar_navigation": (),
            "sidebar": sidebar(request) if allowed else "",
            "account_links": account_links() if allowed else (),
            "access": access,
            "current_tenant": access.details.get("tenant"),
        }

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Sign in. No scope is open yet: what is read and written opens its own."""
        access = access_of(request)
        refused = access.error if access.user is not None else None
        if page := getattr(refused, "continue_at", ""):
            return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': request.GET.get('next', '')})}")
        context = {"refused": refused, "site_title": "LAD", **(extra_context or {})}
        response = super().login(request, context)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND and self.on_sign_in is not None:
            self.on_sign_in(request, response)
        return response

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**dashboard(request), **(extra_context or {})})

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        return super().app_index(request, app_label, {"app_index": True, **(extra_context or {})})

    def autocomplete_view(self, request: HttpRequest) -> Any:
        return RowAutocomplete.as_view(admin_site=self)(request)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Change your own password with the form that an app provides."""
        form = self.password_change_form
        if form is None:
            return super().password_change(request, extra_context)
        request.current_app = self.name
        context = {**self.each_context(request), **(extra_context or {})}
        done = reverse(f"{self.name}:password_change_done", current_app=self.name)
        return OwnPassword.as_view(form_class=form, success_url=done, extra_context=context)(request)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Find models by name and rows by the search of their lists. Not cached, because the tenant may change."""
        term = request.GET.get("s", "").strip()
        if len(term) < MIN_TERM_LENGTH or not searchable(term):
            return HttpResponse()
        results = [*self._models_named(request, term.lower()), *self._rows_named(request, term)]
        extended = "extended" in request.GET
        template = "unfold/helpers/command_results.html" if extended else "unfold/helpers/search_results.html"
        paginator = Paginator(results, MAX_RESULTS)
        context = {"results": paginator.page(1), "page_obj": paginator, "page_counter": 0, "execution_time": 0}
        return TemplateResponse(request, template, context, headers={"HX-Trigger": "search"})

    def _models_named(self, request: HttpRequest, term: str) -> list[SearchResult]:
        return [
            SearchResult(
                title=capfirst(model._meta.verbose_name_plural),
                description=model_admin.section,
                link=reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"),
                icon=model_admin.icon,
            )
            for model, model_admin in self._registry.items()
            if term in str(model._meta.verbose_name_plural).lower() and model_admin.has_view_permission(request)
        ]

    def _rows_named(self, request: HttpRequest, term: str) -> list[SearchResult]:
        found = []
        for model, model_admin in self._registry.items():
            if not model_admin.global_search or not model_admin.has_view_permission(request):
                continue
            rows, _distinct = model_admin.get_search_results(request, model_admin.get_queryset(request), term)
            related = model_admin.get_list_select_related(request)
            found += [
                SearchResult(
                    title=cut(row, SHOWN_LENGTH),
                    description=str(model._meta.verbose_name),
                    link=model_admin.change_url(row),
                    icon=model_admin.icon,
                )
                for row in rows.select_related(*related)[:MAX_ROWS_PER_MODEL]
            ]
        return found


_extra_pages: list[tuple[str, Any, str]] = []
# Pages for people who are not, or not fully, signed in; each checks its caller itself.
_public_pages: list[tuple[str, Any, str]] = []


def add_view(route: str, view: Callable[..., HttpResponseBase], name: str) -> None:
    """Serve a page of an app under the admin. Call it in the app's admin module, before URLs are loaded."""
    _extra_pages.append((route, view, name))


def add_public_view(route: str, view: Callable[..., HttpResponseBase], name: str) -> None:
    """Serve a page under the admin to people who are not fully signed in. The view decides who may see it."""
    _public_pages.append((route, view, name))
