"""Which numbers are dialled, and which countries a number may call."""

from typing import Any

import pytest

from voice.numbers.destinations import Reason, allowed_by, area_of, check, region_of

REFUSED = {
    # No country code: another number in each country.
    "050 123 4567": Reason.NATIONAL,
    "2025550123": Reason.NATIONAL,
    "": Reason.NATIONAL,
    # No country has it, or no number is that long.
    "+999123456789": Reason.IMPOSSIBLE,
    "+1202555012": Reason.IMPOSSIBLE,
    "+12025550123456": Reason.IMPOSSIBLE,
    "+": Reason.IMPOSSIBLE,
    # The emergency number is a number inside a country only.
    "+44999": Reason.IMPOSSIBLE,
    "+97912345678": Reason.IMPOSSIBLE,
    # The right length, but nobody has it.
    "+11115550123": Reason.NOT_IN_USE,
    "+441000000000": Reason.NOT_IN_USE,
    # Premium and shared-cost services, personal numbers, satellites.
    "+19005551234": Reason.PREMIUM,
    "+449098790000": Reason.PREMIUM,
    "+491805123450": Reason.PREMIUM,
    "+447012345678": Reason.PREMIUM,
    "+881612345678": Reason.PREMIUM,
    "+870773111632": Reason.PREMIUM,
    "+8831001234567": Reason.PREMIUM,
    "+979123456789": Reason.PREMIUM,
    # A pager.
    "+447600123456": Reason.NOBODY,
}
DIALLED = [
    "+12025550123",
    "+18005551234",
    "+442079460500",
    "+971501234567",
    "+390655501234",
    "+393471234567",
    "+919876543210",
    "+4915112345678",
]


@pytest.mark.parametrize(("number", "reason"), REFUSED.items())
def test_a_number_that_may_not_be_dialled_says_why(number: str, reason: Reason) -> None:
    refusal = check(number)
    assert refusal is not None
    assert refusal.reason == reason
    assert refusal.detail.endswith(".")
    assert "{" not in refusal.detail


@pytest.mark.parametrize("number", DIALLED)
def test_ordinary_numbers_are_dialled(number: str) -> None:
    assert check(number) is None


@pytest.mark.parametrize(
    ("rule", "may", "may_not"),
    [
        ("india", ["IN"], ["AE", "US", ""]),
        ("uae", ["AE"], ["IN", ""]),
        ("global", ["IN", "AE", "US", ""], []),
        (None, ["IN", ""], []),
        ([], ["IN", ""], []),
        ("india|uae", ["IN", "AE"], ["US"]),
        (["de", "Austria", "ch"], ["DE", "AT", "CH"], ["FR", ""]),
        ("uk", ["GB"], ["UA"]),
        # What cannot be read allows nothing.
        ("atlantis", [], ["IN", "US", ""]),
        (["atlantis", "in"], ["IN"], ["US"]),
    ],
)
def test_the_rule_of_a_number_names_the_countries_that_it_may_call(
    rule: Any, may: list[str], may_not: list[str]
) -> None:
    allowed = allowed_by(rule)
    assert [region for region in (*may, *may_not) if allowed.includes(region)] == may
    assert allowed.unknown == (("atlantis",) if "atlantis" in (rule or ()) else ())


def test_a_number_tells_its_country_and_its_area() -> None:
    # Both begin with +7 and +1, but only the rest tells the country.
    assert [region_of(number) for number in ("+79161234567", "+77012345678")] == ["RU", "KZ"]
    assert [region_of(number) for number in ("+12125550123", "+14165550123", "+881612345678")] == ["US", "CA", ""]
    assert [area_of(number) for number in ("+12125550123", "+442079460500", "+971501234567")] == ["+1212", "+4420", ""]
