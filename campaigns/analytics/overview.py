"""The top of a campaign's page: its state in words, its numbers, and what needs somebody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from campaigns.accounts.models import EmailAccount, EmailAccountStatus
from campaigns.analytics.campaign_accounts import Account, stopped_accounts
from campaigns.analytics.funnel import Funnel, StepNumbers, funnel
from campaigns.analytics.icons import step_icon
from campaigns.analytics.queue import NextSend, Queue, next_sends, queue
from campaigns.design.models import Campaign, CampaignStatus, ExecutionState
from campaigns.design.schedule import schedule_of
from campaigns.design.services import lifecycle
from campaigns.design.step_specs import step_types
from campaigns.messages.models import MessageState

NEXT_SHOWN: Final = 8
GROUPS_SHOWN: Final = 8
ACCOUNTS_NAMED: Final = 3
BROKEN: Final = (
    EmailAccountStatus.SIGN_IN_FAILED,
    EmailAccountStatus.REVOKED,
    EmailAccountStatus.UNREACHABLE,
    EmailAccountStatus.PAUSED,
    EmailAccountStatus.HALTED,
)
# Reasons to wait that end only when somebody does something, and what that is.
NEEDS_SOMEBODY: Final = {
    "no_account": ("wait for an e-mail account that can send", "Connect an account, or raise a daily limit."),
    "no_credit": ("wait for credit", "Top up the wallet, then resume the campaign."),
    "missing_variable": ("lack details that the message uses", "Fill them in, or give the template a default."),
    "channel_not_connected": ("wait for a channel that is not connected", "Connect it, or remove the step."),
    "consent_missing": ("have not agreed to be contacted", "Record their consent, or change the contact policy."),
    "no_address": ("have no address for the channel", "Add it to the lead, or stop the enrolment."),
    "no_open_time": ("are never open at the campaign’s hours", "Widen the hours of the campaign."),
}
STATES: Final = {
    CampaignStatus.DRAFT: ("edit_note", "Draft: nothing is sent before it is started."),
    CampaignStatus.PAUSED: ("pause_circle", "Paused: nothing is sent until it is resumed."),
    CampaignStatus.COMPLETED: ("done_all", "Completed: every enrolment has ended."),
    CampaignStatus.STOPPED: ("stop_circle", "Stopped for good. What waited was cancelled."),
    CampaignStatus.ARCHIVED: ("archive", "Archived. It can be read and duplicated."),
}
RUNNING: Final = {
    ExecutionState.ACTIVE: ("play_circle", "Running"),
    ExecutionState.WAITING_FOR_LEADS: ("hourglass_empty", "Running, and waiting for leads"),
    ExecutionState.SLEEPING: ("bedtime", "Running, and asleep until the next day"),
    ExecutionState.ERROR: ("error", "Running, but something failed"),
    ExecutionState.COMPLETED: ("done_all", "Running, and almost done"),
}


@dataclass(frozen=True, slots=True)
class State:
    """The campaign's state as a sentence, with the reason."""

    icon: str
    text: str
    reason: str
    tone: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps the campaign from working as it should, and what to do about it."""

    text: str
    advice: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class AccountProblem:
    """An account that does nothing, how it stands, and what its provider says."""

    account: Account
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step with its numbers, as the table shows it."""

    numbers: StepNumbers
    icon: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything at the top of a campaign's page."""

    state: State
    hours: str
    funnel: Funnel
    cards: Sequence[tuple[str, str, str]]
    steps: Sequence[ShownStep]
    queue: Queue
    next_sends: Sequence[NextSend]
    problems: Sequence[Problem]
    links: dict[str, str]
    now: datetime


def overview(campaign: Campaign, *, now: datetime | None = None) -> Overview:
    """Return what a sales manager needs to see of the campaign. Runs about a dozen statements, whatever its size."""
    now = now or timezone.now()
    numbers, waiting = funnel(campaign), queue(campaign)
    schedule = schedule_of(campaign)
    problems = list(_problems(campaign, waiting, now))
    return Overview(
        state=_state(campaign, now, ready=not problems),
        hours=schedule.window.in_words(),
        funnel=numbers,
        cards=_cards(numbers),
        steps=[shown_step(step) for step in numbers.steps],
        queue=waiting,
        next_sends=next_sends(campaign, limit=NEXT_SHOWN) if campaign.status == CampaignStatus.RUNNING else (),
        problems=problems,
        links=links(campaign),
        now=now,
    )


def links(campaign: Campaign) -> dict[str, str]:
    """Return the addresses of the campaign's other pages."""
    chosen = f"?campaign__id__exact={campaign.pk}"
    pages: dict[str, Any] = {
        "enrolments": reverse("admin:campaigns_campaignlead_changelist") + chosen,
        "activities": reverse("admin:campaigns_campaignleadactivity_changelist") + chosen,
        "messages": reverse("admin:campaigns_message_changelist") + chosen,
    }
    for name in ("analytics", "queue", "why_not", "export_activities"):
        pages[name] = reverse(f"admin:campaigns_campaign_{name}", args=(campaign.pk,))
    return pages


def _state(campaign: Campaign, now: datetime, *, ready: bool) -> State:
    status, reason = CampaignStatus(campaign.status), campaign.last_execution_reason
    if status != CampaignStatus.RUNNING:
        icon, text = STATES[status]
        if status == CampaignStatus.DRAFT and ready:
            text = "Draft: nothing is missing. Start it when you like."
        return State(icon, text, reason, "warning" if status == CampaignStatus.PAUSED and reason else "")
    if campaign.starts_at and campaign.starts_at > now:
        return State("schedule", "Started: it begins at its start time", "", "")
    icon, text = RUNNING[ExecutionState(campaign.execution_state)]
    return State(icon, text, reason, "warning" if campaign.execution_state == ExecutionState.ERROR else "good")


def _cards(numbers: Funnel) -> list[tuple[str, str, str]]:
    counted = {stage.key: stage.number for stage in numbers.stages}
    contacted = counted["contacted"]
    return [
        ("Enrolled", f"{numbers.enrolled:,}", f"{numbers.open:,} in progress"),
        ("Contacted", f"{contacted:,}", _share(contacted, numbers.enrolled, "of enrolled")),
        ("Answered", f"{counted['answered']:,}", _share(counted["answered"], contacted, "of contacted")),
        ("Goal", f"{counted['goal']:,}", _share(counted["goal"], contacted, "of contacted")),
    ]


def _share(part: int, whole: int, of: str) -> str:
    return f"{100 * part / whole:.0f} % {of}" if whole else f"– {of}"


def shown_step(step: StepNumbers) -> ShownStep:
    """Return the step as tables show it."""
    spec = step_types.get(step.type) if step.type in step_types else None
    url = reverse("admin:campaigns_campaignstep_change", args=(step.id,))
    return ShownStep(step, step_icon(step.type), spec.label if spec else step.type, url)


def _problems(campaign: Campaign, waiting: Queue, now: datetime) -> Iterator[Problem]:
    if campaign.status in (CampaignStatus.DRAFT, CampaignStatus.PAUSED):
        for missing in lifecycle.missing_requirements(campaign, now):
            yield Problem(missing.message, "")
    page = reverse("admin:campaigns_campaign_queue", args=(campaign.pk,))
    for group in waiting.groups:
        if group.reason in NEEDS_SOMEBODY:
            what, advice = NEEDS_SOMEBODY[group.reason]
            yield Problem(
                f"{group.number:,} lead{'s' if group.number > 1 else ''} {what}.",
                advice,
                f"{page}?reason={group.reason}",
            )
    yield from _messages_in_doubt(campaign, waiting)
    if campaign.status in (CampaignStatus.RUNNING, CampaignStatus.PAUSED, CampaignStatus.DRAFT):
        yield from _of_accounts(list(_account_problems(campaign, now)))


def _account_problems(campaign: Campaign, now: datetime) -> Iterator[AccountProblem]:
    for account in broken_accounts(campaign):
        yield AccountProblem(account, _in_a_sentence(account.get_status_display()), account.status_reason)
    for profile, standing in stopped_accounts(campaign, now=now):
        yield AccountProblem(profile, _in_a_sentence(standing.label), standing.reason)


def _of_accounts(found: Sequence[AccountProblem]) -> Iterator[Problem]:
    """Say it in one line, however many accounts do nothing."""
    if len(found) == 1:
        [only] = found
        url = reverse(f"admin:campaigns_{only.account._meta.model_name}_change", args=(only.account.pk,))
        text = f"{only.account} does nothing: {only.state}."
        yield Problem(text, only.reason or "Open the account to see what to do.", url)
    elif found:
        named = [f"{each.account} ({each.state})" for each in found[:ACCOUNTS_NAMED]]
        more = f" and {len(found) - ACCOUNTS_NAMED:,} more" if len(found) > ACCOUNTS_NAMED else ""
        text = f"{len(found):,} accounts do nothing: {', '.join(named)}{more}."
        yield Problem(text, "Open each to see what to do.", reverse("admin:sending_accounts"))


def _in_a_sentence(text: str) -> str:
    return text[:1].lower() + text[1:]


def _messages_in_doubt(campaign: Campaign, waiting: Queue) -> Iterator[Problem]:
    counts = {each.state: each for each in waiting.messages}
    unknown = counts[MessageState.UNKNOWN]
    if unknown.number:
        url = f"{reverse('admin:campaigns_message_changelist')}?campaign__id__exact={campaign.pk}&state__exact=unknown"
        text = f"It is not known whether {unknown.number:,} message{'s were' if unknown.number > 1 else ' was'} sent."
        yield Problem(text, "LAD looks for them. Decide about those that it cannot find.", url)


def broken_accounts(campaign: Campaign) -> QuerySet[EmailAccount]:
    """Return the e-mail accounts that the campaign would use but that cannot send."""
    accounts = EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True, status__in=BROKEN).order_by(
        "email"
    )
    chosen = schedule_of(campaign).email_accounts
    return accounts.filter(pk__in=chosen) if chosen else accounts
