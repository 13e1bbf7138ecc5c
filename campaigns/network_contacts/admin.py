"""The page of what is known of leads on networks."""

from campaigns.network_contacts.models import NetworkContact
from lad.admin.base import ReadOnlyAdmin, register


@register(NetworkContact)
class NetworkContactAdmin(ReadOnlyAdmin):
    area = "campaigns"
    section, icon, rank = "Campaigns", "diversity_3", 96
    empty_hint = "Whom your accounts have invited, met or written to appears here."
    list_display = ["lead", "channel", "relation", "invited_at", "connected_at", "last_inbound_at", "created_at"]
    list_filter = ["channel", "relation", "linkedin_account", "channel_account", "created_at"]
