"""Demo data of the voice app."""

from datetime import datetime

from demo.demo_tenant import DemoTenant
from demo.voice import agents, batches, calls, carriers, history, try_out
from demo.voice.setups import SETUPS
from voice.agents.models import Voice


def load_shared(now: datetime) -> None:
    """Create the shared voices, and the sandbox's carrier account."""
    agents.load_shared()
    carriers.load_shared(now)


def load(demo: DemoTenant) -> None:
    """Fill one tenant with agents, numbers, batches, calls and analyses."""
    setup = SETUPS[demo.slug]
    voices = {voice.provider_voice_id: voice for voice in Voice.objects.all()}
    resources = agents.load(demo, setup, voices)
    book = calls.PhoneBook(demo)
    batches.load(demo, setup, resources, book)
    calls.load(demo, setup, resources, book)
    history.load(demo, resources)
    try_out.load(demo, resources)
