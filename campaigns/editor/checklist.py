"""The checklist before a campaign starts: what must be corrected, what is advised, and what is fine.

Features add checks of their own with ``@check``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db.models import Q
from django.urls import reverse

from billing.formatting import amount
from campaigns.accounts.mailbox.dns import Grade
from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE
from campaigns.charging import quotes
from campaigns.design.graph import Graph, Step, graph_of
from campaigns.design.models import Campaign
from campaigns.design.schedule import schedule_of
from campaigns.design.services import lifecycle, readiness
from campaigns.design.step_specs import channel_of, step_types
from campaigns.editor.drafts import DraftStep
from campaigns.editor.faults import advice_on
from campaigns.editor.forecast import Forecast, forecast
from campaigns.enrolment.models import OPEN_ENROLMENTS
from campaigns.templates.requirements import lacking
from lad.times import DATE
from leads.channels import Channel

# The columns with the address of each channel, on the enrolment and on the lead.
ADDRESSES: Final = {
    Channel.EMAIL: ("email", "an e-mail address"),
    Channel.LINKEDIN: ("linkedin_url", "a LinkedIn profile"),
    Channel.WHATSAPP: ("phone", "a phone number"),
    Channel.SMS: ("phone", "a phone number"),
    Channel.VOICE: ("phone", "a phone number"),
}
WITHOUT_THEM: Final = "Steps on this channel are skipped for them."
DNS_ADVICE: Final = "Mail programs distrust messages from a domain without it."
DNS_RECORDS: Final = "SPF, DKIM and DMARC decide whether mail programs trust your messages."
WAY_OUT: Final = "Offer a way out"


class Level(StrEnum):
    """How much an item matters. A campaign with a blocking one cannot start."""

    BLOCKING = "blocking"
    ADVICE = "advice"
    INFORMATION = "information"
    GOOD = "good"


LEVELS: Final = (Level.BLOCKING, Level.ADVICE, Level.INFORMATION, Level.GOOD)


@dataclass(frozen=True, slots=True)
class Item:
    """One item: what was found, why it matters, for how many, and where it can be solved.

    ``code`` is for programs. ``count`` is 0 where there is nothing to count. ``page`` is a page of the admin and
    ``link`` the text that leads there.
    """

    code: str
    level: Level
    text: str
    detail: str = ""
    count: int = 0
    page: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the checks are asked about."""

    campaign: Campaign
    graph: Graph
    now: datetime

    @property
    def channels(self) -> list[Channel]:
        """Return the channels on which the campaign reaches leads."""
        used = {step.type for step in self.graph.steps if _reaches_lead(step)}
        return [channel for channel in Channel if any(channel_of(key) == channel for key in used)]

    @property
    def open_rows(self) -> Any:
        return self.campaign.enrolments.filter(status__in=OPEN_ENROLMENTS)

    def page(self, name: str) -> str:
        """Return the address of one of the campaign's pages."""
        return reverse(f"admin:campaigns_campaign_{name}", args=(self.campaign.pk,))


Check = Callable[[Question], Iterable[Item]]

_checks: Final[list[Check]] = []


def check(function: Check) -> Check:
    """Add the function to the checklist. It yields one item for each thing that it finds."""
    _checks.append(function)
    return function


def checklist(campaign: Campaign, *, now: datetime) -> list[Item]:
    """Return the items, those that block the start first."""
    question = Question(campaign, graph_of(campaign), now)
    found = [item for each in _checks for item in each(question)]
    return sorted(found, key=lambda item: LEVELS.index(item.level))


# Where the reasons of ``lifecycle.missing_requirements`` are solved: a page of the campaign, or a list.
_SOLVED_AT: Final = {
    "no_steps": ("sequence", "Add a step"),
    "texts": ("sequence", "Correct it"),
    "goto_without_target": ("sequence", "Correct it"),
    "endless_loop": ("sequence", "Correct it"),
    "campaigns_in_a_circle": ("sequence", "Correct it"),
    "no_leads": ("enrol", "Enrol leads"),
    "no_linkedin_account": ("change", "Add an account"),
    "over": ("change", "Change its end"),
}
_LISTS: Final = {
    "no_email_account": ("admin:campaigns_emailaccount_add", "Connect an account"),
    "no_credit": ("admin:billing_wallet_changelist", "Open the wallet"),
}


@check
def _requirements(question: Question) -> Iterator[Item]:
    for each in lifecycle.missing_requirements(question.campaign, question.now):
        page, link = "", ""
        if each.code in _LISTS:
            name, link = _LISTS[each.code]
            page = reverse(name)
        else:
            name, link = _SOLVED_AT.get(each.code, ("change", "Open the campaign"))
            page = question.page(name)
        yield Item(each.code, Level.BLOCKING, each.message, page=page, link=link)


@check
def _addresses(question: Question) -> Iterator[Item]:
    """Count the leads that lack the address of a channel."""
    whole = question.open_rows.count()
    if not whole:
        return
    seen: dict[str, list[Channel]] = {}
    for channel in question.channels:
        if channel in ADDRESSES:
            seen.setdefault(ADDRESSES[channel][0], []).append(channel)
    for column, channels in seen.items():
        words = ADDRESSES[channels[0]][1]
        number = question.open_rows.filter(Q(**{column: ""}), Q(**{f"lead__{column}": ""})).count()
        names = " and ".join(channel.label for channel in channels)
        if number:
            text = f"{_leads(number)} {'lacks' if number == 1 else 'lack'} {words}."
            page = f"{reverse('admin:campaigns_campaignlead_changelist')}?campaign__id__exact={question.campaign.pk}"
            yield Item(
                f"no_address_{channels[0]}",
                Level.ADVICE,
                text,
                f"{names}: {WITHOUT_THEM}",
                number,
                page,
                "Show the leads",
            )
        else:
            yield Item(f"addresses_{channels[0]}", Level.GOOD, f"All {_leads(whole)} have {words}.", count=whole)


@check
def _variables(question: Question) -> Iterator[Item]:
    for each in lacking(question.campaign):
        if not each.error:
            yield Item(
                "missing_variable",
                Level.ADVICE,
                str(each),
                "Messages wait or are skipped where a value is missing.",
                each.leads,
                question.page("sequence"),
                "Open the step",
            )


@check
def _unconnected(question: Question) -> Iterator[Item]:
    for note in readiness.notes(question.campaign):
        yield Item(note.code, Level.ADVICE, note.message, page=question.page("sequence"), link="Open the sequence")


@check
def _domains(question: Question) -> Iterator[Item]:
    """Say which records the sending domains lack, by the last check of each."""
    if Channel.EMAIL not in question.channels:
        return
    seen: set[str] = set()
    for account in email_accounts(question.campaign):
        domain = account.email.partition("@")[2]
        if domain in seen:
            continue
        seen.add(domain)
        page = reverse("admin:campaigns_emailaccount_change", args=(account.pk,))
        findings = account.dns_report.get("findings", ())
        if not findings:
            text = f"The records of {domain} have not been checked yet."
            yield Item("dns_unchecked", Level.ADVICE, text, DNS_RECORDS, page=page, link="Check them")
            continue
        lacks = [each["record"] for each in findings if each["grade"] == Grade.MISSING]
        for finding in findings:
            if finding["grade"] == Grade.MISSING:
                record = finding["record"]
                text = f"{record} missing: {domain}."
                detail = finding.get("advice") or DNS_ADVICE
                yield Item(f"dns_{record.lower()}", Level.ADVICE, text, detail, page=page, link="Show the records")
        if not lacks:
            yield Item("dns", Level.GOOD, f"The records of {domain} are in order.")


@check
def _way_out(question: Question) -> Iterator[Item]:
    """Ask for a link to unsubscribe in the first e-mail."""
    first = next((step for step in question.graph.steps if step.type == "email_send"), None)
    if first is None:
        return
    draft = DraftStep(str(first.id), first.type, first.title, "", first.config)
    if any(text.startswith(WAY_OUT) for text in advice_on(draft)):
        text = f"“{first.title}” offers no way to unsubscribe."
        detail = "Insert the link to unsubscribe. Mail programs show their own button for it in any case."
        yield Item("no_unsubscribe", Level.ADVICE, text, detail, page=question.page("sequence"), link="Open the step")


@check
def _pace(question: Question) -> Iterator[Item]:
    """Say when the last first message leaves."""
    found = forecast(question.campaign, now=question.now)
    if found is None:
        return
    text, level = pace_in_words(found), Level.INFORMATION
    ends_at = question.campaign.ends_at
    page, link = question.page("settings"), "Change the pace"
    if found.first_day is None:
        # The missing account stands on the list already.
        return
    if found.last_day is None or (ends_at is not None and found.last_day > ends_at.date()):
        level = Level.ADVICE
        if ends_at is not None and found.last_day is not None:
            text += f" But the campaign ends on {ends_at:{DATE}}."
    yield Item("pace", level, text, _pace_detail(found), found.messages, page, link)


def pace_in_words(found: Forecast) -> str:
    """Return the forecast as a sentence: “Cap 40 a day: the last first message leaves on 14 March.”"""
    cap = f"{'Cap' if found.limit == 'cap' else 'At most'} {found.per_day:,} a day: " if found.per_day else ""
    if found.last_day is None:
        return f"{cap}the first messages do not all leave within two years.".capitalize()
    day = f"{found.last_day:%-d %B}" + (f" {found.last_day.year}" if _is_far(found) else "")
    text = f"{cap}the last first message leaves on {day}."
    return text[:1].upper() + text[1:]


def _is_far(found: Forecast) -> bool:
    return found.first_day is not None and found.last_day is not None and found.last_day.year != found.first_day.year


def _pace_detail(found: Forecast) -> str:
    first = f"The first one leaves on {found.first_day:%-d %B}. " if found.first_day else ""
    narrow = {"cap": "the campaign’s cap", "leads that may start": "how many leads may start a day"}
    limited = narrow.get(found.limit, "the limits and the ramp-up of the accounts")
    return f"{first}{_leads(found.messages)} wait; {limited} and the open days decide." if found.per_day else first


@check
def _cost(question: Question) -> Iterator[Item]:
    cost = quotes.quote(question.campaign, now=question.now)
    if not cost.at_most:
        return
    text = f"It costs {amount(cost.at_most, cost.currency)} at most; the wallet has "
    text += f"{amount(cost.available, cost.currency)}."
    if cost.enough:
        yield Item("cost", Level.GOOD, text)
    elif cost.payable:
        page = reverse("admin:billing_wallet_changelist")
        detail = "The campaign pauses when the credit ends."
        yield Item("too_little_credit", Level.ADVICE, text, detail, page=page, link="Open the wallet")


def email_accounts(campaign: Campaign) -> list[EmailAccount]:
    """Return the mailboxes that can send for the campaign."""
    rows = EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True, status__in=USABLE)
    rows = rows.exclude(smtp_host="")
    wanted = schedule_of(campaign).email_accounts
    return list((rows.filter(pk__in=wanted) if wanted else rows).order_by("email"))


def _reaches_lead(step: Step) -> bool:
    return step.type in step_types and step_types.get(step.type).reaches_lead


def _leads(number: int) -> str:
    return "1 lead" if number == 1 else f"{number:,} leads"
