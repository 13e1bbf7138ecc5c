"""SMS through Twilio as a channel."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone

from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.accounts.pacing import Limits
from campaigns.accounts.providers import TWILIO
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels import opting_out, protocol
from campaigns.channels.pacing import message_limits
from campaigns.channels.protocol import Fate, Found, Result, Session
from campaigns.channels.reported import adopt, report_address
from campaigns.channels.sms import errors
from campaigns.channels.sms.client import Twilio, is_service, moment
from campaigns.messages.models import Action, Message
from campaigns.sms_text import MAX_LETTERS, segments_of
from lad.requests import Answer
from lad.tenancy.context import tenant_context
from leads.channels import Channel

# An attempt that waited longer between its mark and the transmission is given back: its lease may end.
MAX_WAIT_SECONDS: Final = 45.0
# Twilio's clock and LAD's differ, and Twilio writes whole seconds.
CLOCKS_DIFFER: Final = timedelta(seconds=30)
# After this time Twilio lists what it took.
LISTED_AFTER: Final = timedelta(minutes=5)
OWN_ID: Final = "message"
HELD_UP: Final = "The sender was held up for too long before it began."
ONLY_MESSAGES: Final = "SMS carries messages only."
NO_NUMBER: Final = "The lead has no telephone number with its country code. Enter it on the lead's page."
NO_ATTACHMENTS: Final = "LAD cannot send files by SMS. Put a link to the file into the text."
EMPTY: Final = "The message has no text."
TOO_LONG: Final = "The text has {length:,} letters; Twilio takes {limit:,}. Shorten it."
INCOMPLETE: Final = "Enter the account SID, the auth token and the number of this account, then test it."
STOPPED: Final = "Twilio: opted out (21610)"


class SmsSession(Session):
    """Sends messages of one account. There is no connection to keep: each message is one request."""

    def __init__(self, account: ChannelAccount) -> None:
        self.account = account

    def send(self, message: Message, *, begun: float | None = None) -> Result:
        """Hand one message over. ``begun`` is the monotonic time at which its attempt was recorded.

        Raises AccountTrouble if the account cannot be used; then nothing was handed over.
        """
        if message.provider_id:
            # A report about an attempt whose answer was lost came before this one.
            return Result(Fate.SENT, facts={"provider_id": message.provider_id})
        if unfit := unfit_for_sms(message):
            return Result(Fate.REFUSED, unfit)
        if begun is not None and time.monotonic() - begun > MAX_WAIT_SECONDS:
            return Result(Fate.NOT_SENT, HELD_UP)
        answer = Twilio(self.account).hand_over(self._form(message))
        return self._result(message, answer) if isinstance(answer, Answer) else answer

    def close(self) -> None:
        """Nothing is open."""

    def _form(self, message: Message) -> Mapping[str, str]:
        form = {"To": message.to_address, "Body": message.body, **sender_of(self.account)}
        if address := report_address(self.account):
            # Comes back with every report about the message, so that one whose answer was lost is found.
            form["StatusCallback"] = f"{address}?{urlencode({OWN_ID: message.pk})}"
        return form

    def _result(self, message: Message, answer: Answer) -> Result:
        now = timezone.now()
        if not answer.succeeded:
            result = errors.result_of(answer, now=now)
            if errors.problem_of(answer).code == errors.OPTED_OUT:
                opting_out.refused_by_provider(message, STOPPED, at=now)
            return result
        sid = str(answer.json.get("sid") or "")
        if not sid:
            return Result(Fate.UNKNOWN, "Twilio gave an answer that names no message.", by_account=True)
        number = message.to_address.removeprefix("+")
        segments = segments_of(message.body).count
        return Result(
            Fate.SENT,
            facts={"provider_id": sid, "person_id": number, "chat_id": number, "segments": segments},
        )


class SmsDriver:
    """The driver of SMS through Twilio. Accounts are rows of ChannelAccount."""

    channel = Channel.SMS
    provider = TWILIO

    def open(self, account: ChannelAccount) -> SmsSession:
        """Return a session. Raises AccountTrouble for an account that is not complete."""
        if not account.secret or not account.provider_parent_id or not sender_of(account):
            raise AccountTrouble(INCOMPLETE, AccountStatus.ERROR)
        return SmsSession(account)

    def find(self, account: ChannelAccount, messages: Sequence[Message]) -> Mapping[UUID, Found]:
        """Look for messages whose sender was lost among those that Twilio lists to their recipients.

        *Not sent* is answered only if Twilio lists none that may be the message, and has had the time to. Raises
        AccountTrouble.
        """
        with tenant_context(account.tenant_id):
            rows = Message.objects.filter(pk__in=[message.pk for message in messages]).exclude(provider_id="")
            reported = set(rows.values_list("pk", flat=True))
        by_number: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            if message.pk not in reported:
                by_number[message.to_address].append(message)
        found = dict.fromkeys(reported, Found.SENT)
        for number, of_number in by_number.items():
            found |= _find(account, number, of_number)
        return found

    def limits(self, account: ChannelAccount, *, zone: str, now: datetime) -> Limits:
        return message_limits(account, zone=zone, now=now)


SMS: Final = SmsDriver()
protocol.register(SMS)


def unfit_for_sms(message: Message) -> str:
    """Return why the message cannot go by SMS and what to do, or an empty text."""
    if message.action != Action.MESSAGE:
        return ONLY_MESSAGES
    if not message.to_address.startswith("+"):
        return NO_NUMBER
    if message.attachment_ids:
        return NO_ATTACHMENTS
    if not message.body.strip():
        return EMPTY
    if len(message.body) > MAX_LETTERS:
        return TOO_LONG.format(length=len(message.body), limit=MAX_LETTERS)
    return ""


def sender_of(account: ChannelAccount) -> dict[str, str]:
    """Return what Twilio is told of the sender: a messaging service, or a number. Empty if the account has none."""
    if is_service(account):
        return {"MessagingServiceSid": account.provider_account_id}
    named = account.provider_account_id if account.provider_account_id.startswith("+") else ""
    number = account.address or named
    return {"From": number} if number else {}


def _find(account: ChannelAccount, number: str, messages: Sequence[Message]) -> dict[UUID, Found]:
    """Look for messages to one number. One that Twilio lists counts for one message."""
    begun = [message.begun_at for message in messages if message.begun_at is not None]
    if not begun:
        return {}
    listed = [
        row
        for row in Twilio(account).messages(to=number, since=min(begun) - CLOCKS_DIFFER)
        if str(row.get("direction")).startswith("outbound")
    ]
    with tenant_context(account.tenant_id):
        known = set(
            Message.objects.filter(provider_id__in=[str(row.get("sid")) for row in listed]).values_list(
                "provider_id", flat=True
            )
        )
        free = [row for row in listed if str(row.get("sid")) not in known]
        found, taken = _matched(messages, free)
        adopt(account, taken)
    return found


def _matched(
    messages: Sequence[Message], free: Sequence[Mapping[str, Any]]
) -> tuple[dict[UUID, Found], dict[UUID, str]]:
    """Return the answer for each message, and Twilio's id of those that were found."""
    now = timezone.now()
    found: dict[UUID, Found] = {}
    taken: dict[UUID, str] = {}
    rest = list(free)
    for message in sorted(messages, key=lambda each: (each.begun_at is None, each.begun_at, each.pk)):
        begun = message.begun_at
        if begun is None:
            continue
        since = [row for row in rest if (moment(row.get("date_created")) or now) >= begun - CLOCKS_DIFFER]
        same = [row for row in since if _words(str(row.get("body") or "")) == _words(message.body)]
        if same:
            oldest = same[-1]
            rest.remove(oldest)
            found[message.pk], taken[message.pk] = Found.SENT, str(oldest.get("sid"))
        elif since or now - begun < LISTED_AFTER:
            # Twilio may have changed the text, as its smart encoding does.
            found[message.pk] = Found.NOT_KNOWN
        else:
            found[message.pk] = Found.NOT_SENT
    return found, taken


def _words(text: str) -> str:
    return " ".join(text.split())
