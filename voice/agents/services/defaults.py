"""What a member calls with unless they choose something else: the agent and the number of their voice profile."""

from typing import Any

from lad.types import Actor, Values
from voice.agents.models import VoiceAgent, VoiceProfile
from voice.numbers.models import NumberStatus, VoiceNumber


def with_defaults(values: Values, actor: Actor) -> dict[str, Any]:
    """Return the values with ``agent`` and ``from_number`` of the user's profile where they are not given.

    A default that was deleted, or a number that is not active, is left out. A ``from_number`` of None stays: the
    dialer then chooses one.
    """
    filled = dict(values)
    # A call needs an agent, and may leave the number open.
    wanted = [name for name in ("agent", "from_number") if name not in filled]
    if filled.get("agent") is None and "agent" not in wanted:
        wanted.append("agent")
    if not wanted or actor is None:
        return filled
    profile = VoiceProfile.objects.filter(user=actor.pk).select_related("default_agent", "default_number").first()
    if profile is None:
        return filled
    agent, number = profile.default_agent, profile.default_number
    if "agent" in wanted and _is_usable_agent(agent):
        filled["agent"] = agent
    if "from_number" in wanted and _is_usable_number(number):
        filled["from_number"] = number
    return filled


def _is_usable_agent(agent: VoiceAgent | None) -> bool:
    return agent is not None and agent.deleted_at is None


def _is_usable_number(number: VoiceNumber | None) -> bool:
    return number is not None and number.deleted_at is None and number.status == NumberStatus.ACTIVE
