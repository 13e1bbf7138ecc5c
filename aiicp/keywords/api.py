"""The aiicp domain in the API."""

from aiicp.keywords.models import KeywordExpansion
from lad.api import router

FEATURE = "ai-icp-assistant"


router.register(
    KeywordExpansion,
    area="assistant",
    feature=FEATURE,
    methods=router.READ,
    filters=["original_keyword", "context", "created_at"],
    order=["-created_at", "-usage_count"],
)
