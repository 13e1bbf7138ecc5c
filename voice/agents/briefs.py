"""What the agent of a call is told."""

from voice.calls.models import CallLog
from voice.carriers.protocol import AgentBrief


def brief_of(call: CallLog) -> AgentBrief:
    """Return the brief of a call's agent. ``call.agent`` and ``call.lead`` should be loaded."""
    agent = call.agent
    if agent is None:
        return AgentBrief()
    return AgentBrief(agent.agent_instructions, agent.outbound_starter_prompt, agent.language)
