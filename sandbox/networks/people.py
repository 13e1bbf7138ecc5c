"""The people on LinkedIn, WhatsApp, Instagram and behind numbers for SMS, and what they do with what reaches them.

A person has one identifier: a number in international form, or the name in the address of a profile. Somebody does
what POST /networks/people says. Without it a name may say it, with the language at its end: ``accepts-late.7``,
``answers-later-3-de``. Anybody else does what follows from the seed, or nothing while the sandbox's people are silent.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from sandbox.core import Core
from sandbox.http import Problem
from sandbox.providers.mail.people.languages import LANGUAGES
from sandbox.providers.mail.people.persons import FIRST_NAMES, LAST_NAMES

# What a person does → its share in a hundred of the people whom nobody told.
BEHAVIOURS: Final = {
    # Accept invitations within minutes, or after hours; say nothing.
    "accepts": 14,
    "accepts_late": 14,
    # Leave invitations open, and read messages without a word, or do not even read them.
    "ignores": 28,
    "never_reads": 6,
    # Refuse invitations, and say that they are not interested.
    "declines": 8,
    # Accept, and answer the first message soon, after a day, or only the second one.
    "answers": 12,
    "answers_later": 5,
    "answers_second": 5,
    # Accept, and ask for no more messages.
    "opts_out": 4,
    # Block whoever wrote to them after the first message.
    "blocks": 3,
    # The identifier is nobody's on this network.
    "wrong_number": 1,
}
# Who of those that answer are interested, in a hundred.
INTERESTED: Final = 60
# How many write in each language, in a hundred.
SPOKEN: Final = {"en": 64, "de": 8, "es": 8, "fr": 6, "it": 4, "nl": 4, "pt": 4, "pl": 2}
ACCEPTING: Final = {"accepts", "accepts_late", "answers", "answers_later", "answers_second", "opts_out", "blocks"}
NUMBER: Final = re.compile(r"\+?[0-9]{7,15}")


@dataclass(frozen=True)
class Person:
    identifier: str
    behaviour: str
    language: str = "en"
    interested: bool = True
    name: str = ""

    @property
    def accepts(self) -> bool:
        return self.behaviour in ACCEPTING

    @property
    def first_name(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def last_name(self) -> str:
        return self.name.partition(" ")[2]


def canonical(identifier: str) -> str:
    """Return the identifier as it is kept: a number as +digits, a name in lower case."""
    text = identifier.strip().lower()
    digits = re.sub(r"[ ()./-]", "", text.removeprefix("whatsapp:").partition("@s.whatsapp.net")[0])
    if NUMBER.fullmatch(digits):
        return "+" + digits.lstrip("+")
    return text.strip("@/").rpartition("/")[2]


class People:
    """Those who were told what to do, in the storage."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.storage.create(
            "network_people", "identifier TEXT PRIMARY KEY, behaviour TEXT, language TEXT, interested INT, name TEXT"
        )

    def save(self, values: dict[str, Any]) -> Person:
        """Say what one person does. Raises Problem."""
        identifier = canonical(str(values["identifier"]))
        usual = self._usual(identifier)
        person = Person(
            identifier,
            str(values.get("behaviour", "answers")).replace("-", "_"),
            str(values.get("language", "en")),
            bool(values.get("interested", True)),
            str(values.get("name", usual.name)),
        )
        if person.behaviour not in BEHAVIOURS:
            raise Problem(400, f"{person.behaviour} is no behaviour. There are: {', '.join(BEHAVIOURS)}.")
        if person.language not in LANGUAGES:
            raise Problem(400, f"Nobody speaks {person.language}. There are: {', '.join(LANGUAGES)}.")
        self._core.storage.execute(
            "INSERT OR REPLACE INTO network_people VALUES (?, ?, ?, ?, ?)",
            *(person.identifier, person.behaviour, person.language, person.interested, person.name),
        )
        return person

    def person(self, identifier: str) -> Person:
        known = canonical(identifier)
        row = self._core.storage.row(
            "SELECT behaviour, language, interested, name FROM network_people WHERE identifier = ?", known
        )
        if row is not None:
            return Person(known, row[0], row[1], bool(row[2]), row[3])
        return self._usual(known)

    def _usual(self, identifier: str) -> Person:
        """Return what somebody does whom nobody told."""
        chance = self._core.chance("network-person", identifier)
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
        words = re.split(r"[-._]", identifier)
        if (named := _named(words)) is not None:
            language = words[-1] if words[-1] in LANGUAGES else "en"
            return Person(identifier, named, language, True, name)
        if not self._core.mixed_people:
            return Person(identifier, "ignores", "en", False, name)
        [behaviour] = chance.choices(list(BEHAVIOURS), list(BEHAVIOURS.values()))
        [language] = chance.choices(list(SPOKEN), list(SPOKEN.values()))
        return Person(identifier, behaviour, language, chance.uniform(0, 100) < INTERESTED, name)


def _named(words: list[str]) -> str | None:
    """Return the behaviour that a name begins with."""
    for length in (2, 1):
        if (behaviour := "_".join(words[:length])) in BEHAVIOURS:
            return behaviour
    return None
