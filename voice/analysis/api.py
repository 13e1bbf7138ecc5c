"""The API of call analyses."""

from lad.api import router
from voice.analysis.models import CallAnalysis
from voice.calls.models import CallLog
from voice.features import VOICE_AGENT

router.register(
    CallAnalysis,
    area="calls",
    feature=VOICE_AGENT,
    methods=router.READ,
    filters=["call_log", "lead", "sentiment", "lead_category", "created_at"],
)
router.include(CallLog, "analysis", CallAnalysis)
