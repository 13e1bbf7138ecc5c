"""Tell in which language somebody speaks, by script and by small words."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from voice.analysis.reading.words import word_set

LANGUAGES: Final = ("en", "de", "es", "fr", "ar", "hi")
_ARABIC: Final = re.compile("[\u0600-\u06ff]")
_DEVANAGARI: Final = re.compile("[\u0900-\u097f]")
_WORDS: Final = {
    "en": """the you and is are not we i im it to of for that this have with yes your me my can at on what be dont its
        okay thanks hello call just no but who do will would could please next later""",
    "de": """ich sie und nicht das ist wir ein eine der die den dem es mit haben auf ja nein bitte kein keine mir mich
        uhr auch noch wann wie gerade danke hallo am um rufen sind bin nachste
        morgen montag mittwoch""",
    "es": """que no el la los las de en por me es un una con para si esta estoy lo pero gracias hola llame llamar
        usted mi nos le su cuando manana bueno y tengo""",
    "fr": """je vous ne pas le la les des est un une et pour que oui non merci bonjour mais avec nous moi il ce suis
        rappelez appelez au du votre mon c est j ai""",
    "hi": "hai nahi nahin mujhe kal baje haan ji kya aap mein hoon main karo mat kijiye karna abhi baad theek",
}
_OF_LANGUAGE: Final = {language: word_set(text) for language, text in _WORDS.items()}
_SMALL: Final = {
    word: [language for language, known in _OF_LANGUAGE.items() if word in known]
    for word in frozenset().union(*_OF_LANGUAGE.values())
}


def language_of(line: str, *, otherwise: str = "en") -> str:
    """Return the language of a folded line, or ``otherwise`` where its words do not tell."""
    if _ARABIC.search(line):
        return "ar"
    if _DEVANAGARI.search(line):
        return "hi"
    votes: Counter[str] = Counter()
    for word in line.split()[:200]:
        for language in _SMALL.get(word, ()):
            votes[language] += 1
    if not votes:
        return otherwise
    best = votes.most_common()
    if len(best) > 1 and best[0][1] == best[1][1]:
        tied = {language for language, count in best if count == best[0][1]}
        return otherwise if otherwise in tied else best[0][0]
    return best[0][0]


def language_of_all(lines: Iterable[str]) -> str:
    """Return the language that most of a call is in."""
    return language_of(" ".join(lines))
