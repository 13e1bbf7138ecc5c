"""What campaigns and templates can do beyond being rows."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import CampaignAccount
from campaigns.design import serializers as forms
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.serializers import CampaignSerializer, CampaignStepSerializer
from campaigns.design.services import lifecycle, steps
from campaigns.enrolment import selectors
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services import enrolment
from lad.api import router
from lad.api.views import ResourceViewSet


class CampaignViewSet(ResourceViewSet):
    """Campaigns, from draft to archive."""

    rights = {
        **dict.fromkeys(
            ["start", "pause", "resume", "stop", "complete", "archive", "reorder", "enrol"], "campaigns.update"
        ),
        "duplicate": "campaigns.create",
        "progress": "campaigns.view",
    }

    @extend_schema(summary="Start a draft", request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: Any) -> Response:
        return self._move(lifecycle.start)

    @extend_schema(summary="Pause a running campaign", request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: Any) -> Response:
        return self._move(lifecycle.pause)

    @extend_schema(summary="Resume a paused campaign", request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: Any) -> Response:
        return self._move(lifecycle.resume)

    @extend_schema(summary="Stop a campaign for good, with what is still open in it", request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: Any) -> Response:
        return self._move(lifecycle.stop)

    @extend_schema(summary="Say that a campaign has done its work", request=None)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: Any) -> Response:
        return self._move(lifecycle.complete)

    @extend_schema(summary="Put a campaign away", request=None)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: Any) -> Response:
        return self._move(lifecycle.archive)

    @extend_schema(
        summary="Copy a campaign with its steps and accounts into a new draft",
        request=forms.DuplicateForm,
        responses={201: forms.CampaignSerializer},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def duplicate(self, request: Request, pk: Any) -> Response:
        name = self._form(forms.DuplicateForm).validated_data.get("name", "")
        copy = lifecycle.duplicate(campaign=self.get_object(), actor=request.user, name=name)
        return self.answer(copy, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Put the steps into another order",
        request=forms.StepOrderForm,
        responses={200: forms.StepsAnswer},
    )
    @action(detail=True, methods=["post"], url_path="reorder-steps")
    @transaction.atomic
    def reorder(self, request: Request, pk: Any) -> Response:
        wanted = self._form(forms.StepOrderForm).validated_data["steps"]
        ordered = steps.reorder(campaign=self.get_object(), step_ids=wanted, actor=request.user)
        return Response(forms.StepsAnswer({"steps": ordered}).data)

    @extend_schema(
        summary="Enrol leads, by id or by what they are",
        request=forms.EnrolForm,
        responses={200: forms.EnrolledAnswer},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def enrol(self, request: Request, pk: Any) -> Response:
        leads = self._form(forms.EnrolForm).choice()
        verdict = enrolment.enrol(campaign=self.get_object(), leads=leads, actor=request.user)
        return Response(forms.EnrolledAnswer(verdict).data)

    @extend_schema(summary="How far a campaign has come", responses={200: forms.ProgressAnswer})
    @action(detail=True, methods=["get"])
    def progress(self, request: Request, pk: Any) -> Response:
        return Response(forms.ProgressAnswer(selectors.progress(self.get_object())).data)

    @transaction.atomic
    def _move(self, service: Any) -> Response:
        return self.answer(service(campaign=self.get_object(), actor=self.request.user))

    def _form(self, serializer: Any) -> Any:
        form = serializer(data=self.request.data)
        form.is_valid(raise_exception=True)
        return form


FEATURE = "campaigns"


router.register(
    Campaign,
    area="campaigns",
    feature=FEATURE,
    serializer=CampaignSerializer,
    filters=["status", "execution_state", "created_by_user", "starts_at", "next_run_at", "created_at"],
    order=["-created_at", "name", "starts_at"],
    viewset=CampaignViewSet,
    includes={"steps": CampaignStep, "enrolments": CampaignLead, "accounts": CampaignAccount},
)


router.register(
    CampaignStep,
    area="campaigns",
    feature=FEATURE,
    serializer=CampaignStepSerializer,
    filters=["campaign", "type", "created_at"],
    order=["order", "-created_at"],
)
