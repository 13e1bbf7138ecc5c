"""What people do with a message that reached them, in the order in which they do it."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from sandbox.core import Core
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.people import People, Person
from sandbox.providers.mail.people.languages import LANGUAGES
from sandbox.schedule import Action

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
# What counts as something to answer.
MESSAGES: Final = ("message", "template")
DELIVERED_SECONDS: Final = (1.0, 4.0)
READ_SECONDS: Final = (2 * MINUTE, 30 * MINUTE)
ANSWER_SECONDS: Final = {
    "answers": (3 * MINUTE, 2 * HOUR),
    "answers_second": (3 * MINUTE, 2 * HOUR),
    "answers_later": (20 * HOUR, 44 * HOUR),
    "declines": (5 * MINUTE, 5 * HOUR),
    "opts_out": (2 * MINUTE, 3 * HOUR),
}
# Where the network itself heeds a word such as STOP, and says so in the log.
BY_WORD: Final = ("sms",)
BLOCK_SECONDS: Final = (MINUTE, HOUR)


@dataclass(frozen=True)
class Step:
    """One thing that a person or their telephone does: delivered, read, answered, blocked."""

    name: str
    deed: Deed
    person: Person
    text: str = ""


class Listener(Protocol):
    """The protocol through which the message came; tells LAD of each step as it does."""

    async def reacted(self, step: Step) -> None: ...


class Reactions:
    """The reactions of all people whom one protocol reaches, in the schedule."""

    def __init__(self, core: Core, people: People, ledger: Ledger, protocol: str, listener: Listener) -> None:
        self._core, self._people, self._ledger, self._listener = core, people, ledger, listener
        self._kind = f"{protocol}-reaction"
        core.schedule.handle(self._kind, self._act)

    def to(self, deed: Deed, *, opt_out_text: str = "", reads: bool = True) -> None:
        """Plan what the recipient of a message does. ``opt_out_text`` is what they write who want no more.

        Nobody learns that an SMS was read: there is no step of it without ``reads``.
        """
        person = self._people.person(deed.recipient)
        chance = self._core.chance("network-reaction", deed.channel, deed.recipient, deed.id)
        self._plan("delivered", deed, chance.uniform(*DELIVERED_SECONDS))
        if person.behaviour == "never_reads":
            return
        read = chance.uniform(*READ_SECONDS)
        if reads:
            self._plan("read", deed, read)
        number = self._ledger.count(deed.account, MESSAGES, recipient=deed.recipient)
        if person.behaviour == "blocks":
            self._plan("blocked", deed, read + chance.uniform(*BLOCK_SECONDS))
        if number == (2 if person.behaviour == "answers_second" else 1) and person.behaviour in ANSWER_SECONDS:
            after = read + chance.uniform(*ANSWER_SECONDS[person.behaviour])
            self._plan("answered", deed, after, text=said(person, opt_out_text))

    def _plan(self, name: str, deed: Deed, after: float, text: str = "") -> None:
        data: dict[str, Any] = {"name": name, "deed": vars(deed), "text": text}
        self._core.schedule.plan(self._kind, after=after, data=data)

    async def _act(self, action: Action) -> None:
        name, deed = action.data["name"], Deed(**action.data["deed"])
        person = self._people.person(deed.recipient)
        step = Step(name, deed, person, action.data["text"])
        facts = {"channel": deed.channel, "account": deed.account, "person": person.identifier, "id": deed.id}
        if name == "blocked":
            self._ledger.close(deed.channel, deed.account, person.identifier, "blocked")
        elif name != "answered":
            self._core.log.write(f"network_{name}", **facts)
        await self._listener.reacted(step)
        if name == "answered" and person.behaviour == "opts_out" and deed.channel not in BY_WORD:
            self._core.log.write("network_opted_out", **facts)


def said(person: Person, opt_out_text: str = "") -> str:
    """Return what somebody answers who does."""
    language = LANGUAGES[person.language]
    if person.behaviour == "opts_out":
        return opt_out_text or language.unsubscribe
    agrees = person.interested and person.behaviour != "declines"
    return language.agrees if agrees else language.declines
