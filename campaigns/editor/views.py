"""Sequences in the API: actions of the campaigns' resource."""

from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from campaigns.design.serializers import chosen_leads
from campaigns.editor import drawing, library, services
from campaigns.editor.checklist import Level, checklist
from campaigns.editor.serializers import (
    ChecklistResponse,
    DrawingResponse,
    EffectsResponse,
    KindsResponse,
    MadeResponse,
    MakeSerializer,
    SavedSequenceResponse,
    SequenceSerializer,
    SequencesResponse,
    ShareSerializer,
    StepFormResponse,
    StepFormSerializer,
    StepsSerializer,
    read_draft,
    step_form,
)
from lad.api.openapi import problems
from lad.api.views import ResourceViewSet
from lad.errors import Invalid, NotFound

NO_SUCH_SEQUENCE: Final = "There is no such sequence. Choose one of those that are offered."


class EditorActions(ResourceViewSet):
    """The sequence of a campaign as a whole, the checklist before it starts, and sequences to begin with."""

    rights = {
        **dict.fromkeys(["sequence", "preview_sequence", "step_kinds", "step_form", "checklist"], "campaigns.view"),
        "save_sequence": "campaigns.update",
        "share": "campaigns.create",
        "sequences": "campaigns.view",
        "from_sequence": "campaigns.create",
    }

    @extend_schema(summary="The sequence with all its steps and paths", responses={200: DrawingResponse})
    @action(detail=True, methods=["get"])
    def sequence(self, request: Request, pk: UUID) -> Response:
        return Response(DrawingResponse(drawing.drawing_of(self.get_object())).data)

    @extend_schema(
        summary="Replace the whole sequence",
        description="All or nothing. Errors are named by step and field in `steps`: `{key: {field: [text]}}`. "
        "409 `sequence_changed`: somebody else saved in the meantime. 409 `effects_unconfirmed`: `effects` says what "
        "the change does to leads under way; send them back as `confirmed`.",
        request=SequenceSerializer,
        responses={200: SavedSequenceResponse, **problems(400, 409)},
    )
    @sequence.mapping.put
    @transaction.atomic
    def save_sequence(self, request: Request, pk: UUID) -> Response:
        campaign = self.get_object()
        draft, body = read_draft(request.data, form=SequenceSerializer)
        saved = services.save_sequence(
            campaign=campaign,
            draft=draft,
            actor=self.access.user,
            version=body["version"],
            confirmed=body.get("confirmed"),
        )
        shown = {**drawing.drawing_of(campaign), "ids": saved.ids, "effects": saved.effects}
        return Response(SavedSequenceResponse(shown).data)

    @extend_schema(
        summary="What saving a sequence would do to the enrolments under way",
        request=StepsSerializer,
        responses={200: EffectsResponse, **problems(400)},
    )
    @action(detail=True, methods=["post"], url_path="preview-sequence")
    def preview_sequence(self, request: Request, pk: UUID) -> Response:
        draft, _body = read_draft(request.data)
        effects = services.preview_sequence(campaign=self.get_object(), draft=draft)
        return Response(EffectsResponse({"effects": effects}).data)

    @extend_schema(summary="The kinds of steps to choose from", responses={200: KindsResponse})
    @action(detail=True, methods=["get"], url_path="step-kinds")
    def step_kinds(self, request: Request, pk: UUID) -> Response:
        return Response(KindsResponse({"kinds": drawing.kinds(self.get_object())}).data)

    @extend_schema(
        summary="The form of a step while it is edited, its errors by field, and its message",
        request=StepFormSerializer,
        responses={200: StepFormResponse},
    )
    @action(detail=True, methods=["post"], url_path="step-form")
    def step_form(self, request: Request, pk: UUID) -> Response:
        return Response(StepFormResponse(step_form(self.get_object(), request.data)).data)

    @extend_schema(summary="The checklist before the start", responses={200: ChecklistResponse})
    @action(detail=True, methods=["get"])
    def checklist(self, request: Request, pk: UUID) -> Response:
        items = checklist(self.get_object(), now=timezone.now())
        ready = not any(item.level == Level.BLOCKING for item in items)
        return Response(ChecklistResponse({"ready": ready, "items": items}).data)

    @extend_schema(
        summary="Share the steps and texts of a campaign as a sequence",
        request=ShareSerializer,
        responses={201: SequencesResponse},
    )
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def share(self, request: Request, pk: UUID) -> Response:
        given = ShareSerializer.read(request.data)
        row = library.share(campaign=self.get_object(), actor=self.access.user, **given)
        shown = SequencesResponse({"sequences": [library.sequence_named(str(row.pk))]})
        return Response(shown.data, status.HTTP_201_CREATED)

    @extend_schema(
        summary="The sequences to begin with: the tenant's shared ones and those of LAD",
        responses={200: SequencesResponse},
    )
    @action(detail=False, methods=["get"])
    def sequences(self, request: Request) -> Response:
        return Response(SequencesResponse({"sequences": library.sequences()}).data)

    @extend_schema(
        summary="Make a campaign from a sequence, with leads if they are named",
        request=MakeSerializer,
        responses={201: MadeResponse, **problems(400)},
    )
    @action(detail=False, methods=["post"], url_path="from-sequence")
    @transaction.atomic
    def from_sequence(self, request: Request) -> Response:
        body = MakeSerializer.read(request.data)
        named = any(body.get(name) for name in ("leads", "stages", "statuses", "tag", "assigned_user"))
        try:
            sequence = library.sequence_named(body["sequence"])
        except NotFound:
            raise Invalid(errors={"sequence": [NO_SUCH_SEQUENCE]}) from None
        made = library.make_campaign(
            sequence=sequence,
            name=body["name"],
            actor=self.access.user,
            leads=chosen_leads(body) if named else None,
            linkedin_accounts=body.get("linkedin_accounts", ()),
        )
        return Response(MadeResponse(made).data, status.HTTP_201_CREATED)
