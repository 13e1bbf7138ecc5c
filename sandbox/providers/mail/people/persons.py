"""Who stands behind an address, and what they do with mail. It follows from the seed and the address alone.

The first word of the local part may name a behaviour, and further words details of it:
``answers.7@people.example``, ``out-of-office.de.3@people.example``, ``hard-bounce.exchange@people.example``.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from sandbox.core import Core
from sandbox.providers.mail.people.languages import LANGUAGES


class Behaviour(StrEnum):
    SILENT = "silent"
    OPENS = "opens"
    CLICKS = "clicks"
    ANSWERS = "answers"
    ANSWERS_LATER = "answers-later"
    DECLINES = "declines"
    OUT_OF_OFFICE = "out-of-office"
    TICKET_SYSTEM = "ticket-system"
    HARD_BOUNCE = "hard-bounce"
    SOFT_BOUNCE = "soft-bounce"
    MAILBOX_FULL = "mailbox-full"
    BLOCKED = "blocked"
    COMPLAINS = "complains"
    UNSUBSCRIBES_BY_CLICK = "unsubscribes-by-click"
    UNSUBSCRIBES_BY_MAIL = "unsubscribes-by-mail"
    SCANNER = "scanner"
    # Servers that misbehave.
    DROPS_BEFORE_FINAL = "drops-before-final"
    LOSES_BEFORE_FINAL = "loses-before-final"
    DROPS_AFTER_FINAL = "drops-after-final"
    GREYLISTED = "greylisted"
    BUSY = "busy"
    TRY_LATER = "try-later"
    SLOW = "slow"


NAMES: Final = frozenset(Behaviour)
BOUNCES: Final = {Behaviour.HARD_BOUNCE, Behaviour.SOFT_BOUNCE, Behaviour.MAILBOX_FULL, Behaviour.BLOCKED}
SERVER_FAULTS: Final = {
    Behaviour.DROPS_BEFORE_FINAL,
    Behaviour.LOSES_BEFORE_FINAL,
    Behaviour.DROPS_AFTER_FINAL,
    Behaviour.GREYLISTED,
    Behaviour.BUSY,
    Behaviour.TRY_LATER,
    Behaviour.SLOW,
}
# Out of a hundred people whose address does not say what they do.
MIXTURE: Final = {
    Behaviour.SILENT: 52,
    Behaviour.OPENS: 12,
    Behaviour.CLICKS: 6,
    Behaviour.ANSWERS: 7,
    Behaviour.ANSWERS_LATER: 4,
    Behaviour.DECLINES: 4,
    Behaviour.OUT_OF_OFFICE: 4,
    Behaviour.TICKET_SYSTEM: 2,
    Behaviour.HARD_BOUNCE: 3,
    Behaviour.SOFT_BOUNCE: 1,
    Behaviour.MAILBOX_FULL: 1,
    Behaviour.COMPLAINS: 1,
    Behaviour.UNSUBSCRIBES_BY_CLICK: 1,
    Behaviour.UNSUBSCRIBES_BY_MAIL: 1,
    Behaviour.SCANNER: 1,
}
DIALECTS: Final = ("postfix", "exchange", "gmail", "qmail", "bare")
DETAILS: Final = {*DIALECTS, "refused", "html", "alias", "colleague", "redacted", "unmarked", *LANGUAGES}
FIRST_NAMES: Final = ("Ada", "Benoît", "Chiara", "Dmitri", "Elif", "Fiona", "Göran", "Hana", "Ivo", "Jürgen")
LAST_NAMES: Final = ("Abara", "Böhm", "Castellano", "Dupré", "Eriksen", "Fontaine", "Głowacki", "Haddad", "Ibarra")


@dataclass(frozen=True)
class Person:
    address: str
    behaviour: Behaviour
    details: frozenset[str] = field(default_factory=frozenset)
    language: str = "en"
    name: str = ""
    # The number of the message that they react to first.
    patience: int = 1

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def dialect(self) -> str:
        return next((dialect for dialect in DIALECTS if dialect in self.details), DIALECTS[0])


def person_of(core: Core, address: str, *, mixed: bool) -> Person:
    """Return who the address belongs to."""
    words = address.rpartition("@")[0].split(".")
    if words[0] in NAMES:
        details = frozenset(words[1:]) & DETAILS
        language = next((detail for detail in sorted(details) if detail in LANGUAGES), "en")
        return Person(address, Behaviour(words[0]), details, language, _name(core, address))
    return _somebody(core, address) if mixed else Person(address, Behaviour.SILENT)


def _somebody(core: Core, address: str) -> Person:
    """Return one of the mixture."""
    chance = core.chance("person", address)
    behaviour = chance.choices(list(MIXTURE), list(MIXTURE.values()))[0]
    details = {chance.choice(DIALECTS)}
    if behaviour in (Behaviour.HARD_BOUNCE, Behaviour.MAILBOX_FULL) and chance.random() < 0.4:
        details.add("refused")
    details |= {detail for detail in ("html", "alias", "colleague", "redacted", "unmarked") if chance.random() < 0.12}
    patience = chance.choice((1, 1, 1, 2, 2, 3))
    language = chance.choice(["en", *LANGUAGES])
    return Person(address, behaviour, frozenset(details), language, _name(core, address), patience)


def _name(core: Core, address: str) -> str:
    chance = core.chance("name", address)
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
