"""Keep the wizard's state with a conversation: begin, answer, go back, and store its messages once.

The state is a part of the conversation's metadata, which is merged: what other parts of the assistant keep there stays.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from aiicp.conversations.models import Conversation, ConversationStatus, Message, MessageRole
from aiicp.conversations.services import MAX_MESSAGE_LENGTH, ConversationClosed, post_message
from aiicp.extraction import Slots
from aiicp.ownership import NotTheOwner
from aiicp.wizard import machine
from aiicp.wizard import questions as q
from aiicp.wizard.classifiers import Classification, classify
from aiicp.wizard.machine import Progress, Turn
from aiicp.wizard.questions import Option, Question
from aiicp.wizard.replies import Reply
from aiicp.wizard.steps import problem_of_text
from aiicp.wizard.suggestions import SLOTS
from campaigns.templates.models import SNIPPET, CommunicationTemplate
from lad import writes
from lad.db.queries import execute
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.tenancy.context import current_tenant_id
from lad.types import Actor
from leads.channels import Channel

WIZARD: Final = "wizard"
SESSION: Final = "session_id"
TITLE: Final = "Onboarding"
MAX_SESSION: Final = 200
MAX_MESSAGES: Final = 200
MAX_TEMPLATES: Final = 20
MAX_TEMPLATES_READ: Final = 300
# Calls are tasks for a person, whose instructions are no template.
TEMPLATED: Final = (Channel.LINKEDIN, Channel.EMAIL, Channel.WHATSAPP)
# Where a saved message says that it was stored once already.
_STORED_AS: Final = "batch_key"
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('aiicp.wizard:' || %s, 0))"


class NoWizard(Conflict):
    """This conversation has no onboarding questions. Begin them first."""

    code = "no_wizard"


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation with the wizard, and where it stands."""

    conversation: Conversation
    progress: Progress
    question: Question | None

    @property
    def campaign_id(self) -> str:
        """Return the campaign that was made of the answers, or an empty text."""
        return str(self.conversation.metadata.get(WIZARD, {}).get("campaign", ""))


@dataclass(frozen=True, slots=True)
class Answered:
    """What followed from an answer, and the conversation it is stored with."""

    conversation: Conversation
    turn: Turn


@dataclass(frozen=True, slots=True)
class BufferedMessage:
    """A message that a client kept until now."""

    role: str
    content: str
    step_index: int | None = None
    data: Mapping[str, Any] | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SavedMessages:
    """The conversation, how many messages are new in it, and how many it had already."""

    conversation: Conversation
    saved: int
    known: int


@writes.in_transaction
def begin(*, session: str = "", actor: Actor) -> Session:
    """Return the caller's wizard of this session, or one that begins now. Raises Invalid for a long session id.

    Without a session id, the newest one that is not completed is continued.
    """
    row = _own_conversation(session, actor)
    if WIZARD not in row.metadata:
        first = Progress()
        question = machine.current_question(first)
        assert question is not None
        row = _store(row, first, question, actor)
        _say(row, question, "", actor)
    return session_of(row)


def session_of(conversation: Conversation) -> Session:
    """Return where the wizard of a conversation stands. Raises NoWizard."""
    if WIZARD not in conversation.metadata:
        raise NoWizard
    progress = _progress(conversation)
    return Session(conversation, progress, machine.current_question(progress, templates_of_tenant()))


@writes.in_transaction
def answer(
    *,
    conversation: Conversation,
    said: Reply,
    intent_key: str = "",
    classify: machine.Classify = classify,
    actor: Actor,
) -> Answered:
    """Answer the wizard's question, or the one with this intent key, and store both with the conversation.

    An answer that cannot be used is stored as a message too; the same question is asked again. No model is asked, see
    ``aiicp.wizard.asking``. Raises NoWizard, NotTheOwner, ConversationClosed, and Invalid for an answer of more than
    5,000 characters.
    """
    row = _locked(conversation, actor)
    progress, templates = _progress(row), templates_of_tenant()
    asked = machine.current_question(progress, templates)
    turn = machine.reply(
        progress,
        said,
        intent_key=intent_key,
        classify=classify,
        check_text=problem_of_text,
        templates=templates,
    )
    data = {"intent": intent_key or (asked.intent_key if asked else ""), "step_index": asked.step_index if asked else 0}
    post_message(conversation=row, content=_in_words(said, asked), message_data=data, actor=actor)
    return _turned(row, turn, actor)


@writes.in_transaction
def classified_in(
    *, conversation: Conversation, said: Reply, intent_key: str = "", actor: Actor
) -> Classification | None:
    """Return what ``answer`` would classify, None if it is no answer to classify. Nothing is stored.

    Raises NoWizard, NotTheOwner and ConversationClosed.
    """
    row = _locked(conversation, actor)
    found: list[Classification] = []

    def watched(kind: q.Kind, text: str) -> Classification:
        found.append(classify(kind, text))
        return found[-1]

    machine.reply(_progress(row), said, intent_key=intent_key, classify=watched)
    return found[0] if found else None


@writes.in_transaction
def go_back(*, conversation: Conversation, actor: Actor) -> Answered:
    """Return to the question before. Answers stay. Raises NoWizard, NotTheOwner and ConversationClosed."""
    row = _locked(conversation, actor)
    return _turned(row, machine.back(_progress(row), templates_of_tenant()), actor)


@writes.in_transaction
def save_messages(
    *, messages: Sequence[BufferedMessage], session: str = "", conversation: Conversation | None = None, actor: Actor
) -> SavedMessages:
    """Store messages that a client has buffered, each once however often they are sent, in their order.

    Without a conversation they belong to the session's, which is made if there is none. Messages of the wizard that
    LAD has stored itself are not stored again. Raises Invalid, NotTheOwner and ConversationClosed.
    """
    if len(messages) > MAX_MESSAGES:
        raise Invalid(errors={"messages": [f"Send at most {MAX_MESSAGES} messages at once."]})
    row = _own_conversation(session, actor) if conversation is None else _open(conversation, actor)
    stored = list(Message.objects.filter(conversation=row).values_list("role", "content", "message_data"))
    known = {data[_STORED_AS] for _role, _content, data in stored if _STORED_AS in data}
    own = {(role, content, data.get("step_index")) for role, content, data in stored if _STORED_AS not in data}
    saved = 0
    for place, each in enumerate(messages):
        name = _name_of(each, session)
        if name in known or (each.role, each.content.strip(), each.step_index) in own:
            continue
        known.add(name)
        saved += 1
        _save(row, each, name, place, actor)
    return SavedMessages(row, saved, len(messages) - saved)


def store_campaign(row: Conversation, campaign_id: str, actor: Actor) -> Conversation:
    """Store with a locked conversation which campaign was made of its answers."""
    wizard = {**row.metadata.get(WIZARD, {}), "campaign": campaign_id}
    return writes.update(row, {"metadata": {**row.metadata, WIZARD: wizard}}, actor=actor)


def locked(conversation: Conversation, actor: Actor) -> Conversation:
    """Lock the caller's own conversation with the wizard. Raises NoWizard and NotTheOwner."""
    row: Conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    if row.user_id != getattr(actor, "pk", None):
        raise NotTheOwner
    if WIZARD not in row.metadata:
        raise NoWizard
    return row


def templates_of_tenant() -> dict[str, tuple[Option, ...]]:
    """Return the newest stored templates of each channel, to choose instead of writing a text."""
    found: dict[str, tuple[Option, ...]] = {}
    rows = CommunicationTemplate.objects.filter(is_active=True, channel__in=TEMPLATED).exclude(category=SNIPPET)
    for key, name, channel in rows.order_by("-created_at").values_list("pk", "name", "channel")[:MAX_TEMPLATES_READ]:
        if len(found.get(channel, ())) < MAX_TEMPLATES:
            found[channel] = (*found.get(channel, ()), Option(str(key), name))
    return found


def _own_conversation(session: str, actor: Actor) -> Conversation:
    """Return the caller's open conversation of a session, or with an unfinished wizard, or a new one; locked."""
    if len(session) > MAX_SESSION:
        raise Invalid(errors={"session": [f"A session id has at most {MAX_SESSION} characters."]})
    execute(_LOCK, [f"{current_tenant_id()}:{getattr(actor, 'pk', '')}"])
    rows = Conversation.objects.select_for_update(of=("self",)).filter(
        tenant=current_tenant_id(), user=getattr(actor, "pk", None), status=ConversationStatus.ACTIVE
    )
    if session:
        rows = rows.filter(**{f"metadata__{SESSION}": session})
    else:
        rows = rows.filter(**{f"metadata__{WIZARD}__completed": False})
    found: Conversation | None = rows.order_by("-created_at").first()
    if found is not None:
        return found
    metadata = {SESSION: session} if session else {}
    return writes.create(Conversation, {"title": TITLE, "metadata": metadata}, actor=actor)


def _locked(conversation: Conversation, actor: Actor) -> Conversation:
    row = _open(conversation, actor)
    if WIZARD not in row.metadata:
        raise NoWizard
    return row


def _open(conversation: Conversation, actor: Actor) -> Conversation:
    row: Conversation = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    if row.user_id != getattr(actor, "pk", None):
        raise NotTheOwner
    if row.status != ConversationStatus.ACTIVE:
        raise ConversationClosed
    return row


def _progress(row: Conversation) -> Progress:
    stored = row.metadata[WIZARD]
    return Progress(
        answers=stored.get("answers", {}),
        current=stored.get("current", q.INDUSTRIES.intent_key),
        pending=stored.get("pending"),
        choosing=stored.get("choosing", False),
        completed=stored.get("completed", False),
    )


def _turned(row: Conversation, turn: Turn, actor: Actor) -> Answered:
    row = _store(row, turn.progress, turn.question, actor)
    _say(row, turn.question, turn.message, actor)
    return Answered(row, turn)


def _store(row: Conversation, progress: Progress, question: Question | None, actor: Actor) -> Conversation:
    """Store the progress, and the ideal customer that the answers describe, beside what is there."""
    before = row.metadata.get(WIZARD, {})
    wizard = {
        **before,
        "version": q.VERSION,
        "current": progress.current,
        "answers": dict(progress.answers),
        "pending": dict(progress.pending) if progress.pending is not None else None,
        "choosing": progress.choosing,
        "completed": progress.completed,
    }
    if _without_confirmation(before.get("answers", {})) != _without_confirmation(progress.answers):
        # The campaign was made of other answers.
        wizard.pop("campaign", None)
    stage, state = _stage(progress, question)
    metadata = {
        **row.metadata,
        WIZARD: wizard,
        "step_index": question.step_index if question else q.TOTAL_STEPS,
        "stage": stage,
        "progress": state,
    }
    values: dict[str, Any] = {"metadata": metadata}
    slots = _slots(row, progress.answers)
    if slots is not None:
        values |= {"icp_data": slots.to_icp_data(), "search_params": slots.to_search_params() or None}
    return writes.update(row, values, actor=actor)


def _without_confirmation(answers: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answers.items() if key != q.CONFIRMATION.intent_key}


def _stage(progress: Progress, question: Question | None) -> tuple[str, str]:
    """Return the conversation's stage, and its progress, as the rest of the assistant names them."""
    if progress.completed:
        return "ready_for_execution", "ready_for_execution"
    if question is None or question.step_index == q.TOTAL_STEPS:
        return "confirmation", "awaiting_confirmation"
    return "outbound_icp_discovery", "collecting_info"


def _slots(row: Conversation, answers: Mapping[str, Any]) -> Slots | None:
    """Return the conversation's ideal customer with the answers in the place of what they are about."""
    asked = [each for each in (q.INDUSTRIES, q.LOCATIONS, q.ROLES) if each.intent_key in answers]
    if not asked:
        return None
    changed: dict[str, Any] = {}
    for question in asked:
        assert question.classifier is not None
        changed |= {slot: () for name in SLOTS[question.classifier] for slot in (name, f"excluded_{name}")}
        changed |= Classification.of(question.classifier, answers[question.intent_key]).slots
    if platforms := answers.get(q.SELECTED_PLATFORMS.intent_key):
        changed["platforms"] = tuple(platforms)
    return replace(Slots.from_icp_data(row.icp_data), **changed)


def _say(row: Conversation, question: Question | None, message: str, actor: Actor) -> None:
    """Store what the wizard says. Nothing is stored if it says nothing."""
    words = " ".join(part for part in (message, question.question if question else "") if part)
    if not words:
        return
    data: dict[str, Any] = {"step_index": question.step_index if question else q.TOTAL_STEPS}
    if question is not None:
        data |= {"intent": question.intent_key, "options": [each.label[:500] for each in question.options]}
    _post_assistant(row, words[:MAX_MESSAGE_LENGTH], data, actor)


def _post_assistant(row: Conversation, content: str, data: Mapping[str, Any], actor: Actor) -> None:
    message = Message(conversation=row, role=MessageRole.ASSISTANT, content=content, message_data=dict(data))
    message.tenant_id = row.tenant_id
    message.full_clean(exclude=["conversation", "tenant"])
    message.save()
    payload = {"conversation_id": str(row.pk), "role": str(MessageRole.ASSISTANT)}
    emit("aiicp.message.posted", aggregate=message, payload=payload, actor=actor)


def _save(row: Conversation, each: BufferedMessage, name: str, place: int, actor: Actor) -> None:
    data = {**(each.data or {}), _STORED_AS: name}
    if each.step_index is not None:
        data["step_index"] = each.step_index
    if each.sent_at is not None:
        data["sent_at"] = each.sent_at.isoformat()
    try:
        if each.role == MessageRole.USER:
            post_message(conversation=row, content=each.content, message_data=data, actor=actor)
        else:
            _require_content(each.content)
            _post_assistant(row, each.content.strip(), {**data, "source": "client"}, actor)
    except Invalid as error:
        texts = [text for found in error.errors.values() for text in found] or [error.detail]
        raise Invalid(errors={f"messages.{place}": texts}) from error


def _require_content(content: str) -> None:
    if not content.strip() or len(content) > MAX_MESSAGE_LENGTH:
        raise Invalid(errors={"content": [f"A message has between 1 and {MAX_MESSAGE_LENGTH:,} characters."]})


def _name_of(each: BufferedMessage, session: str) -> str:
    sent = each.sent_at.isoformat() if each.sent_at else ""
    parts = (session, each.role, str(each.step_index), sent, each.content.strip())
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _in_words(said: Reply, question: Question | None) -> str:
    labels = {option.value: option.label for option in question.options} if question else {}
    if isinstance(said, list):
        return ", ".join(labels.get(str(each), str(each)) for each in said) or "Nothing"
    if isinstance(said, bool):
        return "Yes" if said else "No"
    return labels.get(str(said), str(said)).replace("\x00", "").strip() or "Nothing"
