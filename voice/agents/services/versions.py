"""Versions of agents: drafts that are tried, and published ones that calls use."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from lad import writes
from lad.errors import Conflict
from lad.types import Actor, Values
from voice.agents import filling
from voice.agents.models import CONTENT, AgentContent, VersionState, VoiceAgent, VoiceAgentVersion

_STORED = tuple("voice_id" if name == "voice" else name for name in CONTENT)


class VersionFixed(Conflict):
    """A published version never changes. Begin a draft instead."""

    code = "version_is_fixed"


class DraftOutdated(Conflict):
    """The agent was changed after this draft was begun. Publish it all the same, or discard it."""

    code = "draft_outdated"


def content_of(row: AgentContent) -> dict[str, Any]:
    """Return what an agent or a version says and does, by column."""
    return {name: getattr(row, name) for name in _STORED}


@writes.in_transaction
def begin_draft(agent: VoiceAgent, *, actor: Actor) -> VoiceAgentVersion:
    """Return the agent's draft: the one there is, or a copy of what is published."""
    _lock(agent)
    found = VoiceAgentVersion.objects.filter(agent=agent, state=VersionState.DRAFT).first()
    if found is not None:
        return found
    published = ensure_published(agent, actor=actor)
    values = {name: getattr(agent, name) for name in CONTENT}
    return writes.create(VoiceAgentVersion, {**values, "agent": agent, "based_on": published.number or 0}, actor=actor)


@writes.in_transaction
def publish(draft: VoiceAgentVersion, *, actor: Actor, forced: bool = False) -> VoiceAgentVersion:
    """Let calls from now on use the draft, and return it as a numbered version.

    Raises VersionFixed for one that is published, and DraftOutdated if the agent was changed since the draft was
    begun, unless ``forced``.
    """
    agent = _lock(draft.agent)
    row = VoiceAgentVersion.objects.select_for_update(of=("self",)).select_related("voice").get(pk=draft.pk)
    if not row.is_draft:
        raise VersionFixed
    newest = ensure_published(agent, actor=actor)
    if newest.number != row.based_on and not forced:
        raise DraftOutdated
    content = {name: getattr(row, name) for name in CONTENT}
    _number(row, (newest.number or 0) + 1, actor)
    row.save(update_fields=["state", "number", "published_at", "published_by_user"])
    writes.update(agent, content, actor=actor)
    return row


@writes.in_transaction
def publish_again(version: VoiceAgentVersion, *, actor: Actor) -> VoiceAgentVersion:
    """Let calls from now on use what an earlier version says, and return that as a new version."""
    agent = _lock(version.agent)
    writes.update(agent, {name: getattr(version, name) for name in CONTENT}, actor=actor)
    return ensure_published(agent, actor=actor)


def ensure_published(agent: VoiceAgent, *, actor: Actor = None) -> VoiceAgentVersion:
    """Return the version that says what the agent says now. It is made if there is none yet.

    The caller has locked the agent, or is about to find the number taken.
    """
    newest = VoiceAgentVersion.objects.filter(agent=agent, number__isnull=False).order_by("-number").first()
    if newest is not None and content_of(newest) == content_of(agent):
        return newest
    version = VoiceAgentVersion(tenant_id=agent.tenant_id, agent=agent, **content_of(agent))
    _number(version, (newest.number or 0) + 1 if newest is not None else 1, actor)
    version.save(force_insert=True)
    return version


def published_versions(agents: Iterable[VoiceAgent]) -> dict[int, VoiceAgentVersion]:
    """Return the version that calls of each agent use now, by the agent's id. Costs one statement, as a rule."""
    by_id = {agent.pk: agent for agent in agents}
    rows = VoiceAgentVersion.objects.filter(agent__in=list(by_id), number__isnull=False)
    newest = {row.agent_id: row for row in rows.order_by("agent_id", "-number").distinct("agent_id")}
    for key, agent in by_id.items():
        # An agent that was written before there were versions has none.
        if key not in newest or content_of(newest[key]) != content_of(agent):
            newest[key] = ensure_published(_lock(agent))
    return newest


class VersionWriter(writes.Writer[VoiceAgentVersion]):
    """Writes drafts. Published versions never change, and are not deleted."""

    def prepare(self, row: VoiceAgentVersion | None, values: Values, *, actor: Actor) -> Values:
        if row is not None and not row.is_draft:
            raise VersionFixed
        filling.check(values)
        return values

    def before_delete(self, row: VoiceAgentVersion, *, actor: Actor) -> None:
        if not row.is_draft:
            raise VersionFixed


def _lock(agent: VoiceAgent) -> VoiceAgent:
    return VoiceAgent.all_objects.select_for_update(no_key=True).get(pk=agent.pk)


def _number(row: VoiceAgentVersion, number: int, actor: Actor) -> None:
    row.state, row.number = VersionState.PUBLISHED, number
    row.published_at = timezone.now()
    row.published_by_user_id = actor.pk if actor is not None else None


writes.register(VoiceAgentVersion, VersionWriter)
