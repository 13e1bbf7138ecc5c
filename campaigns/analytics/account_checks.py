"""The checks of the account that a message or another action leaves through: does it work, and has it room today?"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.urls import reverse

from campaigns.accounts.limits import Source, has_room_from
from campaigns.accounts.models import EmailAccount, NetworkAccount
from campaigns.accounts.network_use import use_of
from campaigns.accounts.pacing import limits_of
from campaigns.accounts.services import USABLE
from campaigns.accounts.standing import standing_of
from campaigns.analytics.campaign_accounts import FINE, Account
from campaigns.analytics.checks import Answer, Check
from campaigns.design.services.connections import ACCOUNTS
from campaigns.messages.models import Action
from lad.times import written
from leads.channels import Channel

TITLE: Final = "Account"
GROWS: Final = "It warms up: the limit grows each day."
RAISE: Final = "Raise its limit, or add an account."
ADVICE: Final = {Source.RAMP_UP: GROWS, Source.LEARNED: "The network stopped more. Add an account."}


def no_account(channel: Channel) -> Check:
    """Return the check of a campaign without an account that works."""
    text = f"No {ACCOUNTS[channel]} works for this campaign."
    return Check("account", TITLE, Answer.NO, text, "Connect one, or resume one.")


def account_checks(account: Account, action: Action, *, zone: str, now: datetime) -> Iterator[Check]:
    """Does the account work, does it have room for the action today, and must it wait between two?"""
    url = reverse(f"admin:campaigns_{account._meta.model_name}_change", args=(account.pk,))
    if isinstance(account, EmailAccount):
        yield from _mailbox(account, url, zone, now)
    else:
        yield from _network_account(account, action, url, zone, now)


def _mailbox(account: EmailAccount, url: str, zone: str, now: datetime) -> Iterator[Check]:
    if not account.is_active or account.status not in USABLE:
        what = account.get_status_display().lower() if account.is_active else "switched off"
        advice = account.status_reason or "Open the account to see what to do."
        yield Check("account", TITLE, Answer.NO, f"{account.email} cannot send: {what}.", advice, url=url)
        return
    yield Check("account", TITLE, Answer.YES, f"{account.email} can send.", url=url)
    limits = limits_of(account, zone=zone, now=now)
    used = f"{account.email} has sent {limits.used:,} of {limits.allowed:,} messages today."
    if not limits.left:
        yield _full(used, GROWS if limits.ramping_up else RAISE, limits.next_at, url)
        return
    yield _room(used, url)
    yield _gap(limits.next_at, url)


def _network_account(account: NetworkAccount, action: Action, url: str, zone: str, now: datetime) -> Iterator[Check]:
    standing = standing_of(account, now=now)
    if standing.tone != FINE:
        answer = Answer.WAITS if standing.until else Answer.NO
        until = f" until {written(standing.until)}" if standing.until else ""
        text = f"{account} does nothing{until}: {standing.label.lower()}."
        advice = standing.reason or "Open the account to see what to do."
        yield Check("account", TITLE, answer, text, advice, until=standing.until, url=url)
        return
    yield Check("account", TITLE, Answer.YES, f"{account} works.", url=url)
    use = next((each for each in use_of(account, zone=zone, now=now) if each.action == action), None)
    if use is not None:
        limits = ((use.today, use.day_limit, "today"), (use.week, use.week_limit, "in seven days"))
        counted = [f"{done:,} of {limit:,} {when}" for done, limit, when in limits if limit is not None]
        done = f"{account}, {use.label.lower()}: {' and '.join(counted) or f'{use.today:,} today, without limit'}."
        if use.is_full:
            room_from = has_room_from(account, action, zone=zone, now=now)
            yield _full(done, ADVICE.get(Source(use.source), RAISE), room_from, url)
            return
        yield _room(done, url)
    later = account.next_send_at if account.next_send_at and account.next_send_at > now else None
    yield _gap(later, url)


def _full(text: str, advice: str, until: datetime | None, url: str) -> Check:
    return Check("daily_limit", "Daily limit", Answer.WAITS, text, advice, until=until, url=url)


def _room(text: str, url: str) -> Check:
    return Check("daily_limit", "Daily limit", Answer.YES, text, url=url)


def _gap(until: datetime | None, url: str) -> Check:
    title = "Gap between messages"
    if until is None:
        return Check("gap", title, Answer.YES, "The account may go on at once.", url=url)
    text = f"The account keeps a gap and goes on at {written(until)}."
    return Check("gap", title, Answer.WAITS, text, until=until, url=url)
