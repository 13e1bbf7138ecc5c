"""Lead files in the API: the template, what a file holds and what it is good for, and the import as a job."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.lead_files import assessment, services
from aiicp.lead_files.columns import NEEDED, TEMPLATE
from aiicp.lead_files.files import read_file, rows_of_file
from aiicp.lead_files.inbound import next_turn
from aiicp.lead_files.jobs import FEATURE, RIGHT, start_import
from aiicp.lead_files.mapping import with_choices
from aiicp.lead_files.model_mapping import with_model
from aiicp.lead_files.models import LeadFileRow
from aiicp.lead_files.refused import refused_lines
from aiicp.lead_files.rows import CheckedRow, cells_of
from aiicp.lead_files.serializers import (
    MAX_ISSUES_SHOWN,
    FileLeadsSerializer,
    FileLeadsValidationResponse,
    LeadFileAnalysisResponse,
    LeadFileColumnsResponse,
    LeadFileImportSerializer,
    LeadFileResponse,
    LeadFileSerializer,
    LeadFileTemplateSerializer,
    NextQuestionResponse,
    NextQuestionSerializer,
    PlatformQuestionsResponse,
    ValidateFileLeadsSerializer,
)
from aiicp.lead_files.template import NAME, csv_template, xlsx_template
from aiicp.lead_files.undoing import RIGHT as RIGHT_TO_UNDO
from aiicp.lead_files.undoing import import_of, start_undo
from aiicp.wizard.serializers import shown_question
from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView, TenantRequired, require_tenant
from lad.jobs.api import JOBS
from lad.jobs.models import Job
from lad.spreadsheets import CONTENT_TYPE as CSV_TYPE
from lad.spreadsheets import csv_download, named_download
from lad.xlsx import CONTENT_TYPE as XLSX_TYPE
from leads.contacts.services.duplicates import Duplicates

_FILES: Final = {"csv": (csv_template, CSV_TYPE), "xlsx": (xlsx_template, XLSX_TYPE)}


class LeadFileView(LadAPIView):
    """The base of these views."""

    area = "leads"
    feature = FEATURE


class TemplateView(LeadFileView):
    """The template to fill in."""

    @extend_schema(
        operation_id="lead_files_template",
        summary="Download the template of a lead file",
        parameters=[LeadFileTemplateSerializer],
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, XLSX_TYPE): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        kind = LeadFileTemplateSerializer.read(request.query_params.dict())["type"]
        make, content_type = _FILES[kind]
        response = HttpResponse(make(), content_type=content_type)
        named_download(response, f"{NAME}.{kind}")
        return response


class ColumnsView(LeadFileView):
    """The columns of the template."""

    @extend_schema(
        operation_id="lead_files_columns",
        summary="The columns of a lead file, each described",
        responses={200: LeadFileColumnsResponse},
    )
    def get(self, request: Request) -> Response:
        columns = [
            {
                "key": each.key,
                "label": each.label,
                "example": each.example,
                "description": each.description,
                "platform": each.platform,
                "required": False,
            }
            for each in TEMPLATE
        ]
        needed = {str(platform): list(keys) for platform, keys in NEEDED.items()}
        return Response(LeadFileColumnsResponse({"columns": columns, "platform_fields": needed}).data)


class UploadView(LeadFileView):
    """A file as it is understood. Nothing is stored."""

    parser_classes = [MultiPartParser]
    # A model may be asked.
    self_scoped_actions = frozenset({"post"})

    @extend_schema(
        operation_id="lead_files_upload",
        summary="Read a file of leads and say what it is good for",
        description=(
            "The tenant's model is asked about headings that LAD does not know; no content of the file goes to it. "
            "Send what it proposes as `mapping` with the import."
        ),
        request={"multipart/form-data": LeadFileSerializer},
        responses={200: LeadFileResponse, **problems(413)},
    )
    def post(self, request: Request) -> Response:
        if self.access.tenant_id is None:
            raise TenantRequired
        form = LeadFileSerializer.read(request.data)
        table = read_file(form["file"].read())
        asked = with_model(table, with_choices(table, form.get("mapping", {})), tenant_id=self.access.tenant_id)
        with self.access.scope():
            found = services.assess_table(table, now=timezone.now(), columns=asked.columns)
        return Response(LeadFileResponse({**_upload(found), "note": asked.note}).data)


class AnalysisView(LeadFileView):
    """What leads of a file are good for. Nothing is stored."""

    @extend_schema(
        operation_id="lead_files_analyse",
        summary="Say which channels reach the leads, and what to do first",
        request=FileLeadsSerializer,
        responses={200: LeadFileAnalysisResponse},
    )
    def post(self, request: Request) -> Response:
        require_tenant(LeadFileRow)
        rows = _people(request)
        return Response(LeadFileAnalysisResponse(_analysis(rows, assessment.coverage(rows))).data)


class QuestionsView(LeadFileView):
    """What to ask about the channels."""

    @extend_schema(
        operation_id="lead_files_platform_questions",
        summary="The questions to ask about the channels that reach the leads",
        request=FileLeadsSerializer,
        responses={200: PlatformQuestionsResponse},
    )
    def post(self, request: Request) -> Response:
        require_tenant(LeadFileRow)
        found = assessment.coverage(_people(request))
        asked = [
            {
                "platform": each.platform,
                "question": each.question,
                "options": [{"value": value, "label": label} for value, label in each.options],
            }
            for each in assessment.questions(found)
        ]
        body = {
            "questions": asked,
            "available_platforms": [each.platform for each in found.values() if each.available],
            "unavailable_platforms": [each.platform for each in found.values() if not each.available],
            "coverage": list(found.values()),
        }
        return Response(PlatformQuestionsResponse(body).data)


class NextQuestionView(LeadFileView):
    """What to ask next about the people of a file. Nothing is stored."""

    @extend_schema(
        operation_id="lead_files_next_question",
        summary="Take an answer about the people of a file, and return the next question",
        description="The client keeps the answers. An answer that cannot be used is no error: it is asked for again.",
        request=NextQuestionSerializer,
        responses={200: NextQuestionResponse},
    )
    def post(self, request: Request) -> Response:
        require_tenant(LeadFileRow)
        form = NextQuestionSerializer.read(request.data)
        rows = [row for row in services.checked_leads(form["leads"]) if row.is_somebody]
        turn = next_turn(rows, form["answers"], intent_key=form["intent_key"], said=form.get("answer"))
        body = {
            "question": shown_question(turn.question) if turn.question else None,
            "answers": turn.answers,
            "platforms": turn.platforms,
            "completed": turn.completed,
            "clarification_needed": turn.clarification_needed,
            "message": turn.message,
        }
        return Response(NextQuestionResponse(body).data)


class ValidateView(LeadFileView):
    """Which leads the chosen channels reach."""

    @extend_schema(
        operation_id="lead_files_validate",
        summary="Say which leads the chosen channels can reach",
        request=ValidateFileLeadsSerializer,
        responses={200: FileLeadsValidationResponse},
    )
    def post(self, request: Request) -> Response:
        require_tenant(LeadFileRow)
        form = ValidateFileLeadsSerializer.read(request.data)
        found = assessment.validate(services.checked_leads(form["leads"]), form["platforms"])
        body = {
            "valid": found.valid,
            "invalid": found.invalid,
            "total": found.total,
            "valid_count": len(found.valid),
            "invalid_count": len(found.invalid),
            "can_execute": found.can_execute,
        }
        return Response(FileLeadsValidationResponse(body).data)


class ImportView(LeadFileView):
    """The import of a file as a job."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="lead_files_import",
        summary="Import the rows of a file as leads, as a job",
        description="The job's failures are the rows that were left out, each with the reason.",
        request={"multipart/form-data": LeadFileImportSerializer},
        responses={202: JOBS.serializer, **problems(413)},
    )
    @writes.in_transaction
    def post(self, request: Request) -> Response:
        require_tenant(LeadFileRow)
        form = LeadFileImportSerializer.read(request.data)
        content = form["file"].read()
        columns = services.required(with_choices(read_file(content), form.get("mapping", {})))
        job = start_import(
            rows=cells_of(rows_of_file(content), columns),
            duplicates=Duplicates(form["duplicates"]),
            owner_id=form["owner"].pk if form.get("owner") else None,
            tags=form.get("tags", ()),
            file_name=form["file"].name or "",
            access=self.access,
        )
        return _started(job, self)


class RefusedView(LeadFileView):
    """The rows that an import left out."""

    rights: ClassVar[dict[str, str]] = {"get": RIGHT}

    @extend_schema(
        operation_id="lead_files_refused",
        summary="Download the rows that an import left out, each with the reason, to correct them",
        responses={(200, "text/csv"): OpenApiTypes.BINARY, **problems(404)},
    )
    def get(self, request: Request, key: UUID) -> StreamingHttpResponse:
        lines = refused_lines(import_of(key, self.access), access=self.access)
        return csv_download(lines, name=f"refused-{key}.csv")


class UndoView(LeadFileView):
    """The undoing of an import as a job."""

    rights: ClassVar[dict[str, str]] = {"post": RIGHT_TO_UNDO}

    @extend_schema(
        operation_id="lead_files_undo",
        summary="Delete the leads that an import created and nobody has touched since, as a job",
        description="They can be restored. The job's failures are the leads that stay, each with the reason.",
        request=None,
        responses={202: JOBS.serializer, **problems(404, 409)},
    )
    @writes.in_transaction
    def post(self, request: Request, key: UUID) -> Response:
        return _started(start_undo(job=import_of(key, self.access), access=self.access), self)


def _started(job: Job, view: LeadFileView) -> Response:
    shown = JOBS.serializer(job, context={"request": view.request, "view": view}).data
    return Response(shown, status=status.HTTP_202_ACCEPTED, headers={"Location": f"{JOBS.url}{job.pk}/"})


def _people(request: Request) -> list[CheckedRow]:
    rows = services.checked_leads(FileLeadsSerializer.read(request.data)["leads"])
    return [row for row in rows if row.is_somebody]


def _analysis(rows: Sequence[CheckedRow], found: Mapping[str, assessment.Coverage]) -> dict[str, Any]:
    actions = assessment.recommended(found)
    suggested = [each.platform for each in actions]
    return {
        "summary": assessment.summary(rows, found),
        "total": len(rows),
        "coverage": list(found.values()),
        "recommended_actions": actions,
        "suggested_platforms": suggested,
        "excluded_platforms": [platform for platform in found if platform not in suggested],
    }


def _upload(found: services.Assessment) -> dict[str, Any]:
    people, issues, matches = found.people, found.issues, found.matches
    leads = [
        {
            "row": row.number,
            "values": row.values,
            "custom": row.custom,
            "lead": matches.leads[row.number].id if row.number in matches.leads else None,
            "repeats_row": matches.repeated.get(row.number),
            "do_not_contact": matches.do_not_contact.get(row.number, ()),
        }
        for row in people[: services.MAX_LEADS]
    ]
    return {
        **_analysis(people, found.coverage),
        "columns": found.columns,
        "total_rows": found.table.total,
        "assessed_rows": len(found.rows),
        "valid_rows": len(people),
        "new_rows": found.new,
        "known_rows": len(matches.leads),
        "repeated_rows": len(matches.repeated),
        "do_not_contact_rows": len(matches.do_not_contact),
        "issue_count": len(issues),
        "issues": issues[:MAX_ISSUES_SHOWN],
        "leads": leads,
    }


for _path, _view in (
    ("template", TemplateView),
    ("columns", ColumnsView),
    ("upload", UploadView),
    ("analyse", AnalysisView),
    ("platform-questions", QuestionsView),
    ("next-question", NextQuestionView),
    ("validate", ValidateView),
    ("import", ImportView),
):
    router.route(f"lead-files/{_path}/", _view.as_view(), name=f"lead-files-{_path}")
router.route("lead-files/imports/<uuid:key>/refused/", RefusedView.as_view(), name="lead-files-refused")
router.route("lead-files/imports/<uuid:key>/undo/", UndoView.as_view(), name="lead-files-undo")
