"""The API of voice agents, voices, profiles and permissions."""

from typing import Final

from lad.api import router
from voice.agents.models import Voice, VoiceAgent, VoicePermission, VoiceProfile
from voice.numbers.models import VoiceNumber

FEATURE: Final = "voice-agent"

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
