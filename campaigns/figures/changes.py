"""Tell open pages and apps that figures of a campaign changed."""

from typing import Final
from uuid import UUID

from lad.streams.channels import Channel, channels
from lad.streams.publishing import publish

CHANNEL: Final = channels.register(
    Channel("campaigns", "Figures of a campaign changed: read its analytics again", right="campaigns.view")
)


def tell_pages(tenant_id: UUID, campaign_id: UUID) -> None:
    """Have open pages of the tenant read the campaign's figures again, once the transaction has committed."""
    publish(tenant_id, CHANNEL.key, {"changed": "figures", "campaign": str(campaign_id)})
