"""The voice domain in the API: agents and what belongs to them, batches, and the record of calls."""

from lad.api import router
from voice.api.batches import CallBatchViewSet
from voice.api.calls import CallLogSerializer, CallLogViewSet, VoiceNumberSerializer
from voice.models import (
    CallAnalysis,
    CallBatch,
    CallBatchEntry,
    CallLog,
    Voice,
    VoiceAgent,
    VoiceNumber,
    VoicePermission,
    VoiceProfile,
)

FEATURE = "voice-agent"

router.register(
    VoiceAgent,
    area="voice",
    feature=FEATURE,
    filters=["name", "voice", "created_at"],
    order=["-created_at", "name"],
    includes={"numbers": VoiceNumber},
)
router.register(
    VoiceNumber,
    area="voice",
    feature=FEATURE,
    serializer=VoiceNumberSerializer,
    filters=["status", "default_agent", "created_at"],
)
router.register(Voice, area="voice", feature=FEATURE, filters=["provider", "language", "gender", "created_at"])
router.register(VoiceProfile, area="voice", feature=FEATURE, filters=["user", "created_at"])
router.register(
    VoicePermission,
    area="voice",
    feature=FEATURE,
    filters=["user", "number", "voice", "is_active", "created_at"],
)
router.register(
    CallBatch,
    area="calls",
    feature=FEATURE,
    # Made with its entries in one call, see the viewset.
    methods=["list", "retrieve", "update", "delete"],
    viewset=CallBatchViewSet,
    filters=["status", "agent", "scheduled_at", "created_at"],
    includes={"entries": CallBatchEntry},
)
router.register(
    CallBatchEntry,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    filters=["batch", "status", "lead", "call_log", "created_at"],
)
router.register(
    CallLog,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    serializer=CallLogSerializer,
    viewset=CallLogViewSet,
    filters=["agent", "status", "direction", "lead", "campaign", "campaign_lead", "created_at"],
    includes={"analysis": CallAnalysis},
)
router.register(
    CallAnalysis,
    area="calls",
    feature=FEATURE,
    methods=router.READ,
    filters=["call_log", "lead", "sentiment", "lead_category", "created_at"],
)
