"""Have a voice agent call the lead, and go on by how the call went."""

from typing import Final

from campaigns.design.step_specs import TEXT, StepSpec, step_types
from leads.channels import Channel

ANSWERED: Final = "answered"
NOT_INTERESTED: Final = "not_interested"
VOICEMAIL: Final = "voicemail"
NOT_REACHED: Final = "not_reached"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"

step_types.register(
    StepSpec(
        key="voice_agent_call",
        label="Voice agent: call",
        channel=Channel.VOICE,
        synonyms=("voice_agent", "voice_call", "voice_script"),
        required={"agent_id": {"type": "integer", "minimum": 1}, "context": TEXT},
        # What to do if the lead may not be called.
        optional={"if_refused": {"enum": ["skip", "stop"]}},
        outcomes=(ANSWERED, NOT_INTERESTED, VOICEMAIL, NOT_REACHED, FAILED, SKIPPED),
        config_synonyms={
            "voiceAgentId": "agent_id",
            "voiceContext": "context",
            "added_context": "context",
            "voiceTemplate": "context",
        },
    )
)
