"""Files in the API: uploaded as a form, downloaded by signed link."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from lad import writes
from lad.api import router
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, KeyField, ModelSerializer
from lad.api.views import LadAPIView, ResourceViewSet
from lad.tenancy.access import actor_of
from leads.contacts.models import Lead
from leads.files import links, services
from leads.files.models import LeadAttachment

# Browsers only save the file: no guessing of its type, no script, no frame, no referrer with the link.
DOWNLOAD_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


class UploadSerializer(InputSerializer):
    """``file`` keeps its name, made safe. Type and size come from its content."""

    lead = KeyField(model=Lead)
    # The writer checks the content and rejects empty files too.
    file = serializers.FileField(allow_empty_file=True)


class DownloadResponse(serializers.Serializer):
    """Anybody with the ``url`` can download the file until ``expires_at``."""

    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class AttachmentSerializer(ModelSerializer):
    """One file of a lead. Get ``download`` for a link to its content."""

    download = serializers.SerializerMethodField()

    class Meta:
        model = LeadAttachment
        read_only_fields = (
            "id",
            "tenant",
            "lead",
            "file_type",
            "file_size",
            "checksum",
            "uploaded_by_user",
            "created_at",
            "updated_at",
            "deleted_at",
        )
        fields = (*read_only_fields, "file_name", "download")

    @extend_schema_field(OpenApiTypes.URI_REF)
    def get_download(self, row: LeadAttachment) -> str:
        return reverse("lead-attachments-download", args=[row.pk])


class AttachmentViewSet(ResourceViewSet):
    """Files of leads. Create one with a multipart form of ``lead`` and ``file``. A change renames it."""

    def get_parsers(self) -> Any:
        # When a request is built its action is not known yet; the API document sets an action but no request.
        name = getattr(self, "action", None) or self.action_map.get((self.request.method or "").lower())
        parsers = super().get_parsers()
        return [*parsers, MultiPartParser()] if name == "create" else parsers

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={201: AttachmentSerializer, **problems(413, 503)},
    )
    def create(self, request: Request) -> Response:
        form = UploadSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        values = {"lead": form.validated_data["lead"], "upload": form.validated_data["file"]}
        row = writes.create(LeadAttachment, values, actor=actor_of(request))
        return self.row_response(row, status.HTTP_201_CREATED, Location=f"{request.path}{row.pk}/")

    @extend_schema(summary="Get a link to the file", responses={200: DownloadResponse})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, pk: UUID) -> Response:
        """A link that anybody can download the file with, for a few minutes."""
        link = services.link_to(self.get_object(), now=timezone.now())
        answer = {"url": request.build_absolute_uri(link.path), "expires_at": link.expires_at}
        return Response(DownloadResponse(answer).data)


class AttachmentFile(LadAPIView):
    """The address of signed links. The signature is the permission."""

    public = True

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "private, no-store"}

    @extend_schema(
        summary="Download a file by its signed link",
        parameters=[OpenApiParameter("token", str, required=True, description="The signature in the link.")],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="The storage serves the file."),
            **problems(403, 503),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The content, as a download. An altered link is answered with 404, an expired one with 403."""
        found = services.open_link(request.query_params.get("token", ""), attachment_id=pk, now=timezone.now())
        return _download_response(found)


def _download_response(found: services.Download) -> HttpResponseBase:
    response: HttpResponse | FileResponse
    if found.content is None:
        response = HttpResponseRedirect(found.address)
    else:
        row = found.attachment
        response = FileResponse(found.content, as_attachment=True, filename=row.file_name, content_type=row.file_type)
    for name, value in DOWNLOAD_HEADERS.items():
        response[name] = value
    return response


router.register(
    LeadAttachment,
    area="leads",
    feature="deals-pipeline",
    filters=["lead", "uploaded_by_user", "created_at"],
    methods=("list", "retrieve", "update", "delete"),
    serializer=AttachmentSerializer,
    viewset=AttachmentViewSet,
)
router.include(Lead, "attachments", LeadAttachment)
router.route("lead-attachments/<uuid:pk>/file/", AttachmentFile.as_view(), name=links.ROUTE)
