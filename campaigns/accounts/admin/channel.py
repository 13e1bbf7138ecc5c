"""The pages of accounts on WhatsApp, Instagram and SMS."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.accounts.admin.network import NetworkAccountAdmin, limit_rows, limits_form
from campaigns.accounts.limits import INSTAGRAM, allowances
from campaigns.accounts.models import ActionCount, ChannelAccount
from campaigns.accounts.network_use import LABELS
from campaigns.accounts.providers import TWILIO, UNIPILE, WHATSAPP_CLOUD
from campaigns.formatting import usage_bar
from campaigns.messages.models import Action
from lad.admin.base import ReadOnlyAdmin, register
from leads.channels import Channel

LIMITED: Final = [Action(action) for action in INSTAGRAM]
# What each provider calls its keys, and where they are found.
WORDS: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    WHATSAPP_CLOUD: {
        "provider_account_id": ("Phone number ID", "In Meta's WhatsApp Manager, below API setup."),
        "provider_parent_id": ("WhatsApp Business account ID", "Beside the phone number ID."),
        "address": ("Number", "In international form, such as +971501234567. A check fills it in."),
        "secret": ("Access token", "A permanent token of a system user. Stored encrypted and never shown."),
        "webhook_secret": ("App secret", "Of your Meta app: it signs what WhatsApp reports."),
    },
    TWILIO: {
        "provider_account_id": ("Number or messaging service", "Such as +15551234567, or MG… for a service."),
        "provider_parent_id": ("Account SID", "On the front page of Twilio's console. It begins with AC."),
        "address": ("Number", "In international form, as the recipients see it."),
        "secret": ("Auth token", "Beside the account SID. Stored encrypted and never shown."),
    },
}
KEYS: Final[Mapping[str, list[Any]]] = {
    UNIPILE: [],
    WHATSAPP_CLOUD: ["provider_account_id", "provider_parent_id", "secret", "webhook_secret", "address"],
    TWILIO: ["provider_parent_id", "secret", "provider_account_id", "address"],
}


@register(ChannelAccount)
class ChannelAccountAdmin(NetworkAccountAdmin):
    section, icon, rank = "Campaigns", "forum", 65
    empty_hint = "Campaigns write on WhatsApp, Instagram and SMS through the accounts that you connect here."
    list_display = ["account_name", "network", "user", "status_label", "today", "address", "sandbox"]
    list_filter = ["channel", "provider", "status", "is_active", "user", "created_at"]
    search_fields = ["account_name", "address__startswith"]
    form = limits_form(LIMITED)
    readonly_fields = ["last_verified_at", "heard_at", "network"]

    def get_fieldsets(self, request: HttpRequest, obj: ChannelAccount | None = None) -> Any:
        """Return the fields of the account's provider and network."""
        if obj is None:
            return self.with_tenant_field(request, self._without_unseen(request, _add_fieldsets(request)))
        shown = [*self._laid_out(request, _fieldsets(obj), obj), *self._record(obj)]
        return self.with_other_data(shown, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: ChannelAccount | None = None) -> list[str]:
        readonly = super().get_readonly_fields(request, obj)
        if obj is None:
            return readonly
        fixed = ["provider"] if obj.provider != UNIPILE else ["provider", "provider_account_id"]
        return [*readonly, *(name for name in fixed if name not in readonly)]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        provider = obj.provider if obj is not None else request.GET.get("provider", "")
        for name, (label, hint) in WORDS.get(provider, {}).items():
            if name in form.base_fields:
                form.base_fields[name].label, form.base_fields[name].help_text = label, hint
        return form

    @display(description="Network", ordering="channel")
    def network(self, obj: ChannelAccount) -> str:
        return network_name(obj)

    @display(description="Messages today")
    def today(self, obj: ChannelAccount) -> SafeString | str:
        now = timezone.now()
        limit = allowances(obj, zone=obj.tenant.timezone, now=now)[Action.MESSAGE].day
        done = int(obj.done_today)  # type: ignore[attr-defined]  # annotated by listed()
        return usage_bar(done, limit) if limit is not None else f"{done:,}"


@register(ActionCount)
class ActionCountAdmin(ReadOnlyAdmin):
    area = "sending-accounts"
    section, icon, rank = "Campaigns", "monitoring", 96
    empty_hint = "What accounts on networks do is counted here, by day."
    list_display = ["day", "what", "taken", "account_id"]
    list_filter = ["action", "day"]
    fieldsets = [(None, {"fields": ["day", "what", "taken", "account_id"]})]

    @display(description="Action", ordering="action")
    def what(self, obj: ActionCount) -> str:
        return LABELS.get(Action(obj.action), obj.action) if obj.action in Action else obj.action


def network_name(account: ChannelAccount) -> str:
    """Return the network and who carries it, for people."""
    if account.channel == Channel.WEB:
        return "Instagram"
    if account.provider == WHATSAPP_CLOUD:
        return "WhatsApp Business"
    return str(Channel(account.channel).label)


def _add_fieldsets(request: HttpRequest) -> list[Any]:
    """Return the fields to add an account of the provider that the address names, or of any."""
    provider = request.GET.get("provider", "")
    if provider not in KEYS:
        keys = list(dict.fromkeys(name for each in KEYS.values() for name in each))
        return [(None, {"fields": ["account_name", "user", "channel", "provider", *keys, "base_url"]})]
    own = [("Keys", {"fields": KEYS[provider]})] if KEYS[provider] else []
    return [(None, {"fields": ["account_name", "user", "channel", "provider"]}), *own]


def _fieldsets(account: ChannelAccount) -> list[Any]:
    actions = LIMITED if account.channel == Channel.WEB else [Action.MESSAGE]
    keys = [("Keys", {"fields": [*KEYS.get(account.provider, []), "base_url"]})] if KEYS.get(account.provider) else []
    gateway = ["address", "provider_account_id"] if not keys else []
    return [
        (None, {"fields": [("account_name", "user"), ("network", "provider"), *gateway]}),
        *keys,
        ("Pace", {"fields": [("min_gap_seconds", "ramp_up_from")]}),
        ("Limits", {"fields": limit_rows(actions)}),
        ("Provider", {"fields": [("last_verified_at", "heard_at")]}),
        ("Data", {"fields": ["other_data"]}),
    ]
