"""Stages and statuses in the API."""

from typing import Any
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer
from lad.api.views import ResourceViewSet, require_tenant
from lad.tenancy.context import default_tenant_id
from leads.pipeline import services
from leads.pipeline.models import LeadStage, LeadStatus
from leads.pipeline.serializers import ReorderSerializer, RetiredResponse, RetireStageSerializer, RetireStatusSerializer


class PipelineViewSet(ResourceViewSet):
    """Stages or statuses. Retiring one moves its leads to another."""

    def _retire(self, request: Request, serializer: type[InputSerializer]) -> Response:
        target = serializer.read(request.data)["move_leads_to"]
        moved = services.retire(row=self.get_object(), move_leads_to=target, actor=self.access.user)
        return Response(RetiredResponse({"moved": moved}).data)


class StageViewSet(PipelineViewSet):
    rights = {"retire": "pipeline.delete", "reorder": "pipeline.update"}

    def locked_object(self) -> Any:
        tenant_id = default_tenant_id()
        if tenant_id is not None and "display_order" in self.request.data:
            services.lock_order(tenant_id)
        return super().locked_object()

    @extend_schema(
        summary="Remove a stage and move its leads to another",
        request=RetireStageSerializer,
        responses={200: RetiredResponse, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retire(self, request: Request, pk: UUID) -> Response:
        return self._retire(request, RetireStageSerializer)

    @extend_schema(
        summary="Put the stages into another order", request=ReorderSerializer, responses={204: None, **problems(409)}
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def reorder(self, request: Request) -> Response:
        require_tenant(self.model)
        services.reorder(stages=ReorderSerializer.read(request.data)["stages"], actor=self.access.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatusViewSet(PipelineViewSet):
    rights = {"retire": "pipeline.delete"}

    @extend_schema(
        summary="Remove a status and give its leads another",
        request=RetireStatusSerializer,
        responses={200: RetiredResponse, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retire(self, request: Request, pk: UUID) -> Response:
        return self._retire(request, RetireStatusSerializer)


FEATURE = "deals-pipeline"


router.register(
    LeadStage,
    area="pipeline",
    feature=FEATURE,
    filters=["key"],
    order=["display_order", "-created_at"],
    viewset=StageViewSet,
)


router.register(LeadStatus, area="pipeline", feature=FEATURE, filters=["key"], viewset=StatusViewSet)
