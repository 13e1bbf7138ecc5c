"""Whether a call can be made with an agent, a number and a voice, and whether this user may."""

from typing import Final

from lad.errors import Invalid
from lad.types import Actor
from voice.agents.models import Voice, VoiceAgent
from voice.agents.services.permissions import require_use
from voice.numbers.models import NumberStatus, VoiceNumber

AGENT_MISSING: Final = "Choose an agent, or set a default agent in your voice profile."


def check_usable(*, agent: VoiceAgent | None, number: VoiceNumber | None, voice: Voice | None, actor: Actor) -> None:
    """Raise Invalid if the agent or number cannot be used, NotPermitted if this user may not use them.

    Without a voice it is the agent's own that the user must be permitted to use.
    """
    if errors := faults_of(agent, number):
        raise Invalid(errors=errors)
    require_use(actor=actor, number=number, voice=voice or (agent.voice if agent is not None else None))


def faults_of(agent: VoiceAgent | None, number: VoiceNumber | None) -> dict[str, list[str]]:
    """Return why no call can be made with an agent and a number, by field."""
    errors = {}
    if agent is not None and agent.deleted_at:
        errors["agent"] = ["This agent was deleted. Choose another."]
    if number is not None and (number.deleted_at or number.status != NumberStatus.ACTIVE):
        errors["from_number"] = ["This number is not active. Choose another."]
    elif number is not None and number.metadata.get("rules", {}).get("outbound") is False:
        errors["from_number"] = ["This number does not allow outbound calls. Choose another."]
    return errors
