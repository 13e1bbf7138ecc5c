"""The pages of language models."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, SharedModelAdmin, TenantModelAdmin, register
from lad.admin.json_view import chips
from lad.llm import connections
from lad.llm.connections import Outcome
from lad.llm.endpoints import endpoints
from lad.llm.models import ConnectionStatus, ModelAllowance, ModelChoice, ModelConnection, ModelUsage
from lad.types import Values

AREA = "language-models"
SECTION = "Assistant"
STATUS_COLOURS = {
    ConnectionStatus.UNTESTED.label: "default",
    ConnectionStatus.CONNECTED.label: "success",
    ConnectionStatus.REFUSED.label: "danger",
    ConnectionStatus.UNREACHABLE.label: "warning",
    ConnectionStatus.FAILED.label: "danger",
}
WAYS = {
    "json_schema": "By a JSON Schema that the endpoint enforces",
    "json_object": "As JSON, with the schema in words",
    "prompt": "With the schema in words",
}
MAX_MODELS_SHOWN = 60


@register(ModelConnection)
class ModelConnectionAdmin(SharedModelAdmin):
    area = AREA
    section, icon, rank = SECTION, "psychology", 60
    empty_hint = "Without a connection the embedded assistant answers, which needs no model and costs nothing."
    list_display = ["name", "provider", "model", "status_label", "is_active", "sandbox", "tenant", "created_at"]
    list_filter = ["provider", "status", "is_active", "created_at"]
    search_fields = ["name__startswith"]
    actions_detail = ["test_connection"]
    fieldsets = [
        (None, {"fields": ["name", ("is_active", "sandbox")]}),
        ("Endpoint", {"fields": ["provider", "base_url", "model", "api_key"]}),
        ("State", {"fields": ["status_label", "status_reason", "tested_at", "structured", "offered"]}),
        (
            "Limits of each tenant",
            {"fields": [("tokens_per_day", "tokens_per_month"), ("requests_per_minute", "seconds_per_call")]},
        ),
    ]
    readonly_fields = ["sandbox", "status_label", "status_reason", "tested_at", "structured", "offered"]

    @display(description="Status", label=STATUS_COLOURS, ordering="status")
    def status_label(self, obj: ModelConnection) -> str:
        return str(obj.get_status_display())

    @display(description="Sandbox", label={"Sandbox": "warning"})
    def sandbox(self, obj: ModelConnection) -> str:
        return "Sandbox" if endpoints.is_sandbox(obj.base_url) else ""

    @display(description="Structured answers")
    def structured(self, obj: ModelConnection) -> str:
        return WAYS.get(str(obj.abilities.get("structured")), "Not known yet.")

    @display(description="Models of the endpoint")
    def offered(self, obj: ModelConnection) -> str | SafeString:
        if not obj.offered_models:
            return "Test the connection to see them."
        shown = chips(obj.offered_models[:MAX_MODELS_SHOWN])
        more = len(obj.offered_models) - MAX_MODELS_SHOWN
        return format_html('{} <span class="lad-hint">and {} more</span>', shown, more) if more > 0 else shown

    @row_action(
        "Test connection",
        explanation="Asks the endpoint for its models and for a short answer. A few hundred tokens are used.",
        when=lambda row: row.deleted_at is None,
        icon="cable",
        asks=lambda row: connections.test_connection(connection=row),
    )
    def test_connection(
        self, request: HttpRequest, row: ModelConnection, values: Values, outcome: Outcome
    ) -> str | None:
        if outcome.succeeded:
            return " ".join(filter(None, [f"{row.model} answers.", outcome.reason]))
        messages.error(request, outcome.reason)
        return None


@register(ModelChoice)
class ModelChoiceAdmin(TenantModelAdmin):
    area = AREA
    section, icon, rank = SECTION, "tune", 70
    empty_hint = "Without a choice the embedded assistant answers every question."
    list_display = ["purpose", "connection", "created_at"]
    list_filter = ["purpose", "created_at"]
    search_fields = ["id__exact"]


@register(ModelAllowance)
class ModelAllowanceAdmin(ReadOnlyAdmin):
    area = AREA
    section, icon, rank = SECTION, "speed", 80
    list_display = ["connection", "day", "day_tokens", "month_tokens", "minute_requests", "updated_at"]
    list_filter = ["created_at"]
    search_fields = ["id__exact"]


@register(ModelUsage)
class ModelUsageAdmin(ReadOnlyAdmin):
    area = AREA
    section, icon, rank = SECTION, "toll", 90
    list_display = ["purpose", "connection_name", "model", "outcome", "input_tokens", "output_tokens", "created_at"]
    list_filter = ["outcome", "created_at"]
    search_fields = ["purpose__startswith", "model__startswith"]
