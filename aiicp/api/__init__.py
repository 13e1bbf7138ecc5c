"""The aiicp domain in the API."""

from aiicp.api.views import ConversationViewSet, MessageViewSet, ProfileViewSet
from aiicp.models import Conversation, IcpProfile, KeywordExpansion, Message
from lad.api import router

FEATURE = "ai-icp-assistant"

router.register(
    Conversation,
    area="assistant",
    feature=FEATURE,
    filters=["user", "status", "created_at"],
    # Whose it is and how far the assistant has come is not the caller's to say.
    read_only=["user", "metadata"],
    includes={"messages": Message, "profiles": IcpProfile},
    viewset=ConversationViewSet,
)
router.register(
    Message,
    area="assistant",
    feature=FEATURE,
    methods=["list", "retrieve", "create"],
    filters=["conversation", "role", "created_at"],
    # A conversation is read as it was held.
    order=["created_at"],
    # People speak for themselves; what the assistant says it says itself.
    read_only=["role", "tokens_used", "model"],
    viewset=MessageViewSet,
)
router.register(
    IcpProfile,
    area="assistant",
    feature=FEATURE,
    filters=["user", "is_active", "source_conversation", "created_at"],
    order=["-created_at", "-usage_count"],
    read_only=["user"],
    viewset=ProfileViewSet,
)
router.register(
    KeywordExpansion,
    area="assistant",
    feature=FEATURE,
    methods=router.READ,
    filters=["original_keyword", "context", "created_at"],
    order=["-created_at", "-usage_count"],
)
