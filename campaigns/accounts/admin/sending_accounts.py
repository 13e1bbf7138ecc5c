"""“Sending accounts”: every account of the tenant on one page, what each did today, and which can be added."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.accounts.admin.channel import network_name
from campaigns.accounts.limits import allowances
from campaigns.accounts.mailbox.hosts import is_sandbox as is_mail_sandbox
from campaigns.accounts.models import (
    AccountStatus,
    ActionCount,
    ChannelAccount,
    EmailAccount,
    EmailAccountStatus,
    LinkedinAccount,
    NetworkAccount,
)
from campaigns.accounts.network_use import LABELS, main_action
from campaigns.accounts.pacing import day_of, limits_of
from campaigns.accounts.providers import TWILIO, UNIPILE, WHATSAPP_CLOUD
from campaigns.accounts.sandboxes import is_sandbox
from campaigns.accounts.standing import standing_of
from campaigns.formatting import usage_bar
from lad.admin.dashboard import Card, Contribution, contributes_to_dashboard
from lad.admin.navigation import SidebarPage, add_page
from lad.admin.permissions import can_view
from lad.admin.site import add_view
from lad.tenancy.access import access_of
from leads.channels import Channel
from tenants.teams.models import Tenant

SHOWN: Final = 100
EMAIL_TONES: Final = {
    EmailAccountStatus.CONNECTED: "success",
    EmailAccountStatus.UNTESTED: "default",
    EmailAccountStatus.UNREACHABLE: "warning",
}
FINE: Final = (EmailAccountStatus.CONNECTED, EmailAccountStatus.UNTESTED)


@dataclass(frozen=True, slots=True)
class Offer:
    """An account that can be added."""

    title: str
    icon: str
    explanation: str
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """An account in the list."""

    kind: str
    icon: str
    name: str
    url: str
    label: str
    tone: str
    reason: str
    today: SafeString | str
    sandbox: bool
    member: str

    @property
    def needs_somebody(self) -> bool:
        return self.tone in ("danger", "warning")


def sending_accounts(request: HttpRequest) -> HttpResponse:
    """Show all accounts that the caller may see, those that need somebody first, and what can be added."""
    if not may_see(request):
        raise PermissionDenied
    now = timezone.now()
    lines = sorted(_lines(request, now), key=lambda line: not line.needs_somebody)
    context = {
        **admin.site.each_context(request),
        "title": "Sending accounts",
        "lines": lines[:SHOWN],
        "more": len(lines) > SHOWN,
        "offers": list(_offers(request)),
        "lists": list(_lists(request)),
    }
    return TemplateResponse(request, "campaigns/admin/sending_accounts.html", context)


def may_see(request: HttpRequest) -> bool:
    """Return whether the caller may see accounts of any kind."""
    return any(can_view(request, model) for model in (EmailAccount, LinkedinAccount, ChannelAccount))


@contributes_to_dashboard
def stopped_accounts(request: HttpRequest) -> Contribution:
    """Show how many accounts have stopped and need somebody; nothing while all work."""
    contribution, tenant_id = Contribution(), access_of(request).tenant_id
    if tenant_id is None or not may_see(request):
        return contribution
    number = 0
    for model in (LinkedinAccount, ChannelAccount):
        if can_view(request, model):
            rows = model.objects.filter(tenant=tenant_id)
            broken = rows.filter(status__in=BROKEN, is_active=True) | rows.filter(health__has_key="halted")
            number += broken.distinct().count()
    if can_view(request, EmailAccount):
        stopped = EmailAccount.objects.filter(tenant=tenant_id, is_active=True).exclude(status__in=FINE)
        number += stopped.count()
    if number:
        detail = "wait for somebody: what they should do waits too"
        card = Card("Accounts stopped", str(number), "link_off", detail, reverse("admin:sending_accounts"), "danger")
        contribution.cards.append(card)
    return contribution


BROKEN: Final = (AccountStatus.CHECKPOINT, AccountStatus.EXPIRED, AccountStatus.REVOKED, AccountStatus.ERROR)


def _lines(request: HttpRequest, now: datetime) -> Iterator[Line]:
    tenant_id = access_of(request).tenant_id
    own = {} if tenant_id is None else {"tenant": tenant_id}
    networks: list[LinkedinAccount | ChannelAccount] = []
    for model in (LinkedinAccount, ChannelAccount):
        if can_view(request, model):
            networks += model.objects.filter(**own).select_related("tenant", "user").order_by("account_name")[:SHOWN]
    done = _done(networks, now)
    for account in networks:
        yield _network_line(account, done.get((account.pk, main_action(account).value), 0), now)
    if can_view(request, EmailAccount):
        for mailbox in EmailAccount.objects.filter(**own).select_related("tenant", "user").order_by("email")[:SHOWN]:
            yield _mailbox_line(mailbox, now)


def _done(accounts: list[LinkedinAccount | ChannelAccount], now: datetime) -> dict[tuple[object, str], int]:
    """Return what each account did of each action on its current day, in one statement."""
    days = {account.pk: day_of(now, account.tenant.timezone) for account in accounts}
    rows = ActionCount.objects.filter(account_id__in=days, day__in=set(days.values()))
    summed = rows.values("account_id", "action", "day").annotate(number=Sum("taken"))
    return {
        (row["account_id"], row["action"]): row["number"] for row in summed if row["day"] == days[row["account_id"]]
    }


def _network_line(account: LinkedinAccount | ChannelAccount, done: int, now: datetime) -> Line:
    standing, action = standing_of(account, now=now), main_action(account)
    is_linkedin = isinstance(account, LinkedinAccount)
    allowance = allowances(account, zone=_zone(account.tenant), now=now).get(action)
    limit = allowance.day if allowance is not None else None
    used: SafeString | str = usage_bar(done, limit) if limit is not None else f"{done:,}"
    return Line(
        kind="LinkedIn" if isinstance(account, LinkedinAccount) else network_name(account),
        icon="badge" if is_linkedin else _icon(account),
        name=account.account_name,
        url=reverse(f"admin:campaigns_{account._meta.model_name}_change", args=(account.pk,)),
        label=standing.label,
        tone=standing.tone,
        reason=standing.reason,
        today=_with_unit(used, LABELS[action].lower()),
        sandbox=is_sandbox(account),
        member=str(account.user.full_name) if account.user else "",
    )


def _mailbox_line(mailbox: EmailAccount, now: datetime) -> Line:
    limits = limits_of(mailbox, zone=_zone(mailbox.tenant), now=now)
    status = EmailAccountStatus(mailbox.status)
    label, tone = str(status.label), EMAIL_TONES.get(status, "danger")
    if not mailbox.is_active:
        label, tone = "Paused", "default"
    bar = usage_bar(limits.used, limits.allowed)
    return Line(
        kind="E-mail",
        icon="alternate_email",
        name=mailbox.email,
        url=reverse("admin:campaigns_emailaccount_change", args=(mailbox.pk,)),
        label=label,
        tone=tone,
        reason="" if tone == "success" else mailbox.status_reason,
        today=_with_unit(bar, "messages"),
        sandbox=is_mail_sandbox(mailbox.smtp_host),
        member=str(mailbox.user.full_name) if mailbox.user else "",
    )


def _offers(request: HttpRequest) -> Iterator[Offer]:
    """Yield what the caller may add."""
    pages = admin.site._registry
    if pages[LinkedinAccount].has_add_permission(request):
        mine = urlencode({"account_name": f"LinkedIn of {request.user.full_name}"})  # type: ignore[union-attr]
        url = f"{reverse('admin:campaigns_linkedinaccount_add')}?{mine}"
        yield Offer("LinkedIn", "badge", "Visits, invitations and messages from a member's profile.", url)
    if pages[ChannelAccount].has_add_permission(request):
        base = reverse("admin:campaigns_channelaccount_add")
        for title, icon, text, channel, provider in CHANNELS:
            query = urlencode({"account_name": title, "channel": channel, "provider": provider})
            yield Offer(title, icon, text, f"{base}?{query}")
    if pages[EmailAccount].has_add_permission(request):
        url = reverse("admin:campaigns_emailaccount_add")
        yield Offer("E-mail", "alternate_email", "A mailbox that campaigns send from and listen to.", url)


CHANNELS: Final = (
    (
        "WhatsApp",
        "qr_code_2",
        "A number on a phone, linked by scanning a code. For few messages to people who know you.",
        Channel.WHATSAPP.value,
        UNIPILE,
    ),
    (
        "WhatsApp Business",
        "verified",
        "Meta's own interface, with approved templates. For larger numbers of messages.",
        Channel.WHATSAPP.value,
        WHATSAPP_CLOUD,
    ),
    ("Instagram", "photo_camera", "Follows, likes and messages of a profile.", Channel.WEB.value, UNIPILE),
    ("SMS number", "sms", "A number at Twilio, with its opt-out words.", Channel.SMS.value, TWILIO),
)


def _lists(request: HttpRequest) -> Iterator[tuple[str, str]]:
    """Yield the lists of one kind of account each."""
    for title, model in (("LinkedIn", LinkedinAccount), ("WhatsApp, Instagram, SMS", ChannelAccount)):
        if can_view(request, model):
            yield title, reverse(f"admin:campaigns_{model._meta.model_name}_changelist")
    if can_view(request, EmailAccount):
        yield "E-mail", reverse("admin:campaigns_emailaccount_changelist")


def _with_unit(number: SafeString | str, unit: str) -> SafeString:
    return format_html('{} <span class="lad-hint">{}</span>', number, unit)


def _icon(account: NetworkAccount) -> str:
    assert isinstance(account, ChannelAccount)  # LinkedIn has its own
    return {Channel.SMS.value: "sms", Channel.WEB.value: "photo_camera"}.get(account.channel, "chat")


def _zone(tenant: Tenant) -> str:
    return str(tenant.timezone)


add_view("sending-accounts/", sending_accounts, "sending_accounts")
add_page(SidebarPage("Sending accounts", "admin:sending_accounts", "Campaigns", "hub", 58, may_see))
