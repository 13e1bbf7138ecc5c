"""Find the message that a received one belongs to: by Message-ID, by a token, else by address and subject."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.links import LinkInvalid, LinkPurpose, read_token
from campaigns.channels.email.receiving.classification import unsubscribe_token
from campaigns.channels.email.receiving.parsing import Mail
from campaigns.mail_text import ascii_address
from campaigns.messages.models import Message, MessageState
from leads.contactability.models import ContactDirection

# After so long an unconnected message from a lead's address is no answer any more.
ANSWER_TIME: Final = timedelta(days=180)
MAX_MESSAGES_OF_ADDRESS: Final = 20
MAX_PREFIXES: Final = 10
MAX_PREFIX_LENGTH: Final = 6
ON_THEIR_WAY: Final = (MessageState.SENT, MessageState.UNKNOWN, MessageState.SENDING, MessageState.RECEIVED)
NEEDED: Final = (
    "pk",
    "tenant",
    "lead",
    "campaign",
    "campaign_lead",
    "step",
    "thread",
    "email_account",
    "direction",
    "purpose",
    "subject",
    "body",
    "to_address",
    "message_id",
    "occurred_at",
)


class MatchedBy(StrEnum):
    MESSAGE_ID = "message_id"
    TOKEN = "token"  # noqa: S105  (the name of a way)
    SUBJECT = "subject"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Match:
    """The message that a received one belongs to, and how that was found."""

    message: Message
    by: MatchedBy


def match(
    mails: Sequence[Mail], *, account: EmailAccount, others: Mapping[int, Sequence[str]], now: datetime
) -> list[Match | None]:
    """Return for each mail the message that it belongs to, among those of the account. At most four statements.

    ``others`` are the addresses that a mail is about, by its place in the list: the failed recipient of a report,
    or the recipients of an own copy. Without an entry it is the sender.
    """
    by_id = _by_message_id({each for mail in mails for each in mail.mentioned_ids}, account)
    by_key = _by_key({key for mail in mails if (key := _token_key(mail, account))}, account)
    missing = {
        number: [ascii_address(each) for each in others.get(number, [mail.sender]) if each]
        for number, mail in enumerate(mails)
        if not any(each in by_id for each in mail.mentioned_ids)
    }
    by_address = _by_address({each for found in missing.values() for each in found}, account, now)
    return [
        _named(mail, by_id)
        or _by_token(mail, account, by_key)
        or _addressed(mail, (by_address.get(each, []) for each in missing.get(number, ())))
        for number, mail in enumerate(mails)
    ]


def own_message_ids(ids: Iterable[str], *, account: EmailAccount) -> set[str]:
    """Return those of the Message-IDs that LAD itself sent from the account or has recorded as sent."""
    rows = Message.objects.filter(
        message_id__in=set(ids), direction=ContactDirection.OUTBOUND, email_account=account.pk
    )
    return set(rows.values_list("message_id", flat=True))


def plain_subject(subject: str) -> str:
    """Return the subject as it is compared: without "Re:" and the like, in lower case."""
    text = " ".join(subject.lower().split())
    for _number in range(MAX_PREFIXES):
        prefix, colon, rest = text.partition(":")
        if not colon or len(prefix.strip()) > MAX_PREFIX_LENGTH or " " in prefix.strip():
            break
        text = rest.strip()
    return text


def _by_message_id(ids: set[str], account: EmailAccount) -> dict[str, Message]:
    if not ids:
        return {}
    rows = Message.objects.filter(message_id__in=ids, email_account=account.pk, lead__isnull=False)
    # Of a message that went out and came back by another way, the one that went out counts.
    ordered = sorted(rows.only(*NEEDED), key=lambda row: row.direction == ContactDirection.OUTBOUND)
    found = {row.message_id: row for row in ordered}
    # Who writes once more about their own answer means the message that they answered.
    firsts = _by_key({row.thread_id for row in ordered if row.direction == ContactDirection.INBOUND} - {None}, account)
    return {
        name: firsts.get(row.thread_id, row) if row.direction == ContactDirection.INBOUND else row
        for name, row in found.items()
    }


def _by_key(keys: set[UUID], account: EmailAccount) -> dict[UUID, Message]:
    if not keys:
        return {}
    rows = Message.objects.filter(pk__in=keys, email_account=account.pk, lead__isnull=False)
    return {row.pk: row for row in rows.only(*NEEDED)}


def _by_address(addresses: set[str], account: EmailAccount, now: datetime) -> dict[str, list[Message]]:
    """Return the account's newest messages to each address, the newest first."""
    if not addresses:
        return {}
    rows = Message.objects.filter(
        to_address__in=addresses | {_in_its_script(each) for each in addresses},
        email_account=account.pk,
        direction=ContactDirection.OUTBOUND,
        state__in=ON_THEIR_WAY,
        lead__isnull=False,
        created_at__gte=now - ANSWER_TIME,
    )
    found: dict[str, list[Message]] = {}
    for row in rows.order_by("-created_at").only(*NEEDED)[: MAX_MESSAGES_OF_ADDRESS * len(addresses)]:
        found.setdefault(ascii_address(row.to_address.lower()), []).append(row)
    return found


def _in_its_script(address: str) -> str:
    """Return the address with its domain as people write it."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('ascii').decode('idna')}"
    except UnicodeError:
        return address


def _token_key(mail: Mail, account: EmailAccount) -> UUID | None:
    try:
        claim = read_token(LinkPurpose.UNSUBSCRIBE, unsubscribe_token(mail))
    except LinkInvalid:
        return None
    return claim.message_id if claim.tenant_id == account.tenant_id else None


def _named(mail: Mail, by_id: Mapping[str, Message]) -> Match | None:
    found = next((by_id[each] for each in mail.mentioned_ids if each in by_id), None)
    return Match(found, MatchedBy.MESSAGE_ID) if found is not None else None


def _by_token(mail: Mail, account: EmailAccount, by_key: Mapping[UUID, Message]) -> Match | None:
    key = _token_key(mail, account) if by_key else None
    return Match(by_key[key], MatchedBy.TOKEN) if key is not None and key in by_key else None


def _addressed(mail: Mail, found: Iterable[Sequence[Message]]) -> Match | None:
    messages = [message for each in found for message in each]
    if not messages:
        return None
    wanted = plain_subject(mail.returned.subject or mail.subject)
    same = next((each for each in messages if plain_subject(each.subject) == wanted), None)
    return Match(same, MatchedBy.SUBJECT) if same else Match(messages[0], MatchedBy.ADDRESS)
