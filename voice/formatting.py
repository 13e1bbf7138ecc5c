"""How the pages of the domain show calls, recordings, times and counts."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voice.analysis.models import LeadCategory, Sentiment
from voice.statuses import BatchStatus, CallStatus, EntryStatus

STYLE: Final = {"all": ["voice/admin.css"]}
NOTHING: Final = format_html('<span class="text-subtle">{}</span>', "–")
WEB: Final = ("https://", "http://")

SENTIMENTS: Final = {
    Sentiment.VERY_INTERESTED: "success",
    Sentiment.POSITIVE: "success",
    Sentiment.NEUTRAL: "default",
    Sentiment.NEGATIVE: "danger",
}
CATEGORIES: Final = {
    LeadCategory.HOT: "danger",
    LeadCategory.WARM: "warning",
    LeadCategory.COLD: "info",
}
CALLS: Final = {
    CallStatus.PENDING: "default",
    CallStatus.RINGING: "info",
    CallStatus.ONGOING: "primary",
    CallStatus.ENDED: "success",
    CallStatus.DECLINED: "warning",
    CallStatus.CANCELLED: "default",
    CallStatus.FAILED: "danger",
}
BATCHES: Final = {
    BatchStatus.QUEUED: "info",
    BatchStatus.RUNNING: "primary",
    BatchStatus.COMPLETED: "success",
    BatchStatus.FAILED: "danger",
    BatchStatus.CANCELLED: "default",
    BatchStatus.STOPPED: "warning",
}
ENTRIES: Final = {
    EntryStatus.QUEUED: "default",
    EntryStatus.RUNNING: "info",
    EntryStatus.DISPATCHED: "primary",
    EntryStatus.COMPLETED: "success",
    EntryStatus.FAILED: "danger",
    EntryStatus.DECLINED: "warning",
    EntryStatus.CANCELLED: "default",
}


def player(url: str) -> SafeString:
    """A player that fetches nothing until it is asked to; nothing for an address a browser should not follow."""
    if not url.startswith(WEB):
        return NOTHING
    return format_html(
        '<audio class="voice-player" controls preload="none" src="{}"></audio>'
        '<a class="lad-link" href="{}" target="_blank" rel="noopener noreferrer">Open the file</a>',
        url,
        url,
    )


def clock(seconds: float | None) -> str:
    """``3:05`` or ``1:02:09``; nothing for nothing."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def conversation(turns: list[dict[str, Any]]) -> str:
    """The turns of a call as a conversation, the agent on one side and the person on the other."""
    shown = [{**turn, "at": clock(turn.get("start"))} for turn in turns]
    return render_to_string("voice/conversation.html", {"turns": shown})


def cost_table(items: list[dict[str, Any]], cost: Decimal, currency: str) -> str:
    """What a call cost, item by item."""
    rows = [
        {
            **item,
            "by": " ".join(filter(None, (item.get("provider"), item.get("model")))),
            **{name: _number(item.get(name)) for name in ("amount", "rate", "cost")},
        }
        for item in items
    ]
    return render_to_string("voice/cost.html", {"items": rows, "cost": _number(cost), "currency": currency})


def progress(done: int, failed: int, total: int) -> SafeString:
    """A bar of how much of a batch is over, and how many were reached."""
    if not total:
        return NOTHING
    return format_html(
        '<span class="voice-progress"><progress max="{}" value="{}"></progress>'
        '<span class="lad-nowrap">{} of {} over, {} reached</span></span>',
        total,
        done + failed,
        done + failed,
        total,
        done,
    )


def _number(value: Any) -> str:
    """A number without the zeros that say nothing."""
    if value is None:
        return "–"
    try:
        return f"{Decimal(str(value)).normalize():f}"
    except InvalidOperation:
        return str(value)
