"""The pages of LinkedIn accounts."""

from typing import Any, Final

from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.accounts.admin.network import NetworkAccountAdmin, limit_rows, limits_form
from campaigns.accounts.limits import LINKEDIN
from campaigns.accounts.models import CampaignAccount, LinkedinAccount
from campaigns.formatting import usage_bar
from campaigns.messages.models import Action
from lad.admin.base import TenantModelAdmin, register
from lad.admin.inlines import ReadOnlyInline

# Invitations have columns of their own.
INVITATIONS: Final = {"daily_action_limit": "Invitations a day", "default_weekly_limit": "Invitations in 7 days"}
LIMITED: Final = [Action(action) for action in LINKEDIN if action != Action.INVITATION]


class UsedByInline(ReadOnlyInline):
    model = CampaignAccount
    fk_name = "linkedin_account"
    area = "campaigns"
    fields = ["campaign", "status", "is_primary", "priority", "daily_requests_limit"]
    verbose_name_plural = "campaigns"


@register(LinkedinAccount)
class LinkedinAccountAdmin(NetworkAccountAdmin):
    section, icon, rank = "Campaigns", "badge", 70
    main_action = Action.INVITATION
    empty_hint = "Campaigns act on LinkedIn through the accounts that you connect here."
    list_display = ["account_name", "user", "status_label", "today", "sandbox", "last_verified_at"]
    list_filter = ["status", "is_active", "user", "created_at"]
    search_fields = ["account_name", "unipile_account_id__startswith"]
    form = limits_form(LIMITED)
    add_fieldsets = [(None, {"fields": ["account_name", "user"]})]
    fieldsets = [
        (None, {"fields": [("account_name", "user")]}),
        ("Pace", {"fields": [("min_gap_seconds", "ramp_up_from")]}),
        ("Limits", {"fields": [("daily_action_limit", "default_weekly_limit"), *limit_rows(LIMITED)]}),
        ("Provider", {"fields": ["provider", "unipile_account_id", ("last_verified_at", "heard_at")]}),
        ("Secrets", {"fields": ["session_cookies", "access_token", "refresh_token", "token_expires_at"]}),
        ("Data", {"fields": ["other_data"]}),
    ]
    readonly_fields = ["last_verified_at", "heard_at", "provider"]
    inlines = [UsedByInline]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        for name, label in INVITATIONS.items():
            if name in form.base_fields:
                form.base_fields[name].label, form.base_fields[name].help_text = label, ""
        return form

    @display(description="Invited today")
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
