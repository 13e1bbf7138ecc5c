"""Have a voice agent call the lead. The call itself records whether the lead was reached."""

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

step_types.register(
    StepSpec(
        key="voice_agent_call",
        label="Voice agent: call",
        channel=Channel.VOICE,
        synonyms=("voice_agent", "voice_call"),
        required={"agent_id": {"type": "integer", "minimum": 1}, "context": TEXT},
        config_synonyms={"voiceAgentId": "agent_id", "voiceContext": "context", "added_context": "context"},
    )
)
