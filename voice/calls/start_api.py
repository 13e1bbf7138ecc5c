"""Start one call through the API: to a lead, or to a number."""

from typing import Any, ClassVar, Final
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer
from lad.api.times import TimeField
from lad.api.views import LadAPIView, require_tenant
from lad.errors import Invalid
from leads.contactability.models import Purpose
from leads.contacts.models import Lead
from voice.agents.models import VoiceAgent
from voice.batches.models import PURPOSE_HELP
from voice.calls.models import CallLog
from voice.calls.starting import StartedCall, Wish, call_lead, call_number
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber

UNKNOWN: Final = "There is no such {what}."


class CallLeadSerializer(InputSerializer):
    """How a lead is called. Agent and number are by default those of your voice profile."""

    agent = serializers.IntegerField(required=False, allow_null=True)
    from_number = serializers.UUIDField(
        required=False, allow_null=True, help_text="`null` lets LAD choose a number for the call."
    )
    phone = serializers.CharField(
        max_length=50, required=False, allow_blank=True, default="", help_text="Another number than the lead's own."
    )
    context = serializers.CharField(  # type: ignore[assignment]
        max_length=20_000, required=False, allow_blank=True, default="", help_text="What the agent should know."
    )
    purpose = serializers.ChoiceField(choices=Purpose.choices, default=Purpose.OUTREACH, help_text=PURPOSE_HELP)
    due_at = TimeField(required=False, allow_null=True, help_text="When to call; empty means now.")


class StartCallSerializer(CallLeadSerializer):
    """Who is called, and how: a lead, or a number, whose lead is found or made."""

    lead = serializers.UUIDField(required=False, allow_null=True)
    name = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default="", help_text="Of a number without a lead."
    )


class StartedCallResponse(serializers.Serializer):
    """The call that was asked for. ``waits`` says why it is not made at once, and is empty otherwise."""

    id = serializers.UUIDField(source="call.pk")
    status = serializers.CharField(source="call.status")
    lead = serializers.UUIDField(source="call.lead_id")
    to_phone = serializers.CharField(source="call.phone.e164")
    waits = serializers.CharField()


class _StartView(LadAPIView):
    area = "calls"
    feature = VOICE_AGENT
    rights: ClassVar[dict[str, str]] = {"post": "calls.create"}
    idempotency_required = True

    def _answer(self, started: StartedCall) -> Response:
        address = f"/api/v1/voice-call-logs/{started.call.pk}/"
        return Response(StartedCallResponse(started).data, status.HTTP_202_ACCEPTED, headers={"Location": address})


class StartCallView(_StartView):
    """Start a call."""

    @extend_schema(
        summary="Call a lead or a number",
        request=StartCallSerializer,
        responses={202: StartedCallResponse, **problems(400, 403, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request) -> Response:
        require_tenant(CallLog)
        form = StartCallSerializer.read(request.data)
        if form.get("lead") is None:
            call = call_number(phone=form["phone"], name=form["name"], wish=_wish(form), actor=self.access.user)
        else:
            lead = Lead.objects.filter(pk=form["lead"]).first()
            if lead is None:
                raise Invalid(errors={"lead": [UNKNOWN.format(what="lead")]})
            call = call_lead(lead=lead, wish=_wish(form), phone=form["phone"], actor=self.access.user)
        return self._answer(call)


class CallLeadView(_StartView):
    """Call one lead."""

    @extend_schema(
        summary="Call a lead",
        request=CallLeadSerializer,
        responses={202: StartedCallResponse, **problems(400, 403, 404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, pk: UUID) -> Response:
        require_tenant(CallLog)
        form = CallLeadSerializer.read(request.data)
        lead = get_object_or_404(Lead.objects.all(), pk=pk)
        started = call_lead(lead=lead, wish=_wish(form), phone=form["phone"], actor=self.access.user)
        return self._answer(started)


def _wish(form: dict[str, Any]) -> Wish:
    """Return what was asked for. Raise Invalid for an agent or a number that does not exist."""
    agent, number = form.get("agent"), form.get("from_number")
    rows = {
        "agent": VoiceAgent.objects.filter(pk=agent).first() if agent is not None else None,
        "from_number": VoiceNumber.objects.filter(pk=number).first() if number is not None else None,
    }
    errors = {
        name: [UNKNOWN.format(what=what)]
        for name, what in (("agent", "agent"), ("from_number", "number"))
        if form.get(name) is not None and rows[name] is None
    }
    if errors:
        raise Invalid(errors=errors)
    return Wish(
        agent=rows["agent"],
        number=rows["from_number"],
        chooses_number="from_number" in form and number is None,
        context=form["context"],
        purpose=form["purpose"],
        due_at=form.get("due_at"),
    )
