"""The API of voice agents, voices, profiles and permissions."""

from lad.api import router
from voice.agents.models import Voice, VoiceAgent, VoicePermission, VoiceProfile
from voice.features import VOICE_AGENT
from voice.numbers.models import VoiceNumber

router.register(
    VoiceAgent,
    area="voice",
    feature=VOICE_AGENT,
    filters=["name", "voice", "created_at"],
    order=["-created_at", "name"],
    search=["name"],
    includes={"numbers": VoiceNumber},
)

router.register(Voice, area="voice", feature=VOICE_AGENT, filters=["provider", "language", "gender", "created_at"])

router.register(VoiceProfile, area="voice", feature=VOICE_AGENT, filters=["user", "created_at"])

router.register(
    VoicePermission,
    area="voice",
    feature=VOICE_AGENT,
    filters=["user", "number", "voice", "is_active", "created_at"],
)
