"""Scripts of the demo conversations with the assistant, by tenant."""

from typing import Final

from demo.aiicp.conversations import brightpath, harbour, kestrel
from demo.aiicp.conversations.scripts import ScriptedConversation

CONVERSATIONS: Final[dict[str, tuple[ScriptedConversation, ...]]] = {
    "kestrel-analytics": kestrel.CONVERSATIONS,
    "brightpath-education": brightpath.CONVERSATIONS,
    "harbour-finch": harbour.CONVERSATIONS,
}
