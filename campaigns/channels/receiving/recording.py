"""Record messages from networks with everything that follows from them, in one transaction of the current tenant."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.channels import opting_out
from campaigns.channels.opt_out_words import Wish, wish_of
from campaigns.channels.receiving.incoming import Incoming
from campaigns.channels.receiving.own import lock, recognise
from campaigns.channels.receiving.people import leads_of
from campaigns.mail_text import plain_lines
from campaigns.messages import hooks
from campaigns.messages.models import MAX_BODY_LENGTH, Action, Message, MessageKind, MessageState
from campaigns.network_contacts import services as contacts
from campaigns.network_contacts.models import Relation
from lad.db.identifiers import uuid7
from leads.channels import Channel
from leads.contactability.models import ContactDirection, Purpose
from leads.contacts.models import Lead
from leads.contacts.services import Touch, record_contacts

ON_THEIR_WAY: Final = (MessageState.SENT, MessageState.UNKNOWN, MessageState.SENDING)
MAX_SUMMARY: Final = 120
MAX_ADDRESS: Final = 320
# Where bare words such as START and HELP are requests by themselves.
TEXTING: Final = (Channel.SMS, Channel.WHATSAPP)
NO_WORDS: Final = "(Sent something other than text)"


@dataclass(slots=True)
class _Judged:
    incoming: Incoming
    lead: Lead | None
    # The newest message of the account to the lead.
    original: Message | None = None
    wish: Wish | None = None
    key: UUID = field(default_factory=uuid7)

    @property
    def kind(self) -> MessageKind:
        if self.incoming.is_own:
            return MessageKind.OWN_COPY
        return MessageKind.UNSUBSCRIBE if self.wish == Wish.STOP else MessageKind.REPLY


@transaction.atomic
def record_incoming(account: NetworkAccount, incoming: Sequence[Incoming]) -> list[Message]:
    """Record messages, each once, and tell the features above. Return the new ones.

    A message of the owner that LAD sent is known by its provider's id, or by its words if the answer was lost; one
    that was written by hand is an own copy and no reply. Opt-out words put the person on the do-not-contact list.
    """
    if not incoming:
        return []
    lock(account)
    fresh = _fresh(account, incoming)
    leads = leads_of(account, fresh)
    locked = _locked(leads)
    new: list[_Judged] = []
    for each, lead_id in zip(fresh, leads, strict=True):
        lead = locked.get(lead_id) if lead_id else None
        recognised = recognise(account, each, lead_id) if each.is_own else None
        _keep_contact(account, each, lead_id, note=recognised is not None and _is_note(recognised.message))
        if recognised is None:
            new.append(_Judged(each, lead, wish=_wish(each)))
    originals = _originals(account, [judged.lead.pk for judged in new if judged.lead is not None])
    for judged in new:
        judged.original = originals.get(judged.lead.pk) if judged.lead is not None else None
    rows = [_row(account, judged) for judged in new]
    Message.objects.bulk_create(rows)
    _follow_up(new)
    hooks.received([row for row in rows if row.direction == ContactDirection.INBOUND])
    hooks.copied([row for row in rows if row.direction == ContactDirection.OUTBOUND])
    return rows


def _fresh(account: NetworkAccount, incoming: Sequence[Incoming]) -> list[Incoming]:
    """Return the messages that are not recorded yet, oldest first, each once."""
    first: dict[str, Incoming] = {}
    for each in sorted(incoming, key=lambda one: one.at):
        first.setdefault(each.key, each)
    rows = Message.objects.filter(provider_id__in=list(first), **{account.message_column: account.pk})
    known = set(rows.values_list("provider_id", flat=True))
    return [each for key, each in first.items() if key not in known]


def _locked(lead_ids: Sequence[UUID | None]) -> dict[UUID, Lead]:
    """Lock the leads, so that two accounts that hear of the same lead do not react at the same time."""
    keys = {key for key in lead_ids if key is not None}
    rows = Lead.all_objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True)
    return {row.pk: row for row in rows} if keys else {}


def _keep_contact(account: NetworkAccount, incoming: Incoming, lead_id: UUID | None, *, note: bool) -> None:
    """Keep what the message tells about the person: ids, when they wrote, and that the two are connected."""
    if lead_id is None:
        return
    values: dict[str, Any] = {"provider_id": incoming.person_id, "chat_id": incoming.chat_id}
    before = contacts.contacts_of(account, [lead_id]).get(lead_id)
    if before is not None and before.provider_id and before.chat_id and before.chat_id == incoming.chat_id:
        # Networks call the same person by several ids; the chat is with the one who is known.
        del values["provider_id"]
    if not incoming.is_own:
        values["last_inbound_at"] = incoming.at
    contact = contacts.keep(account, lead_id, **values)
    # A chat begins when an invitation is accepted: with its note, or with an answer.
    accepted = note or (not incoming.is_own and contact.relation == Relation.INVITED)
    if incoming.channel == Channel.LINKEDIN and accepted and incoming.person_id:
        contacts.record_connected(account, {incoming.person_id: incoming.at})


def _is_note(message: Message) -> bool:
    return bool(message.action == Action.INVITATION)


def _wish(incoming: Incoming) -> Wish | None:
    if incoming.is_own:
        return None
    wish = wish_of(incoming.text, str(incoming.metadata.get("opt_out_type") or ""))
    return wish if wish == Wish.STOP or incoming.channel in TEXTING else None


def _originals(account: NetworkAccount, lead_ids: Sequence[UUID]) -> dict[UUID, Message]:
    """Return the newest message of the account to each lead."""
    rows = Message.objects.filter(
        lead__in=set(lead_ids),
        direction=ContactDirection.OUTBOUND,
        kind=MessageKind.OUTREACH,
        state__in=ON_THEIR_WAY,
        **{account.message_column: account.pk},
    )
    newest = rows.order_by("lead", "-created_at", "-pk").distinct("lead") if lead_ids else []
    return {row.lead_id: row for row in newest if row.lead_id}


def _row(account: NetworkAccount, judged: _Judged) -> Message:
    incoming, original = judged.incoming, judged.original
    own = incoming.is_own
    theirs = (incoming.address or incoming.person_id)[:MAX_ADDRESS]
    ours = (account.address if isinstance(account, ChannelAccount) else str(account))[:MAX_ADDRESS]
    words = plain_lines(incoming.text)[:MAX_BODY_LENGTH].strip() or NO_WORDS
    return Message(
        pk=judged.key,
        tenant_id=account.tenant_id,
        **{f"{account.message_column}_id": account.pk},
        lead=judged.lead,
        campaign_id=original.campaign_id if original else None,
        campaign_lead_id=original.campaign_lead_id if original else None,
        step_id=original.step_id if original else None,
        thread_id=(original.thread_id or original.pk) if original else None,
        channel=incoming.channel,
        action=incoming.action,
        direction=ContactDirection.OUTBOUND if own else ContactDirection.INBOUND,
        state=MessageState.SENT if own else MessageState.RECEIVED,
        kind=judged.kind,
        purpose=Purpose.SERVICE if own or original is None else original.purpose,
        from_address=ours if own else theirs,
        to_address=theirs if own else ours,
        body=words,
        provider_id=incoming.key,
        occurred_at=incoming.at,
        metadata=_metadata(judged, words),
    )


def _metadata(judged: _Judged, words: str) -> dict[str, Any]:
    incoming = judged.incoming
    known = {"from_name": incoming.name, "chat_id": incoming.chat_id, "person_id": incoming.person_id}
    found: dict[str, Any] = {name: value for name, value in known.items() if value}
    if judged.original is not None and not incoming.is_own:
        found["answers"] = str(judged.original.pk)
    return {**incoming.metadata, **found, "summary": _summary(judged.kind, words)}


def _summary(kind: MessageKind, words: str) -> str:
    """Return in one line what came, for people."""
    if kind == MessageKind.UNSUBSCRIBE:
        return "Asked for no more messages"
    line = " ".join(words.split())
    shown = line if len(line) <= MAX_SUMMARY else f"{line[: MAX_SUMMARY - 1].rstrip()}…"
    return f"Written by hand: {shown}" if kind == MessageKind.OWN_COPY else f"Answered: {shown}"


def _follow_up(judged: Sequence[_Judged]) -> None:
    """Mark what was answered, record the contacts, and heed who wants no more messages."""
    answered: dict[UUID, datetime] = {}
    for each in judged:
        if each.original is not None and not each.incoming.is_own:
            known = answered.get(each.original.pk, each.incoming.at)
            answered[each.original.pk] = min(known, each.incoming.at)
    for key, at in sorted(answered.items()):
        Message.objects.filter(pk=key, replied_at__isnull=True).update(replied_at=at)
    record_contacts([_touch(each, each.lead) for each in judged if each.lead is not None])
    opting_out.heed(
        opting_out.Request(
            each.incoming.channel, each.wish, each.incoming.address, each.incoming.text, each.incoming.at, each.lead
        )
        for each in judged
        if each.wish is not None
    )


def _touch(judged: _Judged, lead: Lead) -> Touch:
    own = judged.incoming.is_own
    return Touch(
        lead_id=lead.pk,
        channel=judged.incoming.channel,
        direction=ContactDirection.OUTBOUND if own else ContactDirection.INBOUND,
        at=judged.incoming.at,
        source_id=judged.key,
        purpose=Purpose.SERVICE if own else Purpose.OUTREACH,
    )
