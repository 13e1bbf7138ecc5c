"""List filters that several billing pages share."""

from django.contrib.admin.options import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from lad.labels import in_words
from tenants.features.selectors import PLANS_BY_FEATURE


class FeatureFilter(DropdownFilter):
    """Filter by one of LAD's features. Other keys are found by the search."""

    title = "feature"
    parameter_name = "feature"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [(key, in_words(key)) for key in sorted(PLANS_BY_FEATURE)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(feature_key=self.value()) if self.value() else queryset
