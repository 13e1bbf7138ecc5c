"""Voices, agents, numbers, and who may use what."""

from dataclasses import dataclass

from demo.company import DemoCompany
from demo.voice.cast import SHARED, Cast, SharedVoice
from voice.agents.models import Voice, VoiceAgent, VoicePermission, VoiceProfile
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
class Crew:
    """A company's agents and the numbers they call from, side by side with the cast's personas."""

    agents: list[VoiceAgent]
    numbers: list[VoiceNumber]


def load_shared() -> None:
    Voice.objects.bulk_create(_voice(each) for each in SHARED)


def load(company: DemoCompany, cast: Cast, voices: dict[str, Voice]) -> Crew:
    own = _voice(cast.own_voice)
    own.tenant = company.tenant
    own.save()
    agents = [
        company.write(
            VoiceAgent,
            {
                "name": persona.name,
                "language": persona.language,
                "gender": persona.gender,
                "voice": voices.get(persona.voice, own),
                "agent_instructions": INSTRUCTIONS.format(business=cast.business, offer=persona.offer),
                "system_instructions": SYSTEM.format(language=persona.language),
                "outbound_starter_prompt": persona.opening,
                "inbound_starter_prompt": persona.greeting,
            },
        )
        for persona in cast.personas
    ]
    numbers = _numbers(company, cast, agents)
    _people(company, agents, numbers, own)
    return Crew(agents, numbers)


def _voice(each: SharedVoice) -> Voice:
    return Voice(
        provider=each.provider,
        provider_voice_id=each.key,
        description=each.description,
        gender=each.gender,
        accent=each.accent,
        language=each.language,
        voice_sample_url=f"https://samples.voices.example/{each.key}.mp3",
        metadata={"provider_config": {"speed": 1.0, "stability": 0.6}},
    )


def _numbers(company: DemoCompany, cast: Cast, agents: list[VoiceAgent]) -> list[VoiceNumber]:
    made = []
    for index, (phone, provider, agent) in enumerate(cast.numbers):
        last = index == len(cast.numbers) - 1 and len(cast.numbers) > 2
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
            "provider": provider,
            "status": NumberStatus.INACTIVE if last else NumberStatus.ACTIVE,
            "default_agent": agents[agent] if agent is not None else None,
            "metadata": {"rules": rules},
        }
        made.append(company.write(VoiceNumber, values))
    return made


def _people(company: DemoCompany, agents: list[VoiceAgent], numbers: list[VoiceNumber], own: Voice) -> None:
    for index, user in enumerate(company.team):
        values = {
            "user": user,
            "default_agent": agents[index % len(agents)],
            "default_number": numbers[0],
            "preferences": {"time_zone": "Europe/London", "notify_on_missed_call": index % 2 == 0},
        }
        company.write(VoiceProfile, values)
        # The first number is everybody's; the second and our own voice belong to a few.
        if index % 2 == 0:
            company.write(VoicePermission, {"user": user, "number": numbers[1], "is_active": index != 2})
        if index % 3 == 0:
            company.write(VoicePermission, {"user": user, "voice": own})
