"""Tables of the aiicp domain."""

from aiicp.models.conversation import Conversation, ConversationStatus, Message, MessageRole
from aiicp.models.expansion import KeywordExpansion
from aiicp.models.profile import IcpProfile

__all__ = [
    "Conversation",
    "ConversationStatus",
    "IcpProfile",
    "KeywordExpansion",
    "Message",
    "MessageRole",
]
