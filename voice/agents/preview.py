"""Try an agent in writing before it calls anybody: its published version or its draft, as some lead would hear it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from campaigns.templates.contexts import Context, contexts, sample_context
from lad.errors import Invalid, NotFound
from lad.llm import prompt_files
from lad.llm.messages import Message
from lad.llm.purposes import Purpose, purposes
from lad.llm.questions import Question
from lad.llm.services import complete
from lad.tenancy.context import tenant_context
from leads.contacts.models import Lead
from tenants.teams.models import Tenant
from voice.agents import knowledge
from voice.agents.briefs import Person, compose
from voice.agents.models import AgentContent, KnowledgeText, VoiceAgent, VoiceAgentVersion
from voice.analysis.reading import reader
from voice.analysis.reading.words import fold
from voice.carriers.protocol import AgentBrief

PURPOSE: Final = purposes.register(Purpose("voice.preview", "Preview of a voice agent")).key
PROMPT, PROMPT_VERSION = "voice.agents.preview", 1
MAX_LINES: Final = 60
MAX_TEXT: Final = 2_000
MAX_TOKENS: Final = 300
# Shorter words are in every sentence.
LONG_WORD: Final = 5
NO_WORDS: Final = "Write what the person says."
TOO_MANY: Final = f"A preview has at most {MAX_LINES} lines. Begin a new one."
SCRIPTED: Final = (
    "This answer follows a fixed script: it is put together from the agent's own texts, so it shows neither how well"
    " the agent listens nor how it speaks."
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")


class NoSuchVoiceAgent(NotFound):
    """There is no such agent or version."""

    code = "no_such_agent"


@dataclass(frozen=True, slots=True)
class Line:
    """What one side says: ``agent`` or ``person``."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent says next. ``reason`` says why no language model answered, empty if one did."""

    text: str
    embedded: bool
    reason: str
    language: str
    brief: AgentBrief


@dataclass(frozen=True, slots=True)
class Tried:
    """What is tried: an agent's published version, or the one that is named, for a lead or made-up person."""

    agent_id: int
    version_id: UUID | None = None
    lead_id: UUID | None = None
    inbound: bool = False


def answer(tenant_id: UUID, tried: Tried, lines: Sequence[Line]) -> Answer:
    """Return what the agent says after these lines; without any, what it says first.

    Opens its own scopes, because a model may be asked: call it outside of any transaction. Raises NoSuchVoiceAgent,
    Invalid for lines that make no conversation, and Refused if a limit of the model's connection is reached.
    """
    _check(lines)
    with tenant_context(tenant_id):
        content, texts, brief = _brief(tenant_id, tried)
    if not lines and brief.first_message:
        return Answer(brief.first_message, False, "", brief.language, brief)
    said = lines or [Line("person", "Hello?")]
    prompt = prompt_files.render(PROMPT, PROMPT_VERSION, instructions=brief.instructions)
    messages = [Message("assistant" if line.role == "agent" else "user", line.text) for line in said]
    question = Question(tenant_id, PURPOSE, messages=messages, prompt=prompt, max_tokens=MAX_TOKENS)
    found = complete(question, embedded=lambda: scripted(content, texts, brief, lines))
    reason = f"{found.reason} {SCRIPTED}".strip() if found.embedded else ""
    return Answer(found.text.strip(), found.embedded, reason, brief.language, brief)


def scripted(content: AgentContent, texts: Iterable[KnowledgeText], brief: AgentBrief, lines: Sequence[Line]) -> str:
    """Return what follows from the agent's own texts: from a wish, from what it knows, or what it wants to find out."""
    if not lines:
        return brief.first_message or "Hello, do you have a moment?"
    said = [{"role": line.role, "text": line.text} for line in lines]
    found = reader.read(said, start=timezone.now(), schema={})
    if found.do_not_call:
        return "Thank you for telling me. I will not call you again. Goodbye."
    known = _known(texts, lines[-1].text)
    if known:
        return known
    if found.follow_up_at is not None:
        return f"Gladly. Shall I note {found.follow_up_at:%A, %d %B, at %H:%M}?"
    wanted = list((content.analysis_fields.get("properties") or {}).values())
    asked = sum(line.role == "agent" for line in lines) - 1
    if 0 <= asked < len(wanted):
        return f"May I ask: {wanted[asked].get('description') or wanted[asked].get('title') or 'how is it today'!s}?"
    return "Thank you, I have noted that. Is there anything else you would like to know?"


def _known(texts: Iterable[KnowledgeText], asked: str) -> str:
    """Return the sentence that agents know and that shares most of its longer words with a question."""
    words = _words(asked)
    sentences = ((each.name, part.strip()) for each in texts for part in _SENTENCE.split(each.content) if part.strip())
    # A text's name says what all of it is about; its longest sentence says most.
    scored = ((2 * len(words & _words(part)) + len(words & _words(name)), len(part), part) for name, part in sentences)
    score, _length, part = max(scored, default=(0, 0, ""))
    return part[:MAX_TEXT] if score else ""


def _words(text: str) -> set[str]:
    return {word for word in fold(text).split() if len(word) >= LONG_WORD}


def _check(lines: Sequence[Line]) -> None:
    if len(lines) > MAX_LINES:
        raise Invalid(errors={"messages": [TOO_MANY]})
    if any(not line.text.strip() for line in lines) or (lines and lines[-1].role != "person"):
        raise Invalid(errors={"messages": [NO_WORDS]})


def _brief(tenant_id: UUID, tried: Tried) -> tuple[AgentContent, list[KnowledgeText], AgentBrief]:
    agent = VoiceAgent.objects.select_related("voice").filter(pk=tried.agent_id).first()
    if agent is None:
        raise NoSuchVoiceAgent
    content: Any = agent
    if tried.version_id is not None:
        content = VoiceAgentVersion.objects.select_related("voice").filter(pk=tried.version_id, agent=agent).first()
        if content is None:
            raise NoSuchVoiceAgent
    texts = knowledge.read([agent.pk]).texts(agent.pk)
    person = Person(_values(tenant_id, tried.lead_id, content))
    brief = compose(content, person, name=agent.name, texts=texts, voice=content.voice, inbound=tried.inbound)
    return content, texts, brief


def _values(tenant_id: UUID, lead_id: UUID | None, content: AgentContent) -> Context:
    """Return the values of a lead, or those of a made-up person who speaks the agent's language."""
    if lead_id is not None:
        lead = Lead.objects.only("pk", "tenant_id").filter(pk=lead_id).first()
        if lead is None:
            raise Invalid(errors={"lead": ["There is no such lead."]})
        found: Context = contexts(enrolments_or_leads=[lead])[lead.pk]
    else:
        found = sample_context()
        found.language = content.language
        found["sender"] = {"company": Tenant.objects.values_list("name", flat=True).get(pk=tenant_id)}
    return found
