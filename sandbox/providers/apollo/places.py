"""Countries with their cities, the names that people have there, and the pool that their phone numbers come from."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """A city."""

    city: str
    state: str
    country: str
    names: str
    phones: str


# Country, weight, group of names, pool of phones, and cities; the state follows a slash where it is not the city.
_COUNTRIES: Final = """
United States|26|english|us|New York/New York;San Francisco/California;Los Angeles/California;San Diego/California;\
Chicago/Illinois;Austin/Texas;Dallas/Texas;Houston/Texas;Seattle/Washington;Boston/Massachusetts;Miami/Florida;\
Orlando/Florida;Atlanta/Georgia;Denver/Colorado;Phoenix/Arizona;Portland/Oregon;Minneapolis/Minnesota;\
Philadelphia/Pennsylvania;Nashville/Tennessee;Raleigh/North Carolina
Canada|4|english|ca|Toronto/Ontario;Ottawa/Ontario;Vancouver/British Columbia;Montreal/Quebec;Calgary/Alberta
United Kingdom|8|british|gb|London/England;Manchester/England;Birmingham/England;Leeds/England;Bristol/England;\
Edinburgh/Scotland;Glasgow/Scotland;Cardiff/Wales;Belfast/Northern Ireland
Ireland|2|irish|gb|Dublin/County Dublin;Cork/County Cork;Galway/County Galway
Germany|7|german|de|Berlin/Berlin;Munich/Bavaria;Hamburg/Hamburg;Frankfurt/Hesse;Cologne/North Rhine-Westphalia;\
Stuttgart/Baden-Württemberg;Leipzig/Saxony
Austria|1|german|de|Vienna/Vienna;Graz/Styria;Salzburg/Salzburg
Switzerland|2|german|de|Zurich/Zurich;Geneva/Geneva;Basel/Basel-Stadt
France|5|french|fr|Paris/Île-de-France;Lyon/Auvergne-Rhône-Alpes;Marseille/Provence-Alpes-Côte d'Azur;\
Toulouse/Occitanie;Lille/Hauts-de-France;Bordeaux/Nouvelle-Aquitaine
Belgium|1|french|fr|Brussels/Brussels;Antwerp/Flanders;Ghent/Flanders
Netherlands|3|dutch|fr|Amsterdam/North Holland;Rotterdam/South Holland;Utrecht/Utrecht;Eindhoven/North Brabant
Luxembourg|1|french|fr|Luxembourg/Luxembourg
Spain|4|spanish|fr|Madrid/Community of Madrid;Barcelona/Catalonia;Valencia/Valencian Community;Seville/Andalusia
Portugal|1|portuguese|fr|Lisbon/Lisbon;Porto/Porto
Italy|3|italian|fr|Milan/Lombardy;Rome/Lazio;Turin/Piedmont;Bologna/Emilia-Romagna
Sweden|2|nordic|se|Stockholm/Stockholm County;Gothenburg/Västra Götaland;Malmö/Skåne
Norway|1|nordic|fr|Oslo/Oslo;Bergen/Vestland
Denmark|1|nordic|fr|Copenhagen/Capital Region;Aarhus/Central Denmark
Finland|1|finnish|fr|Helsinki/Uusimaa;Tampere/Pirkanmaa
Poland|2|polish|fr|Warsaw/Masovian;Kraków/Lesser Poland;Wrocław/Lower Silesian
Czech Republic|1|czech|fr|Prague/Prague;Brno/South Moravian
Hungary|1|hungarian|fr|Budapest/Budapest
Romania|1|romanian|fr|Bucharest/Bucharest;Cluj-Napoca/Cluj
Greece|1|greek|fr|Athens/Attica;Thessaloniki/Central Macedonia
Estonia|1|finnish|fr|Tallinn/Harju
Ukraine|1|ukrainian|fr|Kyiv/Kyiv;Lviv/Lviv
Turkey|2|turkish|fr|Istanbul/Istanbul;Ankara/Ankara;Izmir/Izmir
Israel|2|hebrew|fr|Tel Aviv/Tel Aviv;Haifa/Haifa
United Arab Emirates|6|arabic|gb|Dubai/Dubai;Abu Dhabi/Abu Dhabi;Sharjah/Sharjah
Saudi Arabia|3|arabic|gb|Riyadh/Riyadh;Jeddah/Makkah;Dammam/Eastern Province
Qatar|1|arabic|gb|Doha/Doha
Kuwait|1|arabic|gb|Kuwait City/Al Asimah
Bahrain|1|arabic|gb|Manama/Capital
Oman|1|arabic|gb|Muscat/Muscat
Jordan|1|arabic|gb|Amman/Amman
Egypt|2|arabic|gb|Cairo/Cairo;Alexandria/Alexandria
Morocco|1|arabic|fr|Casablanca/Casablanca-Settat;Rabat/Rabat-Salé-Kénitra
Nigeria|2|nigerian|gb|Lagos/Lagos;Abuja/Federal Capital Territory
Kenya|1|kenyan|gb|Nairobi/Nairobi;Mombasa/Mombasa
South Africa|2|southern|gb|Johannesburg/Gauteng;Cape Town/Western Cape;Durban/KwaZulu-Natal
India|8|indian|gb|Bengaluru/Karnataka;Mumbai/Maharashtra;Pune/Maharashtra;New Delhi/Delhi;Hyderabad/Telangana;\
Chennai/Tamil Nadu;Ahmedabad/Gujarat;Kolkata/West Bengal
Pakistan|1|arabic|gb|Karachi/Sindh;Lahore/Punjab
Singapore|2|chinese|au|Singapore/Singapore
Malaysia|1|chinese|au|Kuala Lumpur/Kuala Lumpur;Penang/Penang
Indonesia|1|indonesian|au|Jakarta/Jakarta;Surabaya/East Java
Philippines|1|filipino|au|Manila/Metro Manila;Cebu City/Cebu
Vietnam|1|vietnamese|au|Ho Chi Minh City/Ho Chi Minh City;Hanoi/Hanoi
Thailand|1|thai|au|Bangkok/Bangkok
Hong Kong|1|chinese|au|Hong Kong/Hong Kong
Japan|2|japanese|fr|Tokyo/Tokyo;Osaka/Osaka
South Korea|1|korean|fr|Seoul/Seoul;Busan/Busan
Australia|4|british|au|Sydney/New South Wales;Melbourne/Victoria;Brisbane/Queensland;Perth/Western Australia
New Zealand|1|british|au|Auckland/Auckland;Wellington/Wellington
Brazil|3|portuguese|us|São Paulo/São Paulo;Rio de Janeiro/Rio de Janeiro;Curitiba/Paraná
Mexico|2|spanish|us|Mexico City/Mexico City;Monterrey/Nuevo León;Guadalajara/Jalisco
Argentina|1|spanish|us|Buenos Aires/Buenos Aires;Córdoba/Córdoba
Colombia|1|spanish|us|Bogotá/Bogotá;Medellín/Antioquia
Chile|1|spanish|us|Santiago/Santiago Metropolitan
"""
ALIASES: Final = {
    "usa": "united states",
    "us": "united states",
    "united states of america": "united states",
    "uk": "united kingdom",
    "great britain": "united kingdom",
    "uae": "united arab emirates",
    "ksa": "saudi arabia",
    "holland": "netherlands",
    "the netherlands": "netherlands",
    "czechia": "czech republic",
    "türkiye": "turkey",
    "korea": "south korea",
    "nyc": "new york",
    "new york city": "new york",
    "bangalore": "bengaluru",
    "delhi": "new delhi",
    "munchen": "munich",
    "koln": "cologne",
}
# Ranges that numbering authorities keep for fiction: what they begin with, and how many digits follow. Other countries
# keep none, so their people have a number abroad.
_US_AREAS: Final = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 253
254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323
330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 425 432
434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520 530 540 541 551
559 561 562 563 567 570 571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620
623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719
720 724 727 731 732 734 740 754 757 760 763 765 770 772 773 774 775 781 785 786 801 802 803 804 805 806 808 810 812
813 814 815 816 817 818 828 830 831 832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870 901 903 904 906
907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 947 949 951 952 954 956 970 971 972
973 978 979 980 985 989
"""
_CA_AREAS: Final = (
    "204 226 250 289 306 403 416 418 438 450 506 514 519 581 587 604 613 647 705 709 778 780 807 819 902 905"
)
PHONES: Final[dict[str, tuple[tuple[str, int], ...]]] = {
    "us": tuple((f"+1{area}55501", 2) for area in _US_AREAS.split()),
    "ca": tuple((f"+1{area}55501", 2) for area in _CA_AREAS.split()),
    "gb": (
        ("+442079460", 3),
        *((f"+44{area}4960", 3) for area in ("113", "114", "116", "117", "118", "121", "131", "141", "151", "161")),
        ("+441914980", 3),
    ),
    "de": (("+493023125", 3), ("+496990009", 3), ("+494066969", 3), ("+492214710", 3), ("+498999998", 3)),
    "fr": (("+3319900", 4), ("+3326191", 4), ("+3335301", 4), ("+3346571", 4), ("+3353649", 4)),
    "se": (("+468465004", 2), ("+463139006", 2), ("+469803192", 2)),
    "au": (("+61255500", 3), ("+61255501", 3), ("+61270101", 3), ("+61255504", 3)),
}
# Where numbers do not tell mobiles from others.
MOBILE_POOLS: Final = {"us", "ca"}


def read_places() -> tuple[list[Place], list[int]]:
    """Return the cities, and how often each is chosen."""
    places, weights = [], []
    for line in _COUNTRIES.strip().splitlines():
        country, weight, names, phones, cities = line.split("|")
        listed = cities.split(";")
        for city in listed:
            name, _, state = city.partition("/")
            places.append(Place(name, state or name, country, names, phones))
            # The first city of a country is its largest.
            weights.append(max(int(weight) * (24 if city == listed[0] else 12) // (len(listed) + 1), 1))
    return places, weights
