"""The registry of the API: one call makes a model a resource. The contract suites test what is registered."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db.models import IntegerField, QuerySet
from django.urls import URLPattern, URLResolver, path
from rest_framework.routers import SimpleRouter

from lad.api import views
from lad.api.filters import Search, SearchFilter, make_filterset
from lad.api.includes import make_includes
from lad.api.serializers import make_serializer
from lad.db.models import LadModel
from lad.search import search as search_in

METHODS: Final = ("list", "retrieve", "create", "update", "delete")
READ: Final = ("list", "retrieve")
MIXINS: Final = {
    "list": views.ListRows,
    "retrieve": views.RetrieveRow,
    "create": views.CreateRow,
    "update": views.UpdateRow,
    "delete": views.DeleteRow,
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A registered model with its address, rights and methods."""

    model: type[LadModel]
    path: str
    area: str
    feature: str | None
    filters: tuple[str, ...]
    order: tuple[str, ...]
    methods: tuple[str, ...]
    viewset: type[views.ResourceViewSet]
    serializer: Any
    restorable: bool

    @property
    def url(self) -> str:
        """Return the address of the list."""
        return f"/api/v1/{self.path}/"


_resources: dict[str, Resource] = {}
_features: dict[type[LadModel], str] = {}
_routes: list[URLPattern] = []
# Includes by the model they are offered with; the models may be registered later.
_includes: defaultdict[Any, dict[str, Any]] = defaultdict(dict)


def register(
    model: type[LadModel],
    *,
    area: str,
    feature: str | None = None,
    filters: Iterable[str] = (),
    order: Iterable[str] = ("-created_at",),
    methods: Iterable[str] = METHODS,
    fields: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    read_only: Iterable[str] = (),
    serializer: Any = None,
    viewset: type[views.ResourceViewSet] = views.ResourceViewSet,
    includes: Mapping[str, Any] | None = None,
    path: str = "",
    restorable: bool = True,
    search: Search | Iterable[str] = (),
) -> Resource:
    """Make the model a resource under ``/api/v1/<table-with-dashes>/``.

    ``area`` is the prefix of the rights it needs, ``feature`` the feature that must be on. ``filters``
    and ``order`` name the fields that lists can be filtered and ordered by; the first order is the
    default. ``methods`` are some of METHODS; a soft-deletable model with ``delete`` can be restored
    unless ``restorable`` is False.
    ``search`` names the fields that ``?search=`` looks into, or is a function that finds rows by a term.
    ``includes`` are rows that can be read with a row (``?include=notes``), by the related name of their
    key to it: ``{"notes": LeadNote}``. Their model must be a resource that can be filtered by that key.
    """
    where = path or model._meta.db_table.replace("_", "-")
    if where in _resources:
        raise ImproperlyConfigured(f"/api/v1/{where}/ is registered twice.")
    chosen = tuple(name for name in METHODS if name in set(methods))
    filters, order = tuple(filters), tuple(order)
    restorable = restorable and "delete" in chosen and bool(model.soft_deletable)
    serializer = serializer or make_serializer(model, fields=fields, exclude=exclude, read_only=read_only)
    resource = Resource(
        model=model,
        path=where,
        area=area,
        feature=feature,
        filters=filters,
        order=order,
        methods=chosen,
        serializer=serializer,
        restorable=restorable,
        viewset=_make_viewset(
            model, viewset, chosen, restorable, area, feature, filters, order, serializer, _search_filter(search)
        ),
    )
    _resources[where] = resource
    if feature:
        _features[model] = feature
    for name, child in (includes or {}).items():
        _add_include(model, name, child)
    _offer_includes(resource)
    return resource


def include(model: type[LadModel], name: str, child: type[LadModel]) -> None:
    """Offer rows of ``child`` with one row of ``model`` (``?include=name``), as ``register`` does with ``includes``.

    For apps above the one that registers ``model``. Either resource may be registered later.
    Raises ImproperlyConfigured if the name is taken.
    """
    _add_include(model, name, child)
    for resource in _resources.values():
        if resource.model is model:
            _offer_includes(resource)


def _add_include(model: type[LadModel], name: str, child: type[LadModel]) -> None:
    if name in _includes[model]:
        raise ImproperlyConfigured(f"{model._meta.label} has the include {name!r} already.")
    _includes[model][name] = child


def _offer_includes(resource: Resource) -> None:
    resource.viewset.includes = make_includes(resource.model, _includes[resource.model], resource_of)


def _make_viewset(
    model: type[LadModel],
    base: type[views.ResourceViewSet],
    methods: tuple[str, ...],
    restorable: bool,
    area: str,
    feature: str | None,
    filters: tuple[str, ...],
    order: tuple[str, ...],
    serializer: Any,
    search: Mapping[str, SearchFilter],
) -> Any:
    mixins: list[type] = [MIXINS[name] for name in methods]
    if restorable:
        mixins.append(views.RestoreRow)
    attributes = {
        "model": model,
        "area": area,
        "feature": feature,
        "order": order,
        "serializer_class": serializer,
        "filterset_class": make_filterset(model, filters, {**base.extra_filters, **search}),
        "can_delete": "delete" in methods,
        "lookup_value_converter": "int" if isinstance(model._meta.pk, IntegerField) else "uuid",
        # Whoever may delete may restore.
        "rights": {"restore": f"{area}.delete", **base.rights},
        "__doc__": base.__doc__ if base is not views.ResourceViewSet else model.__doc__,
        "__module__": base.__module__,
    }
    # The base comes first, so a hand-written action overrides the generated one.
    return type(f"{model.__name__}ViewSet", (base, *mixins), attributes)


def _search_filter(search: Search | Iterable[str]) -> dict[str, SearchFilter]:
    if callable(search):
        return {"search": SearchFilter(search)}
    fields = tuple(search)

    def find(rows: QuerySet, term: str) -> QuerySet:
        return search_in(rows, fields, term)

    return {"search": SearchFilter(find)} if fields else {}


def route(address: str, view: Callable[..., Any], *, name: str) -> None:
    """Add a hand-written view under ``/api/v1/``. End the address with a slash."""
    _routes.append(path(address, view, name=name))


def resources() -> list[Resource]:
    """Return every registered resource, sorted by address."""
    return [_resources[where] for where in sorted(_resources)]


def resource_of(model: type[LadModel]) -> Resource:
    """Return the model's resource. Raise ImproperlyConfigured if it has none."""
    found = next((each for each in resources() if each.model is model), None)
    if found is None:
        raise ImproperlyConfigured(f"{model._meta.label} is included in another resource but is none itself.")
    return found


def feature_of(model: type[LadModel]) -> str:
    """Return the feature that the model's resource needs, or an empty string if it needs none or there is none."""
    return _features.get(model, "")


def urls() -> list[URLPattern | URLResolver]:
    """Return the URL patterns of everything registered, hand-written views first."""
    router = SimpleRouter(use_regex_path=False)
    for resource in resources():
        router.register(resource.path, resource.viewset, basename=resource.path)
    return [*_routes, *router.urls]
