"""What people do with their conversations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.ownership import OwnedWriter
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.writes import Writer

LONGEST_USER_MESSAGE: Final = 5_000
LONGEST_DERIVED_TITLE: Final = 80


class ConversationClosed(Conflict):
    """This conversation is archived or completed; reopen it first."""

    code = "conversation_closed"


class ConversationOpen(Conflict):
    """This conversation is active already."""

    code = "conversation_open"


class AlreadyArchived(Conflict):
    """This conversation is archived already."""

    code = "conversation_archived"


class MessageWriter(Writer):
    """People write their own side of a conversation; the assistant's answers are its own service's to write."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Message:
        return post_message(**values, actor=actor)

    def write(self, values: Mapping[str, Any], *, actor: Any) -> Message:
        """The row itself, checked as every row is."""
        row: Message = super().create(values, actor=actor)
        return row


@transaction.atomic
def post_message(
    *, conversation: Conversation, content: str, message_data: dict[str, Any] | None = None, actor: Any
) -> Message:
    """Say something in one's own active conversation; the first message names an untitled one.

    Emits ``aiicp.message.posted``. Raises Invalid for an empty or overlong message and for somebody
    else's conversation, ConversationClosed for one that is not active.
    """
    _require_sayable(content)
    held = _lock(conversation)
    if held.user_id != getattr(actor, "pk", None):
        # To everybody but its owner it is not there.
        raise Invalid(errors={"conversation": ["There is no such conversation here."]})
    if held.status != ConversationStatus.ACTIVE:
        raise ConversationClosed
    values = {
        "tenant_id": held.tenant_id,
        "conversation": held,
        "role": MessageRole.USER,
        "content": content,
        "message_data": message_data or {},
    }
    message = MessageWriter(Message).write(values, actor=actor)
    if not held.title:
        writes.update(held, {"title": _title_from(content)}, actor=actor)
    payload = {"conversation_id": str(held.pk), "role": message.role}
    emit("aiicp.message.posted", aggregate=message, payload=payload, actor=actor)
    return message


@transaction.atomic
def archive(*, conversation: Conversation, actor: Any, now: datetime | None = None) -> Conversation:
    """Put a conversation away. Emits ``aiicp.conversation.archived``; raises AlreadyArchived."""
    held = _lock(conversation)
    if held.status == ConversationStatus.ARCHIVED:
        raise AlreadyArchived
    _move(held, ConversationStatus.ARCHIVED, archived_at=now or timezone.now())
    emit("aiicp.conversation.archived", aggregate=held, actor=actor)
    return held


@transaction.atomic
def complete(*, conversation: Conversation, actor: Any) -> Conversation:
    """Mark an active conversation as having come to its end.

    Emits ``aiicp.conversation.completed``; raises ConversationClosed when it is not active.
    """
    held = _lock(conversation)
    if held.status != ConversationStatus.ACTIVE:
        raise ConversationClosed
    _move(held, ConversationStatus.COMPLETED, archived_at=None)
    emit("aiicp.conversation.completed", aggregate=held, actor=actor)
    return held


@transaction.atomic
def reopen(*, conversation: Conversation, actor: Any) -> Conversation:
    """Go on with an archived or completed conversation.

    Emits ``aiicp.conversation.reopened``; raises ConversationOpen when it is active.
    """
    held = _lock(conversation)
    before = held.status
    if before == ConversationStatus.ACTIVE:
        raise ConversationOpen
    _move(held, ConversationStatus.ACTIVE, archived_at=None)
    emit("aiicp.conversation.reopened", aggregate=held, payload={"before": before}, actor=actor)
    return held


def _require_sayable(content: str) -> None:
    if not content.strip():
        raise Invalid(errors={"content": ["Say something: a message is not empty."]})
    if len(content) > LONGEST_USER_MESSAGE:
        too_long = f"At most {LONGEST_USER_MESSAGE:,} characters; this has {len(content):,}."
        raise Invalid(errors={"content": [too_long]})


def _lock(conversation: Conversation) -> Conversation:
    held: Conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    return held


def _move(held: Conversation, status: ConversationStatus, *, archived_at: datetime | None) -> None:
    held.status = status
    held.archived_at = archived_at
    held.save(update_fields=["status", "archived_at"])
    held.refresh_from_db(fields=["updated_at"])


def _title_from(content: str) -> str:
    line = " ".join(content.split())
    if len(line) <= LONGEST_DERIVED_TITLE:
        return line
    return f"{line[: LONGEST_DERIVED_TITLE - 1].rsplit(' ', 1)[0]}…"


writes.register(Conversation, OwnedWriter)
writes.register(Message, MessageWriter)
