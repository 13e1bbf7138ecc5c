"""The page of providers' reports. What is in a report is not shown: it holds people's words."""

from campaigns.provider_reports.models import ProviderReport
from lad.admin.base import ReadOnlyAdmin, register


@register(ProviderReport)
class ProviderReportAdmin(ReadOnlyAdmin):
    area = "sending-accounts"
    section, icon, rank = "Campaigns", "call_received", 98
    empty_hint = "What LinkedIn, WhatsApp, Instagram and SMS report appears here until it is 30 days old."
    list_display = ["kind", "provider", "state", "happened_at", "attempts", "error", "created_at"]
    list_filter = ["state", "provider", "kind", "created_at"]
    fields = ["provider", "kind", "state", "happened_at", "attempts", "next_attempt_at", "error", "created_at"]
