"""The API of call analyses."""

from typing import Final

from lad.api import router
from voice.analysis.models import CallAnalysis
from voice.calls.models import CallLog

FEATURE: Final = "voice-agent"

router.register(
    CallAnalysis,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    filters=["call_log", "lead", "sentiment", "lead_category", "created_at"],
)
router.include(CallLog, "analysis", CallAnalysis)
