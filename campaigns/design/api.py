"""Campaigns and their steps in the API."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.accounts.models import CampaignAccount
from campaigns.analytics.views import AnalyticsActions
from campaigns.charging import quotes
from campaigns.design.models import Campaign, CampaignStep, StepLink
from campaigns.design.serializers import (
    CampaignSerializer,
    CampaignStepSerializer,
    ChangePreviewResponse,
    ChangeSerializer,
    DuplicateSerializer,
    EnrolmentOutcomeResponse,
    EnrolSerializer,
    LackingListResponse,
    ProgressResponse,
    QuoteResponse,
    ReadinessResponse,
    StepOrderSerializer,
    StepsResponse,
    chosen_leads,
    read_change,
)
from campaigns.design.services import changes, lifecycle, readiness, steps
from campaigns.editor.views import EditorActions
from campaigns.enrolment import selectors
from campaigns.enrolment.models import CampaignLead
from campaigns.enrolment.services import enrolment
from campaigns.templates.api import (
    PreviewRequest,
    PreviewResponse,
    TestRequest,
    TestResponse,
    preview_choice,
    test_response,
)
from campaigns.templates.previews import preview_step
from campaigns.templates.requirements import lacking
from lad.api import router
from lad.api.views import ResourceViewSet


class CampaignViewSet(AnalyticsActions, EditorActions):
    """Outreach campaigns, from draft to archive."""

    rights = {
        **AnalyticsActions.rights,
        **EditorActions.rights,
        **dict.fromkeys(
            ["start", "pause", "resume", "stop", "complete", "archive", "reorder", "enrol"], "campaigns.update"
        ),
        "apply_change": "campaigns.update",
        "duplicate": "campaigns.create",
        **dict.fromkeys(["progress", "quote", "preview_change", "readiness", "lacking"], "campaigns.view"),
    }

    @extend_schema(summary="Start a draft", request=None)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: UUID) -> Response:
        return self._change_status(lifecycle.start)

    @extend_schema(summary="Pause a running campaign", request=None)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: UUID) -> Response:
        return self._change_status(lifecycle.pause)

    @extend_schema(summary="Resume a paused campaign", request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        return self._change_status(lifecycle.resume)

    @extend_schema(summary="Stop a campaign for good, with its open enrolments", request=None)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: UUID) -> Response:
        return self._change_status(lifecycle.stop)

    @extend_schema(summary="Mark a campaign as completed", request=None)
    @action(detail=True, methods=["post"])
    def complete(self, request: Request, pk: UUID) -> Response:
        return self._change_status(lifecycle.complete)

    @extend_schema(summary="Archive a campaign", request=None)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: UUID) -> Response:
        return self._change_status(lifecycle.archive)

    @extend_schema(
        summary="Copy a campaign with its steps, paths and accounts into a new draft, with its leads if asked",
        request=DuplicateSerializer,
        responses={201: CampaignSerializer},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def duplicate(self, request: Request, pk: UUID) -> Response:
        given = DuplicateSerializer.read(request.data)
        copy = lifecycle.duplicate(campaign=self.get_object(), actor=self.access.user, **given)
        return self.row_response(copy, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Put the steps into another order",
        request=StepOrderSerializer,
        responses={200: StepsResponse},
    )
    @action(detail=True, methods=["post"], url_path="reorder-steps")
    @transaction.atomic
    def reorder(self, request: Request, pk: UUID) -> Response:
        wanted = StepOrderSerializer.read(request.data)["steps"]
        ordered = steps.reorder(campaign=self.get_object(), step_ids=wanted, actor=self.access.user)
        return Response(StepsResponse({"steps": ordered}).data)

    @extend_schema(
        summary="What a change of the steps would do to the enrolments under way",
        request=ChangeSerializer,
        responses={200: ChangePreviewResponse},
    )
    @action(detail=True, methods=["post"], url_path="preview-change")
    def preview_change(self, request: Request, pk: UUID) -> Response:
        preview = changes.preview_change(campaign=self.get_object(), change=read_change(request.data))
        return Response(ChangePreviewResponse(preview).data)

    @extend_schema(
        summary="Change the steps, also while the campaign runs",
        request=ChangeSerializer,
        responses={200: ChangePreviewResponse},
    )
    @action(detail=True, methods=["post"], url_path="apply-change")
    @transaction.atomic
    def apply_change(self, request: Request, pk: UUID) -> Response:
        change = read_change(request.data)
        done = changes.apply_change(campaign=self.get_object(), change=change, actor=self.access.user)
        return Response(ChangePreviewResponse(done).data)

    @extend_schema(
        summary="What keeps a campaign from running, and what it will not do", responses={200: ReadinessResponse}
    )
    @action(detail=True, methods=["get"])
    def readiness(self, request: Request, pk: UUID) -> Response:
        campaign = self.get_object()
        missing = lifecycle.missing_requirements(campaign, timezone.now())
        return Response(ReadinessResponse({"missing": missing, "notes": readiness.notes(campaign)}).data)

    @extend_schema(
        summary="Enrol leads, by id or by criteria",
        request=EnrolSerializer,
        responses={200: EnrolmentOutcomeResponse},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def enrol(self, request: Request, pk: UUID) -> Response:
        leads = chosen_leads(EnrolSerializer.read(request.data))
        outcome = enrolment.enrol(campaign=self.get_object(), leads=leads, actor=self.access.user)
        return Response(EnrolmentOutcomeResponse(outcome).data)

    @extend_schema(summary="The progress of a campaign", responses={200: ProgressResponse})
    @action(detail=True, methods=["get"])
    def progress(self, request: Request, pk: UUID) -> Response:
        return Response(ProgressResponse(selectors.progress(self.get_object())).data)

    @extend_schema(
        summary="What a campaign will cost at most",
        description="The cost of its open enrolments by step, and what the wallet has. Nothing is held.",
        responses={200: QuoteResponse},
    )
    @action(detail=True, methods=["get"])
    def quote(self, request: Request, pk: UUID) -> Response:
        return Response(QuoteResponse(quotes.quote(self.get_object(), now=timezone.now())).data)

    @extend_schema(
        summary="Which variables of its messages have no value, and for how many leads",
        responses={200: LackingListResponse},
    )
    @action(detail=True, methods=["get"])
    def lacking(self, request: Request, pk: UUID) -> Response:
        return Response(LackingListResponse({"lacking": lacking(self.get_object())}).data)

    @transaction.atomic
    def _change_status(self, service: lifecycle.StatusChange) -> Response:
        return self.row_response(service(campaign=self.get_object(), actor=self.access.user))


class StepViewSet(ResourceViewSet):
    """The steps of campaigns."""

    rights = {"preview": "campaigns.view", "test": "campaigns.update"}

    @extend_schema(
        summary="Preview the message of a step for a lead or with samples",
        request=PreviewRequest,
        responses={200: PreviewResponse},
    )
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, pk: UUID) -> Response:
        return Response(PreviewResponse(preview_step(self.get_object(), **preview_choice(request.data))).data)

    @extend_schema(
        summary="Send the message of a step to my own address", request=TestRequest, responses={200: TestResponse}
    )
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: UUID) -> Response:
        shown = preview_step(self.get_object(), **preview_choice(request.data))
        return test_response(shown, request, self.access.user)


FEATURE = "campaigns"


router.register(
    Campaign,
    area="campaigns",
    feature=FEATURE,
    serializer=CampaignSerializer,
    filters=["status", "execution_state", "created_by_user", "starts_at", "next_run_at", "created_at"],
    order=["-created_at", "name", "starts_at"],
    search=["name"],
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
    viewset=StepViewSet,
)


router.register(
    StepLink,
    area="campaigns",
    feature=FEATURE,
    filters=["step", "target", "created_at"],
)
