"""What is known of leads on networks, in the API."""

from campaigns.network_contacts.models import NetworkContact
from lad.api import router

router.register(
    NetworkContact,
    area="campaigns",
    feature="campaigns",
    methods=router.READ,
    filters=[
        "lead",
        "channel",
        "linkedin_account",
        "channel_account",
        "relation",
        "invited_at",
        "connected_at",
        "created_at",
    ],
    order=["-created_at", "-connected_at"],
)
