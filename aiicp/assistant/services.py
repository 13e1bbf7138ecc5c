"""Answer messages: at once, or in pieces while a model writes. Nothing is executed: people start what is proposed."""

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from aiicp.assistant import model_reading, turns
from aiicp.assistant.answers import Answer, where_now
from aiicp.assistant.dialogue import AWAITING, READY_TO_ACT
from aiicp.assistant.facets import FACETS, facet_of
from aiicp.assistant.memory import Memory
from aiicp.assistant.remark import Remark, said_in
from aiicp.assistant.replies import Intent, Reply
from aiicp.assistant.texts import text
from aiicp.assistant.turns import Heard, NothingToConfirm, Turn
from aiicp.conversations import services as conversations
from aiicp.conversations.models import Conversation, ConversationStatus
from aiicp.ownership import NotTheOwner
from lad.errors import Conflict, Invalid
from lad.llm.completions import Completion, Piece, Source
from lad.llm.driving import iterating
from lad.llm.errors import Refused
from lad.llm.questions import Question
from lad.llm.services import complete_by
from lad.llm.streaming import stream_by
from lad.llm.transport import THREADED, Transport
from lad.tenancy.context import tenant_context


class NotConfirmed(Conflict):
    """The profile is not confirmed yet. Confirm it before you look for people."""

    code = "not_confirmed"


@dataclass(frozen=True, slots=True)
class Understood:
    """What is known once the message was read: sent before a model is asked."""

    facts: list[dict[str, Any]]


Part = Understood | Piece | Answer


def answer(*, conversation: Conversation, content: str, actor: AbstractBaseUser) -> Answer:
    """Post a message of the conversation's owner and return the assistant's answer.

    Takes as long as the tenant's model, and then must run outside a transaction; without a model it takes
    milliseconds. A model that fails is replaced by the embedded assistant. Raises what ``turns.begin`` raises.
    """
    with tenant_context(conversation.tenant_id, user_id=actor.pk):
        turn = turns.begin(conversation=conversation, content=content, actor=actor)
    return complete(turn)


def complete(turn: Turn) -> Answer:
    """Return the answer of a turn that has begun."""
    *_parts, last = respond(turn)
    assert isinstance(last, Answer)
    return last


def stream_answer(*, conversation: Conversation, content: str, actor: AbstractBaseUser) -> Generator[Part, None, None]:
    """Post a message as ``answer`` does. Yield what was understood, the answer in pieces, and last the whole answer.

    On an event loop use ``turns.begin`` and ``respond_by``.
    """
    with tenant_context(conversation.tenant_id, user_id=actor.pk):
        turn = turns.begin(conversation=conversation, content=content, actor=actor)
    return respond(turn)


def respond(turn: Turn) -> Generator[Part, None, None]:
    """Yield the parts of a turn's answer. Waits for the model in the caller's thread."""
    return iterating(respond_by(THREADED, turn))


async def respond_by(transport: Transport, turn: Turn) -> AsyncGenerator[Part, None]:
    """Yield the parts of a turn's answer, with the model asked by ``transport``.

    A turn that is given up by its reader is finished all the same, with what was said until then.
    """
    understood = Understood([dict(each) for each in turn.understood])
    if turn.answer is not None:
        yield understood
        yield Piece(turn.answer.content)
        yield turn.answer
        return
    heard, found = Heard(), None
    try:
        yield understood
        async with aclosing(_hear(transport, turn, heard)) as sentences:
            async for sentence in sentences:
                yield Piece(sentence)
    finally:
        found = await transport.run(partial(turns.finish, turn, heard))
    said = heard.remark.strip()
    yield Piece(found.content.removeprefix(said))
    yield found


def finish_unread(turn: Turn) -> None:
    """Finish a turn whose reader left before its answer began, without asking the model."""
    if turn.answer is None:
        turns.finish(turn, Heard())


async def _hear(transport: Transport, turn: Turn, heard: Heard) -> AsyncGenerator[str, None]:
    """Let the model read the message, then yield its words about it. What it says is kept in ``heard``."""
    assert turn.reading is not None
    assert turn.remark is not None
    try:
        reading = await complete_by(transport, turn.reading, embedded=lambda: {"values": []})
        _use(heard, reading)
        heard.values = model_reading.read(reading.data, turn.message.content, turn.reply.values)
        secret = [each for question in (turn.reading, turn.remark) for each in instructions(question)]
        remark = Remark("\n".join(secret), said_in(turn.remark))
        async with aclosing(stream_by(transport, turn.remark, embedded=str)) as parts:
            async for part in parts:
                if isinstance(part, Completion):
                    for sentence in remark.end():
                        yield sentence
                    heard.remark = remark.text
                    if remark.leaked or part.embedded:
                        heard.failed = True
                    else:
                        _use(heard, part)
                    continue
                for sentence in remark.take(part.text):
                    heard.remark = remark.text
                    yield sentence
    except Refused:
        # The tenant's limit of the model is reached.
        heard.failed = True


def instructions(question: Question) -> list[str]:
    """Return what a question tells the model in confidence."""
    assert question.prompt is not None
    return [each.content for each in question.prompt.messages if each.role == "system"]


def _use(heard: Heard, completion: Completion) -> None:
    """Count what an answer took. An embedded one costs nothing."""
    if completion.source == Source.MODEL:
        heard.usages.append(completion.usage)
    else:
        heard.failed = True


def answer_to(*, conversation: Conversation, message_id: UUID) -> Answer:
    """Return the stored answer to a message of the conversation, for a reader whose connection was lost.

    Raises NotFound if the message is none of the user's in it, StillAnswering while the model is asked, and NotAnswered
    if the turn has died.
    """
    with tenant_context(conversation.tenant_id):
        return turns.answer_to(conversation=conversation, message_id=message_id)


def undo(*, conversation: Conversation, slot: str = "", actor: AbstractBaseUser) -> Answer:
    """Take back the last change of a slot or facet, or of everything with an empty name. Return the answer.

    The user's wish and the answer become messages, so that the conversation tells what happened. Raises Invalid for a
    name that is none.
    """
    facet = slot if slot in FACETS or not slot else _facet(slot)
    with tenant_context(conversation.tenant_id, user_id=actor.pk):
        language = Memory.of(conversation).language
        content = f"{text(language, 'suggest.change').split('|')[0]}: {text(language, f'label.{facet}')}".rstrip(": ")
        turn = turns.begin(
            conversation=conversation, content=content, actor=actor, reply=Reply(Intent.UNDO, target=facet)
        )
    return complete(turn)


def confirm(*, conversation: Conversation, actor: AbstractBaseUser) -> Answer:
    """Confirm the profile, so that people can be looked for. Nothing is looked for by itself.

    Raises NothingToConfirm while questions are open.
    """
    with tenant_context(conversation.tenant_id, user_id=actor.pk):
        if where_now(conversations.locked(conversation)).progress != AWAITING:
            raise NothingToConfirm
        content = text(Memory.of(conversation).language, "option.confirm")
        turn = turns.begin(conversation=conversation, content=content, actor=actor, reply=Reply(Intent.CONFIRM))
    return complete(turn)


def resume(*, conversation: Conversation, actor: AbstractBaseUser) -> Answer:
    """Continue a conversation, which is reopened if it was archived or completed. Return where it stands.

    A message that was left without an answer, by a crash, is answered.
    """
    with tenant_context(conversation.tenant_id, user_id=actor.pk):
        if conversation.status != ConversationStatus.ACTIVE:
            conversation = conversations.reopen(conversation=conversation, actor=actor)
        return turns.resume(conversation=conversation, actor=actor)


@transaction.atomic
def search_started(*, conversation: Conversation, actor: AbstractBaseUser) -> Conversation:
    """Keep that the owner has started the search, of a confirmed profile. Raises NotTheOwner or NotConfirmed."""
    row = conversations.locked(conversation)
    if row.user_id != actor.pk:
        raise NotTheOwner
    if where_now(row).progress != READY_TO_ACT:
        raise NotConfirmed
    if not row.search_triggered:
        row.search_triggered = True
        row.save(update_fields=["search_triggered"])
    return row


def _facet(slot: str) -> str:
    try:
        return facet_of(slot)
    except KeyError:
        raise Invalid(errors={"slot": [f"There is no slot {slot}. Use one of: {', '.join(FACETS)}."]}) from None
