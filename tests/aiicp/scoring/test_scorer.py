"""Scores by rules: what matches, what is close, what is not known, and what is left out."""

import pytest

from aiicp.scoring.facts import Facts, from_data, number_of, texts_of
from aiicp.scoring.scorer import NothingToScore, Reason, Scorer, shares


def scored(icp, weights=None, **known):
    return Scorer(icp, weights or {}).score(Facts(**known))


# A profile with one criterion, what is known, and the points of 100.
CASES = [
    # Roles: the same title in other words and languages.
    ({"roles": ["CEO"]}, {"title": "Chief Executive Officer"}, 100),
    ({"roles": ["Chief Executive Officer"]}, {"title": "Geschäftsführer"}, 100),
    ({"roles": ["CEO"]}, {"title": "CEO & Founder"}, 100),
    ({"roles": ["operations managers"]}, {"title": "Head of Operations"}, 100),
    ({"roles": ["Head of Operations"]}, {"title": "Operations Manager"}, 50),
    ({"roles": ["VP of Sales"]}, {"title": "Sales Director"}, 50),
    ({"roles": ["Head of Sales"]}, {"title": "CRO"}, 100),
    ({"roles": ["Head of Sales"]}, {"title": "Head of Marketing"}, 0),
    ({"roles": ["Chief Happiness Officer"]}, {"title": "chief happiness officer"}, 100),
    ({"roles": ["CEO"]}, {"title": "Beekeeper"}, 0),
    ({"departments": ["Human Resources"]}, {"title": "HR Manager"}, 100),
    ({"departments": ["Finance"]}, {"title": "Leiter Einkauf"}, 0),
    ({"departments": ["Finance"]}, {"departments": ("Finance",)}, 100),
    # Seniorities.
    ({"seniorities": ["c_suite"]}, {"title": "Chief Financial Officer"}, 100),
    ({"seniorities": ["vp"]}, {"title": "Head of Sales"}, 50),
    ({"seniorities": ["director"]}, {"title": "Praktikant Marketing"}, 0),
    ({"seniorities": ["owner"]}, {"title": "Baker", "seniority": "Owner"}, 100),
    # Industries.
    ({"industries": ["Hospitals & clinics"]}, {"industry": "hospital & health care"}, 100),
    ({"industries": ["clinics"]}, {"industry": "Hospital & Health Care"}, 100),
    ({"industries": ["Fintech"]}, {"industry": "Farming"}, 0),
    ({"industries": ["Beekeeping"]}, {"industry": "beekeeping"}, 100),
    # Places.
    ({"locations": ["Munich, Germany"]}, {"location": "München"}, 100),
    ({"locations": ["Germany"]}, {"location": "München"}, 100),
    ({"locations": ["DACH"]}, {"location": "Wien"}, 100),
    ({"locations": ["GCC"]}, {"location": "دبي"}, 100),
    ({"locations": ["California"]}, {"location": "San Francisco, CA"}, 100),
    ({"locations": ["Berlin, Germany"]}, {"location": "Hamburg, Germany"}, 50),
    ({"locations": ["Germany"]}, {"location": "Paris, France"}, 0),
    ({"locations": ["Germany"]}, {"location": "Somewhere nice"}, 50),
    ({"locations": ["Kleinkleckersdorf"]}, {"location": "Kleinkleckersdorf am Berg"}, 100),
    # Sizes.
    ({"employees": {"min": 50, "max": 200}}, {"employees": 50}, 100),
    ({"employees": {"min": 50, "max": 200}}, {"employees": 240}, 50),
    ({"employees": {"min": 50, "max": 200}}, {"employees": 251}, 0),
    ({"employees": {"min": 1000}}, {"employees": 90_000}, 100),
    ({"company_size": "enterprise"}, {"employees": 150}, 0),
    # Keywords and technologies.
    ({"keywords": ["dental implants"]}, {"text": "We make dental implant systems"}, 100),
    ({"keywords": ["AI"]}, {"company": "Maid Service"}, 50),
    ({"keywords": ["AI"]}, {"company": "Maid Service", "keywords": ("cleaning",)}, 0),
    ({"technologies": ["Salesforce"]}, {"technologies": ("SFDC", "Slack")}, 100),
    ({"technologies": ["Salesforce"]}, {"technologies": ()}, 0),
    ({"technologies": ["Salesforce"]}, {}, 50),
]


@pytest.mark.parametrize(("icp", "known", "points"), CASES)
def test_one_criterion(icp, known, points):
    assert scored(icp, **known).points == points


def test_the_reasons_are_sentences_and_their_points_make_up_the_score():
    icp = {"roles": ["operations managers"], "industries": ["Fintech"], "locations": ["Munich, Germany"]}
    found = scored(icp, title="Head of Operations", location="München")
    assert [each.sentence for each in found.reasons] == [
        "+42 role Head of Operations matches “operations managers”",
        "+16 of 33: the industry is not known, so half counts",
        "+25 place München matches “Munich, Germany”",
    ]
    assert (found.points, found.known) == (83, 67)
    assert [Reason.of_stored(each.stored()) for each in found.reasons] == list(found.reasons)


EXCLUSIONS = [
    ({"industries": ["Marketing & advertising"]}, {"industry": "advertising agency"}, "industry"),
    ({"titles": ["CEO"]}, {"title": "Managing director and chief executive officer"}, "role"),
    ({"departments": ["Sales"]}, {"title": "Sales Manager"}, "role"),
    ({"seniorities": ["intern"]}, {"title": "Marketing intern"}, "seniority"),
    ({"countries": ["France"]}, {"location": "Lyon"}, "place"),
    ({"cities": ["Munich, Germany"]}, {"location": "München"}, "place"),
    ({"technologies": ["HubSpot"]}, {"technologies": ("Hub Spot",)}, "technologies"),
    ({"keywords": ["gambling"]}, {"text": "Online gambling since 1999"}, "keywords"),
    ({"companies": ["acme.example"]}, {"domain": "acme.example", "company": "Acme"}, "company"),
    ({"companies": ["ACME Ltd"]}, {"company": "Acme Ltd"}, "company"),
]


@pytest.mark.parametrize(("excluded", "known", "criterion"), EXCLUSIONS)
def test_what_the_profile_leaves_out_has_no_points(excluded, known, criterion):
    icp = {"roles": ["CEO"], "excluded": excluded}
    found = scored(icp, **known)
    assert (found.points, found.is_excluded, [each.criterion for each in found.reasons]) == (0, True, [criterion])
    assert found.reasons[0].sentence.startswith("Excluded: ")
    assert not scored(icp, title="CTO", industry="Bakery", location="Rome", company="Bread").is_excluded


def test_weights_decide_what_counts_and_a_weight_of_nothing_leaves_out():
    icp = {"roles": ["CEO"], "locations": ["Germany"]}
    known = {"title": "CEO", "location": "Paris"}
    assert scored(icp, {"role": 90, "place": 10}, **known).points == 90
    assert scored(icp, {"role": 0}, **known).points == 0
    empty: list[dict[str, list[str]]] = [{}, {"goals": ["Book meetings"]}, {"roles": []}]
    for nothing in empty:
        with pytest.raises(NothingToScore):
            Scorer(nothing, {})
    with pytest.raises(NothingToScore):
        Scorer(icp, {"role": 0, "place": 0})


@pytest.mark.parametrize("weights", [{"a": 1}, {"a": 1, "b": 1, "c": 1}, {"a": 100, "b": 1}, {"a": 3, "b": 7, "c": 13}])
def test_the_points_of_all_criteria_are_a_hundred(weights):
    found = shares(weights)
    assert sum(found.values()) == 100
    exact = {name: 100 * weight / sum(weights.values()) for name, weight in weights.items()}
    assert all(abs(found[name] - exact[name]) < 1 for name in weights)


def test_a_company_is_not_asked_for_a_role():
    found = Scorer({"roles": ["CEO"], "industries": ["Fintech"]}, {}).score(Facts(industry="fintech", is_person=False))
    assert (found.points, [each.criterion for each in found.reasons]) == (100, ["industry"])


def test_data_of_any_shape_is_read_or_left_out():
    person = {"organization": {"industry": "Fintech", "estimated_num_employees": 70, "technology_names": ["Slack"]}}
    own = {"employees": "51-200", "industry": ""}
    found = from_data({"title": "CEO"}, own, person, {"organization": "Acme"}, None, [1])
    assert (found.industry, found.employees, found.technologies) == ("Fintech", 125, ("Slack",))
    hostile = {"industry": {"a": 1}, "employees": True, "keywords": [None, {"name": "x"}, 3], "technologies": "a, b,"}
    found = from_data({}, hostile)
    assert (found.industry, found.employees, found.keywords, found.technologies) == ("", None, ("x",), ("a", "b"))


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (12, 12),
        ("1,200", 1_200),
        ("51\u2013200", 125),
        ("500+", 500),
        ("many", None),
        ("", None),
        (-4, None),
        ("9" * 50, None),
    ],
)
def test_a_number_of_employees(value, number):
    assert number_of(value) == number
    assert texts_of(12) is None
