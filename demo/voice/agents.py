"""Load voices, agents, numbers and permissions of a demo tenant."""

from dataclasses import dataclass

from demo.demo_tenant import DemoTenant
from demo.voice import carriers
from demo.voice.setups import SHARED_VOICES, DemoVoice, VoiceSetup
from voice.agents.models import KnowledgeText, Voice, VoiceAgent, VoicePermission, VoiceProfile
from voice.numbers.models import NumberStatus, VoiceNumber

INSTRUCTIONS = """You call on behalf of {business}.

Goal
Find out whether {offer} would help the person, and agree on a day if it would.

How
- Say who you are, and that you are an assistant, before anything else.
- One question at a time. Wait for the answer.
- Name a price only when asked, and only the list price.
- When somebody asks not to be called again, thank them and end the call.

Never
- Promise what is not on the website.
- Ask for card or bank details."""

SYSTEM = "Speak {language}. At most two sentences at a time. Spell out numbers. Hang up on a voicemail greeting."


@dataclass(frozen=True, slots=True)
class AgentsAndNumbers:
    """A tenant's agents, in the order of its setup, and the numbers they call from."""

    agents: list[VoiceAgent]
    numbers: list[VoiceNumber]


def load_shared() -> None:
    """Create the shared voices."""
    Voice.objects.bulk_create(_voice(each) for each in SHARED_VOICES)


def load(demo: DemoTenant, setup: VoiceSetup, voices: dict[str, Voice]) -> AgentsAndNumbers:
    """Create the tenant's own voice, agents, numbers, profiles and permissions."""
    own_voice = _voice(setup.own_voice)
    own_voice.tenant = demo.tenant
    own_voice.save()
    agents = [
        demo.write(
            VoiceAgent,
            {
                "name": spec.name,
                "language": spec.language,
                "gender": spec.gender,
                "voice": voices.get(spec.voice, own_voice),
                "agent_instructions": INSTRUCTIONS.format(business=setup.business, offer=spec.offer),
                "system_instructions": SYSTEM.format(language=spec.language),
                "outbound_starter_prompt": spec.opening,
                "inbound_starter_prompt": spec.greeting,
            },
        )
        for spec in setup.agents
    ]
    demo.write(KnowledgeText, {"agent": agents[0], "name": "What we offer", "content": setup.agents[0].offer})
    demo.write(KnowledgeText, {"name": "Who we are", "content": f"{setup.business}, {demo.tenant.website}"})
    numbers = _numbers(demo, setup, agents)
    _profiles_and_permissions(demo, agents, numbers, own_voice)
    return AgentsAndNumbers(agents, numbers)


def _voice(each: DemoVoice) -> Voice:
    return Voice(
        provider=each.provider.key,
        provider_voice_id=each.key,
        description=each.description,
        gender=each.gender,
        accent=each.accent,
        language=each.language,
        voice_sample_url=f"https://samples.voices.example/{each.key}.mp3",
        metadata={"provider_config": {"speed": 1.0, "stability": 0.6}},
    )


def _numbers(demo: DemoTenant, setup: VoiceSetup, agents: list[VoiceAgent]) -> list[VoiceNumber]:
    made, account = [], carriers.find()
    for index, (phone, provider, agent) in enumerate(setup.numbers):
        last = index == len(setup.numbers) - 1 and len(setup.numbers) > 2
        rules = {
            "inbound": agent is not None,
            "outbound": True,
            "allowed_outbound": "global",
            "outbound_trunk_id": f"trunk-{index + 1}",
        }
        values = {
            "country_code": phone.country_code,
            "base_number": phone.base_number,
            "leading_zeros": phone.leading_zeros,
            "provider": provider.key,
            "status": NumberStatus.INACTIVE if last else NumberStatus.ACTIVE,
            "default_agent": agents[agent] if agent is not None else None,
            "carrier_account": account,
            "metadata": {"rules": rules},
        }
        made.append(demo.write(VoiceNumber, values))
    return made


def _profiles_and_permissions(
    demo: DemoTenant, agents: list[VoiceAgent], numbers: list[VoiceNumber], own_voice: Voice
) -> None:
    for index, user in enumerate(demo.team):
        values = {
            "user": user,
            "default_agent": agents[index % len(agents)],
            "default_number": numbers[0],
            "preferences": {"time_zone": "Europe/London", "notify_on_missed_call": index % 2 == 0},
        }
        demo.write(VoiceProfile, values)
        # Everybody may use the first number. The second and the tenant's own voice are restricted.
        if index % 2 == 0:
            demo.write(VoicePermission, {"user": user, "number": numbers[1], "is_active": index != 2})
        if index % 3 == 0:
            demo.write(VoicePermission, {"user": user, "voice": own_voice})
