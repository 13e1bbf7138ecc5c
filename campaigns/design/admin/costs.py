"""Show the cost of a campaign, on its page and before it starts."""

from typing import Any, Final

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.formatting import Column, amount, quantity, table
from campaigns.charging import quotes
from campaigns.charging.quotes import CampaignQuote
from campaigns.design.models import Campaign, CampaignStatus
from campaigns.design.services import lifecycle
from lad.admin.actions import Change, Preview, dry_run

FREE: Final = "None of its steps is charged."
TOO_LITTLE: Final = "The wallet has less. The campaign pauses when the credit ends; top up the wallet to avoid that."
STEPS: Final = (
    Column("Step", "title"),
    Column("Price", "unit_price", amount),
    Column("Messages at most", "messages", quantity),
    Column("Cost at most", "at_most", amount),
)


def cost_table(campaign: Campaign) -> SafeString | str:
    """Return what the open enrolments cost at most, by step, beside what the wallet has."""
    found = quotes.quote(campaign, now=timezone.now())
    if not found.steps:
        return FREE
    rows = [
        {"title": each.title, "unit_price": each.unit_price, "messages": each.messages, "at_most": each.at_most}
        for each in found.steps
    ]
    return format_html(
        '{}<p class="lad-hint">The wallet has {}. {}</p>',
        table(STEPS, rows, ("Together at most", amount(found.at_most, found.currency))),
        amount(found.available, found.currency),
        found.warning,
    )


def run_preview(row: Campaign, values: dict[str, Any]) -> Preview | None:
    """Return what running the campaign costs at most; None if it costs nothing.

    Raises what starting or resuming it would raise.
    """
    run = lifecycle.start if row.status == CampaignStatus.DRAFT else lifecycle.resume
    dry_run(lambda: run(campaign=row, actor=None))
    found = quotes.quote(row, now=timezone.now())
    return _preview(found) if found.at_most else None


def _preview(found: CampaignQuote) -> Preview:
    wallet = Change(
        "Wallet",
        amount(found.available, found.currency),
        f"at least {amount(max(found.available - found.at_most, quotes.ZERO), found.currency)}",
    )
    facts = [(each.title, f"up to {amount(each.at_most, found.currency)}") for each in found.steps]
    return Preview(
        facts=[*facts, ("Cost at most", amount(found.at_most, found.currency))],
        changes=[wallet],
        warnings=[] if found.enough else [TOO_LITTLE],
    )
