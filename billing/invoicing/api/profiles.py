"""The billing profile of the caller's tenant."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.invoicing.models import BillingProfile, profile_of
from lad import writes
from lad.api import etag, router
from lad.api.views import ResourceViewSet, lock, require_tenant
from lad.tenancy.access import actor_of
from lad.tenancy.context import current_tenant_id


class BillingProfileViewSet(ResourceViewSet):
    """How a tenant is named on its invoices, where they are sent, and how it is taxed."""

    @extend_schema(
        summary="The tenant's billing profile",
        description="Without a profile it returns the defaults, without an id.",
    )
    @action(detail=False, methods=["get"])
    def mine(self, request: Request) -> Response:
        require_tenant(BillingProfile)
        profile = profile_of(current_tenant_id())
        return Response(self.representation(profile)) if profile._state.adding else self.row_response(profile)

    @extend_schema(summary="Create or update the tenant's billing profile")
    @mine.mapping.put
    @writes.in_transaction
    def write_mine(self, request: Request) -> Response:
        require_tenant(BillingProfile)
        profile = profile_of(current_tenant_id())
        if profile._state.adding:
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            row: Any = writes.create(BillingProfile, serializer.validated_data, actor=actor_of(request))
        else:
            locked = lock(profile)
            etag.require_match(request.headers.get("If-Match"), locked)
            serializer = self.get_serializer(locked, data=request.data)
            serializer.is_valid(raise_exception=True)
            row = writes.update(locked, serializer.validated_data, actor=actor_of(request))
        return self.row_response(row)


router.register(
    BillingProfile,
    area="billing",
    methods=["list", "retrieve", "update"],
    filters=["created_at"],
    viewset=BillingProfileViewSet,
)
