"""Follow messages as they are recorded: keep their conversations, label them, and heed who wants no more of them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.db import transaction

from campaigns.inbox.changes import tell_pages
from campaigns.inbox.labelling.rules import Labelled, label_of
from campaigns.inbox.models import Conversation, Label
from campaigns.inbox.services import keeping
from campaigns.messages.hooks import on_copied, on_received, on_settled
from campaigns.messages.models import Message, MessageKind, MessageState
from lad.errors import Invalid
from leads.contactability.models import SuppressionReason
from leads.contactability.services.suppressing import NewSuppression, suppress_many
from leads.contacts.models import Lead

SOURCE = "Their answer"
# Of automatic messages, only absence notes say something about the person.
LABELLED = (*keeping.BY_A_PERSON, MessageKind.OUT_OF_OFFICE)


@on_settled
def follow_sent(messages: Sequence[Message]) -> None:
    """Add sent messages to their conversations. Pages hear of those that a person wrote and that failed, too."""
    kept = keeping.keep([each for each in messages if each.state == MessageState.SENT])
    changed = [each.id for each in kept if keeping.is_open(each)]
    by_hand = [each.lead_id for each in messages if each.state != MessageState.SENT and each.created_by_user_id]
    if by_hand:
        changed += Conversation.objects.filter(lead__in=by_hand).values_list("pk", flat=True)
    if messages:
        tell_pages(messages[0].tenant_id, changed)


@on_copied
def follow_copies(messages: Sequence[Message]) -> None:
    """Add messages that people wrote by hand outside LAD."""
    _tell(messages, keeping.keep(messages))


@on_received
def follow_received(messages: Sequence[Message]) -> None:
    """Add received messages, label their conversations by their words, and list who wants no more messages."""
    kept = keeping.keep(messages)
    label_received(messages)
    _leave_alone([each for each in messages if keeping.counts(each) and each.kind in keeping.BY_A_PERSON])
    _tell(messages, kept)


def label_received(messages: Sequence[Message]) -> None:
    """Label the conversations of received messages of one tenant, each by the newest of its messages."""
    said = keeping.newest_of([each for each in messages if keeping.counts(each) and each.kind in LABELLED])
    found = [(each, label_of(each.body, kind=each.kind, summary=_summary(each))) for each in said]
    if found:
        keeping.set_labels(messages[0].tenant_id, (_given(each, label) for each, label in found))


def _tell(messages: Sequence[Message], kept: Sequence[keeping.Kept]) -> None:
    if messages:
        tell_pages(messages[0].tenant_id, [each.id for each in kept])


def _given(message: Message, label: Labelled | None) -> dict[str, Any]:
    return {
        "lead": str(message.lead_id) if message.lead_id else None,
        "channel": message.channel,
        "address": message.from_address,
        "label": label.label if label else "",
        "reason": label.reason if label else "",
        "asks": label is None and message.kind in keeping.BY_A_PERSON and bool(message.body.strip()),
    }


def _summary(message: Message) -> str:
    return str(message.metadata.get("summary") or "")


def _leave_alone(messages: Sequence[Message]) -> None:
    """Put everybody on the do-not-contact list who asks for no more messages. That never waits for a model."""
    asking = [(each, why) for each in messages if (why := _request(each)) is not None]
    leads = {each.pk: each for each in Lead.all_objects.filter(pk__in={m.lead_id for m, _why in asking if m.lead_id})}
    for wish in _wishes(asking, leads):
        # An invalid address is never written to.
        with suppress(Invalid), transaction.atomic():
            suppress_many([wish])


def _request(message: Message) -> Labelled | None:
    """Return why a message asks for no more messages. What its receiver found, that one has listed itself."""
    if message.kind == MessageKind.UNSUBSCRIBE:
        return None
    found = label_of(message.body, kind=message.kind)
    return found if found is not None and found.label == Label.UNSUBSCRIBE else None


def _wishes(asking: Sequence[tuple[Message, Labelled]], leads: dict[Any, Lead]) -> Iterator[NewSuppression]:
    for message, why in asking:
        lead = leads.get(message.lead_id)
        if lead is not None or message.from_address:
            yield NewSuppression(
                channel=message.channel,
                reason=SuppressionReason.UNSUBSCRIBED,
                lead=lead,
                address="" if lead is not None else message.from_address,
                source=SOURCE,
                evidence={"message": str(message.pk), "sentence": why.reason},
            )
