"""Tell open pages that conversations changed."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from lad.streams.channels import Channel, channels
from lad.streams.publishing import publish

CHANNEL: Final = channels.register(
    Channel("inbox", "Conversations changed: read them, and the number of unread ones, again", right="inbox.view")
)
# More changes at once are told without naming each.
NAMED: Final = 20


def tell_pages(tenant_id: UUID, conversation_ids: Sequence[UUID]) -> None:
    """Have open pages read these conversations again, once the transaction has committed. Sends ids only."""
    if not conversation_ids:
        return
    if len(conversation_ids) > NAMED:
        publish(tenant_id, CHANNEL.key, {"changed": len(conversation_ids)})
        return
    for each in conversation_ids:
        publish(tenant_id, CHANNEL.key, {"conversation": str(each)})
