"""Find what is wrong with a campaign's steps before it starts, and what they will not do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from campaigns.accounts.models import ChannelAccount
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.channels.choosing import usable_accounts
from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign
from campaigns.design.services.circles import leads_back
from campaigns.design.services.connections import ACCOUNTS, is_connected
from campaigns.design.step_specs import channel_of, step_types
from leads.channels import Channel

# Steps that may take time. A circle with one of them ends for now.
WAITING: Final = frozenset({"delay", "manual_task", "condition"})
MAX_TITLES: Final = 3
CODES: Final = {
    Channel.EMAIL: "no_email_account",
    Channel.LINKEDIN: "no_linkedin_account",
    Channel.WHATSAPP: "no_whatsapp_account",
    Channel.SMS: "no_sms_account",
    Channel.WEB: "no_instagram_account",
}


@dataclass(frozen=True, slots=True)
class MissingRequirement:
    """One reason why a campaign cannot run, or what it will not do. ``code`` is for programs, ``message`` for users."""

    code: str
    message: str


def faults(campaign: Campaign) -> Iterator[MissingRequirement]:
    """Yield what must be corrected in the steps before the campaign can run."""
    graph = graph_of(campaign)
    for step in graph.steps:
        if step.type == "goto" and "done" not in step.links:
            yield MissingRequirement("goto_without_target", f"“{step.title}” leads nowhere. Link it to a step.")
    yield from _cannot(graph)
    if circle := _circle(graph):
        message = f"“{circle.title}” leads back to itself without a wait. Add a delay to the circle."
        yield MissingRequirement("endless_loop", message)
    if leads_back(campaign, to=campaign.pk):
        message = "It sends its leads to a campaign that sends them back. Remove one of these steps."
        yield MissingRequirement("campaigns_in_a_circle", message)


def notes(campaign: Campaign) -> list[MissingRequirement]:
    """Return what the campaign will not do, or should do, although it can run."""
    steps = graph_of(campaign).steps
    return [*_notes_of_whatsapp(campaign, steps), *_notes_of_sms(steps), *_notes_of_names(steps)]


def without_account(campaign: Campaign) -> Iterator[MissingRequirement]:
    """Yield the channels of the campaign's steps for which no account works, with the steps that need it."""
    steps = graph_of(campaign).steps
    for channel, account in ACCOUNTS.items():
        titles = [f"“{step.title}”" for step in steps if channel_of(step.type) == channel and _acts(step)]
        if titles and not is_connected(campaign, channel):
            needing = ", ".join(titles[:MAX_TITLES]) + (" and others" if len(titles) > MAX_TITLES else "")
            verb = "needs" if len(titles) == 1 else "need"
            message = f"{needing} {verb} {_with_article(account)}, and none works. Connect one, or remove the steps."
            yield MissingRequirement(CODES[channel], message)


def _cannot(graph: Graph) -> Iterator[MissingRequirement]:
    """Yield the steps that LAD cannot do. Such steps are not saved any more, but older campaigns have them."""
    for step in graph.steps:
        if step.type in step_types and (why := step_types.get(step.type).cannot):
            yield MissingRequirement("step_not_possible", f"“{step.title}” cannot run. {why}")


def _acts(step: Step) -> bool:
    return step.type in step_types and not step_types.get(step.type).cannot


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'eI' else 'a'} {noun}"


def _notes_of_whatsapp(campaign: Campaign, steps: Sequence[Step]) -> Iterator[MissingRequirement]:
    """Say which steps reach only leads who have written: free text through numbers that are bound to the window."""
    bare = [step for step in steps if step.type == "whatsapp_send" and not step.config.get("template")]
    accounts = usable_accounts(campaign, Channel.WHATSAPP) if bare else []
    if not any(isinstance(row, ChannelAccount) and row.provider == WHATSAPP_CLOUD for row in accounts):
        return
    for step in bare:
        message = (
            f"“{step.title}” reaches only leads who wrote within the last 24 hours; the others skip it. "
            "Name an approved template to reach everybody."
        )
        yield MissingRequirement("whatsapp_window", message)


def _notes_of_sms(steps: Sequence[Step]) -> Iterator[MissingRequirement]:
    first = next((step for step in steps if step.type == "sms_send"), None)
    if first is not None and "stop" not in str(first.config.get("message", "stop")).lower():
        message = f"“{first.title}” does not say how to opt out. Write for example “Reply STOP to opt out”."
        yield MissingRequirement("sms_opt_out", message)


def _notes_of_names(steps: Sequence[Step]) -> Iterator[MissingRequirement]:
    for step in steps:
        name = str(step.config.get("username", ""))
        if name and "{{" not in name:
            message = (
                f"“{step.title}” is for the one Instagram name {name}; leads with another name skip it. Leave the name"
                " empty, so that each lead's own counts."
            )
            yield MissingRequirement("one_instagram_name", message)


def _circle(graph: Graph) -> Step | None:
    """Return a step that leads back to itself through steps that take no time; None if there is none."""
    quick = {step.id for step in graph.steps if step.type not in WAITING and channel_of(step.type) is None}
    following = {key: graph.successors(graph.by_id[key]) & quick for key in quick}
    while ends := [key for key, after in following.items() if not after & following.keys()]:
        for key in ends:
            del following[key]
    return graph.by_id[min(following, key=lambda key: graph.by_id[key].order)] if following else None
