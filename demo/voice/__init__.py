"""Demo rows of the voice domain."""

from datetime import datetime

from demo.company import DemoCompany
from demo.voice import batches, calls, team
from demo.voice.cast import CASTS
from voice.agents.models import Voice


def load_shared(now: datetime) -> None:
    """Make the voices everybody may use."""
    team.load_shared()


def load(company: DemoCompany) -> None:
    """Fill one company: who speaks for it, from which numbers, its batches, calls and what they told."""
    cast = CASTS[company.slug]
    voices = {voice.provider_voice_id: voice for voice in Voice.objects.all()}
    crew = team.load(company, cast, voices)
    book = calls.PhoneBook(company)
    batches.load(company, cast, crew, book)
    calls.load(company, cast, crew, book)
