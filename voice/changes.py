"""Tell open pages that calls of their tenant changed."""

from typing import Final
from uuid import UUID

from lad.streams.channels import Channel, channels
from lad.streams.publishing import publish

CHANNEL: Final = channels.register(
    Channel("calls", "A call began, changed or ended: read /live-calls/ again", right="calls.view")
)


def tell_pages(tenant_id: UUID) -> None:
    """Have open pages of the tenant read its calls again, once the transaction has committed."""
    publish(tenant_id, CHANNEL.key, {"changed": "calls"})
