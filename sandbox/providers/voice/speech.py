"""A recording that can be heard: each turn as syllables of a voice of its own, where the transcript has it.

It is no speech anybody could understand. It tells two people apart, has a syllable for every vowel of the text, and is
silent where nobody speaks, which is what a player in step with a transcript needs.
"""

import io
import math
import wave
from array import array
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from sandbox.providers.voice.plans import Turn

RATE: Final = 8_000
LOUDNESS: Final = 9_000
SYLLABLE_SECONDS: Final = 0.17
FADE: Final = 200
PITCHES: Final = {"agent": 118.0, "person": 196.0}
# Vowel → its two lowest formants in hertz.
FORMANTS: Final = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870)}
VOWELS: Final = str.maketrans("äàáâéèêëíîïìöóôòüúûùyاوي", "aaaaeeeeiiiioooouuuuiaui")
MAX_SECONDS: Final = 900


def recording(turns: Iterable[Turn], seconds: float) -> bytes:
    """Return a WAV file of so many seconds, with every turn in its place."""
    samples = array("h", bytes(2 * int(min(seconds, MAX_SECONDS) * RATE)))
    for turn in turns:
        start, end = int(turn.start * RATE), min(int(turn.end * RATE), len(samples))
        spoken = _speak(turn.role, turn.text, end - start)
        samples[start : start + len(spoken)] = spoken
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def _speak(role: str, text: str, length: int) -> "array[int]":
    """Return so many samples that speak the text's vowels, evenly."""
    vowels = [each for each in text.lower().translate(VOWELS) if each in FORMANTS] or ["a"]
    each = max(length // len(vowels), 1)
    spoken: array[int] = array("h")
    for vowel in vowels:
        syllable = _syllable(role, vowel)[:each]
        spoken.extend(syllable)
        spoken.frombytes(bytes(2 * (each - len(syllable))))
    return spoken[: max(length, 0)]


@lru_cache(maxsize=32)
def _syllable(role: str, vowel: str) -> "array[int]":
    """Return one vowel: harmonics of the voice's pitch, the louder the nearer to a formant."""
    pitch, formants = PITCHES.get(role, 150.0), FORMANTS[vowel]
    harmonics = [
        (number, sum(math.exp(-(((number * pitch - formant) / 160) ** 2)) for formant in formants))
        for number in range(1, int(RATE / 2 / pitch))
    ]
    whole = sum(weight for _number, weight in harmonics)
    count = int(SYLLABLE_SECONDS * RATE)
    samples = array("h")
    for index in range(count):
        angle = 2 * math.pi * pitch * index / RATE
        value = sum(weight * math.sin(number * angle) for number, weight in harmonics if weight > 0.01)
        fade = min(1.0, index / FADE, (count - index) / FADE)
        samples.append(int(LOUDNESS * fade * value / whole))
    return samples
