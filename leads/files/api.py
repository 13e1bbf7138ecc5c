"""Files on leads: uploaded as a form, downloaded by signed link."""

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
from lad.api.errors import CONTENT_TYPE
from lad.api.openapi import problems
from lad.api.serializers import InputSerializer, KeyField, ModelSerializer
from lad.api.views import LadAPIView, ResourceViewSet
from leads.contacts.models import Lead
from leads.files import links
from leads.files import services as attachments
from leads.files.models import LeadAttachment

# Whatever a file holds, a browser only saves it: no guessing of its type, no script, no frame, no trace of the link.
SAVED_ONLY = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


# Not by the phrase of the status, which differs between versions of Python.
TOO_LARGE = {(413, CONTENT_TYPE): OpenApiResponse({"$ref": "#/components/schemas/Problem"}, "Too large")}


class UploadForm(InputSerializer):
    """``file`` keeps its name, made safe; what it is and how large is found in its content."""

    lead = KeyField(model=Lead)
    # The content is judged in one place; an empty file is among what is refused there.
    file = serializers.FileField(allow_empty_file=True)


class DownloadAnswer(serializers.Serializer):
    """``url`` gives the file to whoever holds it, until ``expires_at``."""

    url = serializers.URLField()
    expires_at = serializers.DateTimeField()


class AttachmentSerializer(ModelSerializer):
    """One file on a lead; ``download`` is where to ask for a link to its content."""

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
    """Files on leads. Making one is a multipart form with ``lead`` and ``file``; changing one renames it."""

    def get_parsers(self) -> Any:
        # The action is not known yet when the request is made; the document asks with an action and no request.
        name = getattr(self, "action", None) or self.action_map.get((self.request.method or "").lower())
        parsers = super().get_parsers()
        return [*parsers, MultiPartParser()] if name == "create" else parsers

    @extend_schema(
        request={"multipart/form-data": UploadForm}, responses={201: AttachmentSerializer, **TOO_LARGE, **problems(503)}
    )
    def create(self, request: Request) -> Response:
        form = UploadForm(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        values = {"lead": form.validated_data["lead"], "upload": form.validated_data["file"]}
        row = writes.create(LeadAttachment, values, actor=request.user)
        return self.answer(row, status.HTTP_201_CREATED, Location=f"{request.path}{row.pk}/")

    @extend_schema(summary="Ask for a link to the file", responses={200: DownloadAnswer})
    @action(detail=True, methods=["get"])
    def download(self, request: Request, pk: Any) -> Response:
        """A link that gives the file to whoever holds it, for a few minutes."""
        link = attachments.link_to(self.get_object(), now=timezone.now())
        answer = {"url": request.build_absolute_uri(link.path), "expires_at": link.expires_at}
        return Response(DownloadAnswer(answer).data)


class AttachmentFile(LadAPIView):
    """Where signed links lead: the link itself says who may have the file."""

    public = True

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "private, no-store"}

    @extend_schema(
        summary="Download a file by its signed link",
        parameters=[OpenApiParameter("token", str, required=True, description="The signature; part of the link.")],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="The storage gives the file itself."),
            **problems(403, 503),
        },
    )
    def get(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The content, as a download. A link that was altered is not found; one that is over is forbidden."""
        found = attachments.follow(request.query_params.get("token", ""), attachment_id=pk, now=timezone.now())
        return _saved(found)


def _saved(found: attachments.Download) -> HttpResponseBase:
    response: HttpResponse | FileResponse
    if found.content is None:
        response = HttpResponseRedirect(found.address)
    else:
        row = found.attachment
        response = FileResponse(found.content, as_attachment=True, filename=row.file_name, content_type=row.file_type)
    for name, value in SAVED_ONLY.items():
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
router.route("lead-attachments/<uuid:pk>/file/", AttachmentFile.as_view(), name=links.ROUTE)
