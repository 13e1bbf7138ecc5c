"""Format calls, recordings, durations and counts for admin pages."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.pricing.models import PriceCategory
from lad.figures import aligned
from lad.labels import in_words
from voice.statuses import BatchStatus, CallStatus, EntryStatus

MEDIA_CSS: Final = {"all": ["voice/admin.css"]}
EMPTY: Final = format_html('<span class="text-subtle">{}</span>', "–")
COMPONENTS: Final[dict[str, str]] = dict(PriceCategory.choices)
PLAYABLE_SCHEMES: Final = ("https://", "http://")

CALL_COLOURS: Final = {
    CallStatus.PENDING: "default",
    CallStatus.RINGING: "info",
    CallStatus.ONGOING: "primary",
    CallStatus.ENDED: "success",
    CallStatus.DECLINED: "warning",
    CallStatus.CANCELLED: "default",
    CallStatus.FAILED: "danger",
}
BATCH_COLOURS: Final = {
    BatchStatus.QUEUED: "info",
    BatchStatus.RUNNING: "primary",
    BatchStatus.COMPLETED: "success",
    BatchStatus.FAILED: "danger",
    BatchStatus.CANCELLED: "default",
    BatchStatus.STOPPED: "warning",
}
ENTRY_COLOURS: Final = {
    EntryStatus.QUEUED: "default",
    EntryStatus.RUNNING: "info",
    EntryStatus.DISPATCHED: "primary",
    EntryStatus.COMPLETED: "success",
    EntryStatus.FAILED: "danger",
    EntryStatus.DECLINED: "warning",
    EntryStatus.CANCELLED: "default",
}


def audio_player(url: str) -> SafeString:
    """Return an audio player that loads on demand, or a dash if the URL is not http or https."""
    if not url.startswith(PLAYABLE_SCHEMES):
        return EMPTY
    return format_html(
        '<audio class="voice-player" controls preload="none" src="{}"></audio>'
        '<a class="lad-link" href="{}" target="_blank" rel="noopener noreferrer">Open the file</a>',
        url,
        url,
    )


def format_duration(seconds: float | None) -> str:
    """Return the seconds as ``3:05`` or ``1:02:09``, or an empty string for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def render_conversation(turns: list[dict[str, Any]], *, playable: bool = False) -> str:
    """Render a transcript as a chat, the agent on one side and the person on the other.

    With ``playable`` a turn's time is a button that plays the recording from there.
    """
    with_times = [{**turn, "at": format_duration(turn.get("start"))} for turn in turns]
    return render_to_string("voice/conversation.html", {"turns": with_times, "playable": playable})


def render_cost_table(items: list[dict[str, Any]], cost: Decimal, currency: str) -> str:
    """Render the cost of a call, item by item, with its total."""
    rates = aligned(_number(item.get("rate")) for item in items)
    *costs, total = aligned(_number(each) for each in (*(item.get("cost") for item in items), cost))
    rows = [
        {
            **item,
            "component": _component(str(item.get("component") or "")),
            "by": " ".join(filter(None, (in_words(item.get("provider") or ""), item.get("model")))),
            "amount": _number(item.get("amount")),
            "rate": rate,
            "cost": each,
        }
        for item, rate, each in zip(items, rates, costs, strict=True)
    ]
    return render_to_string("voice/cost.html", {"items": rows, "cost": total, "currency": currency})


def progress_bar(reached: int, failed: int, total: int) -> SafeString:
    """Return a bar of the finished calls of a batch, and how many people were reached."""
    if not total:
        return EMPTY
    return format_html(
        '<span class="voice-progress"><progress max="{}" value="{}"></progress>'
        '<span class="lad-nowrap">{} of {} finished, {} reached</span></span>',
        total,
        reached + failed,
        reached + failed,
        total,
        reached,
    )


def _component(key: str) -> str:
    """Return what was used, as the price list calls it."""
    return COMPONENTS.get(key) or in_words(key)


def _number(value: object) -> str:
    """Return the number without trailing zeros, or a dash for None."""
    if value is None:
        return "–"
    try:
        return f"{Decimal(str(value)).normalize():f}"
    except InvalidOperation:
        return str(value)
