"""What the extractor reads from texts, one kind of difficulty after the other."""

import pytest

from aiicp.extraction import Range, Slots, Value, apply, completeness, extract, missing
from aiicp.extraction.slots import ALL

CLINICS, AGENCIES = "Hospitals & clinics", "Marketing & advertising"
DUBAI = "Dubai, United Arab Emirates"


def read(text, previous=None, **options):
    """Return the slots that a text fills, without the empty ones."""
    found = extract(text, previous=previous, **options).slots
    return {slot: value for slot in ALL if (value := getattr(found, slot)) not in ((), None, "")}


@pytest.mark.parametrize(
    "text",
    ["Kliniken in Köln", "KLINIKEN IN KÖLN", "kliniken in koeln", "Kliniken in Ko\u0308ln", "Ｋｌｉｎｉｋｅｎ in Köln"],
)
def test_spelling_case_accents_and_widths_make_no_difference(text):
    assert read(text) == {"industries": (CLINICS,), "cities": ("Cologne, Germany",)}


@pytest.mark.parametrize("text", ["عيادات في دُبَيّ", "العيادات بدبي", "عيادات دبي"])
def test_arabic_is_read_with_and_without_vowels_article_and_prefixes(text):
    assert read(text) == {"industries": (CLINICS,), "cities": (DUBAI,)}


@pytest.mark.parametrize(
    ("text", "slot", "value"),
    [
        ("50-200", "employees", Range(50, 200)),
        ("50 to 200 employees", "employees", Range(50, 200)),
        ("under 50 people in the company", "employees", Range(None, 50)),
        ("at least 1k employees", "employees", Range(1_000)),
        ("1,000+ employees", "employees", Range(1_000)),
        ("1.000 Mitarbeiter oder mehr", "employees", Range(1_000)),
        ("zwischen 50 und 200 Mitarbeitern", "employees", Range(50, 200)),
        ("más de 500 empleados", "employees", Range(500)),
        ("no less than 20 staff", "employees", Range(20)),
        ("nothing under 20 employees", "employees", Range(20)),
        ("no more than 250 employees", "employees", Range(None, 250)),
        ("de 50 à 250 salariés", "employees", Range(50, 250)),
        ("1-10 or 11-50 employees", "employees", Range(1, 50)),
        ("٥٠ الى ٢٠٠ موظف", "employees", Range(50, 200)),
        ("$10M–$50M ARR", "revenue", Range(10_000_000, 50_000_000, "USD")),
        ("Umsatz über 5 Mio. Euro", "revenue", Range(5_000_000, None, "EUR")),
        ("más de 10 millones de euros de facturación", "revenue", Range(10_000_000, None, "EUR")),
        ("raised over 5 million", "funding", Range(5_000_000)),
        ("founded after 2015", "founded", Range(2015)),
        ("find 200", "limit", 200),
        ("top 50 retailers", "limit", 50),
        ("300 people", "limit", 300),
        ("companies with 300 people", "employees", Range(300, 300)),
    ],
)
def test_numbers_count_what_their_words_say(text, slot, value):
    assert read(text).get(slot) == value


@pytest.mark.parametrize(
    "text", ["3 days a week", "open 24/7", "call me at 10 am", "20% off", "in 6 months", "5 calls per day", "2024-2025"]
)
def test_other_numbers_are_left_alone(text):
    assert not read(text).keys() & {"employees", "revenue", "funding", "founded", "limit"}


@pytest.mark.parametrize(
    ("text", "excluded"),
    [
        ("clinics, not agencies", {"excluded_industries": (AGENCIES,)}),
        ("clinics, agencies excluded", {"excluded_industries": (AGENCIES,)}),
        ("clinics, Agenturen nicht", {"excluded_industries": (AGENCIES,)}),
        ("clinics except in France and Spain", {"excluded_countries": ("France", "Spain")}),
        ("clinics sauf en France", {"excluded_countries": ("France",)}),
        ("clinics excepto Francia", {"excluded_countries": ("France",)}),
        ("clinics ما عدا فرنسا", {"excluded_countries": ("France",)}),
        ("clinics but no CTOs or agencies", {"excluded_titles": ("CTO",), "excluded_industries": (AGENCIES,)}),
        ("clinics, no problem with agencies", {}),
        ("not only clinics", {}),
    ],
)
def test_what_a_no_is_said_of_is_excluded_and_nothing_else(text, excluded):
    found = read(text)
    assert {slot: value for slot, value in found.items() if slot.startswith("excluded_")} == excluded
    assert CLINICS in found["industries"]


def test_a_place_after_an_excluded_industry_is_where_to_look():
    assert read("no agencies in Dubai") == {"excluded_industries": (AGENCIES,), "cities": (DUBAI,)}


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("make it 200 instead", {"limit": 200}),
        ("not Germany but Austria", {"countries": ("Austria",)}),
        ("Austria instead of Germany", {"countries": ("Austria",)}),
        ("change Germany to Austria", {"countries": ("Austria",)}),
        ("only Austria", {"countries": ("Austria",)}),
        ("No, Austria", {"countries": ("Austria",)}),
        ("also Spain", {"countries": ("Germany", "Spain")}),
        ("remove Germany", {"countries": ()}),
        ("no Germany", {"countries": (), "excluded_countries": ("Germany",)}),
        ("actually 50 to 200 employees", {"employees": Range(50, 200)}),
        ("Hamburg", {"countries": ("Germany",), "cities": ("Hamburg, Germany",)}),
    ],
)
def test_a_correction_changes_its_slot_and_leaves_the_others(text, after):
    previous = Slots(countries=("Germany",), industries=("Dental",), limit=100, employees=Range(1, 10))
    found = extract(text, previous=previous).slots
    expected = {slot: after.get(slot, getattr(previous, slot)) for slot in ALL}
    assert {slot: getattr(found, slot) for slot in ALL} == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("startups in Georgia and Armenia", {"keywords": ("startup",), "countries": ("Georgia", "Armenia")}),
        ("Georgia and Florida", {"regions": ("Georgia (US)", "Florida")}),
        ("in Paris, Texas", {"cities": ("Paris, Texas, United States",)}),
        ("in Paris", {"cities": ("Paris, France",)}),
        ("nice to meet hotels in Nice", {"industries": ("Hotels",), "cities": ("Nice, France",)}),
        ("let us know", {}),
        ("US", {"countries": ("United States",)}),
        ("in the us", {"countries": ("United States",)}),
        ("it should work", {}),
        ("people in IT", {"departments": ("Information Technology",)}),
        ("that would be nice, thanks", {}),
        ("a mobile app for reading", {}),
        ("Mobile, Alabama", {"cities": ("Mobile, Alabama, United States",)}),
        ("German speaking people", {"regions": ("DACH",)}),
        ("German clinics", {"industries": (CLINICS,), "countries": ("Germany",)}),
        ("sales and marketing directors", {"titles": ("Sales Director", "Marketing Director")}),
        ("increase sales", {"goals": ("Sell",)}),
        ("the marketing team", {"departments": ("Marketing",)}),
        ("companies like Shopify", {"companies": ("Shopify",)}),
        ("companies using Shopify", {"technologies": ("Shopify",)}),
    ],
)
def test_a_word_with_several_meanings_has_the_one_that_its_neighbours_give_it(text, found):
    assert read(text) == found


def test_what_speakers_say_of_themselves_is_not_their_target():
    found = read("We are a marketing agency in Berlin and we sell CRM software to clinics in Dubai")
    assert found.pop("problem_statement")
    assert found == {"industries": (CLINICS,), "cities": (DUBAI,)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("manufactureing in Germny", {"industries": ("Manufacturing",), "countries": ("Germany",)}),
        ("hosptials", {"industries": (CLINICS,)}),
        ("a constriction of what we had", {}),
        ("Maria wrote a note about the cause", {}),
    ],
)
def test_misspellings_are_corrected_and_words_of_their_own_are_not(text, found):
    assert read(text).keys() - {"seniorities"} == found.keys()
    assert {slot: read(text)[slot] for slot in found} == found


def test_a_misspelled_or_ambiguous_value_is_less_certain():
    def certain(text):
        return extract(text).values[0].confidence

    assert certain("manufactureing") < certain("manufacturing") <= 1
    assert 0 < certain("in Georgia") < certain("in Germany")


def test_each_value_says_where_it_was_read_and_why():
    text = "Bitte 200 Kontakte aus Kliniken in München, ohne Agenturen"
    values = extract(text).values
    assert [each.why for each in values] == [
        "number of people 200, from “200”",
        "industry Hospitals & clinics, from “Kliniken”",
        "city Munich, Germany, from “München”",
        "exclude industry Marketing & advertising, from “Agenturen”",
    ]
    assert [text[each.start : each.end] for each in values] == [each.text for each in values]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("clinics with 50 people", "en"),
        ("Kliniken mit 50 Mitarbeitern", "de"),
        ("clínicas con más de 50 empleados", "es"),
        ("cliniques avec plus de 50 salariés", "fr"),
        ("عيادات في دبي", "ar"),
        ("", "en"),
    ],
)
def test_the_language_is_detected(text, language):
    assert extract(text).language == language


def test_slots_survive_being_stored():
    everything = extract(
        "Find 200 CFOs or HR people at SaaS startups and clinics in EMEA, Texas, Berlin and Spain without France, "
        "series B, "
        "$5M-$10M ARR, founded after 2015, 50-200 employees, HubSpot not Salesforce, mid-market, annual contracts, via "
        "LinkedIn, outbound, to book demos, people at Siemens, c-level, https://www.linkedin.com/in/jane"
    ).slots
    filled = [slot for slot in ALL if getattr(everything, slot) not in ((), None, "")]
    assert len(filled) >= 20
    assert Slots.from_icp_data(everything.to_icp_data()) == everything
    assert Slots.from_icp_data({"confidence_score": 5}).to_icp_data() == {"confidence_score": 5}


def test_a_search_names_the_countries_of_a_region_and_can_be_read_back():
    slots = extract("CFOs at SaaS companies in DACH and Texas, 500+ employees, using HubSpot, 300 leads").slots
    params = slots.to_search_params()
    assert params["organization_locations"] == ["Austria", "Switzerland", "Germany", "Texas"]
    assert params["organization_num_employees_ranges"] == ["500,10000000"]
    assert params["currently_using_any_of_technology_uids"] == ["hubspot"]
    assert params["per_page"] == 100
    back = Slots.from_search_params(params)
    assert (back.titles, back.industries, back.employees) == (("CFO",), ("SaaS",), Range(500))
    assert (back.regions, back.countries) == (("Texas",), ("Austria", "Switzerland", "Germany"))


@pytest.mark.parametrize(
    ("text", "asked", "part"),
    [
        ("hello", ("problem_statement", "roles", "industries", "company_size", "locations", "deal_type"), 0),
        ("CFOs of clinics in Dubai", ("problem_statement", "company_size", "deal_type"), 1 / 2),
        ("I have a list, CFOs in Dubai", ("companies",), 2 / 3),
        ("people at Siemens, CFOs in Berlin", (), 1),
        ("https://linkedin.com/in/jane", (), 1),
        ("inbound, leads come from our website", ("inbound_data_ready",), 1 / 2),
        ("I don't know who to target at Siemens", ("problem_statement", "roles", "industries", "company_size"), 0),
    ],
)
def test_what_is_missing_depends_on_how_much_of_the_target_is_known(text, asked, part):
    slots = extract(text).slots
    assert missing(slots)[: len(asked)] == asked
    assert completeness(slots) == pytest.approx(part)


def test_lists_and_texts_stay_within_what_can_be_stored():
    many = [Value("keywords", f"{'x' * 600}{number}", "include", "add", 1.0, "", 0, 0) for number in range(300)]
    assert apply(Slots(), many).keywords == ("x" * 500,)
    short = [Value("keywords", str(number), "include", "add", 1.0, "", 0, 0) for number in range(300)]
    assert len(apply(Slots(), short).keywords) == 200


# Texts that take long when words are looked for again and again, or when a pattern tries every way to match.
HOSTILE = [
    "not ",
    "Paris, London, Valencia ",
    "change Germany to Austria ",
    "sales and marketing and ",
    "marketing, ",
    "georgia ",
    "1.000 - ",
    "1",
    '"',
    "a@",
    "a.",
    "ـ",
    "والرياض ",
    "manufacureing germny ",
    "agencies excluded ",
    "https://linkedin.com/in/x ",
    "we sell. ",
    "\nThanks\n",
    "$ ",
    " ",
    "keywords: a, ",
    '"a" clinics ',
    "series a or ",
]


def seconds_of(text):
    import time

    begin = time.process_time()
    extract(text, previous=Slots(countries=("Germany",)))
    return time.process_time() - begin


@pytest.mark.parametrize("part", HOSTILE)
def test_a_long_text_takes_time_in_proportion_to_its_length(part):
    text = part * (8_000 // len(part))
    extract(part * 10)
    quarter = min(seconds_of(text[:2_000]) for _ in range(2))
    # In proportion it is four times; the square would be sixteen. Small times are noise.
    assert seconds_of(text) < 9 * max(quarter, 0.01)
