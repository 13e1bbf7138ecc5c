"""Post messages, and archive, complete or reopen conversations."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.ownership import NotTheOwner, OwnedRowWriter, may_change
from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import NewEvent, emit
from lad.types import Actor, Values
from lad.writes import Change, Writer

MAX_MESSAGE_LENGTH: Final = 5_000
MAX_DERIVED_TITLE_LENGTH: Final = 80
MAX_MODEL_LENGTH: Final = 100


class ConversationClosed(Conflict):
    """This conversation is archived or completed. Reopen it first."""

    code = "conversation_closed"


class StillAnswering(Conflict):
    """The assistant is still answering your last message. Wait for the answer."""

    code = "still_answering"


class ConversationOpen(Conflict):
    """This conversation is already active."""

    code = "conversation_open"


class AlreadyArchived(Conflict):
    """This conversation is already archived."""

    code = "conversation_archived"


class ConversationWriter(OwnedRowWriter[Conversation]):
    """Writes conversations. Only the person whose it is changes one; those who oversee the assistant only read."""

    def prepare(self, row: Conversation | None, values: Values, *, actor: Actor) -> Values:
        if row is not None and writes.differing(row, values):
            require_owner(row, actor)
        return super().prepare(row, values, actor=actor)

    def before_delete(self, row: Conversation, *, actor: Actor) -> None:
        require_owner(row, actor)

    def before_restore(self, row: Conversation, *, actor: Actor) -> None:
        require_owner(row, actor)


class MessageWriter(Writer[Message]):
    """Posts users' messages in their own active conversations. The first one gives an untitled conversation its title.

    Emits ``aiicp.message.posted`` besides the plain changes. The assistant's messages have a service of their own.
    """

    def prepare(self, row: Message | None, values: Values, *, actor: Actor) -> Values:
        if row is not None:
            return values
        _check_content(values["content"])
        conversation = locked(values["conversation"])
        if conversation.user_id != getattr(actor, "pk", None):
            # Do not reveal that another user's conversation exists.
            raise Invalid(errors={"conversation": ["This conversation does not exist."]})
        if conversation.status != ConversationStatus.ACTIVE:
            raise ConversationClosed
        if is_answering(conversation, timezone.now()):
            # A message in between would come before the answer to the one before it.
            raise StillAnswering
        return {
            **values,
            "tenant_id": conversation.tenant_id,
            "conversation": conversation,
            "role": MessageRole.USER,
            "message_data": values.get("message_data") or {},
        }

    def events(self, change: Change[Message]) -> list[NewEvent]:
        if not change.created:
            return []
        payload = {"conversation_id": str(change.row.conversation_id), "role": change.row.role}
        return [NewEvent("aiicp.message.posted", change.row, payload, change.actor)]

    def after_save(self, change: Change[Message]) -> None:
        conversation = change.row.conversation
        if change.created and not conversation.title:
            writes.update(conversation, {"title": _title_from(change.row.content)}, actor=change.actor)


@transaction.atomic
def post_message(
    *, conversation: Conversation, content: str, message_data: dict[str, Any] | None = None, actor: Actor
) -> Message:
    """Post a message in the user's own active conversation. The first message gives an untitled one its title.

    Emits ``aiicp.message.posted``. Raises Invalid if the message is empty or too long or the conversation is
    another user's, ConversationClosed if it is not active, StillAnswering while an answer is waited for.
    """
    values = {"conversation": conversation, "content": content, "message_data": message_data}
    return writes.create(Message, values, actor=actor)


def post_answer(
    *, conversation: Conversation, content: str, message_data: dict[str, Any], tokens_used: int, model: str
) -> Message:
    """Post an answer of the assistant. Emits ``aiicp.message.posted``.

    ``model`` is the one that wrote it, or ``embedded``. Call it in a transaction that has locked the conversation.
    """
    message = Message(
        tenant_id=conversation.tenant_id,
        conversation=conversation,
        role=MessageRole.ASSISTANT,
        content=content,
        message_data=message_data,
        tokens_used=tokens_used,
        model=model[:MAX_MODEL_LENGTH],
    )
    # The database has constraints of its own; to ask it about each of them first took seven statements.
    message.full_clean(exclude=["tenant", "conversation"], validate_unique=False, validate_constraints=False)
    message.save(force_insert=True)
    payload = {"conversation_id": str(conversation.pk), "role": message.role}
    emit("aiicp.message.posted", aggregate=message, payload=payload)
    return message


@transaction.atomic
def archive(*, conversation: Conversation, actor: Actor, now: datetime | None = None) -> Conversation:
    """Archive a conversation. Emits ``aiicp.conversation.archived``. Raises AlreadyArchived or NotTheOwner."""
    row = locked(conversation)
    require_owner(row, actor)
    if row.status == ConversationStatus.ARCHIVED:
        raise AlreadyArchived
    _set_status(row, ConversationStatus.ARCHIVED, archived_at=now or timezone.now())
    emit("aiicp.conversation.archived", aggregate=row, actor=actor)
    return row


@transaction.atomic
def complete(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Complete an active conversation.

    Emits ``aiicp.conversation.completed``. Raises ConversationClosed if it is not active, or NotTheOwner.
    """
    row = locked(conversation)
    require_owner(row, actor)
    if row.status != ConversationStatus.ACTIVE:
        raise ConversationClosed
    _set_status(row, ConversationStatus.COMPLETED, archived_at=None)
    emit("aiicp.conversation.completed", aggregate=row, actor=actor)
    return row


@transaction.atomic
def reopen(*, conversation: Conversation, actor: Actor) -> Conversation:
    """Make an archived or completed conversation active again.

    Emits ``aiicp.conversation.reopened``. Raises ConversationOpen if it is active, or NotTheOwner.
    """
    row = locked(conversation)
    require_owner(row, actor)
    before = row.status
    if before == ConversationStatus.ACTIVE:
        raise ConversationOpen
    _set_status(row, ConversationStatus.ACTIVE, archived_at=None)
    emit("aiicp.conversation.reopened", aggregate=row, payload={"before": before}, actor=actor)
    return row


def require_owner(row: Conversation, actor: Actor) -> None:
    """Raise NotTheOwner unless the actor may change the conversation."""
    if not may_change(row.user_id, actor):
        raise NotTheOwner


def _check_content(content: str) -> None:
    if not content.strip():
        raise Invalid(errors={"content": ["Enter a message."]})
    if len(content) > MAX_MESSAGE_LENGTH:
        message = f"A message has at most {MAX_MESSAGE_LENGTH:,} characters. This one has {len(content):,}."
        raise Invalid(errors={"content": [message]})


def locked(conversation: Conversation) -> Conversation:
    """Return the conversation as it is now, locked until the transaction ends."""
    row: Conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    return row


def is_answering(conversation: Conversation, now: datetime) -> bool:
    """Return whether the assistant is still answering the last message, and has not died of it."""
    until = parse_datetime(conversation.metadata.get("answering", {}).get("until", ""))
    return until is not None and until > now


def _set_status(row: Conversation, status: ConversationStatus, *, archived_at: datetime | None) -> None:
    row.status = status
    row.archived_at = archived_at
    row.save(update_fields=["status", "archived_at"])
    row.refresh_from_db(fields=["updated_at"])


def _title_from(content: str) -> str:
    line = " ".join(content.split())
    if len(line) <= MAX_DERIVED_TITLE_LENGTH:
        return line
    return f"{line[: MAX_DERIVED_TITLE_LENGTH - 1].rsplit(' ', 1)[0]}…"


writes.register(Conversation, ConversationWriter)
writes.register(Message, MessageWriter)
