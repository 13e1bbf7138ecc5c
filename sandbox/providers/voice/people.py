"""The people behind telephone numbers, and what they do when the telephone rings.

A number does what it was told to; any other does what follows from the seed and the number.
"""

from dataclasses import dataclass
from typing import Any, Final

from sandbox.core import Core
from sandbox.http import Problem
from sandbox.providers.voice.scripts import LANGUAGES

# What a person does → its share in a hundred of the people whom nobody told.
BEHAVIOURS: Final = {
    "answers": 30,
    "books": 8,
    "tuesday": 8,
    "email": 4,
    "never_again": 4,
    "not_interested": 6,
    "hangs_up": 6,
    "silent": 2,
    "declines": 6,
    "busy": 6,
    "no_answer": 10,
    "voicemail": 7,
    "ivr": 2,
    "wrong_number": 1,
    "trunk_fails": 0,
}
# How many answer in each language, in a hundred.
SPOKEN: Final = {"en": 70, "de": 10, "es": 10, "fr": 7, "ar": 3}


@dataclass(frozen=True)
class Person:
    number: str
    behaviour: str
    language: str


class People:
    """Numbers that were told what to do, in the storage."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.storage.create("voice_people", "number TEXT PRIMARY KEY, behaviour TEXT, language TEXT")

    def save(self, values: dict[str, Any]) -> Person:
        """Say what one number does. Raises Problem."""
        number, behaviour = str(values["number"]), str(values.get("behaviour", "answers"))
        language = str(values.get("language", "en"))
        if behaviour not in BEHAVIOURS:
            raise Problem(400, f"{behaviour} is no behaviour. There are: {', '.join(BEHAVIOURS)}.")
        if language not in LANGUAGES:
            raise Problem(400, f"Nobody speaks {language}. There are: {', '.join(LANGUAGES)}.")
        self._core.storage.execute("INSERT OR REPLACE INTO voice_people VALUES (?, ?, ?)", number, behaviour, language)
        return Person(number, behaviour, language)

    def person(self, number: str) -> Person:
        row = self._core.storage.row("SELECT behaviour, language FROM voice_people WHERE number = ?", number)
        if row is not None:
            return Person(number, row[0], row[1])
        if not self._core.mixed_people:
            return Person(number, "answers", "en")
        chance = self._core.chance("voice-person", number)
        [behaviour] = chance.choices(list(BEHAVIOURS), list(BEHAVIOURS.values()))
        [language] = chance.choices(list(SPOKEN), list(SPOKEN.values()))
        return Person(number, behaviour, language)
