"""Compare texts of any language word by word: without case, accents and vowel marks, and with European digits."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Self

MAX_WORDS: Final = 3_000
WORD: Final = re.compile(r"\d+|[^\W\d_]+|[./:–—-]")
# Letters that Unicode does not decompose.
SPECIAL: Final = str.maketrans(
    {
        "ı": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "’": "'",
        "ـ": "",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
    }
)

# The syllables of Japanese, which writes its words without spaces.
KANA: Final = ("\N{HIRAGANA LETTER SMALL A}", "\N{KATAKANA LETTER SMALL KE}")

# Words that are frequent in one language and rare in the others.
FREQUENT: Final = {
    "en": "the and you your are is for with will have this that please thanks i we on back not of out office",
    "de": "und der die das ich nicht ist sie wir mit für auf ein von ihre bin bitte wieder bis zu vom im büro urlaub",
    "fr": "le les et je vous nous est pas des une votre pour dans suis merci au jusqu absent retour serai"
    " bureau congés",
    "es": "el los que y no en un una su por para con estoy gracias hasta del mi usted estaré fuera oficina vacaciones"
    " regreso al",
    "nl": "het een en ik niet van je u wij met voor op zijn ben bedankt tot naar afwezig vakantie kantoor",
    "pl": "nie w z na się jest i proszę dziękuję będę oraz od jestem mnie urlopie dnia wracam biurze",
    "pt": "o os não e que você em um uma com obrigado estou até minha meu do da as férias estarei fora escritório",
    "tr": "ve bir bu için ile değil ben tarihleri tarihine kadar teşekkürler ofis dışında olacağım lütfen izindeyim"
    " izinliyim döneceğim",
    "it": "il di che è e per con non sono grazie lo gli della del al fino alla vostra mio ufficio fuori buongiorno",
    "ar": "في من على إلى أنا لا هذا شكرا حتى سوف عن مع لك يوم إجازة المكتب",
    "hi": "मैं है हूँ के को से का की नहीं और तक धन्यवाद कृपया में छुट्टी",
}


def fold(text: str) -> str:
    """Return the text without case, accents and marks."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(SPECIAL))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(SPECIAL)


def words(text: str) -> list[str]:
    """Return the folded words, numbers and separators of dates, up to a limit. Digits become European ones."""
    return [_european(word) for word in WORD.findall(fold(text[: MAX_WORDS * 10]))[:MAX_WORDS]]


def spaced(text: str) -> str:
    """Return Japanese text with dates such as 3月3日 as 3/3, and spaces around the words that say until when."""
    for letter, mark in (("年", "/"), ("月", "/"), ("日", " ")):
        text = text.replace(letter, mark)
    for word in ("まで", "から", "より"):
        text = text.replace(word, f" {word} ")
    return text


def likely_language(text: str) -> str:
    """Return the code of the language that the text seems to be in; English if nothing tells."""
    if any(KANA[0] <= letter <= KANA[1] for letter in text[:1_000]):
        return "ja"
    counts = dict.fromkeys(_FREQUENT, 0)
    for word in words(text[:4_000]):
        for language in _BY_WORD.get(word, ()):
            counts[language] += 1
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] > counts["en"] else "en"


def folded_names(text: str) -> frozenset[str]:
    """Return the folded names that ``|`` separates in the text."""
    return frozenset(fold(each.strip()) for each in text.split("|"))


class Phrases:
    """Phrases to be found in words, whatever the length of the text, in linear time."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for phrase in phrases:
            parts = tuple(words(phrase))
            self._by_first.setdefault(parts[0], []).append(parts)

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the phrases that ``|`` separates in the text."""
        return cls(each for each in map(str.strip, text.split("|")) if each)

    def at(self, text: Sequence[str], position: int) -> int:
        """Return the number of words of the longest phrase that begins at the position, or 0."""
        found = self._by_first.get(text[position], ())
        return max((len(each) for each in found if tuple(text[position : position + len(each)]) == each), default=0)

    def first(self, text: Sequence[str]) -> int:
        """Return the position of the first phrase in the text, or -1."""
        return next((position for position in range(len(text)) if self.at(text, position)), -1)

    def within(self, text: Sequence[str]) -> bool:
        """Return whether one of the phrases is in the text."""
        return self.first(text) >= 0


def _european(word: str) -> str:
    return str(int(word)) if word.isdigit() and len(word) < 9 else word


_FREQUENT: Final[Mapping[str, frozenset[str]]] = {code: frozenset(words(text)) for code, text in FREQUENT.items()}
_BY_WORD: Final[Mapping[str, list[str]]] = {
    word: [code for code, known in _FREQUENT.items() if word in known] for known in _FREQUENT.values() for word in known
}
