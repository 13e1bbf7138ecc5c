"""Searches in directories in the API."""

from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView, TenantRequired
from lad.tenancy.access import actor_of
from leads.companies.apollo.queries import CompanyQuery, PeopleQuery
from leads.companies.features import FEATURE
from leads.companies.search import services
from leads.companies.search.models import DirectorySearch
from leads.companies.search.serializers import (
    CompaniesPageResponse,
    CompanyFilterSerializer,
    PeopleFilterSerializer,
    PeoplePageResponse,
)

AREA: Final = "companies"


class _SearchView(LadAPIView):
    """Searches wait for the directory, so they run outside of the request's transaction."""

    area = AREA
    feature = FEATURE
    rights: ClassVar[dict[str, str]] = {"post": f"{AREA}.search"}
    self_scoped_actions = frozenset({"post"})

    @property
    def tenant_id(self) -> UUID:
        if self.access.tenant_id is None:
            raise TenantRequired
        return self.access.tenant_id


class PeopleSearchView(_SearchView):
    """Find people in the directory."""

    @extend_schema(
        summary="Search people; finding them is free, and stored pages are used first",
        description="People have no e-mail address or number until they are revealed. A filter by industry or keywords "
        "of the company searches companies first, which costs a page of companies unless that is stored.",
        request=PeopleFilterSerializer,
        responses={200: PeoplePageResponse, **problems(400, 402, 409, 422, 429, 502)},
    )
    def post(self, request: Request) -> Response:
        with self.access.scope():
            form: dict[str, Any] = PeopleFilterSerializer.read(request.data)
        page = services.search_people(
            PeopleQuery.from_search_params(form),
            tenant_id=self.tenant_id,
            actor=actor_of(request),
            hide_contacted=form["hide_contacted"],
            refresh=form["refresh"],
        )
        return Response(PeoplePageResponse(page).data)


class CompanySearchView(_SearchView):
    """Find companies in the directory."""

    @extend_schema(
        summary="Search companies; a page that is not empty and not stored costs credits",
        request=CompanyFilterSerializer,
        responses={200: CompaniesPageResponse, **problems(400, 402, 409, 422, 429, 502)},
    )
    def post(self, request: Request) -> Response:
        with self.access.scope():
            form: dict[str, Any] = CompanyFilterSerializer.read(request.data)
        page = services.search_companies(
            CompanyQuery.from_search_params(form),
            tenant_id=self.tenant_id,
            actor=actor_of(request),
            refresh=form["refresh"],
        )
        return Response(CompaniesPageResponse(page).data)


router.route("people-search/", PeopleSearchView.as_view(), name="people-search")
router.route("company-search/", CompanySearchView.as_view(), name="company-search")
router.register(
    DirectorySearch,
    area=AREA,
    feature=FEATURE,
    filters=["kind", "source", "page_number", "fetched_at", "created_at"],
    order=["-created_at"],
    exclude=["key"],
    methods=router.READ,
)
