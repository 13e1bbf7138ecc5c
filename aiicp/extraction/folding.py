"""Split texts into words that compare equal however they are written: case, accents, ß, Arabic forms of letters."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

# Letters that Unicode does not decompose, or that languages write in more than one way.
_LETTERS: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ى": "ي",
        "ی": "ي",
        "ئ": "ي",
        "ؤ": "و",
        "ة": "ه",
        "ک": "ك",
        "ـ": "",
        "ء": "",
    }
)
_MARKS: Final = "\u0300-\u036f\u064b-\u065f\u0670"
_WORD: Final = re.compile(rf"\.net\b|[^\W_][^\W_]*(?:[{_MARKS}]+[^\W_]*)*(?:\+\+|\#)?|&", re.IGNORECASE)
# What may stand between two words of one name: "Node.js", "mid-market", "St. Louis", "l'Allemagne".
_LINK: Final = re.compile(r"\s{0,2}|\s?[-\u2010-\u2013/.'’`´_]\s?")
_BREAK: Final = re.compile(r"[.!?…؟]\s|[\n;•|]|\s[-\u2013\u2014]\s")
# Words whose full stop ends no sentence.
_ABBREVIATIONS: Final = frozenset(
    ["st", "dr", "mr", "ms", "ft", "mt", "u", "s", "d", "c", "l", "a", "e", "g", "bzw", "ca"]
)
_LONGEST_SIMPLE: Final = 9
# Longer words are no names, and not kept in memory.
_LONGEST_KEPT: Final = 60
_ARABIC_ARTICLE: Final = re.compile(r"^ال(?=..)")
# German nouns of companies that end compounds: "Pharmaunternehmen".
_COMPOUND: Final = re.compile(
    r"^(.{3,}?)s?(unternehmen|firmen|firma|branche|industrie|agenturen|agentur|betriebe|hersteller|anbieter|leiter"
    r"|leiterinnen|leitung|abteilung|abteilungen|dienstleister|konzerne)n?$"
)


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, to write sets of words without quotation marks."""
    return frozenset(text.split())


class Token(NamedTuple):
    """One word: as written, folded, folded without plural, and how it is joined to the word before it."""

    text: str
    form: str
    stem: str
    start: int
    end: int
    linked: bool
    breaks: bool
    comma: bool

    @property
    def capitalised(self) -> bool:
        return self.text[:1].isupper()


def fold(word: str) -> str:
    """Return the word in the form that is compared."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).casefold().replace("ß", "ss"))
    # Letters are translated before the marks go: أ is one letter in Arabic, and two in Unicode's decomposition.
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_LETTERS)
    return _ARABIC_ARTICLE.sub("", bare)


def singular(form: str) -> str:
    """Return the folded word without an English plural. It is a key, not always a word."""
    if form.endswith("innen") and len(form) > _LONGEST_SIMPLE:
        return form[:-5]
    if len(form) < 4 or not form.endswith("s") or form.endswith(("ss", "us", "is")):
        return form
    if form.endswith("ies") and len(form) > 4:
        return form[:-3] + "y"
    if form.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return form[:-2]
    return form[:-1]


def tokenise(text: str) -> list[Token]:
    """Return the words of a text in order. Takes time that grows with the length of the text only."""
    tokens: list[Token] = []
    end = 0
    for found in _WORD.finditer(text):
        word, start = found.group(), found.start()
        parts = _folded(word) if len(word) <= _LONGEST_KEPT else _folded.__wrapped__(word)
        for place, (part, form, stem, offset) in enumerate(parts):
            gap = text[end:start] if place == 0 else ""
            begin = start + offset
            if gap == " ":
                tokens.append(Token(part, form, stem, begin, begin + len(part), True, False, False))
            else:
                last = tokens[-1].form if tokens else ""
                tokens.append(Token(part, form, stem, begin, begin + len(part), *_joint(gap, last)))
        end = found.end() if parts else end
    return tokens


def key(phrase: str, *, plural: bool = False) -> str:
    """Return the key of a phrase: its folded words, in singular form unless ``plural``."""
    parts = [part for word in _WORD.findall(phrase) for part in _folded(word)]
    return " ".join(form if plural else stem for _, form, stem, _ in parts)


def _joint(gap: str, last: str) -> tuple[bool, bool, bool]:
    """Return whether a word is linked to the one before, begins a sentence, and has a comma before it."""
    abbreviated = last in _ABBREVIATIONS and gap in {". ", "."}
    breaks = bool(gap) and not abbreviated and _BREAK.search(gap) is not None
    linked = not breaks and (abbreviated or _LINK.fullmatch(gap) is not None)
    return linked, breaks, "," in gap or "،" in gap


@lru_cache(maxsize=20_000)
def _folded(word: str) -> tuple[tuple[str, str, str, int], ...]:
    """Return the word as written, folded, folded without plural, and its offset.

    A German compound that ends in a kind of company has two parts. What folds to nothing has none.
    """
    folded = []
    for part, offset in _parts(word):
        if form := fold(part):
            folded.append((part, form, singular(form), offset))
    return tuple(folded)


def _parts(word: str) -> list[tuple[str, int]]:
    found = _COMPOUND.match(word.lower()) if _LONGEST_SIMPLE < len(word) <= _LONGEST_KEPT else None
    if found is None or len(found.group()) != len(word):
        return [(word, 0)]
    cut = found.start(2)
    return [(word[: found.end(1)], 0), (word[cut : found.end(2)], cut)]


@lru_cache(maxsize=8)
def flatten(text: str) -> str:
    """Return the text in small letters without accents, each character in its place."""
    return text.lower() if text.isascii() else "".join(map(_flat, text))


@lru_cache(maxsize=5_000)
def _flat(letter: str) -> str:
    folded = unicodedata.normalize("NFKD", letter.casefold())[:1].translate(_LETTERS)
    return folded if len(folded) == 1 else letter
