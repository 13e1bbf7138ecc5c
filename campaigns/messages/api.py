"""Messages and what happened to them in the API."""

from campaigns.messages.models import Message, MessageEvent
from lad.api import router

FEATURE = "campaigns"

router.register(
    Message,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["lead", "campaign", "campaign_lead", "channel", "direction", "kind", "state", "occurred_at", "created_at"],
)
router.register(
    MessageEvent,
    area="campaigns",
    feature=FEATURE,
    methods=router.READ,
    filters=["message", "kind", "is_machine", "occurred_at", "created_at"],
)
