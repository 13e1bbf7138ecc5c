"""Values that no gazetteer lists: addresses, companies, quoted keywords, the problem that the speaker solves."""

import re
from collections.abc import Iterator
from typing import Final

from aiicp.extraction.folding import flatten, word_set
from aiicp.extraction.mentions import Mention, Reading
from aiicp.extraction.vocabulary import Entry

_LINKEDIN: Final = re.compile(
    r"(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/(?:in|company|school|"
    r"sales/[a-z]{1,10})/[^\s,;<>\"')]{1,200}",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_URL: Final = re.compile(r"https?://[^\s,;<>\"')]{1,300}", re.IGNORECASE)
_DOMAIN: Final = re.compile(
    r"(?<![\w@.-])(?:www\.)?((?:[a-z0-9-]{2,63}\.){1,3}(?:com|de|io|co|ai|net|org|fr|es|at|ch|ae|eu|uk|us|app|dev|"
    r"tech))(?![\w.-]*[\w@])",
    re.IGNORECASE,
)
# Without any of these a text holds no address.
_ADDRESS: Final = re.compile(r"@|://|[\w-]\.[A-Za-z]{2}")
_PRODUCT_DOMAINS: Final = word_set("monday.com apollo.io outreach.io node.js")
_QUOTED: Final = re.compile(r"[\"“„«]\s?([^\"“”„«»\n]{2,40}?)\s?[\"”“»]")
_SEPARATORS: Final = re.compile(r"([,;|/])")
_KEYWORDS: Final = re.compile(
    r"\b(?:keywords?|tags?|schlagworte?|stichworte?|palabras clave|"
    r"mots[- ]cles?)\s?:\s?([^\n.]{2,200})"
)
_SIGNATURE: Final = re.compile(
    r"\n\s{0,4}(?:(?:best|kind|warm)(?: regards| wishes)?|regards|cheers|thanks(?: in advance| a lot| so much)?|"
    r"thank you|many thanks|best|sincerely|mit freundlichen grussen|"
    r"viele grusse|beste grusse|liebe grusse|lg|vg|mfg|gruss|danke|saludos(?: cordiales)?|un saludo|gracias|"
    r"cordialement|bien a vous|merci(?: d'avance)?|مع تحياتي|شكرا)\s?[,.!]?\s{0,3}\n"
)
_PROBLEM: Final = re.compile(
    r"\b(?:we help|i help|we sell|i sell|we offer|we provide|"
    r"we solve|we reduce|we build|we make|we produce|we develop|we manufacture|we supply|we deliver|we automate|"
    r"we save|"
    r"and (?:build|sell|offer|provide|develop)|our (?:agency|company|team|startup) (?:builds|makes|sells|"
    r"offers|provides|helps|develops)|our (?:product|"
    r"software|tool|platform|service|app|solution|system)s?|the problem|pain point|struggl\w{1,4}|"
    r"wir helfen|wir verkaufen|wir bieten|wir losen|wir entwickeln|wir vertreiben|unsere? (?:software|produkt|"
    r"losung|plattform|tool)|ich verkaufe|"
    r"vendemos|ofrecemos|ayudamos|desarrollamos|resolvemos|nuestr[oa] (?:software|producto|solucion|plataforma|"
    r"herramienta)|"
    r"nous (?:editons|vendons|aidons|proposons|offrons|developpons)|notre (?:logiciel|produit|solution|outil|"
    r"plateforme)|on vend|on aide|نبيع|نقدم|نساعد|نوفر)\b"
)
# "Can we make that Portugal" says nothing of a product.
_QUESTIONS: Final = ("can ", "could ", "should ", "shall ", "if ")
_SENTENCE_END: Final = re.compile(r"[.!?؟]\s|\n")
_LONGEST_STATEMENT: Final = 500
# Closing words before this character close no letter.
SHORTEST_LETTER: Final = 40
_ROUNDS: Final = frozenset("abcde")
_LONGEST_NAME: Final = 3
_NO_NAME: Final = word_set(
    "in at from with for to the a an and or who that which based but not we i our their they "
    "please also etc more on of "
    "in aus mit fur die der das und oder nicht en de con para que no et ou dans avec pour qui pas في من و مع"
)


def mask(text: str) -> tuple[str, list[tuple[str, str, int, int]]]:
    """Return the text with its addresses blanked out, and what they say: slot, value, start, end."""
    found: list[tuple[str, str, int, int]] = []
    masked = text
    if not _ADDRESS.search(text):
        return text, []
    for pattern in (_LINKEDIN, _EMAIL, _URL, _DOMAIN):
        for match in pattern.finditer(masked):
            value = match.group().rstrip("./)")
            if pattern is _LINKEDIN:
                found.append(("linkedin_urls", value, match.start(), match.start() + len(value)))
            elif pattern is _DOMAIN and match.group(1).lower() not in _PRODUCT_DOMAINS and "." in match.group(1):
                found.append(("companies", match.group(1).lower(), match.start(1), match.end(1)))
            elif pattern is _DOMAIN:
                continue
            masked = masked[: match.start()] + "," + " " * (len(match.group()) - 1) + masked[match.end() :]
    return masked, found


def without_signature(text: str) -> str:
    """Return the text up to the closing words of a letter."""
    endings = [each.start() for each in _SIGNATURE.finditer(flatten(text))]
    return text[: endings[-1]] if endings and endings[-1] > SHORTEST_LETTER else text


def problem_statement(text: str) -> tuple[int, int] | None:
    """Return where the sentence is that says what the speaker offers, or None."""
    flat = flatten(text)
    found = next((each for each in _PROBLEM.finditer(flat) if not flat[: each.start()].endswith(_QUESTIONS)), None)
    if found is None:
        return None
    starts = [each.end() for each in _SENTENCE_END.finditer(text, 0, found.start() + 1) if each.end() <= found.start()]
    ending = _SENTENCE_END.search(text, found.end())
    start, end = (starts[-1] if starts else 0), (ending.start() if ending else len(text))
    end = min(end, start + _LONGEST_STATEMENT)
    return start, end


def quoted(text: str) -> Iterator[tuple[str, int, int]]:
    """Return the texts in quotation marks."""
    for match in _QUOTED.finditer(text):
        if match.group(1).count(" ") <= 3:
            yield match.group(1), match.start(1), match.end(1)


def keywords(text: str) -> Iterator[tuple[str, int, int]]:
    """Return the words listed after "keywords:"."""
    for match in _KEYWORDS.finditer(flatten(text) if ":" in text else ""):
        start = match.start(1)
        for part in _SEPARATORS.split(text[start : match.end(1)]):
            word = part.strip(" \"'“”„«»")
            if word and len(word) > 1 and '"' not in part:
                begin = text.index(word, start)
                yield word, begin, begin + len(word)
            start += len(part)


def companies(reading: Reading, mentions: list[Mention]) -> list[Mention]:
    """Return the names after "companies like", "works at" and their like."""
    found: list[Mention] = []
    places = {place: mention for mention in mentions for place in range(mention.start, mention.stop)}
    lists = reading.cues.get("company_list", {})
    for start, length in sorted(lists.items()):
        found.extend(_names(reading, start + length, places))
    for start, length in reading.cues.get("at", {}).items():
        inside = any(first < start < first + words for first, words in lists.items())
        if not inside and not reading.shouts and _is_proper(reading, start + length, places):
            found.extend(_names(reading, start + length, places))
    return found


def _is_proper(reading: Reading, place: int, mentions: dict[int, Mention]) -> bool:
    """Return whether a name begins here that no gazetteer has as it is written."""
    if place >= len(reading.tokens):
        return False
    token, mention = reading.tokens[place], mentions.get(place)
    known = mention is not None and not reading.corrected.intersection(range(mention.start, mention.stop))
    return token.capitalised and not known and token.form not in _NO_NAME and not reading.cue_at("towards", place)


def funding_rounds(reading: Reading, mentions: list[Mention]) -> list[Mention]:
    """Return the rounds that only a letter names: "series A or B", "Series B/C"."""
    found = []
    for mention in mentions:
        if not mention.entries[0].value.startswith("series_"):
            continue
        place = mention.stop
        while place < len(reading.tokens) and (reading.cue_at("and", place) or reading.tokens[place].form == "to"):
            place += 1
        if (
            place < len(reading.tokens)
            and (letter := reading.tokens[place].form) in _ROUNDS
            and place <= mention.stop + 1
        ):
            found.append(Mention((Entry("funding_stages", f"series_{letter}"),), place, place + 1, 0.9))
    return found


def _names(reading: Reading, place: int, mentions: dict[int, Mention]) -> Iterator[Mention]:
    while place < len(reading.tokens):
        stop = _name_end(reading, place, mentions)
        if stop == place:
            return
        yield Mention((Entry("companies", reading.shown(place, stop)),), place, stop, 0.8)
        if stop < len(reading.tokens) and reading.cue_at("and", stop) and not reading.tokens[stop].breaks:
            place = stop + 1
        elif stop < len(reading.tokens) and reading.tokens[stop].comma:
            place = stop + 1 if reading.cue_at("and", stop) else stop
        else:
            return


def _name_end(reading: Reading, place: int, mentions: dict[int, Mention]) -> int:
    """Return the word after the name at ``place``. Names of industries, places and people end it."""
    stop = place
    while stop < len(reading.tokens) and stop - place < _LONGEST_NAME:
        token = reading.tokens[stop]
        mention = mentions.get(stop)
        slots = {entry.slot for entry in mention.entries} if mention else set()
        corrected = mention is not None and bool(reading.corrected.intersection(range(mention.start, mention.stop)))
        named = (
            bool(slots)
            and not (corrected and token.capitalised)
            and slots != {"technologies"}
            and not (stop > place and token.capitalised)
        )
        if token.form in _NO_NAME or named or (stop > place and (not token.linked or not token.capitalised)):
            break
        if stop == place and not token.capitalised and not slots and len(token.form) < 3:
            break
        stop += 1
    return stop
