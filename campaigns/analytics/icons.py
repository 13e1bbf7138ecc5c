"""The icons of steps."""

from typing import Final

from campaigns.design.step_specs import step_types

OTHER_ICON: Final = "alt_route"
ICONS: Final = {
    "email": "mail",
    "linkedin": "work",
    "voice": "call",
    "whatsapp": "chat",
    "sms": "sms",
    "web": "public",
    "start": "play_arrow",
    "delay": "hourglass_empty",
    "lead_generation": "person_search",
    "ab_split": "call_split",
    "goal": "flag",
    "manual_task": "task_alt",
    "end": "stop",
    "goto": "redo",
    "send_to_campaign": "forward",
    "webhook": "webhook",
}


def step_icon(key: str) -> str:
    """Return the icon of a type of step."""
    channel = step_types.get(key).channel if key in step_types else None
    return ICONS.get(str(channel) if channel else key, OTHER_ICON)
