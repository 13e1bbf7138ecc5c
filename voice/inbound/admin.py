"""The page of calls that came in, by what their carrier calls them."""

from lad.admin.base import ReadOnlyAdmin, register
from voice.inbound.models import InboundCall


@register(InboundCall)
class InboundCallAdmin(ReadOnlyAdmin):
    area = "calls"
    platform_only = True
    section, icon, rank = "Operations", "call_received", 8
    list_display = ["call_log", "carrier_account", "reference", "created_at"]
    list_filter = ["created_at"]
    search_fields = ["reference"]
