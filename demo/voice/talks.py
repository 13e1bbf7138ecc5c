"""What was said on the calls of the demo, and what an analyst made of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from demo.company import DemoCompany
from demo.voice.cast import Cast, Persona
from voice.analysis.models import Disposition, Engagement, LeadCategory, Sentiment

# People speak about this many words a second, and breathe between turns.
_WORDS_PER_SECOND: Final = 2.6
_PAUSE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Talk:
    """One course a call may take. Lines begin with A (agent) or P (person)."""

    weight: int
    lines: tuple[str, ...]
    sentiment: Sentiment
    category: LeadCategory
    disposition: Disposition
    engagement: Engagement
    summary: str
    action: str
    points: tuple[str, ...]
    questions: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    stages: tuple[str, ...] = ("1_contacted",)
    extraction: dict[str, Any] = field(default_factory=dict)


_ENGLISH: Final = (
    Talk(
        4,
        (
            "A{opening}",
            "PYes, go ahead.",
            "ALovely. {first}, you looked at our website last week. What were you hoping to find?",
            "P{need}",
            "A{probe}",
            "P{detail}",
            "AThen {offer} may be worth it. Would Thursday at ten suit you?",
            "PThursday is fine. Could {companion} join?",
            "AOf course. Where may I send the invitation?",
            "PTo {email}, please.",
            "AThank you, it is on its way. See you on Thursday.",
        ),
        Sentiment.VERY_INTERESTED,
        LeadCategory.HOT,
        Disposition.PROCEED,
        Engagement.HIGH,
        "{first} agreed to Thursday at ten and will not come alone.",
        "Send the invitation to both, and read what they told us before.",
        ("{need}", "{detail}"),
        ("Can somebody else join?",),
        (),
        ("1_contacted", "3_email_sent", "4_counseling_booked"),
        {"meeting": "Thursday 10:00"},
    ),
    Talk(
        4,
        (
            "A{opening}",
            "PI have two minutes.",
            "AThat is enough. Would {offer} help you this quarter?",
            "PPerhaps. What does it cost?",
            "AThe list is on our website. Shall I go through it?",
            "PNo, send it to me. And call again next week, the budget is decided on Monday.",
            "AI will. Is the afternoon better than the morning?",
            "PAfternoon, after three.",
            "ANoted. Goodbye, {first}.",
        ),
        Sentiment.POSITIVE,
        LeadCategory.WARM,
        Disposition.FOLLOW_UP_3,
        Engagement.MEDIUM,
        "{first} wants the prices in writing and a call next week after the budget round.",
        "Send the price list today; call next week after three in the afternoon.",
        ("Budget is decided on Monday", "Prefers afternoons"),
        ("What does it cost?",),
        ("Budget is not approved yet",),
        ("1_contacted", "2_followup"),
        {"call_again": "next week, after 15:00"},
    ),
    Talk(
        3,
        (
            "A{opening}",
            "PWho is this?",
            "AAn assistant calling for our team about {offer}.",
            "PWe looked at three offers last year. We are bound to one of them until the summer.",
            "AI see. May I ask what you would change about it?",
            "PThey are slow to answer. But we signed, so there is no point now.",
            "AThen we speak before it ends. Thank you for your time.",
        ),
        Sentiment.NEUTRAL,
        LeadCategory.WARM,
        Disposition.NURTURE,
        Engagement.MEDIUM,
        "Bound to another provider until the summer, and finds them slow to answer.",
        "Keep in the newsletter and call two months before the contract ends.",
        ("Bound until the summer", "The other provider is slow to answer"),
        (),
        ("Tied to another provider",),
    ),
    Talk(
        3,
        (
            "A{opening}",
            "PPlease take me off your list.",
            "AOf course. You will not be called again. Goodbye.",
        ),
        Sentiment.NEGATIVE,
        LeadCategory.COLD,
        Disposition.DROP,
        Engagement.LOW,
        "Asked not to be called again.",
        "Do not call again.",
        ("Does not want calls",),
        (),
        ("Was called without asking for it",),
        ("1_contacted",),
        {"do_not_call": True},
    ),
)

_OTHER_LINES: Final = {
    "de": (
        "A{opening}",
        "PJa, kurz.",
        "AVielen Dank. Würde Ihnen {offer} etwas bringen?",
        "PMöglich. Wir arbeiten noch mit Tabellen, das ist mühsam.",
        "ADann zeige ich Ihnen gern, wie es anders geht. Passt Dienstag um elf?",
        "PDienstag um elf passt. Schicken Sie mir bitte eine Einladung.",
        "AIst unterwegs an {email}. Auf Wiederhören.",
    ),
    "es": (
        "A{opening}",
        "PSí, dígame.",
        "A¿Le interesaría {offer}?",
        "PPuede ser, pero ahora mismo no tenemos presupuesto.",
        "ALo entiendo. ¿Le llamo a principios del próximo trimestre?",
        "PMejor, sí. Gracias.",
    ),
    "it": (
        "A{opening}",
        "PNo, mi dica pure.",
        "ALa chiamo per {offer}. Le andrebbe bene giovedì?",
        "PGiovedì pomeriggio, dopo le cinque.",
        "APerfetto, le mando la conferma a {email}. A giovedì.",
    ),
}
_INBOUND_LINES: Final = (
    "A{greeting}",
    "PHello, you called me yesterday and I was on the train.",
    "AThank you for calling back, {first}. It was about {offer}.",
    "PAh yes. Friday would work for me.",
    "AFriday it is. You will find the details in your mail.",
)

_AGREED: Final = replace(
    _ENGLISH[0],
    summary="{first} agreed to a day and waits for the invitation.",
    points=("Open to meeting",),
    questions=(),
    extraction={},
)
_LATER: Final = replace(
    _ENGLISH[2],
    summary="No budget this quarter; may be called at the beginning of the next.",
    action="Call at the beginning of the next quarter.",
    points=("No budget this quarter",),
    concerns=("Budget",),
)
_INBOUND: Final = replace(
    _AGREED, lines=_INBOUND_LINES, summary="{first} called back and agreed to Friday.", points=("Called back",)
)
_OTHERS: Final = {
    language: replace(_LATER if language == "es" else _AGREED, lines=lines) for language, lines in _OTHER_LINES.items()
}


@dataclass(frozen=True, slots=True)
class Said:
    """One call's turns, how long they took, and the course they followed."""

    turns: list[dict[str, Any]]
    seconds: int
    talk: Talk
    names: dict[str, str]


def hold(company: DemoCompany, cast: Cast, persona: Persona, *, first: str, email: str, inbound: bool) -> Said:
    """A conversation of the persona with somebody."""
    spoken = _OTHERS.get(persona.language)
    if inbound:
        spoken = _INBOUND
    talk = spoken or _ENGLISH[company.one({place: each.weight for place, each in enumerate(_ENGLISH)})]
    names = {
        **cast.words,
        "opening": persona.opening,
        "greeting": persona.greeting,
        "offer": persona.offer,
        "first": first or "there",
        "email": email or "the address on our website",
    }
    turns = list(_timed(company, [line.format(**names) for line in talk.lines]))
    return Said(turns, int(turns[-1]["end"]) + 2, talk, names)


def _timed(company: DemoCompany, lines: list[str]) -> Iterator[dict[str, Any]]:
    clock = 0.0
    for line in lines:
        role, text = ("agent" if line[0] == "A" else "person"), line[1:]
        start = clock + _PAUSE * (0.5 + company.random.random())
        clock = start + len(text.split()) / _WORDS_PER_SECOND
        yield {"role": role, "text": text, "start": round(start, 1), "end": round(clock, 1)}
