"""The caller's tenant as its invoices know it."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.invoicing.models import BillingProfile, profile_of
from lad import writes
from lad.api import etag, router
from lad.api.views import ResourceViewSet, lock, require_tenant
from lad.tenancy.context import current_tenant_id


class BillingProfileViewSet(ResourceViewSet):
    """What a tenant's invoices say of it, where they go, and when and how much tax they carry."""

    @extend_schema(
        summary="The tenant's billing profile",
        description="With the defaults, and without an id, when the tenant has none yet.",
    )
    @action(detail=False, methods=["get"])
    def mine(self, request: Request) -> Response:
        require_tenant(BillingProfile)
        profile = profile_of(current_tenant_id())
        return Response(self.representation(profile)) if profile._state.adding else self.answer(profile)

    @extend_schema(summary="Write the tenant's billing profile, the first time or again")
    @mine.mapping.put
    @transaction.atomic
    def write_mine(self, request: Request) -> Response:
        require_tenant(BillingProfile)
        profile = profile_of(current_tenant_id())
        if profile._state.adding:
            serializer = self.get_serializer(data=request.data)
            serializer.is_valid(raise_exception=True)
            row: Any = writes.create(BillingProfile, serializer.validated_data, actor=request.user)
        else:
            locked = lock(profile)
            etag.require_match(request.headers.get("If-Match"), locked)
            serializer = self.get_serializer(locked, data=request.data)
            serializer.is_valid(raise_exception=True)
            row = writes.update(locked, serializer.validated_data, actor=request.user)
        return self.answer(row)


router.register(
    BillingProfile,
    area="billing",
    methods=["list", "retrieve", "update"],
    filters=["created_at"],
    viewset=BillingProfileViewSet,
)
