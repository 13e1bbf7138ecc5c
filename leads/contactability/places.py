"""Names of places in the texts that people write, for time zones and countries."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from lad import countries

# Names that a country goes by besides its English one.
_COUNTRY_ALIASES: Final = {
    "usa": "US",
    "u s a": "US",
    "united states of america": "US",
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "uae": "AE",
    "emirates": "AE",
    "deutschland": "DE",
    "osterreich": "AT",
    "schweiz": "CH",
    "suisse": "CH",
    "espana": "ES",
    "italia": "IT",
    "nederland": "NL",
    "holland": "NL",
    "belgique": "BE",
    "danmark": "DK",
    "norge": "NO",
    "sverige": "SE",
    "suomi": "FI",
    "polska": "PL",
    "brasil": "BR",
    "turkey": "TR",
    "turkiye": "TR",
    "czechia": "CZ",
    "czech republic": "CZ",
    "ksa": "SA",
    "korea": "KR",
    "south korea": "KR",
    "russian federation": "RU",
    "viet nam": "VN",
    "hong kong sar": "HK",
}
# Zone: its states and provinces, with their codes, and its large cities that give no zone their name.
_REGIONS: Final = """\
US America/New_York: connecticut ct; delaware de; georgia ga; maine me; maryland md; massachusetts ma; new hampshire \
nh; new jersey nj; new york state ny; north carolina nc; ohio oh; pennsylvania pa; rhode island ri; south carolina \
sc; vermont vt; virginia va; west virginia wv; washington dc; district of columbia dc; boston; miami; atlanta; \
philadelphia; charlotte; orlando; new york city; brooklyn; greater boston; raleigh; pittsburgh; cleveland
US America/Chicago: alabama al; arkansas ar; illinois il; iowa ia; louisiana la; minnesota mn; mississippi ms; \
missouri mo; oklahoma ok; wisconsin wi; dallas; houston; austin; san antonio; minneapolis; milwaukee; new orleans; \
nashville; memphis
US America/Denver: colorado co; montana mt; new mexico nm; utah ut; wyoming wy; salt lake city; albuquerque
US America/Phoenix: arizona az; scottsdale; tucson
US America/Los_Angeles: california ca; washington wa; nevada nv; san francisco; san francisco bay; seattle; san \
diego; san jose; palo alto; silicon valley; las vegas; sacramento; oakland; mountain view; portland
US America/Anchorage: alaska ak
US Pacific/Honolulu: hawaii hi
CA America/Toronto: ontario on; quebec qc; montreal; ottawa
CA America/Vancouver: british columbia bc; victoria
CA America/Edmonton: alberta ab; calgary
CA America/Halifax: nova scotia ns
AU Australia/Sydney: new south wales nsw; canberra; australian capital territory act
AU Australia/Melbourne: victoria vic
AU Australia/Brisbane: queensland qld; gold coast
AU Australia/Perth: western australia
AU Australia/Adelaide: south australia
BR America/Sao_Paulo: rio de janeiro; brasilia; belo horizonte; curitiba; porto alegre
MX America/Mexico_City: guadalajara
ES Europe/Madrid: barcelona; valencia; sevilla; seville; bilbao; malaga
PT Europe/Lisbon: lisboa; porto
DE Europe/Berlin: munich; munchen; hamburg; frankfurt; frankfurt am main; cologne; koln; stuttgart; dusseldorf; \
leipzig; dresden; nuremberg; nurnberg; hannover; bremen
AT Europe/Vienna: wien; graz; salzburg; linz
CH Europe/Zurich: geneva; geneve; basel; bern; lausanne
FR Europe/Paris: lyon; marseille; toulouse; nice; bordeaux; lille; nantes
IT Europe/Rome: roma; milan; milano; turin; torino; naples; bologna; florence
NL Europe/Amsterdam: rotterdam; the hague; utrecht; eindhoven
BE Europe/Brussels: antwerp; ghent
GB Europe/London: manchester; birmingham; edinburgh; glasgow; leeds; bristol; liverpool; cambridge; oxford; greater \
london
PL Europe/Warsaw: krakow; wroclaw; gdansk; poznan
AE Asia/Dubai: abu dhabi; sharjah
SA Asia/Riyadh: jeddah; dammam
IN Asia/Kolkata: mumbai; bombay; delhi; new delhi; bangalore; bengaluru; hyderabad; chennai; pune; calcutta; \
ahmedabad; gurgaon; gurugram; noida
PK Asia/Karachi: lahore; islamabad
CN Asia/Shanghai: beijing; shenzhen; guangzhou; hangzhou; chengdu
JP Asia/Tokyo: osaka; kyoto; yokohama; nagoya
TR Europe/Istanbul: ankara; izmir
ZA Africa/Johannesburg: cape town; durban; pretoria
NG Africa/Lagos: abuja
VN Asia/Ho_Chi_Minh: hanoi; saigon
RU Europe/Moscow: saint petersburg; st petersburg
"""
_SEPARATORS: Final = re.compile(r"[,;|/·•()]| - | – ")
_NOISE: Final = re.compile(r"\b(greater|metropolitan|metro|area|region|city of)\b")


@dataclass(frozen=True, slots=True)
class Place:
    """A country, or an empty string, and the time zones in which the place may be."""

    country: str = ""
    zones: frozenset[str] = frozenset()


NOWHERE: Final = Place()


@lru_cache(maxsize=20_000)
def place_of(location: str) -> Place:
    """Return the place that a location such as ``"Austin, Texas, United States"`` names, as far as it is known.

    A name that could be in two countries counts only with its country.
    """
    parts = [part for part in map(_folded, _SEPARATORS.split(location[:500])) if part]
    country, named = "", parts
    if parts and (country := _country_named(parts[-1], alone=len(parts) == 1)):
        named = parts[:-1]
    for part in named:
        found = [place for place in _places().get(part, ()) if not country or place.country == country]
        if len(found) == 1:
            return found[0]
    return Place(country, zones_of_country(country)) if country else NOWHERE


@cache
def zones_of_country(country: str) -> frozenset[str]:
    """Return the time zones of a country by its code."""
    return frozenset(zone for zone, code in countries_of_zones().items() if code == country)


@cache
def countries_of_zones() -> dict[str, str]:
    """Return the country of each time zone that is a place."""
    lines = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def _country_named(part: str, *, alone: bool) -> str:
    """Return the country that a part of a location names. Two letters are taken for a US state rather."""
    by_name = _countries_by_name().get(part, "")
    if by_name or alone or len(part) != 2:
        return by_name
    code = part.upper()
    return code if code in countries.NAMES and part not in _places() else ""


@cache
def _countries_by_name() -> dict[str, str]:
    return {_folded(name): code for code, name in countries.NAMES.items()} | _COUNTRY_ALIASES


@cache
def _places() -> dict[str, tuple[Place, ...]]:
    """Return the places by their folded names: several for a name that is in several countries or zones."""
    found: dict[str, set[Place]] = {}
    for name, place in (*_cities_of_zones(), *_regions()):
        found.setdefault(name, set()).add(place)
    return {name: tuple(places) for name, places in found.items()}


def _cities_of_zones() -> Iterator[tuple[str, Place]]:
    for zone, country in countries_of_zones().items():
        yield _folded(zone.rpartition("/")[2].replace("_", " ")), Place(country, frozenset([zone]))


def _regions() -> Iterator[tuple[str, Place]]:
    for line in _REGIONS.splitlines():
        where, _colon, names = line.partition(": ")
        country, zone = where.split(" ")
        place = Place(country, frozenset([zone]))
        for name in names.split("; "):
            words, _space, code = name.rpartition(" ")
            if words and len(code) <= 3 and country in {"US", "CA", "AU"} and code not in {"bay", "san"}:
                yield code, place
                yield words, place
            else:
                yield name, place


def _folded(text: str) -> str:
    """Return the text in lower case, without accents and the words that mean a wider area."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return " ".join(_NOISE.sub(" ", plain.replace(".", " ").replace("-", " ")).split())
