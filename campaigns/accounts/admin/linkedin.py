"""The pages of LinkedIn accounts."""

from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.accounts.models import CampaignAccount, LinkedinAccount
from campaigns.formatting import usage_bar
from lad.admin.base import TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline


class UsedByInline(ReadOnlyInline):
    model = CampaignAccount
    fk_name = "linkedin_account"
    area = "campaigns"
    fields = ["campaign", "status", "is_primary", "priority", "daily_requests_limit"]
    verbose_name_plural = "campaigns"


@register(LinkedinAccount)
class LinkedinAccountAdmin(TenantModelAdmin):
    area = "sending-accounts"
    section, icon, rank = "Campaigns", "badge", 70
    list_display = ["account_name", "user", "status", "is_active", "today", "last_verified_at"]
    list_filter = ["status", "is_active", "user", "created_at"]
    search_fields = ["account_name", "unipile_account_id__startswith"]
    fieldsets = [
        (None, {"fields": ["account_name", "user", "is_active"]}),
        ("Provider", {"fields": [("provider", "unipile_account_id"), "status", "last_verified_at"]}),
        ("Secrets", {"fields": ["session_cookies", "access_token", "refresh_token", "token_expires_at"]}),
        ("Use", {"fields": [("daily_action_limit", "default_weekly_limit"), "today", "last_reset_date"]}),
        ("Data", {"fields": ["metadata"]}),
    ]
    readonly_fields = ["today"]
    inlines = [UsedByInline]

    @display(description="Done today")
    def today(self, obj: LinkedinAccount) -> SafeString:
        return usage_bar(obj.actions_today, obj.daily_action_limit)


@register(CampaignAccount)
class CampaignAccountAdmin(TenantModelAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "link", 80
    list_display = ["linkedin_account", "campaign", "status", "is_primary", "priority", "today", "created_at"]
    list_filter = ["status", "is_primary", "campaign", "created_at"]
    search_fields = ["id__exact"]
    fieldsets = [
        (None, {"fields": ["campaign", "linkedin_account", "status", ("is_primary", "priority")]}),
        ("Use", {"fields": ["daily_requests_limit", "today", "last_reset_date"]}),
    ]
    readonly_fields = ["today"]

    def get_readonly_fields(self, request: HttpRequest, obj: CampaignAccount | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        return readonly if obj is None or "campaign" in readonly else [*readonly, "campaign"]

    @display(description="Used today")
    def today(self, obj: CampaignAccount) -> SafeString:
        return usage_bar(obj.daily_requests_used, obj.daily_requests_limit)
