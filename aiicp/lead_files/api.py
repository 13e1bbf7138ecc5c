"""Lead files in the API: the template, what a file holds and what it is good for, and the import as a job."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from aiicp.lead_files import assessment, services
from aiicp.lead_files.columns import NEEDED, TEMPLATE
from aiicp.lead_files.files import read_file
from aiicp.lead_files.jobs import FEATURE, start_import
from aiicp.lead_files.mapping import with_choices
from aiicp.lead_files.models import LeadFileRow
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
    PlatformQuestionsResponse,
    ValidateFileLeadsSerializer,
)
from aiicp.lead_files.template import NAME, csv_template, xlsx_template
from aiicp.lead_files.writing import Duplicates
from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView, require_tenant
from lad.jobs.api import JOBS
from lad.spreadsheets import CONTENT_TYPE as CSV_TYPE
from lad.spreadsheets import named_download
from lad.xlsx import CONTENT_TYPE as XLSX_TYPE

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

    @extend_schema(
        operation_id="lead_files_upload",
        summary="Read a file of leads and say what it is good for",
        request={"multipart/form-data": LeadFileSerializer},
        responses={200: LeadFileResponse, **problems(413)},
    )
    def post(self, request: Request) -> Response:
        require_tenant(LeadFileRow)
        form = LeadFileSerializer.read(request.data)
        found = services.assess_file(form["file"].read(), now=timezone.now(), mapping=form.get("mapping"))
        return Response(LeadFileResponse(_upload(found)).data)


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
        table = read_file(form["file"].read())
        job = start_import(
            rows=cells_of(table, with_choices(table, form.get("mapping", {}))),
            duplicates=Duplicates(form["duplicates"]),
            owner_id=form["owner"].pk if form.get("owner") else None,
            tags=form.get("tags", ()),
            file_name=form["file"].name or "",
            access=self.access,
        )
        shown = JOBS.serializer(job, context={"request": request, "view": self}).data
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
        "total_rows": len(found.rows),
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
    ("validate", ValidateView),
    ("import", ImportView),
):
    router.route(f"lead-files/{_path}/", _view.as_view(), name=f"lead-files-{_path}")
