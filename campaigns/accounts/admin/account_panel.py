"""The top of an account's page: how it stands, what it did and may do, and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.accounts.network_health import Health, Label, health_of
from campaigns.accounts.network_services import is_through_gateway
from campaigns.accounts.network_use import LABELS, ActionUse, CurvePoint, curve, main_action, use_of
from campaigns.accounts.report_places import ReportPlace, report_place
from campaigns.accounts.sandboxes import is_sandbox
from campaigns.accounts.standing import Standing, standing_of
from campaigns.messages.models import Message, MessageState
from leads.contactability.models import ContactDirection

SHOWN: Final = 5
WIDTH: Final = 560
HEIGHT: Final = 120
HEALTH_TONES: Final = {Label.HEALTHY: "success", Label.WATCH: "warning", Label.HALTED: "danger"}
HEALTH_WORDS: Final = {Label.HEALTHY: "Healthy", Label.WATCH: "Watch it", Label.HALTED: "Stopped"}


@dataclass(frozen=True, slots=True)
class Curve:
    """The warm-up as a picture: a line through ``points``, and its first, last and present figures."""

    points: str
    area: str
    label: str
    first: int
    last: int
    full_in: int
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, slots=True)
class Panel:
    """What the top of the page shows."""

    standing: Standing
    use: list[ActionUse]
    curve: Curve | None
    health: Health
    health_tone: str
    health_word: str
    done: list[Message]
    waiting: list[Message]
    messages_url: str
    connecting: str
    check_url: str
    resume_url: str
    place: ReportPlace | None
    sandbox: bool
    may_change: bool
    may_read: bool
    through_gateway: bool
    learned: list[str]
    facts: list[list[str]]
    now: datetime


def panel_of(account: NetworkAccount, *, connecting: str, may_change: bool, may_read: bool) -> Panel:
    """Return what the account's page shows; its messages to those who may read them."""
    now, zone = timezone.now(), account.tenant.timezone
    health = health_of(account, now=now)
    own: dict[str, Any] = {account.message_column: account.pk}
    sent = Message.objects.filter(**own, tenant=account.tenant_id, direction=ContactDirection.OUTBOUND)
    done = sent.filter(state=MessageState.SENT, occurred_at__isnull=False).order_by("-occurred_at")
    waiting = Message.objects.filter(**own, tenant=account.tenant_id, state=MessageState.QUEUED)
    return Panel(
        standing=standing_of(account, now=now),
        use=use_of(account, zone=zone, now=now),
        curve=_curve(curve(account, zone=zone, now=now), LABELS[main_action(account)]),
        health=health,
        health_tone=HEALTH_TONES[health.label],
        health_word=HEALTH_WORDS[health.label],
        done=list(done.select_related("lead", "campaign")[:SHOWN]) if may_read else [],
        waiting=list(waiting.select_related("lead", "campaign").order_by("next_attempt_at")[:SHOWN])
        if may_read
        else [],
        messages_url=f"{reverse('admin:campaigns_message_changelist')}?{account.message_column}__id__exact={account.pk}",
        connecting=connecting,
        check_url=_action(account, "check_now"),
        resume_url=_action(account, "resume"),
        place=report_place(account) if isinstance(account, ChannelAccount) else None,
        sandbox=is_sandbox(account),
        may_change=may_change,
        may_read=may_read,
        through_gateway=is_through_gateway(account),
        learned=_learned(account),
        facts=account.health.get("facts", []),
        now=now,
    )


def _action(account: NetworkAccount, name: str) -> str:
    return reverse(f"admin:campaigns_{account._meta.model_name}_{name}", args=(account.pk,))


def _learned(account: NetworkAccount) -> list[str]:
    """Return the limits that the network showed, in words."""
    found = []
    for action, limit in account.learned_limits.items():
        parts = [f"{limit[key]} {words}" for key, words in (("day", "a day"), ("week", "in 7 days")) if key in limit]
        if parts and action in LABELS:
            who = "The provider allows" if limit.get("stated") else "The network stopped the account after"
            found.append(f"{LABELS[action]}: {who} {' and '.join(parts)}.")
    return found


def _curve(points: list[CurvePoint], label: str) -> Curve | None:
    if not points:
        return None
    top = max(point.allowed for point in points)
    step = WIDTH / (len(points) - 1)
    places = [(round(point.days * step, 1), round(HEIGHT - point.allowed / top * (HEIGHT - 8), 1)) for point in points]
    line = " ".join(f"{x},{y}" for x, y in places)
    full_in = next(point.days for point in points if point.allowed == top)
    area = f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}"
    return Curve(line, area, label, points[0].allowed, points[-1].allowed, full_in)
