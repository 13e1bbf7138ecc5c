"""URLs under /api/: the resources and views that apps register, the OpenAPI document and its page."""

from django.urls import URLResolver, include, path
from django.utils.module_loading import autodiscover_modules
from drf_spectacular.views import SpectacularSwaggerSplitView

from lad.api import router
from lad.api.openapi import schema_view
from lad.api.resolvers import SegmentResolver


def versioned() -> list[URLResolver]:
    """Return the URL patterns of version 1."""
    autodiscover_modules("api")
    return [
        SegmentResolver(
            [
                path("schema/", schema_view, name="schema"),
                path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
                *router.urls(),
            ]
        )
    ]


urlpatterns = [path("v1/", include(versioned()))]
