"""The pages of webhooks and their calls."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.webhooks import services
from campaigns.webhooks.models import WebhookCall, WebhookEndpoint
from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline
from lad.admin.permissions import is_deleted
from lad.tenancy.access import access_of

COPY_NOW: Final = "Copy it now: it is not shown again. Calls of {} are signed with the secret {}."


class CallsInline(ReadOnlyInline):
    model = WebhookCall
    fk_name = "endpoint"
    area = "sending-accounts"
    fields = ["campaign", "campaign_lead", "state", "tries", "status_code", "error", "finished_at"]
    verbose_name_plural = "calls"


@register(WebhookEndpoint)
class WebhookEndpointAdmin(TenantModelAdmin):
    area = "sending-accounts"
    section, icon, rank = "Campaigns", "webhook", 65
    empty_hint = "A step of the type “Webhook” sends the data of a lead to an address that you add here."
    list_display = ["name", "url", "is_active", "created_at"]
    list_filter = ["is_active", "created_at"]
    search_fields = ["name", "url"]
    fieldsets = [(None, {"fields": ["name", "url", "is_active"]})]
    inlines = [CallsInline]
    actions_detail = ["replace_secret"]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret of the new webhook, the only time."""
        messages.warning(request, _shown_once(obj, obj.secret))
        return super().response_add(request, obj, post_url_continue)

    @row_action(
        "New secret",
        explanation="The present secret ends at once: calls that your system checks with it are refused.",
        when=lambda row: not is_deleted(row),
        icon="key",
        danger=True,
        step_up=True,
    )
    def replace_secret(self, request: HttpRequest, row: WebhookEndpoint, values: dict[str, Any]) -> SafeString:
        return _shown_once(row, services.replace_secret(endpoint=row, actor=access_of(request).user))


@register(WebhookCall)
class WebhookCallAdmin(ReadOnlyAdmin):
    area = "sending-accounts"
    section, icon, rank = "Campaigns", "http", 97
    empty_hint = "The calls of webhooks appear here, each with what became of it."
    list_display = ["endpoint", "campaign", "campaign_lead", "state", "tries", "status_code", "error", "created_at"]
    list_filter = ["state", "endpoint", "campaign", "created_at"]


def _shown_once(endpoint: WebhookEndpoint, secret: str) -> SafeString:
    return format_html(COPY_NOW, endpoint.name, format_html("<code>{}</code>", secret))
