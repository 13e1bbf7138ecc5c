"""Which tables have rules of their own when the API, the admin or an import writes them."""

from aiicp.models import Conversation, IcpProfile, Message
from aiicp.services.conversations import MessageWriter
from aiicp.services.ownership import OwnedWriter
from lad import writes


def register() -> None:
    """Tell the kernel; called once when the app is ready."""
    writes.register(Conversation, OwnedWriter)
    writes.register(Message, MessageWriter)
    writes.register(IcpProfile, OwnedWriter)
