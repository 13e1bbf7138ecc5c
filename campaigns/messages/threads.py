"""Which thread a new message continues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from campaigns.messages.models import Message, MessageKind, MessageState
from leads.channels import Channel

if TYPE_CHECKING:
    from campaigns.messages.services import Draft

# A longer header gains nothing: mail programs read the last ones.
MAX_REFERENCES: Final = 20
NEVER_SENT: Final = (MessageState.DRAFT, MessageState.CANCELLED, MessageState.FAILED)
# Bounces and other mail of machines are no part of a conversation.
IN_A_THREAD: Final = (MessageKind.OUTREACH, MessageKind.REPLY, MessageKind.OUT_OF_OFFICE, MessageKind.OWN_COPY)


@dataclass(slots=True)
class Thread:
    """A conversation: the key of its first message, that one's subject, and the Message-IDs so far, oldest first."""

    first_id: UUID
    subject: str
    message_ids: list[str] = field(default_factory=list)

    @property
    def references(self) -> list[str]:
        """Return the Message-IDs that the next message names: the first one, and the last ones."""
        return [*self.message_ids[:1], *self.message_ids[1:][-(MAX_REFERENCES - 1) :]]


def continued_threads(drafts: Sequence["Draft"]) -> list[Thread | None]:
    """Return the thread that each draft continues, None for one that begins a new one. At most one statement."""
    continuing = [draft for draft in drafts if draft.channel == Channel.EMAIL and _continues(draft)]
    if not continuing:
        return [None] * len(drafts)
    by_message, by_enrolment = _threads({draft.lead_id for draft in continuing if draft.lead_id})
    chosen = {id(draft): _chosen(draft, by_message, by_enrolment) for draft in continuing}
    return [chosen.get(id(draft)) for draft in drafts]


def _continues(draft: "Draft") -> bool:
    named = draft.thread_id is not None or draft.answers_id is not None
    return named or (draft.campaign_lead_id is not None and not draft.subject.strip())


def _chosen(draft: "Draft", by_message: dict[UUID, Thread], by_enrolment: dict[UUID | None, Thread]) -> Thread | None:
    named = draft.thread_id or draft.answers_id
    return by_message.get(named) if named is not None else by_enrolment.get(draft.campaign_lead_id)


def _threads(lead_ids: Iterable[UUID]) -> tuple[dict[UUID, Thread], dict[UUID | None, Thread]]:
    """Return the threads of the leads by the keys of their messages, and the newest one of each enrolment."""
    rows = Message.objects.filter(lead__in=set(lead_ids), channel=Channel.EMAIL, kind__in=IN_A_THREAD)
    rows = rows.exclude(state__in=NEVER_SENT).order_by("created_at", "pk")
    by_message: dict[UUID, Thread] = {}
    by_enrolment: dict[UUID | None, Thread] = {}
    for row in rows.only("pk", "thread_id", "subject", "message_id", "campaign_lead_id"):
        thread = by_message.get(row.thread_id or row.pk) or Thread(row.thread_id or row.pk, row.subject)
        by_message[row.pk] = by_message[thread.first_id] = thread
        if row.message_id:
            thread.message_ids.append(row.message_id)
        if row.campaign_lead_id:
            by_enrolment[row.campaign_lead_id] = thread
    return by_message, by_enrolment
