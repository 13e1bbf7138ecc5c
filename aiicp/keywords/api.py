"""The API of keyword expansions."""

from aiicp.features import ICP_ASSISTANT
from aiicp.keywords.models import KeywordExpansion
from lad.api import router

router.register(
    KeywordExpansion,
    area="assistant",
    feature=ICP_ASSISTANT,
    methods=router.READ,
    filters=["original_keyword", "context", "created_at"],
    order=["-created_at", "-usage_count"],
)
