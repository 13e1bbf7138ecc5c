"""What leads, stages, statuses and bookings can do in the API beyond being rows."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.input import validated
from lad.api.openapi import problems
from lad.api.views import ResourceViewSet, require_tenant
from leads.pipeline import services
from leads.pipeline.models import LeadStage, LeadStatus
from leads.pipeline.serializers import ReorderForm, RetiredAnswer, RetireStageForm, RetireStatusForm


class PlaceViewSet(ResourceViewSet):
    """Removing a stage or status takes saying where its leads go."""

    def _retired(self, request: Request, form_class: Any) -> Response:
        form = validated(form_class, request)
        moved = services.retire(row=self.get_object(), move_leads_to=form["move_leads_to"], actor=request.user)
        return Response(RetiredAnswer({"moved": moved}).data)


class StageViewSet(PlaceViewSet):
    rights = {"retire": "pipeline.delete", "reorder": "pipeline.update"}

    @extend_schema(
        summary="Remove a stage and move its leads to another",
        request=RetireStageForm,
        responses={200: RetiredAnswer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retire(self, request: Request, pk: Any) -> Response:
        return self._retired(request, RetireStageForm)

    @extend_schema(
        summary="Put the stages into another order", request=ReorderForm, responses={204: None, **problems(409)}
    )
    @action(detail=False, methods=["post"])
    @transaction.atomic
    def reorder(self, request: Request) -> Response:
        require_tenant(self.model)
        services.reorder(stages=validated(ReorderForm, request)["stages"], actor=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatusViewSet(PlaceViewSet):
    rights = {"retire": "pipeline.delete"}

    @extend_schema(
        summary="Remove a status and give its leads another",
        request=RetireStatusForm,
        responses={200: RetiredAnswer, **problems(404, 409)},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def retire(self, request: Request, pk: Any) -> Response:
        return self._retired(request, RetireStatusForm)


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
