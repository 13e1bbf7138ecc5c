"""The API of a tenant's rules of dialling."""

from lad.api import router
from voice.dialer.models import DialingPolicy
from voice.features import VOICE_AGENT

router.register(DialingPolicy, area="voice", feature=VOICE_AGENT, filters=["created_at"])
