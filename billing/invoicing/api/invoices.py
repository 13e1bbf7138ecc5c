"""Invoices as rows, pages and PDF files."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from billing.invoicing.documents.answers import file_of, page_of
from lad.api.views import ResourceViewSet


class InvoiceViewSet(ResourceViewSet):
    """What the tenant was asked to pay, has paid, or was credited."""

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def html(self, request: Request, pk: object) -> HttpResponse:
        """The invoice as a page that needs nothing else and prints well."""
        return page_of(self.get_object())

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, pk: object) -> HttpResponse:
        """The invoice as a PDF file, named after its number."""
        return file_of(self.get_object())
