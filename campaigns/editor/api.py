"""Shared sequences in the API. ``campaigns/from-sequence`` makes campaigns of them."""

from campaigns.editor.models import SequenceTemplate
from lad.api import router

FEATURE = "campaigns"

router.register(
    SequenceTemplate,
    area="campaigns",
    feature=FEATURE,
    filters=["created_by_user", "created_at"],
    order=["-created_at", "name"],
    search=["name", "description"],
)
