"""The voice domain in the API: agents and what belongs to them, batches, and the record of calls."""

from lad.api import router
from voice.agents.models import Voice, VoiceAgent, VoicePermission, VoiceProfile
from voice.numbers.models import VoiceNumber

FEATURE = "voice-agent"


router.register(
    VoiceAgent,
    area="voice",
    feature=FEATURE,
    filters=["name", "voice", "created_at"],
    order=["-created_at", "name"],
    includes={"numbers": VoiceNumber},
)


router.register(Voice, area="voice", feature=FEATURE, filters=["provider", "language", "gender", "created_at"])


router.register(VoiceProfile, area="voice", feature=FEATURE, filters=["user", "created_at"])


router.register(
    VoicePermission,
    area="voice",
    feature=FEATURE,
    filters=["user", "number", "voice", "is_active", "created_at"],
)
