"""Numbers and ranges in texts, and what they count: employees, revenue, funding, years, people to find."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiicp.extraction.folding import flatten
from aiicp.extraction.slots import Range

_CURRENCY: Final = r"[$€£]|\busd|\beur(?:os?)?|\bgbp|\baed|\bchf|\bsar|us\$"
_MULTIPLIER: Final = (
    r"k|m|mm|mn|mio\.?|mil millones|mil|mill?\.?|millions?|millionen|millon(?:es)?|bn|b|billions?|mrd|milliarden|milliards?"
    r"|thousand|tausend|tsd|mille|hundred|مليون|ملايين|مليار|الف|الاف"
)
_WORDS: Final = {
    "a hundred": 100,
    "one hundred": 100,
    "two hundred": 200,
    "a couple hundred": 200,
    "three hundred": 300,
    "five hundred": 500,
    "a thousand": 1_000,
    "one thousand": 1_000,
    "a dozen": 12,
    "a million": 1_000_000,
    "ten": 10,
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
    "hundert": 100,
    "zweihundert": 200,
    "funfzig": 50,
    "zwanzig": 20,
    "cien": 100,
    "doscientos": 200,
    "doscientas": 200,
    "cincuenta": 50,
    "cinquante": 50,
    "une centaine": 100,
    "vingt": 20,
}
_NUMBER: Final = re.compile(
    rf"(?P<currency>{_CURRENCY})?\s?(?<![\w.,])(?P<digits>\d{{1,3}}(?:[.,'’\u00a0\u202f ]\d{{3}}){{1,4}}(?!\d)|\d{{1,12}}(?:[.,]\d{{1,2}}(?!\d))?)"
    rf"(?:\s?(?P<multiplier>{_MULTIPLIER})(?![^\W\d_]))?\s?(?:de |d['’])?(?P<after>(?:{_CURRENCY})(?!\w))?\s?(?P<plus>\+)?"
    rf"|\b(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b"
)
_SIGN: Final = {"$": "USD", "us$": "USD", "usd": "USD", "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP"}
_THOUSANDS: Final = re.compile(r"[.,'’\u00a0\u202f ](?=\d{3}(?!\d))")
_JOIN: Final = re.compile(r"\s{0,2}(?:-|–|—|to|bis|a|à|al|up to|through|الي|حتي|~|hasta|till|until|jusqu'a|and|und|y|et|و)\s{0,2}")
_PAIR: Final = frozenset({"and", "und", "y", "et", "و"})
_BETWEEN: Final = re.compile(r"(?:between|zwischen|entre|بين|from|von|de)\s{0,2}(?:[$€£]\s?)?$")

_EMPLOYEES: Final = (
    r"employees?|emps?|employes?|people|ppl|staff|head ?counts?|headcounts?|ftes?|workers|team members|persons?|seats|mitarbeiter\w{0,8}|ma"
    r"|beschaftigten?|angestellten?|leuten?|personen|kopfen?|empleados?|empleadas|trabajadores|personas|salaries|collaborateurs"
    r"|personnes|موظف|موظفا|موظفين|عامل|شخص|employee companies|man|strong|headcount range"
)
_PEOPLE_TO_FIND: Final = (
    r"(?:\w{1,14} ){0,2}?(?:leads?|prospects?|contacts?|results?|profiles?|candidates|records|names|decision makers?|kontakte|treffer|"
    r"ansprechpartner|contactos|prospectos|clientes potenciales|resultados|perfiles|prospects|profils|resultats|عميل|جهه|نتيجه|عملاء|"
    r"companies|firms|firmen|unternehmen|empresas|entreprises|accounts|businesses|شركه)"
)
_PERSONS: Final = re.compile(r"\s?(?:people|ppl|persons?|personas|personen|personnes|leuten?|شخص)\b")
_AFTER_EMPLOYEES: Final = re.compile(rf"\s?[-–]?(?:\+\s?)?(?:{_EMPLOYEES})\b")
_BEFORE_EMPLOYEES: Final = re.compile(
    r"\b(?:employees?|head ?count|team size|company size|size|staff|employing|employs?|mitarbeiterzahl|mitarbeiter|mitarbeitern|unternehmensgrosse|grosse"
    r"|tamano|plantilla|empleados|taille|effectifs?|عدد الموظفين|headcounts?|workforce|fte|teams of|team of|ma)\b"
    r"\W{0,3}(?:\w{1,10}\W{1,2}){0,3}$"
)
_REVENUE: Final = (
    r"(?:in |of |de |d'|an |en )?(?:annual |annually |yearly |per year |a year |jahrlich |anuales? |annuels? |recurring |net )?"
    r"(?:revenues?|arr|mrr|turnover|in sales|sales|umsatz|jahresumsatz|jahrlichem umsatz|ingresos|facturacion|ventas|ca\b|chiffre d'affaires|ايرادات|مبيعات)"
)
_AFTER_REVENUE: Final = re.compile(rf"\s?{_REVENUE}")
_BEFORE_REVENUE: Final = re.compile(
    r"(?:revenues?|arr|mrr|turnover|umsatz|jahresumsatz|ingresos|facturacion|facturen|facturan|ventas|\bca|chiffre d'affaires|ايرادات|making|doing|earning|generating|sales)"
    r"\W{0,3}(?:[\w$€£]{1,10}\W{1,2}){0,4}$"
)
_FUNDING: Final = re.compile(
    r"\b(?:funding|raised|raise|raising|funded|capital|finanzierung|finanziert|eingesammelt|kapital|financiacion|recaudado|levantado|recibido|inversion|"
    r"levee|leve|financement|تمويل|تمويلا|investment)\b"
)
_FOUNDED: Final = re.compile(
    r"\b(?:founded|established|since|started|incorporated|launched|created|gegrundet\w{0,2}|seit|fundad[ao]s?|desde|cree?e?s?|fondee?s?|creadas?|depuis|تاسست|منذ)"
    r"\W{1,2}(?:\w{1,8}\W{1,2}){0,3}$"
)
_FIND: Final = re.compile(
    r"(?:\b(?:rather|better|instead|then|find|give|get|show|need|needs|want|limit|list of|top|first|max|maximum|pull|send|fetch|make it|make that|search|target|around|about|"
    r"looking for|look for|to|is|of|just|only|up to|next|suchen?|finde|gib|brauchen?|zeig|liste|erste|nur|lieber|mach|insgesamt|hochstens|maximal|bis zu|"
    r"busca|buscamos|encuentra|dame|necesito|necesitamos|muestra|muestrame|solo|hasta|mejor|quiero|"
    r"trouve|cherche|donne|montre|trouvez|cherchons|plutot|veux|il me faut|besoin de|"
    r"اريد|ابحث عن|اعطني|نريد|ايجاد|جد|about):?\s(?:me |us |mir |uns |nous |moi |nos |les |los |the |a |list of |up to |about |around |to |at least |at most |just |only |out |für mich |على الأقل |-moi |dringend |noch |etwa |rund |unos |unas |environ )*|^\W{0,2})$"
)
_LEAST: Final = re.compile(
    r"(?:\b(?:over|above|more than|greater than|bigger than|larger than|at least|min|minimum|minimum of|min\.|from|starting at|upwards of|north of|no less than|no fewer than|not less than|"
    r"uber|mehr als|mindestens|ab|mas de|al menos|minimo|por lo menos|desde|a partir de|no menos de|superior a|superiores a|plus de|au moins|minimum de|pas moins de|"
    r"exceeding|اكثر من|على الاقل|علي الاقل|فوق|لا يقل عن|after|since|nach|despues de|apres|depuis|seit|beyond|plus)|[>≥]=?)\s?(?:of |a |the |[$€£] ?)?$"
)
_MOST: Final = re.compile(
    r"(?:\b(?:under|below|less than|fewer than|smaller than|up to|max|maximum|max\.|at most|no more than|not more than|not over|no bigger than|not bigger than|"
    r"unter|weniger als|hochstens|maximal|bis zu|bis|nicht mehr als|menos de|hasta|como maximo|maximo|no mas de|inferior a|inferiores a|moins de|au plus|jusqu'a|maximum de|"
    r"pas plus de|اقل من|حتى|حتي|لا يزيد عن|before|vor|antes de|avant|sub)|[<≤]=?)\s?(?:of |a |[$€£] ?)?$|\bsub-$"
)
_NOTHING: Final = re.compile(
    r"\b(?:nothing|none|no one|nobody|never|no companies|no firms|nichts|niemand|nada|rien|not)\s"
    r"(?:(?P<under>under|below|smaller than|less than|unter|menos de|en dessous de|moins de)|over|above|bigger than|more than|uber|mas de|plus de)\s$"
)
_NO_MORE: Final = re.compile(r"\b(?:more|bigger|larger|mehr|mas|plus)\s\w{2,4}\s$")
_ABOUT: Final = re.compile(r"(?:\b(?:about|around|approx\.?|approximately|roughly|circa|ca\.?|etwa|rund|ungefahr|unos|unas|alrededor de|aproximadamente|environ|حوالي)|~)\s?$")
_AND_MORE: Final = re.compile(r"\s?(?:or more|and up|and above|plus\b|upwards|or above|oder mehr|und mehr|aufwarts|o mas|y mas|ou plus|et plus|او اكثر|فاكثر|or bigger|or larger)")
_OR_LESS: Final = re.compile(r"\s?(?:or less|or fewer|and below|and under|or below|oder weniger|o menos|ou moins|او اقل|max\b|or smaller)")
_NOT_A_COUNT: Final = re.compile(
    r"\s?(?:%|percent|prozent|por ciento|pour cent|days?|weeks?|months?|years?|yrs?|hours?|hrs?|h\b|min(?:ute)?s?\b|minutes?|seconds?|times?|x\b|miles?|kms?\b|tage?n?\b|wochen?|"
    r"monaten?|jahren?|stunden?|uhr|dias?|semanas?|meses|anos?|horas?|jours?|semaines?|mois|ans\b|heures?|am\b|pm\b|st\b|nd\b|rd\b|th\b|/|:|a month|per month|"
    r"locations?|offices?|branches|stores|rooms|beds|touches|steps|countries|states|cities|offers?|emails?|messages?|calls?|demos?|meetings?|customers|clients|users|"
    r"standorten?|filialen|sedes|sites|zimmern?|habitaciones|chambres|lits|places|points|students|schulern?|alumnos|eleves|vehicles|fahrzeugen?|vehiculos|vehicules|trucks|plattes|"
    r"per (?:day|week|month|seat|user)|a (?:day|week)|pro (?:tag|woche|monat)|al (?:dia|mes)|por (?:dia|semana|mes)|par (?:jour|semaine|mois)|deals?|contracts?|acv|per|levels?|a pop|each|projects?|grad|"
    r"(?:\w{1,12} ){0,2}(?:a|per) (?:day|week|month)|(?:leads?|kontakte|contactos|contacts) (?:per|a|pro|por|par|al) )"
)
_BEFORE_NOT_A_COUNT: Final = re.compile(r"(?:#|no\.|nr\.|phone\W{0,2}|tel\.?\W{0,2}|zip|plz|iso|top\d|option|step|room|version|v|q|fortune|cac|dax|ftse|industry|web|s&p)\s?$")
_YEARS: Final = range(1800, 2101)
_ABOUT_SHARE: Final = 5


class Found(NamedTuple):
    """What one number or range counts, and where it is."""

    slot: str
    value: Range | int
    start: int
    end: int
    confidence: float


@dataclass(slots=True)
class _Number:
    amount: float
    start: int
    end: int
    currency: str = ""
    multiplied: bool = False
    plus: bool = False
    most: float | None = None


def find_numbers(text: str, *, language: str) -> list[Found]:
    """Return the counts of a text, in order. Numbers that count something else, such as days, are left out."""
    flat = flatten(text)
    numbers = _ranges(flat, [_read(each, language) for each in _NUMBER.finditer(flat)])
    found: list[Found] = []
    for number in numbers:
        before, after = _context(flat, number)
        if _BEFORE_NOT_A_COUNT.search(before) or _NOT_A_COUNT.match(after):
            continue
        if (each := _meaning(number, before, after, flat)) is not None:
            found.append(each)
    return found


def _context(flat: str, number: _Number) -> tuple[str, str]:
    before = flat[max(0, number.start - 60) : number.start]
    # What is in the sentence or line before says nothing about the number.
    for stop in ("\n", ". ", "; ", "! ", "? "):
        before = before[before.rfind(stop) + len(stop) :] if stop in before else before
    return before, flat[number.end : number.end + 45].split("\n")[0]


def _read(found: re.Match[str], language: str) -> _Number:
    if word := found["word"]:
        return _Number(_WORDS[word], found.start(), found.end())
    digits = _THOUSANDS.sub("", found["digits"])
    amount = float(digits.replace(",", "."))
    multiplier = found["multiplier"] or ""
    amount *= _factor(multiplier, language)
    sign = (found["currency"] or found["after"] or "").strip()
    start = found.start() if sign and found["currency"] else found.start("digits")
    end = found.end()
    while text_space(found, end):
        end -= 1
    return _Number(amount, start, end, _SIGN.get(sign, sign.upper()), bool(multiplier), bool(found["plus"]))


def text_space(found: re.Match[str], end: int) -> bool:
    return end > found.start() and found.string[end - 1].isspace()


def _factor(multiplier: str, language: str) -> int:
    if not multiplier:
        return 1
    if multiplier == "mil":
        return 1_000 if language == "es" else 1_000_000
    if multiplier in {"hundred"}:
        return 100
    if multiplier in {"k", "thousand", "tausend", "tsd", "mille", "الف", "الاف"}:
        return 1_000
    if multiplier in {"bn", "b", "billion", "billions", "mrd", "milliarden", "milliard", "milliards", "مليار", "mil millones"}:
        return 1_000_000_000
    return 1_000_000


def _ranges(flat: str, numbers: list[_Number]) -> Iterator[_Number]:
    """Join two numbers with a word or a dash between them to a range."""
    place = 0
    while place < len(numbers):
        one = numbers[place]
        other = numbers[place + 1] if place + 1 < len(numbers) else None
        if other and not one.plus and (joined := _joined(flat, one, other)):
            yield joined
            place += 2
        else:
            yield one
            place += 1


def _joined(flat: str, one: _Number, other: _Number) -> _Number | None:
    link = flat[one.end : other.start]
    if len(link) > 12:
        return None
    bare = _AFTER_EMPLOYEES.sub("", link, count=1) if link.strip() not in {"a", "y"} else link
    if not _JOIN.fullmatch(bare) and not _JOIN.fullmatch(link):
        return None
    before = flat[max(0, one.start - 14) : one.start]
    if link.strip() in _PAIR and not _BETWEEN.search(before):
        return None
    least = one.amount
    if other.multiplied and not one.multiplied and least < other.amount:
        factor = 10 ** (len(str(int(other.amount))) - len(str(int(other.amount)).rstrip("0")))
        scale = next((each for each in (1_000_000_000, 1_000_000, 1_000) if other.amount >= each and factor >= 1), 1)
        least = least * scale if least * scale <= other.amount else least
    if least > other.amount:
        return None
    currency = one.currency or other.currency
    return _Number(least, one.start, other.end, currency, one.multiplied or other.multiplied, other.plus, other.amount)


def _meaning(number: _Number, before: str, after: str, flat: str) -> Found | None:
    has_ends = number.most is not None
    value = _bounded(number, before, after)
    bounded = has_ends or value.least != value.most
    sentence = _sentence(flat, number)
    if _FOUNDED.search(before) and int(number.amount) in _YEARS and not number.currency and not number.multiplied:
        return _found("founded", _since(number, value, before), number, 0.9)
    if _AFTER_REVENUE.match(after) or (_BEFORE_REVENUE.search(before) and (number.currency or number.multiplied)):
        return _found("revenue", value, number, 0.9)
    if (number.currency or number.multiplied) and _FUNDING.search(sentence):
        return _found("funding", value, number, 0.9)
    if _wants_people(number, before, after, bounded=bounded):
        return _found("limit", int(number.amount), number, 0.9)
    if _AFTER_EMPLOYEES.match(after) and not number.currency:
        return _found("employees", value, number, 0.95)
    if _BEFORE_EMPLOYEES.search(before) and not number.currency:
        return _found("employees", value, number, 0.85)
    if number.currency and (number.multiplied or number.amount >= 100_000):
        return _found("revenue", value, number, 0.6)
    return _bare(number, value, before, after, bounded=bounded)


def _bare(number: _Number, value: Range, before: str, after: str, *, bounded: bool) -> Found | None:
    """Return the meaning of a number without a noun: a range counts employees, a single one people to find."""
    if number.currency or number.multiplied and number.amount >= 1_000_000 or int(number.amount) in _YEARS and not bounded:
        return None
    if number.most is not None and int(number.amount) in _YEARS and int(number.most) in _YEARS:
        return None
    if bounded and (number.most or number.amount) >= 10 and not _counts_something(after):
        return _found("employees", value, number, 0.6)
    if _FIND.search(before) and number.amount >= 5 and (not after.strip() or not after.strip()[0].isalpha() or _ends(after)):
        return _found("limit", int(number.amount), number, 0.7)
    return None


_FUNCTION_WORDS: Final = frozenset(
    "in for and or only please at with from companies company firms businesses but no not max instead now is are would ideally to size range as on excluding except without located based "
    "in fur und oder nur bitte mit aus firmen unternehmen aber keine kein statt en para y o solo por con de empresas pero sin dans pour et ou seulement avec entreprises mais sans pas في و من".split()
)


def _counts_something(after: str) -> bool:
    """Return whether a noun follows that the number counts: "5-30 lawyers"."""
    word = re.match(r"[ \t]([^\W\d_]+)", after)
    return word is not None and word.group(1) not in _FUNCTION_WORDS


_ENDS: Final = re.compile(r"\s?(?:instead|please|bitte|max|total|in total|only|now|rather|thanks|stattdessen|insgesamt|draus|daraus|por favor|en total|mejor|s'il|svp|au total|maximum|will do|is enough|tops|first|statt|instead of|au lieu|en lugar|en vez|فقط|من فضلك|to start|for now|should|of them|davon)\b")


def _ends(after: str) -> bool:
    return _ENDS.match(after) is not None


_COMPANY: Final = re.compile(
    r"\b(?:compan(?:y|ies)|firms?|business(?:es)?|teams?|startups?|agenc(?:y|ies)|organi[sz]ations?|firmen|unternehmen|betriebe|empresas?|pymes|entreprises?|societes|pme|شركات|with|mit|con|avec|between|having|zwischen|entre|بين|of|de)\b[^,.;]{0,30}$"
)
_SEEK: Final = re.compile(r"\b(?:find|give|get|show|need|want|pull|send|list|top|finde|gib|zeig|busca|dame|encuentra|necesito|quiero|trouve|donne|brauche)\b[^,.;]{0,14}$")


def _wants_people(number: _Number, before: str, after: str, *, bounded: bool) -> bool:
    if number.most is not None or number.currency:
        return False
    seeks = _FIND.search(before) is not None or _SEEK.search(before) is not None
    if _PERSONS.match(after):
        return (seeks or not bounded) and not re.search(r"\b(?:with|mit|con|avec|having|has|have|of|de)\s(?:\w{1,9}\s){0,2}$", before) and not _COMPANY.search(before[-25:])
    if _AFTER_EMPLOYEES.match(after):
        return False
    if re.match(rf"\s?{_PEOPLE_TO_FIND}\b", after):
        return not re.search(r"\b(?:have|our|serve|served|helped|over|already|haben|tenemos|avons|with)\s(?:\w{1,9}\s){0,1}$", before) or seeks
    return not bounded and _SEEK.search(before) is not None and number.amount >= 2 and re.match(r"\s[^\W\d]", after) is not None and not _COMPANY.search(before)


def _bounded(number: _Number, before: str, after: str) -> Range:
    low = int(number.amount)
    if number.most is not None:
        return Range(low, None if number.plus else int(number.most), number.currency)
    counted = _AFTER_EMPLOYEES.match(after) or _AFTER_REVENUE.match(after)
    rest = after[counted.end() :] if counted else after
    if refused := _NOTHING.search(before):
        least, most = (low, None) if refused["under"] else (None, low)
        return Range(least, most, number.currency)
    not_less = re.search(r"\b(?:no|not|nicht|pas)\s\w{3,7}\s\w{2,4}\s$", before) is not None
    if number.plus or _AND_MORE.match(after) or _AND_MORE.match(rest) or (_LEAST.search(before) and not _MOST.search(before)):
        return Range(low, None, number.currency)
    if not_less and _LEAST.search(before) and not _NO_MORE.search(before):
        return Range(low, None, number.currency)
    if _MOST.search(before) or _OR_LESS.match(after) or _OR_LESS.match(rest):
        return Range(None, low, number.currency)
    if _ABOUT.search(before):
        return Range(low - low // _ABOUT_SHARE, low + low // _ABOUT_SHARE, number.currency)
    return Range(low, low, number.currency)


def _since(number: _Number, value: Range, before: str) -> Range:
    """Return the years of "founded since 2015", which begin with it, or of "founded in 2015"."""
    if re.search(r"\b(?:since|seit|desde|depuis|منذ)\W{1,2}$", before) and number.most is None:
        return Range(int(number.amount), None)
    return Range(value.least, value.most)


def _sentence(flat: str, number: _Number) -> str:
    start = max(flat.rfind(stop, max(0, number.start - 80), number.start) for stop in ("\n", ". ", ";", ", "))
    ends = [end for stop in ("\n", ". ", ";", ", ") if (end := flat.find(stop, number.end, number.end + 60)) >= 0]
    return flat[max(start, number.start - 80, 0) : min([*ends, number.end + 60])]


def _found(slot: str, value: Range | int, number: _Number, confidence: float) -> Found:
    return Found(slot, value, number.start, number.end, confidence)
