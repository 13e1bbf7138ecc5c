"""Recognise messages of the account's owner that LAD sent: by the provider's id, or by their words.

A provider reports its owner's own messages too, those that LAD sent among them. One whose answer was lost has no id
yet; its words are the proof that it was sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from campaigns.accounts.models import NetworkAccount
from campaigns.channels.receiving.incoming import Incoming
from campaigns.channels.receiving.people import address_key, written_forms
from campaigns.messages import hooks
from campaigns.messages.models import Action, Message, MessageKind, MessageState
from lad.db.queries import rows as queried
from leads.contactability.models import ContactDirection

# The provider's clock and LAD's may differ.
CLOCKS_DIFFER: Final = timedelta(hours=1)
# The note of an invitation appears as a message when the invitation is accepted.
NOTES_APPEAR: Final = timedelta(days=400)
WITHOUT_ID: Final = (MessageState.SENDING, MessageState.UNKNOWN, MessageState.SENT)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A message that LAD sent. ``was_unknown`` is set if nobody knew so far that it was sent."""

    message: Message
    was_unknown: bool


def recognise(account: NetworkAccount, incoming: Incoming, lead_id: UUID | None) -> Recognised | None:
    """Return the message of LAD's that the provider reports, or None for one that was written by hand.

    Gives it the provider's id, and settles it as sent if that was unknown.
    """
    candidates = _candidates(account, incoming, lead_id)
    message = next((each for each in candidates if same_words(each.body, incoming.text)), None)
    if message is None:
        return None
    if message.action == Action.MESSAGE:
        give_id(account, message, incoming.key)
    was_unknown = message.state == MessageState.UNKNOWN
    if was_unknown:
        settle_as_sent(message, at=message.begun_at or incoming.at)
    return Recognised(message, was_unknown)


def same_words(one: str, other: str) -> bool:
    """Return whether two texts are the same, whatever became of their white space on the way."""
    return bool(one.strip()) and one.split() == other.split()


def give_id(account: NetworkAccount, message: Message, provider_id: str) -> bool:
    """Give a message the provider's id. Return whether it has it now.

    A report that came first has been recorded as a copy written by hand, which goes.
    """
    if not provider_id or message.provider_id == provider_id:
        return bool(provider_id)
    same = Message.objects.filter(provider_id=provider_id, **{account.message_column: account.pk})
    same.filter(kind=MessageKind.OWN_COPY).delete()
    if message.provider_id or same.exists():
        return False
    Message.objects.filter(pk=message.pk, provider_id="").update(provider_id=provider_id)
    message.provider_id = provider_id
    return True


def settle_as_sent(message: Message, *, at: datetime) -> None:
    """Record that a message of which nobody knew whether it was sent was sent, and tell the features above."""
    held = Message.objects.filter(pk=message.pk, state=MessageState.UNKNOWN)
    values = {"state": MessageState.SENT, "error": "", "lease_until": None, "next_attempt_at": None, "occurred_at": at}
    if held.update(**values):
        for name, value in values.items():
            setattr(message, name, value)
        hooks.settled([message])


def lock(account: NetworkAccount) -> None:
    """Let nobody else record messages of the account until the transaction ends."""
    queried("SELECT pg_advisory_xact_lock(hashtextextended('campaigns.incoming:' || %s, 0))", [str(account.pk)])


def _candidates(account: NetworkAccount, incoming: Incoming, lead_id: UUID | None) -> Sequence[Message]:
    """Return what LAD sent, or may have sent, to the person without knowing its id, the oldest first."""
    sent = Message.objects.filter(
        direction=ContactDirection.OUTBOUND,
        kind=MessageKind.OUTREACH,
        state__in=WITHOUT_ID,
        begun_at__lte=incoming.at + CLOCKS_DIFFER,
        **{account.message_column: account.pk},
    )
    notes = Q(action=Action.INVITATION, begun_at__gte=incoming.at - NOTES_APPEAR)
    sent = sent.filter(Q(action=Action.MESSAGE, provider_id="") | notes)
    wanted = address_key(incoming.channel, incoming.address)
    if lead_id is not None:
        rows = sent.filter(lead=lead_id)
    elif wanted:
        rows = sent.filter(to_address__in=written_forms(incoming.channel, [wanted]))
    else:
        return []
    return list(rows.select_for_update(no_key=True, of=("self",)).order_by("begun_at", "pk")[:50])
