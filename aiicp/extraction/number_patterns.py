"""The words around numbers that say what they count and how they bound it, in five languages."""

import re
from typing import Final

from aiicp.extraction.folding import word_set

CURRENCY: Final = r"[$€£]|\busd|\beur(?:os?)?|\bgbp|\baed|\bchf|\bsar|us\$"
MULTIPLIER: Final = (
    r"k|m|mm|mn|mio\.?|mil millones|mil|mill?\.?|millions?|millionen|millon(?:es)?|bn|b|billions?|mrd|milliarden|"
    r"milliards?"
    r"|thousand|tausend|tsd|mille|hundred|مليون|ملايين|مليار|الف|الاف"
)
WORDS: Final = {
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
# What is not here is a million.
FACTORS: Final = {
    "hundred": 100,
    **dict.fromkeys(["k", "thousand", "tausend", "tsd", "mille", "الف", "الاف"], 1_000),
    **dict.fromkeys(["bn", "b", "billion", "billions", "mrd", "milliarden", "milliard", "milliards"], 1_000_000_000),
    **dict.fromkeys(["مليار", "mil millones"], 1_000_000_000),
}
SCALES: Final = (1_000_000_000, 1_000_000, 1_000, 1)
NUMBER: Final = re.compile(
    rf"(?P<currency>{CURRENCY})?\s?(?<![\w.,])(?P<digits>\d{{1,3}}(?:[.,'’\u00a0\u202f ]\d{{3}}){{1,4}}(?!\d)|"
    rf"\d{{1,12}}(?:[.,]\d{{1,2}}(?!\d))?)"
    rf"(?:\s?(?P<multiplier>{MULTIPLIER})(?![^\W\d_]))?\s?(?:de |"
    rf"d['’])?(?P<after>(?:{CURRENCY})(?!\w))?\s?(?P<plus>\+)?"
    rf"|\b(?P<word>{'|'.join(sorted(WORDS, key=len, reverse=True))})\b"
)
SIGN: Final = {
    "$": "USD",
    "us$": "USD",
    "usd": "USD",
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP",
}
THOUSANDS: Final = re.compile(r"[.,'’\u00a0\u202f ](?=\d{3}(?!\d))")
JOIN: Final = re.compile(
    r"\s{0,2}(?:-|–|—|to|bis|a|à|al|up to|through|الي|حتي|~|hasta|till|until|jusqu'a|and|und|"
    r"y|et|و)\s{0,2}"
)
PAIR: Final = frozenset({"and", "und", "y", "et", "و"})
BETWEEN: Final = re.compile(r"(?:between|zwischen|entre|بين|from|von|de)\s{0,2}(?:[$€£]\s?)?$")
EMPLOYEES: Final = (
    r"employees?|emps?|employes?|people|ppl|staff|head ?counts?|headcounts?|ftes?|workers|team members|persons?|"
    r"seats|mitarbeiter\w{0,8}|ma"
    r"|beschaftigten?|angestellten?|leuten?|personen|kopfen?|empleados?|empleadas|trabajadores|personas|salaries|"
    r"collaborateurs"
    r"|personnes|موظف|موظفا|موظفين|عامل|شخص|employee companies|man|strong|headcount range"
)
PEOPLE_TO_FIND: Final = (
    r"(?:\w{1,14} ){0,2}?(?:leads?|customers|clients|clientes|kunden|prospects?|contacts?|results?|profiles?|"
    r"candidates|records|names|"
    r"decision makers?|kontakte|treffer|"
    r"ansprechpartner|contactos|prospectos|clientes potenciales|resultados|perfiles|prospects|profils|resultats|"
    r"عميل|جهه|نتيجه|عملاء|"
    r"companies|firms|firmen|unternehmen|empresas|entreprises|accounts|businesses|شركه)"
)
PERSONS: Final = re.compile(r"\s?(?:people|ppl|persons?|personas|personen|personnes|leuten?|شخص)\b")
AFTER_EMPLOYEES: Final = re.compile(rf"\s?[-–]?(?:\+\s?)?(?:{EMPLOYEES})\b")
BEFORE_EMPLOYEES: Final = re.compile(
    r"\b(?:employees?|head ?count|team size|company size|size|staff|employing|employs?|mitarbeiterzahl|mitarbeiter|"
    r"mitarbeitern|unternehmensgrosse|grosse"
    r"|tamano|plantilla|empleados|taille|effectifs?|عدد الموظفين|headcounts?|workforce|fte|teams of|team of|ma)\b"
    r"\W{0,3}(?:\w{1,10}\W{1,2}){0,3}$"
)
REVENUE: Final = (
    r"(?:in |of |de |d'|an |en )?(?:annual |annually |yearly |per year |a year |jahrlich |anuales? |annuels? |"
    r"recurring |net )?"
    r"(?:revenues?|arr|mrr|turnover|in sales|sales|umsatz|jahresumsatz|jahrlichem umsatz|ingresos|facturacion|"
    r"ventas|ca\b|chiffre d'affaires|ايرادات|مبيعات)"
)
AFTER_REVENUE: Final = re.compile(rf"\s?{REVENUE}")
BEFORE_REVENUE: Final = re.compile(
    r"(?:revenues?|arr|mrr|turnover|umsatz|jahresumsatz|ingresos|facturacion|facturen|facturan|ventas|\bca|"
    r"chiffre d'affaires|ايرادات|making|doing|earning|generating|sales)"
    r"\W{0,3}(?:[\w$€£]{1,10}\W{1,2}){0,4}$"
)
FUNDING: Final = re.compile(
    r"\b(?:funding|raised|raise|raising|funded|capital|finanzierung|finanziert|eingesammelt|kapital|financiacion|"
    r"recaudado|levantado|recibido|inversion|"
    r"levee|leve|financement|تمويل|تمويلا|investment)\b"
)
FOUNDED: Final = re.compile(
    r"\b(?:founded|established|since|started|incorporated|launched|created|gegrundet\w{0,2}|seit|fundad[ao]s?|desde|"
    r"cree?e?s?|fondee?s?|creadas?|depuis|تاسست|منذ)"
    r"\W{1,2}(?:\w{1,8}\W{1,2}){0,3}$"
)
FIND: Final = re.compile(
    r"(?:\b(?:rather|better|instead|then|how many|quantity|number|amount|count|anzahl|cantidad|nombre|find|"
    r"give|get|show|need|needs|want|limit|list of|top|first|max|maximum|"
    r"pull|send|fetch|make it|make that|search|target|around|about|"
    r"looking for|look for|to|is|of|just|only|up to|next|suchen?|finde|gib|brauchen?|zeig|liste|erste|nur|lieber|"
    r"mach|insgesamt|hochstens|maximal|bis zu|"
    r"busca|buscamos|encuentra|dame|necesito|necesitamos|muestra|muestrame|solo|hasta|mejor|quiero|"
    r"trouve|cherche|donne|montre|trouvez|cherchons|plutot|veux|il me faut|besoin de|"
    r"اريد|ابحث عن|اعطني|نريد|ايجاد|جد|about):?\s(?:me |us |mir |uns |nous |moi |nos |les |los |the |a |list of |"
    r"up to |about |around |to |at least |at most |just |only |out |für mich |على الأقل |-moi |dringend |noch |"
    r"etwa |rund |unos |unas |environ )*|^\W{0,2})$"
)
LEAST: Final = re.compile(
    r"(?:\b(?:over|above|more than|greater than|bigger than|larger than|at least|min|mind|minimum|minimum of|"
    r"min\.|from|"
    r"starting at|upwards of|north of|no less than|no fewer than|not less than|"
    r"uber|mehr als|mindestens|ab|mas de|al menos|minimo|por lo menos|desde|a partir de|no menos de|superior a|"
    r"superiores a|plus de|au moins|minimum de|pas moins de|"
    r"exceeding|اكثر من|على الاقل|علي الاقل|فوق|لا يقل عن|after|since|nach|despues de|apres|depuis|seit|beyond|"
    r"plus)|[>≥]=?)\s?(?:of |a |the |[$€£] ?)?$"
)
MOST: Final = re.compile(
    r"(?:\b(?:under|below|less than|fewer than|smaller than|up to|max|maximum|max\.|at most|no more than|"
    r"not more than|not over|no bigger than|not bigger than|"
    r"unter|weniger als|hochstens|maximal|bis zu|bis|nicht mehr als|menos de|hasta|como maximo|maximo|no mas de|"
    r"inferior a|inferiores a|moins de|au plus|jusqu'a|maximum de|"
    r"pas plus de|اقل من|حتى|حتي|لا يزيد عن|before|vor|antes de|avant|sub)|[<≤]=?)\s?(?:of |a |[$€£] ?)?$|\bsub-$"
)
NOTHING: Final = re.compile(
    r"\b(?:nothing|none|no one|nobody|never|no companies|no firms|nichts|niemand|nada|rien|not)\s"
    r"(?:(?P<under>under|below|smaller than|less than|unter|menos de|en dessous de|moins de)|over|above|bigger than|"
    r"more than|uber|mas de|plus de)\s$"
)
NOT_LESS: Final = re.compile(r"\b(?:no|not|nicht|pas)\s(?:less|fewer|weniger|menos|moins)\s(?:than|als|de)\s$")
ABOUT: Final = re.compile(
    r"(?:\b(?:about|around|approx\.?|approximately|roughly|circa|ca\.?|etwa|rund|ungefahr|"
    r"unos|unas|alrededor de|aproximadamente|environ|حوالي)|~)\s?$"
)
AND_MORE: Final = re.compile(
    r"\s?(?:or more|and up|and above|plus\b|upwards|or above|oder mehr|und mehr|aufwarts|"
    r"o mas|y mas|ou plus|et plus|او اكثر|فاكثر|or bigger|or larger)"
)
OR_LESS: Final = re.compile(
    r"\s?(?:or less|or fewer|and below|and under|or below|oder weniger|o menos|ou moins|"
    r"او اقل|max\b|or smaller)"
)
NOT_A_COUNT: Final = re.compile(
    r"\s?(?:[%/:]|(?:percent|prozent|por ciento|pour cent|days?|weeks?|months?|years?|yrs?|hours?|hrs?|h\b|"
    r"min(?:ute)?s?\b|"
    r"minutes?|seconds?|times?|x\b|miles?|kms?\b|tage?n?\b|wochen?|"
    r"monaten?|jahren?|stunden?|uhr|dias?|semanas?|meses|anos?|horas?|jours?|semaines?|mois|ans\b|heures?|am\b|pm\b|"
    r"st\b|nd\b|rd\b|th\b|a month|per month|"
    r"locations?|offices?|branches|stores|rooms|beds|touches|steps|countries|states|cities|offers?|emails?|"
    r"messages?|calls?|demos?|meetings?|"
    r"standorten?|filialen|sedes|sites|zimmern?|habitaciones|chambres|lits|places|points|students|schulern?|alumnos|"
    r"eleves|vehicles|fahrzeugen?|vehiculos|vehicules|trucks|plattes|"
    r"per (?:day|week|month|seat|user)|a (?:day|week)|pro (?:tag|woche|monat)|al (?:dia|mes)|por (?:dia|semana|mes)|"
    r"par (?:jour|semaine|mois)|deals?|contracts?|acv|per|levels?|a pop|each|projects?|grad|"
    r"(?:\w{1,12} ){0,2}(?:a|per) (?:day|week|month))(?!\w)|(?:leads?|kontakte|contactos|contacts) (?:per|a|pro|"
    r"por|par|al) )"
)
BEFORE_NOT_A_COUNT: Final = re.compile(
    r"(?:#|no\.|nr\.|phone\W{0,2}|tel\.?\W{0,2}|zip|plz|iso|top\d|option|step|"
    r"room|version|v|q|fortune|cac|dax|ftse|industry|web|s&p)\s?$"
)
YEARS: Final = range(1800, 2101)
ABOUT_SHARE: Final = 5
FUNCTION_WORDS: Final = word_set(
    "in for and or only please at with from companies company firms businesses but no "
    "not max instead now is are would ideally to size range as on excluding except without located based "
    "in fur und oder nur bitte mit aus firmen unternehmen aber keine kein statt en para y o solo por con de "
    "empresas pero sin dans pour et ou seulement avec entreprises mais sans pas في و من"
)
ENDS: Final = re.compile(
    r"\s?(?:instead|please|bitte|max|total|in total|only|now|rather|thanks|stattdessen|"
    r"insgesamt|draus|daraus|por favor|en total|mejor|s'il|svp|au total|maximum|will do|is enough|tops|first|statt|"
    r"instead of|au lieu|en lugar|en vez|فقط|من فضلك|to start|for now|should|of them|davon)\b"
)
COMPANY: Final = re.compile(
    r"\b(?:compan(?:y|ies)|firms?|business(?:es)?|teams?|startups?|agenc(?:y|ies)|organi[sz]ations?|firmen|"
    r"unternehmen|betriebe|empresas?|pymes|entreprises?|societes|pme|شركات|with|mit|con|avec|between|having|"
    r"zwischen|entre|بين)\b[^,.;]{0,30}$"
)
SEEK: Final = re.compile(
    r"\b(?:find|me|mir|nous|moi|busco|buscamos|cherche|cherchons|suche|suchen|quiero|queremos|je veux|give|get|"
    r"show|need|want|pull|send|list|top|finde|gib|zeig|busca|dame|"
    r"encuentra|necesito|quiero|trouve|donne|brauche)\b[^,.;]{0,14}$"
)
# "with 200 people" counts employees, "200 people" people to find.
SIZED: Final = re.compile(r"\b(?:with|mit|con|avec|having|has|have|of|de)\s(?:\w{1,9}\s){0,2}$")
AFTER_PEOPLE: Final = re.compile(rf"\s?{PEOPLE_TO_FIND}\b")
# "we have 200 customers" is no wish.
ALREADY: Final = re.compile(
    r"\b(?:have|our|serve|served|serving|got|helped|over|already|haben|tenemos|avons|with)\s(?:\w{1,9}\s){0,1}$"
)
SINCE: Final = re.compile(r"\b(?:since|seit|desde|depuis|منذ)\W{1,2}$")
# The smallest and largest numbers that count something without a noun.
LEAST_WANTED: Final = 2
LEAST_BARE: Final = 5
MOST_BARE: Final = 1_000_000
# Their full stop ends no sentence.
ABBREVIATED: Final = re.compile(r"\b(mind|min|max|ca|approx|no)\. ")
NOUN: Final = re.compile(r"[ \t]([^\W\d_]+)")
