"""Demo rows of the voice domain."""

from datetime import datetime

from demo.demo_tenant import DemoTenant
from demo.voice import batches, calls, team
from demo.voice.cast import CASTS
from voice.agents.models import Voice


def load_shared(now: datetime) -> None:
    """Make the voices everybody may use."""
    team.load_shared()


def load(demo: DemoTenant) -> None:
    """Fill one tenant: who speaks for it, from which numbers, its batches, calls and what they told."""
    cast = CASTS[demo.slug]
    voices = {voice.provider_voice_id: voice for voice in Voice.objects.all()}
    crew = team.load(demo, cast, voices)
    book = calls.PhoneBook(demo)
    batches.load(demo, cast, crew, book)
    calls.load(demo, cast, crew, book)
