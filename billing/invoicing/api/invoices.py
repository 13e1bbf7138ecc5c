"""Invoices as JSON, HTML and PDF."""

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request

from billing.invoicing.documents.responses import html_response, pdf_response
from lad.api.views import ResourceViewSet


class InvoiceViewSet(ResourceViewSet):
    """Invoices, receipts and credit notes of the tenant."""

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def html(self, request: Request, pk: object) -> HttpResponse:
        """Return the invoice as a self-contained page for display and print."""
        return html_response(self.get_object())

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, pk: object) -> HttpResponse:
        """Return the invoice as a PDF file named after its number."""
        return pdf_response(self.get_object())
