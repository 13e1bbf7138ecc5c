"""One turn of a conversation: it begins with the user's message and ends with the answer, each in one transaction.

Between the two a model may be asked, outside of any transaction. Until its answer the conversation takes no other
message, so that memory stays in order; a turn that dies gives the conversation back after a while.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from aiicp import charging
from aiicp.assistant import model_reading, remark, wording
from aiicp.assistant.answers import Answer, compose, facts, shown, store
from aiicp.assistant.dialogue import READY_TO_ACT, position
from aiicp.assistant.memory import Memory, extracted, told
from aiicp.assistant.purposes import TURN
from aiicp.assistant.replies import CHANGE, Intent, Reply, inferred, read
from aiicp.assistant.texts import text
from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.conversations.services import ConversationClosed, StillAnswering, is_answering, locked, post_message
from aiicp.extraction.extractor import Value
from aiicp.ownership import NotTheOwner
from billing.pricing.services.quoting import NoPrice
from lad.errors import Conflict, NotFound
from lad.llm.messages import Usage
from lad.llm.models import ModelConnection
from lad.llm.questions import Question
from lad.llm.selectors import connection_for
from lad.llm.services import estimate
from lad.tenancy.context import tenant_context

# Added to the time that the model may take for its two calls.
MARGIN: Final = timedelta(seconds=30)


class NotAnswered(Conflict):
    """This message was left without an answer. Resume the conversation to get one."""

    code = "not_answered"


class NothingToConfirm(Conflict):
    """There is nothing to confirm yet: the assistant still has questions."""

    code = "nothing_to_confirm"


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that has begun. It has an ``answer`` already, or what to ask the model."""

    tenant_id: UUID
    actor: AbstractBaseUser
    conversation: Conversation
    message: Message
    reply: Reply
    understood: Sequence[Mapping[str, Any]]
    answer: Answer | None = None
    reading: Question | None = None
    remark: Question | None = None


@dataclass(slots=True)
class Heard:
    """What a model has said in a turn so far. ``usages`` are those of the calls whose answers are used."""

    values: list[Value] = field(default_factory=list)
    remark: str = ""
    usages: list[Usage] = field(default_factory=list)
    failed: bool = False


@transaction.atomic
def begin(
    *,
    conversation: Conversation,
    content: str,
    actor: AbstractBaseUser,
    reply: Reply | None = None,
    now: datetime | None = None,
) -> Turn:
    """Post the user's message and take in what it says. Answer it at once, unless a model is to be asked.

    ``reply`` says what the message means where a button said it. Raises NotTheOwner, ConversationClosed,
    StillAnswering, or Invalid for a message that is empty or too long.
    """
    now = now or timezone.now()
    row = open_conversation(conversation, actor, now)
    memory = Memory.of(row)
    _give_up(row, memory, actor, now)
    if reply is None:
        acting = memory.metadata.get("progress") == READY_TO_ACT or row.search_triggered
        reply = read(content, before=memory.slots, asked=memory.asked, offered=memory.offered, acting=acting)
    said = [told(each) for each in reply.values]
    data = {"intent": reply.intent, "extracted": extracted(reply.values), "values": said}
    message = post_message(conversation=row, content=content, message_data=data, actor=actor)
    head = _take_in(memory, reply, message.pk, now)
    turn = Turn(row.tenant_id, actor, row, message, reply, facts(memory))
    connection = connection_for(row.tenant_id, TURN) if reply.open_to_model else None
    note = ""
    if connection is not None:
        questions = _questions(turn, memory, connection)
        estimates = [estimate(each) for each in questions]
        until = now + 2 * timedelta(seconds=connection.seconds_per_call) + MARGIN
        memory.metadata["answering"] = {"message": str(message.pk), "until": until.isoformat()}
        store(row, memory, actor)
        # Last: it locks the tenant's quota and wallet, and all other conversations of the tenant wait for the commit.
        refused = charging.hold(use_id=message.pk, connection=connection, estimates=estimates, now=now).error
        if refused is None:
            return Turn(
                row.tenant_id, actor, row, message, reply, turn.understood, reading=questions[0], remark=questions[1]
            )
        del memory.metadata["answering"]
        note = text(memory.language, "note.no_price" if isinstance(refused, NoPrice) else "note.no_credit")
    answer = compose(row, memory, reply, head=head, actor=actor, note=note, told_note=bool(note))
    return Turn(row.tenant_id, actor, row, message, reply, turn.understood, answer)


def finish(turn: Turn, heard: Heard, *, now: datetime | None = None) -> Answer:
    """Store the answer to a turn whose model has answered, or failed, and pay for it. Runs in a scope of its own."""
    now = now or timezone.now()
    with tenant_context(turn.tenant_id, user_id=turn.actor.pk):
        row = locked(turn.conversation)
        memory = Memory.of(row)
        if not _waits_for(memory, turn.message.pk):
            # It took so long that the conversation went on without it.
            charging.settle(use_id=turn.message.pk, usages=heard.usages, now=now)
            last = _messages(row).order_by("created_at", "pk").last()
            assert last is not None
            return shown(row, memory, last)
        values = [*heard.values, *inferred(memory.slots, heard.values)]
        if values:
            memory.learn(values, message_id=turn.message.pk, source="model", now=now)
        del memory.metadata["answering"]
        said = [*turn.reply.values, *heard.values]
        head = heard.remark.strip() or wording.understood(memory.language, said) or _unclear(memory, turn.reply)
        answer = compose(
            row,
            memory,
            turn.reply,
            head=head,
            actor=turn.actor,
            usages=heard.usages,
            values=heard.values,
            note=text(memory.language, "note.failed") if heard.failed else "",
        )
        charging.settle(use_id=turn.message.pk, usages=heard.usages, now=now)
        return answer


@transaction.atomic
def resume(*, conversation: Conversation, actor: AbstractBaseUser, now: datetime | None = None) -> Answer:
    """Return where an active conversation stands. A message that was never answered is answered now, embedded.

    Raises NotTheOwner, ConversationClosed or StillAnswering.
    """
    now = now or timezone.now()
    row = open_conversation(conversation, actor, now)
    memory = Memory.of(row)
    last = _messages(row).order_by("created_at", "pk").last()
    if last is not None and last.role == MessageRole.ASSISTANT and memory.asked:
        return shown(row, memory, last)
    intent = Intent.TELL if last is not None else Intent.GREET
    _give_up(row, memory, actor, now)
    head = text(memory.language, "said.hello") if last is None else ""
    return compose(row, memory, Reply(intent), head=head, actor=actor)


def open_conversation(conversation: Conversation, actor: AbstractBaseUser, now: datetime) -> Conversation:
    """Return the conversation, locked. Raises NotTheOwner, ConversationClosed or StillAnswering."""
    row = locked(conversation)
    if row.user_id != actor.pk:
        raise NotTheOwner
    if row.status != ConversationStatus.ACTIVE:
        raise ConversationClosed
    if is_answering(row, now):
        raise StillAnswering
    return row


def answer_to(*, conversation: Conversation, message_id: UUID, now: datetime | None = None) -> Answer:
    """Return the stored answer to a message of the user. Raises NotFound, StillAnswering or NotAnswered."""
    asked = _messages(conversation).filter(pk=message_id, role=MessageRole.USER).first()
    if asked is None:
        raise NotFound
    memory = Memory.of(conversation)
    later = _messages(conversation).filter(created_at__gte=asked.created_at).exclude(pk=asked.pk)
    found = later.order_by("created_at", "pk").first()
    if found is not None and found.role == MessageRole.ASSISTANT:
        return shown(conversation, memory, found)
    waiting = _waits_for(memory, message_id) and is_answering(conversation, now or timezone.now())
    raise StillAnswering if waiting else NotAnswered


def _messages(row: Conversation) -> QuerySet[Message]:
    # Filter by tenant too: the index starts with it.
    found: QuerySet[Message] = Message.objects.filter(tenant=row.tenant_id, conversation=row)
    return found


def _waits_for(memory: Memory, message_id: UUID) -> bool:
    """Return whether the conversation waits for the answer to that message."""
    return bool(memory.metadata.get("answering", {}).get("message") == str(message_id))


def _give_up(row: Conversation, memory: Memory, actor: AbstractBaseUser, now: datetime) -> None:
    """Stop waiting for a turn that has died, and release what it held. Its answer is not taken any more."""
    if answering := memory.metadata.pop("answering", None):
        charging.settle(use_id=answering["message"], usages=(), now=now)
        store(row, memory, actor)


def _take_in(memory: Memory, reply: Reply, message_id: UUID, now: datetime) -> str:
    """Change what is known as the message asks for. Return the embedded assistant's words about it."""
    if reply.language:
        memory.metadata["language"] = reply.language
    language, key = memory.language, ""
    match reply.intent:
        case Intent.TELL | Intent.CHOOSE:
            values = [*reply.values, *inferred(memory.slots, reply.values)]
            source = "choice" if reply.intent == Intent.CHOOSE else "text"
            memory.learn(values, message_id=message_id, source=source, now=now)
            memory.metadata["skipped"] = [name for name in memory.skipped if name not in wording.facts_of(values)]
            return wording.understood(language, reply.values)
        case Intent.UNDO:
            undone = memory.undo(reply.target, now=now)
            return wording.undone(language, memory.slots, undone) if undone else text(language, "said.nothing_to_undo")
        case Intent.RESTART:
            memory.restart(message_id=message_id, now=now)
            key = "said.restarted"
        case Intent.SKIP:
            needed = reply.target in memory.skipped
            if reply.target not in ("", CHANGE) and not needed:
                memory.metadata["skipped"] = [*memory.skipped, reply.target]
            key = "said.needed" if needed else "said.skipped"
        case Intent.CONFIRM:
            memory.metadata["confirmed"] = True
            return ""
        case Intent.ACT:
            ready = position(memory.slots, skipped=memory.skipped, confirmed=memory.confirmed).progress == READY_TO_ACT
            action = text(language, f"action.{reply.target}")
            return text(language, "said.proposed" if ready else "said.first_confirm").format(action=action)
        case Intent.CHANGE:
            return ""
        case _:
            return _unclear(memory, reply)
    return text(language, key)


def _unclear(memory: Memory, reply: Reply) -> str:
    """Return what is said to a message that says nothing about customers."""
    keys = {Intent.GREET: "said.hello", Intent.HELP: "said.help", Intent.NOT_A_CHOICE: "said.not_a_choice"}
    key = keys.get(reply.intent, "said.nothing" if memory.asked else "said.hello")
    return text(memory.language, key) if reply.intent != Intent.TELL else ""


def _questions(turn: Turn, memory: Memory, connection: ModelConnection) -> tuple[Question, Question]:
    """Return what a model is to be asked: about the message, and for words of its own."""
    history = list(_messages(turn.conversation).only("role", "content", "tenant_id").order_by("created_at", "pk"))
    summary = wording.summary("en", memory.slots)
    return (
        model_reading.question(
            tenant_id=turn.tenant_id,
            content=turn.message.content,
            known=memory.slots,
            asked=memory.asked,
            connection=connection,
        ),
        remark.question(
            tenant_id=turn.tenant_id,
            history=history,
            known=summary,
            language=memory.language,
            connection=connection,
        ),
    )
