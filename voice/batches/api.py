"""Batches: asked for with everybody who is to be called, called off or stopped."""

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
from voice.batches.services.targets import MAX_TARGETS, VERDICTS, Target

_Batch = make_serializer(CallBatch)


class TargetForm(InputSerializer):
    """Somebody to call: a lead at its number, a number, or a lead at another number."""

    lead = serializers.UUIDField(required=False, allow_null=True)
    phone = serializers.CharField(max_length=50, required=False, allow_blank=True)
    name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    context = serializers.CharField(  # type: ignore[assignment]
        max_length=20_000, required=False, allow_blank=True, help_text="Told to the agent for this call alone."
    )


class BatchForm(_Batch):  # type: ignore[misc, valid-type]
    """A batch to be made, with everybody who is to be called."""

    entries = TargetForm(many=True, write_only=True, allow_empty=False, max_length=MAX_TARGETS)  # type: ignore[call-arg]

    class Meta(_Batch.Meta):  # type: ignore[name-defined]
        fields = [
            *(name for name in _Batch.Meta.fields if name in {"agent", "voice", "from_number", "scheduled_at"}),
            "metadata",
            "entries",
        ]


class VerdictAnswer(serializers.Serializer):
    """What became of one row that was sent."""

    index = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=list(VERDICTS))
    detail = serializers.CharField()
    to_phone = serializers.CharField()
    lead = serializers.UUIDField(allow_null=True)


class CreatedBatchAnswer(_Batch):  # type: ignore[misc, valid-type]
    """The new batch, and what became of each row that was sent."""

    verdicts = VerdictAnswer(many=True, read_only=True)

    class Meta(_Batch.Meta):  # type: ignore[name-defined]
        fields = [*_Batch.Meta.fields, "verdicts"]


class ReasonForm(InputSerializer):
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class CallBatchViewSet(ResourceViewSet):
    rights = {"cancel": "calls.update", "stop": "calls.update"}
    idempotency_required = ("create",)

    @extend_schema(
        summary="Ask for calls to leads and numbers",
        description="The batch waits as `queued`. Rows that cannot be called are left out and say why.",
        request=BatchForm,
        responses={201: CreatedBatchAnswer, **problems(400, 403)},
    )
    def create(self, request: Request) -> Response:
        require_tenant(self.model)
        form = BatchForm(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        targets = [_target(row) for row in values.pop("entries")]
        created = batches.create_batch(values=values, targets=targets, actor=request.user)
        address = f"{request.path}{created.batch.pk}/"
        response = self.answer(created.batch, status.HTTP_201_CREATED, Location=address)
        response.data["verdicts"] = [verdict.shown() for verdict in created.verdicts]
        return response

    @extend_schema(summary="Call a batch off: whoever has not been dialled will not be", request=ReasonForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def cancel(self, request: Request, pk: Any) -> Response:
        return self.answer(batches.cancel_batch(batch=self.get_object(), reason=_reason(request), actor=request.user))

    @extend_schema(summary="End a running batch early; calls that were begun take their course", request=ReasonForm)
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def stop(self, request: Request, pk: Any) -> Response:
        return self.answer(batches.stop_batch(batch=self.get_object(), reason=_reason(request), actor=request.user))


def _target(row: dict[str, Any]) -> Target:
    return Target(row.get("lead"), row.get("phone", ""), row.get("name", ""), row.get("context", ""))


def _reason(request: Request) -> str:
    form = ReasonForm(data=request.data or {})
    form.is_valid(raise_exception=True)
    return str(form.validated_data["reason"])


FEATURE = "voice-agent"


router.register(
    CallBatch,
    area="calls",
    feature=FEATURE,
    # Made with its entries in one call, see the viewset.
    methods=["list", "retrieve", "update", "delete"],
    viewset=CallBatchViewSet,
    filters=["status", "agent", "scheduled_at", "created_at"],
    includes={"entries": CallBatchEntry},
)


router.register(
    CallBatchEntry,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    filters=["batch", "status", "lead", "call_log", "created_at"],
)
