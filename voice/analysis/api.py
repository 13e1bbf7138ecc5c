"""The voice domain in the API: agents and what belongs to them, batches, and the record of calls."""

from lad.api import router
from voice.analysis.models import CallAnalysis

FEATURE = "voice-agent"


router.register(
    CallAnalysis,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    filters=["call_log", "lead", "sentiment", "lead_category", "created_at"],
)
