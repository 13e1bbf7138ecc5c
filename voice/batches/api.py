"""The API of call batches: create one with its targets, cancel it, stop it."""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, make_serializer
from lad.api.views import ResourceViewSet, require_tenant
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.services import batches
from voice.batches.services.targets import MAX_TARGETS, TARGET_RESULTS, Target
from voice.features import VOICE_AGENT

_Batch = make_serializer(CallBatch)


class CallTargetSerializer(InputSerializer):
    """Who to call: a lead, a number, or a lead at another number."""

    lead = serializers.UUIDField(required=False, allow_null=True)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True)
    name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    context = serializers.CharField(  # type: ignore[assignment]
        max_length=20_000, required=False, allow_blank=True, help_text="Given to the agent for this call only."
    )


class CreateBatchSerializer(_Batch):  # type: ignore[misc, valid-type]
    """A batch to create, with everybody to call."""

    entries = CallTargetSerializer(many=True, write_only=True, allow_empty=False, max_length=MAX_TARGETS)  # type: ignore[call-arg]

    class Meta(_Batch.Meta):  # type: ignore[name-defined]
        fields = [
            *(name for name in _Batch.Meta.fields if name in {"agent", "voice", "from_number", "scheduled_at"}),
            "metadata",
            "entries",
        ]


class TargetCheckResponse(serializers.Serializer):
    """Whether one of the rows sent will be called, and why not."""

    index = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=list(TARGET_RESULTS))
    detail = serializers.CharField()
    to_phone = serializers.CharField()
    lead = serializers.UUIDField(allow_null=True)


class CreatedBatchResponse(_Batch):  # type: ignore[misc, valid-type]
    """The new batch, and a verdict on each row that was sent."""

    verdicts = TargetCheckResponse(many=True, read_only=True)

    class Meta(_Batch.Meta):  # type: ignore[name-defined]
        fields = [*_Batch.Meta.fields, "verdicts"]


class BatchReasonSerializer(InputSerializer):
    """Why a batch is cancelled or stopped."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class CallBatchViewSet(ResourceViewSet):
    rights = {"cancel": "calls.update", "stop": "calls.update"}
    idempotency_required = ("create",)

    @extend_schema(
        summary="Create a batch of calls to leads and numbers",
        description="The new batch is `queued`. Rows that cannot be called are left out; their verdict says why.",
        request=CreateBatchSerializer,
        responses={201: CreatedBatchResponse, **problems(400, 403)},
    )
    def create(self, request: Request) -> Response:
        require_tenant(self.model)
        serializer = CreateBatchSerializer(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        values = dict(serializer.validated_data)
        targets = [_target(row) for row in values.pop("entries")]
        created = batches.create_batch(values=values, targets=targets, actor=self.access.user)
        location = f"{request.path}{created.batch.pk}/"
        shown = self.row_response(created.batch, status.HTTP_201_CREATED)
        body = {**shown.data, "verdicts": [check.as_json() for check in created.checks]}
        return Response(body, status.HTTP_201_CREATED, headers={"ETag": shown["ETag"], "Location": location})

    @extend_schema(summary="Cancel a batch: entries not yet dialled will not be called", request=BatchReasonSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def cancel(self, request: Request, pk: str) -> Response:
        return self.row_response(
            batches.cancel_batch(batch=self.get_object(), reason=_reason(request), actor=self.access.user)
        )

    @extend_schema(summary="Stop a running batch; started calls continue", request=BatchReasonSerializer)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def stop(self, request: Request, pk: str) -> Response:
        batch = batches.stop_batch(batch=self.get_object(), reason=_reason(request), actor=self.access.user)
        return self.row_response(batch)


def _target(row: dict[str, Any]) -> Target:
    return Target(row.get("lead"), row.get("phone", ""), row.get("name", ""), row.get("context", ""))


def _reason(request: Request) -> str:
    return str(BatchReasonSerializer.read(request.data)["reason"])


router.register(
    CallBatch,
    area="calls",
    feature=VOICE_AGENT,
    # The viewset's own create takes the batch and its entries in one request.
    methods=["list", "retrieve", "update", "delete"],
    viewset=CallBatchViewSet,
    filters=["status", "agent", "scheduled_at", "created_at"],
    includes={"entries": CallBatchEntry},
)

router.register(
    CallBatchEntry,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    filters=["batch", "status", "lead", "call_log", "created_at"],
)
