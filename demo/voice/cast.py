"""Who speaks for the companies of the demo, and how much there was to say."""

from dataclasses import dataclass
from typing import Final

from lad.phones import Phone
from voice.agents.models import Gender, VoiceProvider
from voice.numbers.models import TelephonyProvider


@dataclass(frozen=True, slots=True)
class SharedVoice:
    provider: VoiceProvider
    key: str
    description: str
    gender: Gender
    accent: str
    language: str


@dataclass(frozen=True, slots=True)
class Persona:
    """An agent; ``region`` is where the numbers it answers are from."""

    name: str
    language: str
    gender: Gender
    voice: str
    offer: str
    opening: str
    greeting: str


@dataclass(frozen=True, slots=True)
class Cast:
    """A company's agents and numbers, and how many calls it made beside its batches."""

    business: str
    personas: tuple[Persona, ...]
    numbers: tuple[tuple[Phone, TelephonyProvider, int | None], ...]
    own_voice: SharedVoice
    # What people say about themselves on these calls.
    words: dict[str, str]
    calls: int
    batch_size: int


SHARED: Final = (
    SharedVoice(VoiceProvider.ELEVENLABS, "el-amelia", "Amelia, warm and unhurried", Gender.FEMALE, "British", "en-GB"),
    SharedVoice(VoiceProvider.ELEVENLABS, "el-noah", "Noah, friendly and clear", Gender.MALE, "American", "en-US"),
    SharedVoice(VoiceProvider.CARTESIA, "ct-lena", "Lena, calm and exact", Gender.FEMALE, "Berlin", "de"),
    SharedVoice(VoiceProvider.CARTESIA, "ct-marco", "Marco, lively", Gender.MALE, "Milanese", "it"),
    SharedVoice(VoiceProvider.GOOGLE, "gg-lucia", "Lucía, bright", Gender.FEMALE, "Castilian", "es"),
    SharedVoice(VoiceProvider.OPENAI, "oa-sage", "Sage, even and neutral", Gender.NEUTRAL, "American", "en"),
    SharedVoice(VoiceProvider.SARVAM, "sv-anika", "Anika, encouraging", Gender.FEMALE, "Delhi", "hi"),
    SharedVoice(VoiceProvider.GEMINI_REALTIME, "gr-omar", "Omar, courteous", Gender.MALE, "Gulf", "ar"),
)

# Italy keeps no numbers free for stories, but gives none that go on with a zero after Rome's 06.
ROME: Final = Phone("+39", 600000123, 1)
ROME_TOO: Final = Phone("+39", 600000456, 1)

CASTS: Final[dict[str, Cast]] = {
    "kestrel-analytics": Cast(
        business="Kestrel Analytics",
        personas=(
            Persona(
                "Amelia, demos",
                "en-GB",
                Gender.FEMALE,
                "el-amelia",
                "a half-hour demo on your own figures",
                "Hello, this is Amelia from Kestrel Analytics. Is this a good moment?",
                "Kestrel Analytics, Amelia speaking. How can I help?",
            ),
            Persona(
                "Lena, DACH",
                "de",
                Gender.FEMALE,
                "ct-lena",
                "eine halbstündige Vorführung mit Ihren eigenen Zahlen",
                "Guten Tag, hier ist Lena von Kestrel Analytics. Passt es gerade?",
                "Kestrel Analytics, Lena am Apparat. Was kann ich für Sie tun?",
            ),
            Persona(
                "Lucía, Iberia",
                "es",
                Gender.FEMALE,
                "gg-lucia",
                "una demostración de media hora con sus propios datos",
                "Buenos días, soy Lucía de Kestrel Analytics. ¿Le viene bien ahora?",
                "Kestrel Analytics, habla Lucía. ¿En qué puedo ayudarle?",
            ),
            Persona(
                "Noah, renewals",
                "en-US",
                Gender.MALE,
                "el-noah",
                "a short review before your renewal",
                "Hi, this is Noah with Kestrel Analytics. Do you have two minutes?",
                "Kestrel Analytics, this is Noah. What can I do for you?",
            ),
        ),
        numbers=(
            (Phone("+44", 2079460188), TelephonyProvider.TWILIO, 0),
            (Phone("+49", 3023125042), TelephonyProvider.VONAGE, 1),
            (ROME, TelephonyProvider.TWILIO, None),
            (Phone("+1", 2125550190), TelephonyProvider.LIVEKIT, 3),
        ),
        own_voice=SharedVoice(
            VoiceProvider.ELEVENLABS, "el-maya-clone", "Maya, our own", Gender.FEMALE, "Stockholm", "en"
        ),
        words={
            "need": "We lose hours every Monday putting the same numbers together, and nobody trusts the result.",
            "probe": "That is what we hear most. How many people wait for those numbers?",
            "detail": "Twelve or so. My director is losing patience, to be honest.",
            "companion": "my colleague from finance",
        },
        calls=220,
        batch_size=14,
    ),
    "brightpath-education": Cast(
        business="Brightpath Education",
        personas=(
            Persona(
                "Sage, admissions",
                "en",
                Gender.NEUTRAL,
                "oa-sage",
                "a free session with one of our counsellors",
                "Hello, this is Sage from Brightpath Education about your study plans. Can you talk?",
                "Brightpath Education, this is Sage. Are you calling about an application?",
            ),
            Persona(
                "Anika, parents",
                "hi",
                Gender.FEMALE,
                "sv-anika",
                "a session for the whole family with a counsellor",
                "Namaste, this is Anika from Brightpath. Do you have a moment to talk about the application?",
                "Namaste, Brightpath Education, Anika speaking.",
            ),
            Persona(
                "Omar, Gulf",
                "ar",
                Gender.MALE,
                "gr-omar",
                "a meeting with a counsellor in your time zone",
                "Good afternoon, this is Omar from Brightpath Education. Is this a convenient time?",
                "Brightpath Education, Omar speaking. How may I help?",
            ),
        ),
        numbers=(
            (Phone("+44", 1614960177), TelephonyProvider.TWILIO, 0),
            (Phone("+44", 2079460142), TelephonyProvider.SASYA, 2),
            (Phone("+44", 1314960187), TelephonyProvider.VONAGE, 0),
        ),
        own_voice=SharedVoice(
            VoiceProvider.CARTESIA, "ct-brightpath", "The Brightpath voice", Gender.NEUTRAL, "International", "en"
        ),
        words={
            "need": "My daughter finishes school next summer and we do not know which universities to look at.",
            "probe": "Many families ask us that. Which subject does she have in mind?",
            "detail": "Biology or medicine, and somewhere she can get a scholarship.",
            "companion": "my daughter",
        },
        calls=170,
        batch_size=12,
    ),
    "harbour-finch": Cast(
        business="Harbour & Finch Property",
        personas=(
            Persona(
                "Harriet, viewings",
                "en-GB",
                Gender.FEMALE,
                "el-amelia",
                "a viewing this week",
                "Hello, this is Harriet from Harbour and Finch. You asked about a flat, is now all right?",
                "Harbour and Finch, Harriet speaking.",
            ),
            Persona(
                "Marco, Italia",
                "it",
                Gender.MALE,
                "ct-marco",
                "una visita questa settimana",
                "Buongiorno, sono Marco di Harbour and Finch. La disturbo?",
                "Harbour and Finch, sono Marco. Mi dica.",
            ),
        ),
        numbers=(
            (Phone("+44", 1134960155), TelephonyProvider.CUSTOM, 0),
            (ROME_TOO, TelephonyProvider.TWILIO, 1),
        ),
        own_voice=SharedVoice(VoiceProvider.RIME, "rm-finch", "Finch, for viewings", Gender.MALE, "British", "en-GB"),
        words={
            "need": "We are looking for two bedrooms near the harbour, and everything goes within a day.",
            "probe": "It does at the moment. From when would you need it?",
            "detail": "From January. We would like a place for the bicycles too.",
            "companion": "my partner",
        },
        calls=60,
        batch_size=7,
    ),
}
