"""Suppressions, consent, contact policies, holidays, past touches and decisions in the API."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView, ResourceViewSet, require_tenant
from lad.errors import NotFound
from lad.jobs.api import JOBS, job_response
from lad.tenancy.access import actor_of
from lad.tenancy.context import current_tenant_id
from leads.channels import Channel
from leads.contactability import services
from leads.contactability.decisions import Decision, ReasonCode
from leads.contactability.jobs import start_import
from leads.contactability.models import ConsentRecord, ContactPolicy, Holiday, LeadTouch, Suppression
from leads.contactability.search import find_suppressions
from leads.contactability.serializers import (
    AddressesSerializer,
    AddressOutcomesResponse,
    DecisionsResponse,
    ImportFileSerializer,
    LiftSerializer,
    ManyQuestionSerializer,
    QuestionSerializer,
)

FEATURE = "deals-pipeline"


class SuppressionViewSet(ResourceViewSet):
    rights = {
        "bulk": "contactability.create",
        "import_file": "contactability.create",
        "lift": "contactability.delete",
    }

    def get_parsers(self) -> Any:
        # When a request is built its action is not known yet; the API document sets an action but no request.
        name = getattr(self, "action", None) or self.action_map.get((self.request.method or "").lower())
        parsers = super().get_parsers()
        return [*parsers, MultiPartParser()] if name == "import_file" else parsers

    @extend_schema(
        summary="Put many addresses on the do-not-contact list, or see what that would do",
        request=AddressesSerializer,
        responses={200: AddressOutcomesResponse},
    )
    @action(detail=False, methods=["post"])
    @writes.in_transaction
    def bulk(self, request: Request) -> Response:
        require_tenant(self.model)
        form = AddressesSerializer.read(request.data)
        rows = services.read_rows(enumerate(form["addresses"], 1), tenant_id=current_tenant_id())
        options = {name: form[name] for name in ("channel", "reason", "source", "dry_run")}
        result = services.import_rows(rows, **options, actor=actor_of(request))
        results = [
            {
                "address": row.text,
                "kind": str(row.address.kind) if row.address else "",
                "verdict": verdict,
                "problem": row.problem,
            }
            for row, verdict in zip(rows, result.verdicts, strict=True)
        ]
        return Response(AddressOutcomesResponse({"results": results}).data)

    @extend_schema(
        summary="Import a long do-not-contact list from a file, as a job",
        description="The job's failures are the lines that were not understood, each with its number and the reason.",
        request={"multipart/form-data": ImportFileSerializer},
        responses={202: JOBS.serializer, **problems(413)},
    )
    @action(detail=False, methods=["post"], url_path="import-file")
    @writes.in_transaction
    def import_file(self, request: Request) -> Response:
        require_tenant(self.model)
        form = ImportFileSerializer.read(request.data)
        lines = services.rows_of_file(form["file"].read())
        options = {name: form[name] for name in ("channel", "reason", "source")}
        return job_response(self, start_import(lines=lines, **options, access=self.access))

    @extend_schema(
        summary="Take an entry off the do-not-contact list and keep the reason",
        request=LiftSerializer,
        responses={204: None},
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def lift(self, request: Request, pk: UUID) -> Response:
        form = LiftSerializer.read(request.data)
        services.lift(suppression=self.locked_object(), reason=form["reason"], actor=actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class DecisionsView(LadAPIView):
    """Whether many leads may be contacted now. Nothing is changed."""

    area = "contactability"
    rights: ClassVar[dict[str, str]] = {"post": "contactability.view"}
    feature = FEATURE

    @extend_schema(
        operation_id="leads_decide_many",
        summary="Ask whether leads may be contacted, and why not or not yet",
        request=ManyQuestionSerializer,
        responses={200: DecisionsResponse},
    )
    def post(self, request: Request) -> Response:
        require_tenant(Suppression)
        form = ManyQuestionSerializer.read(request.data)
        return _decisions(form["ids"], form)


class DecisionView(LadAPIView):
    """Whether one lead may be contacted now. Nothing is changed."""

    area = "contactability"
    rights: ClassVar[dict[str, str]] = {"post": "contactability.view"}
    feature = FEATURE

    @extend_schema(
        summary="Ask whether a lead may be contacted, and why not or not yet",
        request=QuestionSerializer,
        responses={200: DecisionsResponse, **problems(404)},
    )
    def post(self, request: Request, lead_id: UUID) -> Response:
        require_tenant(Suppression)
        return _decisions([lead_id], QuestionSerializer.read(request.data), missing_is_404=True)


def _decisions(ids: list[UUID], form: Mapping[str, Any], *, missing_is_404: bool = False) -> Response:
    found = services.decide_channels(
        tenant_id=current_tenant_id(),
        lead_ids=ids,
        channels=form.get("channels") or list(Channel),
        purpose=form["purpose"],
        at=form.get("at") or timezone.now(),
    )
    decisions = [of_channel[key] for key in dict.fromkeys(ids) for of_channel in found.values()]
    if missing_is_404 and any(each.reasons and each.reasons[0].code == ReasonCode.LEAD_MISSING for each in decisions):
        raise NotFound
    return Response(DecisionsResponse({"results": [_shown(each) for each in decisions]}).data)


def _shown(decision: Decision) -> dict[str, Any]:
    return {
        "lead": decision.lead_id,
        "channel": decision.channel,
        "purpose": decision.purpose,
        "at": decision.at,
        "verdict": decision.verdict,
        "until": decision.until,
        "timezone": decision.zone,
        "reasons": [
            {"code": each.code, "detail": each.detail, "sentence": each.sentence(decision.channel)}
            for each in decision.reasons
        ],
        "sentence": decision.sentence(),
    }


router.route("leads/decide/", DecisionsView.as_view(), name="leads-decide")
router.route("leads/<uuid:lead_id>/decide/", DecisionView.as_view(), name="lead-decide")

router.register(
    Suppression,
    area="contactability",
    feature=FEATURE,
    filters=["channel", "scope", "reason", "lead", "address", "expires_at", "created_at"],
    order=["-created_at"],
    exclude=["address_hash"],
    read_only=["evidence"],
    viewset=SuppressionViewSet,
    search=find_suppressions,
)
router.register(
    ConsentRecord,
    area="contactability",
    feature=FEATURE,
    methods=["list", "retrieve", "create"],
    filters=["lead", "channel", "purpose", "status", "created_at"],
)
router.register(ContactPolicy, area="contact-policy", feature=FEATURE, filters=["created_at"])
router.register(Holiday, area="contact-policy", feature=FEATURE, filters=["day", "country"], order=["-created_at"])
router.register(
    LeadTouch,
    area="contactability",
    feature=FEATURE,
    methods=router.READ,
    filters=["lead", "channel", "direction", "created_at"],
)
