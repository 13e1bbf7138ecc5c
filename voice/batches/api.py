"""The API of call batches: make them of rows, leads or a file, look first, and say when they call or stop."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.permissions import MissingRight, require_confirmed, require_feature
from lad.api.views import ResourceViewSet, require_tenant
from lad.jobs.api import BulkSerializer, selected_rows
from leads.contacts.models import Lead
from tenants.activity.services import record_export
from voice.batches import jobs, reports
from voice.batches.models import CallBatch, CallBatchEntry
from voice.batches.selectors import summary_of
from voice.batches.serializers import (
    AddEntriesSerializer,
    BatchOfFileSerializer,
    BatchOfLeadsSerializer,
    BatchReasonSerializer,
    BatchSerializer,
    BatchSummaryResponse,
    CancelBatchSerializer,
    CreateBatchSerializer,
    CreatedBatchResponse,
    FilePreviewResponse,
    PreviewFileSerializer,
    PreviewResponse,
    PreviewSerializer,
    ScheduleBatchSerializer,
    StartedBatchResponse,
    VerdictsResponse,
    target_of,
)
from voice.batches.services import batches, filling, lifecycle
from voice.batches.services.files import read_people
from voice.batches.services.previews import preview_leads, preview_people
from voice.dialer.services import wake
from voice.features import VOICE_AGENT

MAX_PROBLEMS_SHOWN = 50
_OF_LEADS = ("ids", "filter")


class CallBatchViewSet(ResourceViewSet):
    rights: ClassVar[dict[str, str]] = {
        "preview": "calls.create",
        "preview_file": "calls.create",
        "from_leads": "calls.create",
        "from_file": "calls.create",
        **dict.fromkeys(("add_entries", "add_leads", "schedule", "pause", "resume", "cancel", "stop"), "calls.update"),
        "summary": "calls.view",
        "report": "exports.create",
    }
    idempotency_required = ("create", "from_leads", "from_file", "add_entries", "add_leads")

    def get_parsers(self) -> Any:
        # Asked before the action is known.
        name = getattr(self, "action", None) or self.action_map.get((self.request.method or "").lower())
        parsers = super().get_parsers()
        return [*parsers, MultiPartParser()] if name in ("from_file", "preview_file") else parsers

    @extend_schema(
        summary="Create a batch of calls to leads and numbers",
        description="The new batch is `queued`. Rows that cannot be called are left out; their verdict says why.",
        request=CreateBatchSerializer,
        responses={201: CreatedBatchResponse, **problems(400, 403)},
    )
    def create(self, request: Request) -> Response:
        values = self._values(CreateBatchSerializer, request)
        targets = [target_of(row) for row in values.pop("entries")]
        created = batches.create_batch(values=values, targets=targets, actor=self.access.user)
        location = f"{request.path}{created.batch.pk}/"
        shown = self.row_response(created.batch, status.HTTP_201_CREATED)
        body = {**shown.data, "verdicts": [check.as_json() for check in created.checks]}
        return Response(body, status.HTTP_201_CREATED, headers={"ETag": shown["ETag"], "Location": location})

    @extend_schema(
        summary="Create a batch for leads; a job puts them into it",
        description="Leads without a number or without permission are left out; the job says which and why.",
        request=BatchOfLeadsSerializer,
        responses={202: StartedBatchResponse, **problems(400, 403, 409)},
    )
    @action(detail=False, methods=["post"], url_path="from-leads")
    @writes.in_transaction
    def from_leads(self, request: Request) -> Response:
        values = self._values(BatchOfLeadsSerializer, request)
        chosen = {name: values.pop(name) for name in _OF_LEADS if name in values}
        started = jobs.create_with(values=values, people=self._leads(chosen), access=self.access)
        return self._started(started)

    @extend_schema(
        summary="Create a batch for the people of a file; a job puts them into it",
        description=(
            "A column with telephone numbers is needed. Name and context are recognised by their headings; every other"
            " column is a variable of the agent's prompt."
        ),
        request={"multipart/form-data": BatchOfFileSerializer},
        responses={202: StartedBatchResponse, **problems(400, 403, 413)},
    )
    @action(detail=False, methods=["post"], url_path="from-file")
    @writes.in_transaction
    def from_file(self, request: Request) -> Response:
        values = self._values(BatchOfFileSerializer, request)
        people = read_people(values.pop("file").read(), columns=values.pop("columns", None)).people
        context = values.pop("base_context", "")
        values |= {"metadata": {"base_context": context}} if context else {}
        return self._started(jobs.create_with(values=values, people=people, access=self.access))

    @extend_schema(
        summary="Say who a batch would call, who would wait until when, and who would be left out and why",
        request=PreviewSerializer,
        responses={200: PreviewResponse},
    )
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        require_tenant(self.model)
        form = PreviewSerializer.read(request.data)
        judged = {"purpose": form["purpose"], "at": _at(form)}
        if "entries" in form:
            found = preview_people([target_of(row) for row in form["entries"]], **judged)
        else:
            found = preview_leads(self._leads(form), **judged)
        return Response(PreviewResponse(_shown(found)).data)

    @extend_schema(
        summary="Say who a batch of a file would call, and how its columns are understood",
        request={"multipart/form-data": PreviewFileSerializer},
        responses={200: FilePreviewResponse, **problems(413)},
    )
    @action(detail=False, methods=["post"], url_path="preview-file")
    def preview_file(self, request: Request) -> Response:
        require_tenant(self.model)
        form = PreviewFileSerializer.read(request.data)
        file = read_people(form["file"].read(), columns=form.get("columns"))
        targets = [target for _number, target in file.people]
        found = preview_people(targets, purpose=form["purpose"], at=_at(form))
        left_out = [check for check in found.checks if not check.is_accepted][:MAX_PROBLEMS_SHOWN]
        shown = {
            **_shown(found),
            "columns": file.columns,
            "variables": file.variables,
            "problems": [
                {"line": file.people[each.index][0], "phone": targets[each.index].phone, "detail": each.detail}
                for each in left_out
            ],
        }
        return Response(FilePreviewResponse(shown).data)

    @extend_schema(
        summary="Put more people into a batch that is not over",
        request=AddEntriesSerializer,
        responses={200: VerdictsResponse, **problems(409)},
    )
    @action(detail=True, methods=["post"], url_path="entries")
    @writes.in_transaction
    def add_entries(self, request: Request, pk: str) -> Response:
        targets = [target_of(row) for row in AddEntriesSerializer.read(request.data)["entries"]]
        checks = filling.add_people(self.get_object(), targets, now=timezone.now())
        wake()
        return Response(VerdictsResponse({"verdicts": [check.as_json() for check in checks]}).data)

    @extend_schema(
        summary="Put more leads into a batch that is not over, as a job",
        description="The batch is paused until all are in it.",
        request=BulkSerializer,
        responses={202: StartedBatchResponse, **problems(409)},
    )
    @action(detail=True, methods=["post"], url_path="leads")
    @writes.in_transaction
    def add_leads(self, request: Request, pk: str) -> Response:
        leads = self._leads(BulkSerializer.read(request.data))
        return self._started(jobs.add_to(batch=self.get_object(), people=leads, access=self.access))

    @extend_schema(
        summary="A batch in figures: outcomes, cost, who waits until when, who was not called and why",
        responses={200: BatchSummaryResponse},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def summary(self, request: Request, pk: str) -> Response:
        found = summary_of(self.get_object(), now=timezone.now())
        return Response(BatchSummaryResponse(found).data)

    @extend_schema(
        summary="Everybody in a batch and what came of the call, as a CSV file",
        responses={(200, "text/csv"): OpenApiTypes.STR},
        filters=False,
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def report(self, request: Request, pk: str) -> HttpResponseBase:
        batch = self.get_object()
        require_confirmed(self.access)
        record_export(self.access, reports.KIND, batch.total_calls)
        return reports.batch_csv(batch, self.access)

    @extend_schema(
        summary="Say when a batch that has not begun starts calling",
        request=ScheduleBatchSerializer,
        responses={200: BatchSerializer, **problems(409)},
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def schedule(self, request: Request, pk: str) -> Response:
        at = ScheduleBatchSerializer.read(request.data)["scheduled_at"]
        return self.row_response(lifecycle.schedule_batch(batch=self.get_object(), at=at, actor=self.access.user))

    @extend_schema(summary="Pause a batch: nobody else is dialled until it goes on", request=BatchReasonSerializer)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def pause(self, request: Request, pk: str) -> Response:
        return self.row_response(
            lifecycle.pause_batch(batch=self.get_object(), reason=_reason(request), actor=self.access.user)
        )

    @extend_schema(summary="Let a paused batch go on", request=None)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def resume(self, request: Request, pk: str) -> Response:
        return self.row_response(lifecycle.resume_batch(batch=self.get_object(), actor=self.access.user))

    @extend_schema(
        summary="Cancel a batch: nobody else is called; with `forced` calls that go on are hung up",
        request=CancelBatchSerializer,
    )
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def cancel(self, request: Request, pk: str) -> Response:
        form = CancelBatchSerializer.read(request.data)
        return self.row_response(lifecycle.cancel_batch(batch=self.get_object(), **form, actor=self.access.user))

    @extend_schema(summary="Stop a running batch; started calls continue", request=BatchReasonSerializer)
    @action(detail=True, methods=["post"])
    @writes.in_transaction
    def stop(self, request: Request, pk: str) -> Response:
        batch = lifecycle.stop_batch(batch=self.get_object(), reason=_reason(request), actor=self.access.user)
        return self.row_response(batch)

    def _values(self, serializer_class: Any, request: Request) -> dict[str, Any]:
        require_tenant(self.model)
        serializer = serializer_class(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _leads(self, chosen: Mapping[str, Any]) -> QuerySet[Lead]:
        """Return the leads that the caller has chosen among those they see."""
        require_tenant(self.model)
        resource = router.resource_of(Lead)
        if not self.access.allows(f"{resource.area}.view"):
            raise MissingRight(right=f"{resource.area}.view")
        if resource.feature:
            require_feature(self.access, resource.feature)
        view = resource.viewset(request=self.request, action="bulk", kwargs={}, format_kwarg=None)
        leads: QuerySet[Lead] = selected_rows(view, chosen)
        return leads

    def _started(self, started: jobs.StartedBatch) -> Response:
        address = f"{router.resource_of(CallBatch).url}{started.batch.pk}/"
        shown = StartedBatchResponse(started, context=self.get_serializer_context()).data
        return Response(shown, status.HTTP_202_ACCEPTED, headers={"Location": address})


def _at(form: Mapping[str, Any]) -> datetime:
    now = timezone.now()
    return max(now, form.get("scheduled_at") or now)


def _shown(preview: Any) -> dict[str, Any]:
    names = ("total", "judged", "callable_now", "skipped", "waiting", "left_out")
    return {**{name: getattr(preview, name) for name in names}, "sentences": preview.sentences()}


def _reason(request: Request) -> str:
    return str(BatchReasonSerializer.read(request.data)["reason"])


router.register(
    CallBatch,
    area="calls",
    feature=VOICE_AGENT,
    # The viewset's own create takes the batch and its entries in one request.
    methods=["list", "retrieve", "update", "delete"],
    viewset=CallBatchViewSet,
    filters=["status", "agent", "job_id", "scheduled_at", "created_at"],
    includes={"entries": CallBatchEntry},
)

router.register(
    CallBatchEntry,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    filters=["batch", "status", "lead", "call_log", "created_at"],
)
