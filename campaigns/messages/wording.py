"""Why a message was not sent, in words."""

from campaigns.messages.models import Message

NO_REASON = "no reason was recorded"


def why_not_sent(message: Message, lead: str) -> str:
    """Return why the message was cancelled or failed, as it follows a colon."""
    return message.error or NO_REASON
